# SPDX-License-Identifier: Apache-2.0
"""Scores the class probabilities of run_re.py against the answers.

Usage:
    python biocodes/re_eval.py --output_path=re_outputs/test_results.tsv \
        --answer_path=datasets/RE/GAD/1/test.tsv [--task=binary] [--verbose]

Reads --output_path, the probabilities of a row's classes a line, and the labels of
--answer_path, in the column that a header names so, or the last; both may be .gz.
Prints F1, recall and precision: of class 1 and with specificity for two classes, of
all relations together (micro) for chemprot and ddi13. Which label has which column is
the task's, whatever labels occur. --verbose adds each class, accuracy, Matthews
correlation, and what one gets by giving all rows the commonest label.
"""

import argparse
import collections
import dataclasses
import gzip
import math
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence

# Labels of each task in the order of the probabilities' columns. The last of
# several, and "0" of two, is that there is no relation.
_BINARY = ("0", "1")
LABELS = {
    **dict.fromkeys(("binary", "gad", "euadr", "polysearch", "mirnadisease"), _BINARY),
    "chemprot": ("cpr:3", "cpr:4", "cpr:5", "cpr:6", "cpr:9", "false"),
    "ddi13": ("advise", "effect", "mechanism", "int", "false"),
}
# What headers call the column of labels, the surest name first, as for run_re.py.
_NAMES = "label labels gold_label quality relation relation_type class category target"
LABEL_NAMES = (*_NAMES.split(), "type")


class InputError(ValueError):
    """Says what is needed, what was received, and where."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scores:
    """How well relations were found; all are shares, 0 where there is nothing.

    Attributes:
        num_rows: Rows that were compared.
        num_gold: Rows whose answer is one of the relations.
        num_predicted: Rows with a relation predicted.
        num_correct: Rows with the relation of the answer predicted.
        num_rejected: Rows without a relation where none was predicted.
        accuracy: Share of all rows with the right label.
        matthews: Matthews correlation, of all classes, from -1 to 1.
    """

    num_rows: int
    num_gold: int
    num_predicted: int
    num_correct: int
    num_rejected: int
    accuracy: float
    matthews: float

    @property
    def precision(self) -> float:
        """Share of the predicted relations that are right."""
        return self.num_correct / (self.num_predicted or 1)

    @property
    def recall(self) -> float:
        """Share of the relations that were found."""
        return self.num_correct / (self.num_gold or 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.num_correct / (self.num_gold + self.num_predicted or 1)

    @property
    def specificity(self) -> float:
        """Share of the rows without a relation that were seen to have none."""
        return self.num_rejected / (self.num_rows - self.num_gold or 1)


def score(
    gold: Sequence[str], predicted: Sequence[str], *, relations: Sequence[str] = ("1",)
) -> Scores:
    """Compares the labels of rows.

    Args:
        gold: The right label of each row.
        predicted: The predicted one.
        relations: The labels that are relations, which precision, recall and F1
            count together (micro average). All others mean that there is none.

    Raises:
        InputError: If there are not as many of the one as of the other.

    Example:
        >>> scores = score(["1", "1", "0", "0"], ["1", "0", "0", "1"])
        >>> scores.precision, scores.recall, scores.specificity, scores.matthews
        (0.5, 0.5, 0.5, 0.0)

    Source:
        re_eval.py in dmis-lab/biobert at e283eaa, whose numbers these are. It
        numbers chemprot's classes by those that occur in the answers, so that all
        shift where one is absent; here labels are compared.
    """
    if len(gold) != len(predicted):
        raise InputError(
            "There must be as many predicted as gold labels. "
            f"Received: {len(gold)} gold, {len(predicted)} predicted."
        )
    pairs = list(zip(gold, predicted, strict=True))
    num_same = sum(left == right for left, right in pairs)
    return Scores(
        num_rows=len(pairs),
        num_gold=sum(label in relations for label in gold),
        num_predicted=sum(label in relations for label in predicted),
        num_correct=sum(x == y and x in relations for x, y in pairs),
        num_rejected=sum(set(pair).isdisjoint(relations) for pair in pairs),
        accuracy=num_same / (len(gold) or 1),
        matthews=_matthews(gold, predicted, num_same),
    )


def score_commonest(
    gold: Sequence[str], *, relations: Sequence[str] = ("1",)
) -> tuple[str, Scores]:
    """Returns the commonest gold label, and the scores of giving it to all rows.

    Of equally common labels, it is the first in the alphabet.
    """
    counts = collections.Counter(gold)
    label = min(counts, key=lambda label: (-counts[label], label), default="")
    return label, score(gold, [label] * len(gold), relations=relations)


def _matthews(gold: Sequence[str], predicted: Sequence[str], num_same: int) -> float:
    """The correlation for several classes, by Gorodkin (2004); 0 if undefined."""
    left, right = collections.Counter(gold), collections.Counter(predicted)
    square = len(gold) ** 2
    spread = square - sum(n * n for n in left.values())
    spread *= square - sum(n * n for n in right.values())
    both = num_same * len(gold) - sum(left[label] * right[label] for label in left)
    return both / math.sqrt(spread) if spread else 0.0


def read_answers(
    lines: Iterable[str], *, labels: Sequence[str], name: str = "answers"
) -> list[tuple[int, str]]:
    """Reads the labels of a test.tsv, with or without a header.

    Args:
        lines: Columns with tabs between them; one of LABEL_NAMES, or the last.
        labels: The labels that may occur, in lower case.
        name: What to call the file in messages.

    Returns:
        The line of each row, and its label in lower case.

    Raises:
        InputError: If a row has more or fewer columns than the first, or another label.
    """
    rows: list[tuple[int, str]] = []
    width = place = 0
    for number, line in enumerate(lines, start=1):
        columns = [column.strip().lower() for column in line.split("\t")]
        if not line.strip(" "):
            continue
        if not width:
            width, place = len(columns), len(columns) - 1
            named = [name for name in LABEL_NAMES if name in columns]
            if named and columns[-1] not in labels:
                place = columns.index(named[0])
                continue
        if len(columns) != width:
            raise InputError(
                f"{name}:{number}: A row must hold {width} columns, with tabs between "
                f"them, as the first does. Received: {len(columns)}, in {line!r}."
            )
        if columns[place] not in labels:
            raise InputError(
                f"{name}:{number}: Column {place + 1} must hold one of "
                f"{', '.join(labels)}; see --task. Received: {columns[place]!r}."
            )
        rows.append((number, columns[place]))
    return rows


def read_predictions(
    lines: Iterable[str], *, labels: Sequence[str], name: str = "predictions"
) -> list[tuple[int, str]]:
    """Reads the line of each row of a test_results.tsv, and its likeliest label.

    Args:
        lines: The probabilities of a row's classes each, with tabs between them.
        labels: The labels that the columns stand for; of equal ones, the first counts.
        name: What to call the file in messages.

    Raises:
        InputError: If a line does not hold a finite number for each label.
    """
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values = [float(column) for column in line.split("\t")]
        except ValueError:
            values = []
        if len(values) != len(labels) or not all(map(math.isfinite, values)):
            raise InputError(
                f"{name}:{number}: A line must hold {len(labels)} probabilities, of "
                f"{', '.join(labels)}, with tabs between them; see --task. "
                f"Received: {line.rstrip()!r}."
            )
        rows.append((number, labels[values.index(max(values))]))
    return rows


def _join(
    gold: list[tuple[int, str]], predicted: list[tuple[int, str]], names: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Returns both labels of all rows, or says where each file ends."""
    if len(gold) != len(predicted) or not gold:
        ends = (
            f"{len(rows)} rows in {name}, the last on line {rows[-1][0] if rows else 0}"
            for rows, name in zip((gold, predicted), names, strict=True)
        )
        need = "There must be a row of probabilities for each answer, and one at least"
        raise InputError(f"{need}. Received: {'; '.join(ends)}.")
    return [label for _, label in gold], [label for _, label in predicted]


