# SPDX-License-Identifier: Apache-2.0
r"""Joins the labelled WordPieces that run_ner.py predicts to labelled words.

Usage:
    python biocodes/ner_detokenize.py --token_test_path=out/token_test.txt \
        --label_test_path=out/label_test.txt --answer_path=test.tsv --output_dir=out

Reads a WordPiece and its predicted label a line, and the gold file: a word and
its label a line, blank lines between sentences. Writes to --output_dir:
    NER_result_conll.txt: Words, gold and predicted labels, for conlleval.py.
    NER_result.txt: Without --answer_path. Words, split at punctuation, and labels.
    NER_result_sent-debug.txt: With --debug. The words, even where they differ.
"""

import argparse
import dataclasses
import functools
import os
import pathlib
import re
import string
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

# A word, its gold label and its predicted label.
Row = tuple[str, str, str]
# What may be predicted for a piece, and means that it is in no mention.
_NO_MENTION = frozenset(["X", "[PAD]", "[CLS]", "[SEP]"])
# Characters that BERT's tokenizer makes words of their own.
_IDEOGRAPH = re.compile(
    "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df"
    "\U0002a700-\U0002ceaf\U0002f800-\U0002fa1f]"
)


class InputError(ValueError):
    """Says what is needed, what was received, and where."""


@dataclasses.dataclass(frozen=True)
class Sentence:
    """Words, the label of each, and the sentence's number, shared by its parts."""

    words: tuple[str, ...]
    labels: tuple[str, ...]
    number: int


def detokenize(
    predicted: Sequence[Sentence], gold: Sequence[Sentence]
) -> tuple[list[list[Row]], list[int]]:
    """Finds the predicted label of every gold word.

    Args:
        predicted: Sentences of `join_pieces`.
        gold: Sentences, or parts of them, of `read_gold`, in the same order.

    Returns:
        The rows of each gold sentence, with words as their pieces spell them;
        one without pieces stays as it is and gets "O". Then, how many words of
        each sentence have none because it was cut.

    Raises:
        InputError: If the predicted words are not the gold words.

    Example:
        >>> pieces = ["[CLS]", "I", "##L", "-", "2", "gene", "[SEP]"]
        >>> predicted = join_pieces(pieces, ["O", "B", "X", "X", "X", "I", "O"])
        >>> detokenize(predicted, read_gold(["IL-2 B", "gene O", "level O"]))
        ([[('IL-2', 'B', 'B'), ('gene', 'O', 'I'), ('level', 'O', 'O')]], [1])

    Source:
        ner_detokenize.py in dmis-lab/biobert at e283eaa, which pairs words by
        counting. Here they are compared; where they fit, results are the same.
    """
    lower_case = _find_casing(predicted, gold)
    rows: dict[int, list[Row]] = {part.number: [] for part in gold}
    num_cut = dict.fromkeys(rows, 0)
    for heads, part in zip(predicted, gold, strict=True):
        start = 0
        for word, label in zip(part.words, part.labels, strict=True):
            end = start + len(basic_tokens(word, lower_case=lower_case))
            spelled = "".join(heads.words[start:end])
            guess = heads.labels[start] if spelled else "O"
            rows[part.number].append((spelled or word, label, guess))
            num_cut[part.number] += start < end and not spelled
            start = end
    return list(rows.values()), list(num_cut.values())


def _find_casing(predicted: Sequence[Sentence], gold: Sequence[Sentence]) -> bool:
    """Whether the tokenizer put all in lower case; fails if neither fits."""
    if len(gold) != len(predicted):
        raise InputError(
            "There must be as many gold as predicted sentences; --debug shows them, "
            f"see also --ner_reader. Received: {len(gold)} and {len(predicted)}."
        )
    cased = next(_find_mismatches(predicted, gold, lower_case=False), None)
    uncased = cased and next(_find_mismatches(predicted, gold, lower_case=True), None)
    if not (cased and uncased):
        return cased is not None
    index, place = max(cased, uncased)  # The right casing gets further.
    heads, part = predicted[index], gold[index]
    raise InputError(
        f"Sentence {part.number}: The predicted words must be the gold words, cut at "
        f"the end at most. Received: {heads.words[place]!r}, word {place + 1} of "
        f"{' '.join(heads.words)!r}, for the gold {' '.join(part.words)!r}."
    )


