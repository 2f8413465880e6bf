# SPDX-License-Identifier: Apache-2.0
"""Named-entity files: sentences with a label for each word.

Reads lines of words and labels, and decides which labels a model tells apart.
Making arrays of sentences is left to `ner_features`, files and their encoding
to `text.lines`.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from absl import logging

from modeling import errors

OUTSIDE = "O"
# Not labels of words: of padding, of later pieces of a word, of [CLS] and [SEP].
RESERVED_LABELS = ("[PAD]", "X", "[CLS]", "[SEP]")
# Index = label id. The order is that of the original, so that checkpoints
# fine-tuned with it keep their meaning.
LEGACY_LABELS = ("[PAD]", "B", "I", "O", "X", "[CLS]", "[SEP]")

READERS = ("original", "paper")
_PAPER_MAX_WORDS = 30


@dataclasses.dataclass(frozen=True)
class Sentence:
    """A sentence with one label per word.

    Attributes:
        words: Words as they stand in the file, without white space.
        labels: A label for each word, such as "B", "I-Disease" or "O".
        line: Number of the first word's line in its file, from 1. The other
            words are on the lines that follow.
    """

    words: tuple[str, ...]
    labels: tuple[str, ...]
    line: int = 1

    def __post_init__(self) -> None:
        if len(self.words) != len(self.labels):
            raise ValueError(
                "A sentence needs one label per word. Received: "
                f"{len(self.words)} words and {len(self.labels)} labels in "
                f"{' '.join(self.words)!r}."
            )


def read_sentences(
    lines: Iterable[tuple[int, str]], *, path: str, reader: str = "original"
) -> list[Sentence]:
    r"""Reads sentences from lines of a word and its label.

    A line is split at any white space: the first column is the word, the last
    one the label, others are ignored. Blank lines end a sentence, several are
    as one, and those in front of the first sentence mean nothing.

    Args:
        lines: Numbers of lines, from 1, and their texts, as from
            `lines.read_lines`.
        path: Where they are from, for messages.
        reader: "original" keeps sentences whole. "paper" does what the paper's
            experiments did: as long as a sentence has more than 30 words, it is
            cut right after the last "O" among the first 30, or after the first
            word where none is "O"; and a last sentence without a blank line
            behind it is dropped, with a warning.

    Returns:
        The sentences in the order of the file; at least one.

    Raises:
        errors.InputError: If a line has one column or a reserved label, if
            there is no sentence, or if `reader` is none of the two.

    Example:
        >>> lines = enumerate(["BRCA1\tB", "gene\tO", "", "Why\tO"], start=1)
        >>> for sentence in read_sentences(lines, path="test.tsv"):
        ...     print(sentence)
        Sentence(words=('BRCA1', 'gene'), labels=('B', 'O'), line=1)
        Sentence(words=('Why',), labels=('O',), line=4)

    Source:
        `_read_data` in dmis-lab/biobert, run_ner.py: "original" as at e283eaa,
        "paper" as at the tag v20200409. Neither checks its input, and the
        latter drops the last sentence without a word.
    """
    if reader not in READERS:
        raise errors.InputError(
            f"`ner_reader` must be one of {', '.join(READERS)}. Received: {reader!r}."
        )
    sentences: list[Sentence] = []
    received = "no lines, or only blank ones"
    for sentence, is_ended in _split(lines, path):
        if reader == "original":
            sentences.append(sentence)
        elif is_ended:
            sentences += _cut_as_in_the_paper(sentence)
        else:
            received = "one without a blank line behind it, which reader 'paper' drops"
            logging.warning(
                "%s:%d: The paper's reader drops a last sentence without a blank "
                "line behind it: %d words.",
                path,
                sentence.line,
                len(sentence.words),
            )
    if not sentences:
        raise errors.InputError(
            f"{path}: A file of labelled words must hold at least one sentence. "
            f"Received: {received}."
        )
    return sentences


def _split(
    lines: Iterable[tuple[int, str]], path: str
) -> Iterator[tuple[Sentence, bool]]:
    """Yields sentences, and whether a blank line is behind each."""
    words: list[str] = []
    labels: list[str] = []
    number = 0
    for number, line in lines:
        columns = line.split()
        if columns:
            _check_columns(columns, line, f"{path}:{number}")
            words.append(columns[0])
            labels.append(columns[-1])
        elif words:
            yield Sentence(tuple(words), tuple(labels), number - len(words)), True
            words, labels = [], []
    if words:
        yield Sentence(tuple(words), tuple(labels), number + 1 - len(words)), False


def _check_columns(columns: Sequence[str], line: str, place: str) -> None:
    """Raises `errors.InputError` unless there are a word and a usable label."""
    if len(columns) == 1:
        raise errors.InputError(
            f"{place}: A line must hold a word and its label, separated by white "
            f"space. Received: {line[:80]!r}."
        )
    if columns[-1] in RESERVED_LABELS:
        raise errors.InputError(
            f"{place}: A label must not be one that is reserved for pieces, "
            f"{', '.join(RESERVED_LABELS)}. Received: {columns[-1]!r}, on the "
            f"word {columns[0]!r}."
        )


def _cut_as_in_the_paper(sentence: Sentence) -> Iterator[Sentence]:
    """Yields the parts that the paper's reader makes of a sentence."""
    words, labels, line = sentence.words, sentence.labels, sentence.line
    while len(words) > _PAPER_MAX_WORDS:
        outside = [i for i in range(_PAPER_MAX_WORDS) if labels[i] == OUTSIDE]
        end = outside[-1] + 1 if outside else 1
        yield Sentence(words[:end], labels[:end], line)
        words, labels, line = words[end:], labels[end:], line + end
    yield Sentence(words, labels, line)


