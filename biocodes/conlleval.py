# SPDX-License-Identifier: Apache-2.0
"""Scores labelled text by whole mentions, as the CoNLL shared tasks did.

Usage:
    python biocodes/conlleval.py [-l] [-r] [-d DELIMITER] [-o OUTSIDE] [FILE]
    python biocodes/conlleval.py < ner_outputs/NER_result_conll.txt

Reads a token a line, in columns, the gold and the predicted label ("B-Disease",
"I-Disease", "O") last; an empty line, or -X- as first column, ends a sentence. A
mention is correct where both columns give the same words the same type. Prints
the report of conlleval.pl, overall and per type, or its LaTeX table. Converting
a model's output is left to ner_detokenize.py.
"""

import argparse
import dataclasses
import itertools
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

# A label is taken apart into its tag ("B") and its type ("Disease", or "").
Label = tuple[str, str]
# The gold and the predicted label of a token; None ends a sentence.
Pair = tuple[Label, Label] | None

_OUTSIDE: Label = ("O", "")
# What a tagger may put on a token that is in no mention.
_NO_MENTION = frozenset(["O", "X", "[PAD]", "[CLS]", "[SEP]"])
_IOBES_OF_BILOU = {"L": "E", "U": "S"}

# Tags of mentions of one token, and tags between which, types being equal, a
# mention starts (tag: previous tags) or ends (previous tag: tags). Those with
# S, and E before B, are additions for IOBES, which conlleval.pl counts wrongly.
_ONE_TOKEN = frozenset("[]S")
_STARTS = {"B": frozenset("BIOES"), "I": frozenset("OES"), "E": frozenset("OES")}
_ENDS = {"B": frozenset("BOS"), "I": frozenset("BOS"), "E": frozenset("BIOES")}
_NOT_INSIDE = frozenset("O.")


class InputError(ValueError):
    """Says which line or sentence cannot be scored, and why."""