def _find_mismatches(
    predicted: Sequence[Sentence], gold: Sequence[Sentence], *, lower_case: bool
) -> Iterator[tuple[int, int]]:
    """Yields sentence and place of each word that is not the basic token there.

    WordPiece spells a word per basic token; the last may be cut, others absent.
    """
    for index, (heads, part) in enumerate(zip(predicted, gold, strict=True)):
        tokens = [t for w in part.words for t in basic_tokens(w, lower_case=lower_case)]
        for place, head in enumerate(heads.words):
            token = tokens[place] if place < len(tokens) else ""
            is_cut = place == len(heads.words) - 1 and token.startswith(head)
            if not token or not (head in (token, "[UNK]") or is_cut):
                yield index, place


@functools.cache
def basic_tokens(word: str, *, lower_case: bool) -> tuple[str, ...]:
    """Splits a word as BERT's tokenizer does; control characters alone give none.

    Example:
        >>> basic_tokens("IL-2", lower_case=True)
        ('il', '-', '2')
    """
    category = unicodedata.category
    text = "".join(c for c in word if c != "\ufffd" and category(c)[0] != "C")
    text = _IDEOGRAPH.sub(r" \g<0> ", text)
    if lower_case:
        text = unicodedata.normalize("NFD", text.lower())
        text = "".join(c for c in text if category(c) != "Mn")
    # All ASCII signs are punctuation to BERT, "$" and "+" among them.
    marks = {c for c in text if c in string.punctuation or category(c)[0] == "P"}
    return tuple("".join(f" {c} " if c in marks else c for c in text).split())


def join_pieces(pieces: Sequence[str], labels: Sequence[str]) -> list[Sentence]:
    """Appends ## pieces to the pieces that they continue.

    Args:
        pieces: WordPieces, each sentence between [CLS] and [SEP].
        labels: The predicted label of each. Words take that of their first
            piece; X, [PAD], [CLS] and [SEP] become "O".

    Raises:
        InputError: If there are not as many labels as pieces, or if [CLS] and
            [SEP] are not where sentences start and end.
    """
    if len(pieces) != len(labels):
        raise InputError(
            "token_test and label_test out of step: they must have as many lines. "
            f"Received: {len(pieces)} pieces, {len(labels)} labels."
        )
    sentences: list[Sentence] = []
    words: list[str] | None = None  # None between sentences.
    for line, (piece, label) in enumerate(zip(pieces, labels, strict=True), start=1):
        if (piece == "[CLS]") != (words is None) or not piece or not label:
            raise InputError(
                f"token_test:{line}: Sentences must start with [CLS], end with [SEP] "
                f"and have no blank lines. Received: {piece!r}, labelled {label!r}."
            )
        if words is None:
            words, heads = [], []
        elif piece == "[SEP]":
            sentences.append(Sentence(tuple(words), tuple(heads), len(sentences) + 1))
            words = None
        elif piece.startswith("##") and words:
            words[-1] += piece[2:]
        else:
            words.append(piece)
            heads.append("O" if label in _NO_MENTION else label)
    if words is not None:
        raise InputError("token_test: The last sentence must end with [SEP].")
    return sentences