def derive_labels(sentences: Iterable[Sentence]) -> tuple[str, ...]:
    """Finds the labels that a model must tell apart.

    Args:
        sentences: What the model is trained on.

    Returns:
        Labels; the index of a label is its id, and [PAD] has id 0. They are
        `LEGACY_LABELS` where no label is other than B, I and O, else the
        sorted labels ("O" always with them) and the reserved ones.

    Example:
        >>> derive_labels([Sentence(words=("flu",), labels=("B-Disease",))])
        ('[PAD]', 'B-Disease', 'O', 'X', '[CLS]', '[SEP]')
    """
    labels = {OUTSIDE}.union(*(sentence.labels for sentence in sentences))
    if labels <= set(LEGACY_LABELS):
        return LEGACY_LABELS
    first, *last = RESERVED_LABELS
    return (first, *sorted(labels), *last)


def check_labels(
    sentences: Iterable[Sentence], labels: Sequence[str], *, path: str
) -> None:
    """Checks that a model knows all labels of sentences.

    Args:
        sentences: Sentences of one file.
        labels: The model's labels, the reserved ones included.
        path: Where the sentences are from, for the message.

    Raises:
        errors.InputError: If a word has another label.
    """
    known = [label for label in labels if label not in RESERVED_LABELS]
    known_set = frozenset(known)
    for sentence in sentences:
        if known_set.issuperset(sentence.labels):
            continue
        for i, (word, label) in enumerate(
            zip(sentence.words, sentence.labels, strict=True)
        ):
            if label not in known_set:
                raise errors.InputError(
                    f"{path}:{sentence.line + i}: A label must be one that training "
                    f"saw: {', '.join(known)} (from label2id.json beside the weights; "
                    f"without it, the original's). Received: {label!r}, a label that "
                    f"training never saw, on the word {word!r}."
                )


def count_mentions(labels: Sequence[str], is_chosen: Sequence[bool]) -> int:
    """Counts the mentions that have a chosen word.

    Args:
        labels: Labels of words in IOB1, IOB2, IOBES or BILOU, or types alone.
        is_chosen: Whether each word is chosen.

    Returns:
        The number of mentions.

    Example:
        >>> count_mentions(["B", "I", "O", "B"], [False, True, True, False])
        1
    """
    mentions = set()
    mention = 0
    previous = (OUTSIDE, "")
    for label, chosen in zip(labels, is_chosen, strict=True):
        prefix, _, kind = label.partition("-")
        current = (prefix, kind) if prefix in set("BIOELSU") else ("I", label)
        is_new = current[0] in "BSU" or previous[0] in "OELSU"
        mention += is_new or current[1] != previous[1]
        if chosen and current[0] != OUTSIDE:
            mentions.add(mention)
        previous = current
    return len(mentions)


def join_parts(
    sentences: Sequence[Sentence], labels: Sequence[Sequence[str]]
) -> list[list[str]]:
    """Puts the labels of a sentence's parts together again.

    The paper's reader cuts sentences; mentions are counted in whole ones. Two
    parts belong together where no line lies between them.

    Args:
        sentences: Sentences or parts, in the order of their file.
        labels: Labels of the words of each.

    Returns:
        Labels of the words of each whole sentence.

    Example:
        >>> parts = [Sentence(("a",), ("O",), 1), Sentence(("b",), ("O",), 2)]
        >>> join_parts([*parts, Sentence(("c",), ("O",), 4)], [["B"], ["I"], ["O"]])
        [['B', 'I'], ['O']]
    """
    joined: list[list[str]] = []
    next_line = 0
    for sentence, of_words in zip(sentences, labels, strict=True):
        if sentence.line == next_line:
            joined[-1].extend(of_words)
        else:
            joined.append(list(of_words))
        next_line = sentence.line + len(sentence.words)
    return joined