def report(
    gold: Sequence[str], predicted: Sequence[str], *, task: str, verbose: bool = False
) -> str:
    """Formats the scores of rows' labels as the original does.

    `task` is a key of LABELS; `verbose` adds what the module's docstring names.
    """
    labels = LABELS[task]
    relations = labels[1:] if labels == _BINARY else labels[:-1]
    found = score(gold, predicted, relations=relations)
    names = ("f1 score", "recall", "precision", "specificity")
    values = (found.f1, found.recall, found.precision, found.specificity)
    rows = zip(names, values, strict=True)
    text = "".join(f"{name:11s} : {value:.2%}\n" for name, value in rows)
    if labels != _BINARY:  # There, the original prints no specificity.
        text = text[: text.index(names[-1])]
    if not verbose:
        return text
    text += f"accuracy    : {found.accuracy:.2%}\nmatthews    : {found.matthews:.4f}\n"
    label, least = score_commonest(gold, relations=relations)
    text += f"all {label!r}: f1 score {least.f1:.2%}, accuracy {least.accuracy:.2%}\n"
    for label in labels:
        one = score(gold, predicted, relations=(label,))
        text += (
            f"{label:11s} : f1 score {one.f1:.2%}, recall {one.recall:.2%}, precision "
            f"{one.precision:.2%}; gold {one.num_gold}, predicted {one.num_predicted}, "
            f"correct {one.num_correct} of {one.num_rows} rows\n"
        )
    return text


def _lines(path: str) -> Iterator[str]:
    opener = gzip.open if path.endswith(".gz") else open
    try:
        # Words are not looked at, so they may be in another encoding.
        with opener(path, "rt", -1, "utf-8-sig", "replace", "\n") as file:
            yield from (line.rstrip("\r\n") for line in file)
    except (OSError, EOFError, zlib.error) as error:
        received = getattr(error, "strerror", None) or error
        need = "A text file is needed, packed if its name ends in .gz"
        raise InputError(f"{path}: {need}. Received: {received}.") from error


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the scores that the command line asks for."""
    parser = argparse.ArgumentParser(prog="re_eval.py", description="Scores relations.")
    add = parser.add_argument
    add("--output_path", required=True, help="test_results.tsv of run_re.py")
    add("--answer_path", required=True, help="test.tsv with the right labels")
    add("--task", choices=LABELS, default="binary", help="which labels there are")
    add("--verbose", action="store_true", help="print each class, and more measures")
    options = parser.parse_args(argv)
    paths, labels = (options.answer_path, options.output_path), LABELS[options.task]
    try:
        gold = read_answers(_lines(paths[0]), labels=labels, name=paths[0])
        guess = read_predictions(_lines(paths[1]), labels=labels, name=paths[1])
        pair = _join(gold, guess, paths)
    except InputError as error:
        sys.exit(str(error))
    sys.stdout.write(report(*pair, task=options.task, verbose=options.verbose))


if __name__ == "__main__":
    main()