def read_gold(
    lines: Iterable[str], *, reader: str = "original", name: str = "input"
) -> list[Sentence]:
    """Reads words (first column) and labels (last column), as run_ner.py does.

    Args:
        lines: A word and its label each; blank ones between sentences.
        reader: "original", or "paper", which drops a last sentence without a
            blank line behind it and cuts those of more than 30 words: behind
            the last "O" of the first 30, or else behind the first word.
        name: What to call the file in messages.

    Raises:
        InputError: If a line has a single column.
    """
    sentences, rows = [], []
    for number, line in enumerate(lines, start=1):
        columns = line.split()
        if len(columns) == 1:
            need = "A line must hold a word and its label"
            raise InputError(f"{name}:{number}: {need}. Received: {columns[0]!r}.")
        if columns:
            rows.append((columns[0], columns[-1]))
        elif rows:
            sentences.append(rows)
            rows = []
    if rows and reader == "original":
        sentences.append(rows)
    return [
        Sentence(*zip(*part, strict=True), number)
        for number, rows in enumerate(sentences, start=1)
        for part in (_cut_like_paper(rows) if reader == "paper" else [rows])
    ]


def _cut_like_paper(rows: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    while len(rows) > 30:
        end = max((i for i in range(30) if rows[i][1] == "O"), default=0) + 1
        yield rows[:end]
        rows = rows[end:]
    yield rows


def conll_lines(sentences: Sequence[Sequence[Row]]) -> Iterator[str]:
    """Yields "word gold predicted" lines, and a blank one after each sentence.

    Labels without a type get "-MISC"; "O" only if no label has a type.
    """
    labels = {label for rows in sentences for row in rows for label in row[1:]}
    typed = {label for label in labels if "-" in label}
    bare = typed | {"O"} if typed else set()
    form = {label: label if label in bare else f"{label}-MISC" for label in labels}
    for rows in sentences:
        yield "".join(f"{word} {form[x]} {form[y]}\n" for word, x, y in rows) + "\n"


def _read(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return [line.strip() for line in file]
    except UnicodeDecodeError as error:
        raise InputError(f"{path} must be UTF-8. Received: {error}.") from None


def _write(folder: str, name: str, lines: Iterable[str]) -> None:
    path = pathlib.Path(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{name}.{os.getpid()}.tmp")
    temporary.write_text("".join(lines), encoding="utf-8", newline="\n")
    temporary.replace(path)
    print(f"Wrote {path}")


def run(arguments: argparse.Namespace) -> None:
    """Reads, joins and writes what the command line names."""
    folder, path = arguments.output_dir, arguments.answer_path
    pieces = _read(arguments.token_test_path)
    predicted = join_pieces(pieces, _read(arguments.label_test_path))
    if path is None:
        pairs = [map("{} {}".format, s.words, s.labels) for s in predicted]
        _write(folder, "NER_result.txt", ["\n".join([*p, "", ""]) for p in pairs])
        return
    gold = read_gold(_read(path), reader=arguments.ner_reader, name=path)
    if arguments.debug:  # Before what may fail, to show why.
        lines = (
            f"ANS ({len(part.words)}): {' '.join(part.words)}\n"
            f"PRD ({len(heads.words)}): {' '.join(heads.words)}\n\n"
            for heads, part in zip(predicted, gold, strict=False)
        )
        _write(folder, "NER_result_sent-debug.txt", lines)
    sentences, num_cut = detokenize(predicted, gold)
    _write(folder, "NER_result_conll.txt", conll_lines(sentences))
    cut = f"{sum(num_cut)} words of {sum(map(bool, num_cut))} sentences were cut"
    print(f"{len(sentences)} sentences, {sum(map(len, sentences))} words; {cut}.")


def main(argv: Sequence[str] | None = None) -> None:
    """Does what the command line asks for."""
    parser = argparse.ArgumentParser(prog="ner_detokenize.py")
    add = parser.add_argument
    add("--token_test_path", required=True, help="WordPieces, one a line")
    add("--label_test_path", required=True, help="their predicted labels")
    add("--answer_path", help="gold file, a word and its label a line")
    add("--output_dir", required=True, help="folder to write to; made if missing")
    add("--ner_reader", choices=("original", "paper"), default="original")
    add("--debug", action="store_true", help="write the words of each sentence, too")
    try:
        run(parser.parse_args(argv))
    except (InputError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