@dataclasses.dataclass(frozen=True)
class Mentions:
    """How many mentions there are, and how many of them were found.

    Attributes:
        num_gold: Mentions in the gold labels.
        num_predicted: Mentions in the predicted labels.
        num_correct: Mentions in both, with the same words and type.
    """

    num_gold: int
    num_predicted: int
    num_correct: int

    @property
    def precision(self) -> float:
        """Share of the predicted mentions that are correct; 0 of none is 0."""
        return self.num_correct / (self.num_predicted or 1)

    @property
    def recall(self) -> float:
        """Share of the gold mentions that were found; 0 of none is 0."""
        return self.num_correct / (self.num_gold or 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0 if both are."""
        return 2 * self.num_correct / (self.num_gold + self.num_predicted or 1)


@dataclasses.dataclass(frozen=True)
class Counts(Mentions):
    """The mentions of all types together, and what else the report needs.

    Attributes:
        num_tokens: Tokens, sentence ends left out.
        num_correct_tags: Tokens with the same label in both columns.
        types: Mentions of each type that occurs, sorted by name.
    """

    num_tokens: int
    num_correct_tags: int
    types: Mapping[str, Mentions]

    @property
    def accuracy(self) -> float:
        """Share of the tokens with the same label in both columns."""
        return self.num_correct_tags / (self.num_tokens or 1)


def count(
    lines: Iterable[str],
    *,
    delimiter: str = " ",
    raw: bool = False,
    outside: str = "O",
    name: str = "input",
) -> Counts:
    """Counts the mentions of a file in columns, overall and per type.

    Args:
        lines: Lines, with or without their ends.
        delimiter: Character or (longer) regular expression between columns.
        raw: Whether labels are bare types, and each token a mention.
        outside: A label that means, besides "O", that a token is in no mention.
        name: What to call the file in messages.

    Raises:
        InputError: If a line has fewer than two columns, or not as many as
            the first.

    Source:
        conlleval.pl, version of 2004-01-26, by Erik Tjong Kim Sang, whose
        counts these are. Unlike it, reads IOBES, BILOU and Windows line ends,
        heeds `outside` without `raw` too, keeps a type named "0", and lets
        boundary lines have any number of columns.
    """

    def read(text: str) -> Label:
        label = ("B", text) if raw else _split_label(text)
        return _OUTSIDE if text in ("O", outside) else label

    columns = _read_columns(lines, delimiter, name)
    return _count(pair and (read(pair[0]), read(pair[1])) for pair in columns)


def score_labels(
    gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> Counts:
    """Counts the mentions of sentences, as `count` does in a file of them.

    Args:
        gold: Labels of each sentence, one per word: "B-Disease", "O", or "B"
            and "I" alone, whose type is "MISC". X and [PAD] mean "O".
        predicted: The same for what was predicted.

    Raises:
        InputError: If the two differ in the number of labels of a sentence.

    Example:
        >>> counts = score_labels([["B", "I", "O"]], [["B", "I", "B"]])
        >>> counts.precision, counts.recall, list(counts.types)
        (0.5, 1.0, ['MISC'])
    """

    def pairs() -> Iterator[Pair]:
        sentences = itertools.zip_longest(gold, predicted, fillvalue=())
        for number, (left, right) in enumerate(sentences, start=1):
            if len(left) != len(right):
                raise InputError(
                    f"Sentence {number} must have as many predicted as gold "
                    f"labels. Received: {len(left)} gold, {len(right)} predicted."
                )
            yield from zip(map(_typed, left), map(_typed, right), strict=True)
            yield None

    return _count(pairs())


def _count(pairs: Iterable[Pair]) -> Counts:
    """Follows both columns at once, and keeps nothing but the last token."""
    found: dict[str, list[int]] = {}  # Type: num_gold, num_predicted, num_correct.
    num_tokens = num_correct_tags = 0
    last = (_OUTSIDE, _OUTSIDE)
    in_step = False  # Whether a mention is open that is correct so far.
    for pair in pairs:
        gold, predicted = pair or (_OUTSIDE, _OUTSIDE)
        num_tokens += pair is not None
        num_correct_tags += pair is not None and gold == predicted

        borders = _borders(last[0], gold), _borders(last[1], predicted)
        ends, starts = zip(*borders, strict=True)
        if in_step and all(ends):
            found[last[0][1]][2] += 1
        in_step = in_step and not any(ends) and gold[1] == predicted[1]
        in_step = in_step or (all(starts) and gold[1] == predicted[1])
        last = (gold, predicted)
        for side in (0, 1):
            if starts[side]:
                found.setdefault(last[side][1], [0, 0, 0])[side] += 1
    if in_step:  # The file ended within a mention.
        found[last[0][1]][2] += 1
    totals = [sum(numbers) for numbers in zip([0, 0, 0], *found.values(), strict=True)]
    types = {kind: Mentions(*found[kind]) for kind in sorted(found)}
    return Counts(*totals, num_tokens, num_correct_tags, types)


def _borders(last: Label, label: Label) -> tuple[bool, bool]:
    """Whether a mention ends before `label`, and whether one starts at it."""
    (last_tag, last_kind), (tag, kind) = last, label
    ends = last_tag in _ONE_TOKEN or tag in _ENDS.get(last_tag, ())
    starts = tag in _ONE_TOKEN or last_tag in _STARTS.get(tag, ())
    if last_kind != kind:  # An "I" of another type, too, starts a mention.
        ends |= last_tag not in _NOT_INSIDE
        starts |= tag not in _NOT_INSIDE
    return ends, starts


def _split_label(text: str) -> Label:
    tag, _, kind = text.partition("-")  # Types may have hyphens, tags not.
    return _IOBES_OF_BILOU.get(tag, tag), kind


def _typed(text: str) -> Label:
    tag, kind = _split_label(text)
    return _OUTSIDE if tag in _NO_MENTION else (tag, kind or "MISC")


def _read_columns(
    lines: Iterable[str], delimiter: str, name: str
) -> Iterator[tuple[str, str] | None]:
    """Yields the last two columns of each line, None where a sentence ends."""
    # One character stands for itself: as a pattern, "|" would match anywhere.
    split = re.compile(re.escape(delimiter) if len(delimiter) == 1 else delimiter).split
    num_columns = 0
    for number, line in enumerate(lines, start=1):
        columns = split(line.rstrip("\r\n")) if line.strip() else []
        while columns and not columns[-1]:
            columns.pop()  # As in Perl, a delimiter at the end adds no column.
        if not columns or columns[0] == "-X-":
            yield None
            continue
        num_columns = num_columns or len(columns)
        if not 2 <= len(columns) == num_columns:
            need = str(num_columns) if len(columns) > 1 else "at least 2"
            raise InputError(
                f"{name}:{number}: A line must hold {need} columns, the gold and "
                "the predicted label last, with -d between them. "
                f"Received: {len(columns)}, in {line.rstrip()!r}."
            )
        yield columns[-2], columns[-1]


def report(counts: Counts, *, latex: bool = False) -> str:
    """Formats counts as conlleval.pl does.

    Args:
        counts: What was counted.
        latex: Whether to give the rows of a LaTeX table instead.
    """
    kinds = list(counts.types.items())
    untyped = counts.types.get("")
    if untyped and untyped.num_gold and untyped.num_predicted:
        # conlleval.pl lists such mentions twice; kept, so that reports compare.
        kinds.insert(0, ("", untyped))
    if latex:
        rates = r" &  {:6.2f}\% & {:6.2f}\% & {:6.2f} \\".format
        rows = [f"\n{kind:<7}" + rates(*_percent(found)) for kind, found in kinds]
        head = r"        & Precision &  Recall  & F$_{\beta=1} \\\hline"
        overall = "Overall" + rates(*_percent(counts)) + "\\hline\n"
        return head + "".join(rows) + "\\hline\n" + overall

    rates = "precision: {:6.2f}%; recall: {:6.2f}%; FB1: {:6.2f}".format
    text = (
        f"processed {counts.num_tokens} tokens with {counts.num_gold} phrases; "
        f"found: {counts.num_predicted} phrases; correct: {counts.num_correct}.\n"
    )
    if counts.num_tokens:  # Else conlleval.pl, too, leaves this line out.
        accuracy = 100 * counts.num_correct_tags / counts.num_tokens
        text += f"accuracy: {accuracy:6.2f}%; {rates(*_percent(counts))}\n"
    for kind, found in kinds:
        text += f"{kind:>17}: {rates(*_percent(found))}  {found.num_predicted}\n"
    return text


def _percent(found: Mentions) -> tuple[float, float, float]:
    """Precision, recall and F1, computed as in Perl, so that ties round alike."""
    precision = 100 * found.num_correct / (found.num_predicted or 1)
    recall = 100 * found.num_correct / (found.num_gold or 1)
    return precision, recall, 2 * precision * recall / (precision + recall or 1)


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the report that the command line asks for."""
    parser = argparse.ArgumentParser(prog="conlleval.py", description="Scores labels.")
    add = parser.add_argument
    add("-l", dest="latex", action="store_true", help="print a LaTeX table")
    add("-r", dest="raw", action="store_true", help="labels have no B- and I-")
    add("-d", dest="delimiter", default=" ", help="a character or regular expression")
    add("-o", dest="outside", default="O", help="label of a token in no mention")
    add("file", nargs="?", help="default: standard input")
    options = vars(parser.parse_args(argv))
    latex, path = options.pop("latex"), options.pop("file")
    # Words are not looked at, so they may be in another encoding.
    source, name = (path, path) if path else (sys.stdin.fileno(), "input")
    try:
        with open(source, encoding="utf-8", errors="replace", newline="\n") as lines:
            counts = count(lines, name=name, **options)
    except (InputError, OSError, re.error) as error:
        sys.exit(str(error))
    sys.stdout.write(report(counts, latex=latex))


if __name__ == "__main__":
    main()
