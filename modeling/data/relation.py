# SPDX-License-Identifier: Apache-2.0
"""Rows of relation files: sentences with a label each.

Reads lines of columns with tabs between them, with or without a header. Which
columns count is told by `relation_tasks`, by the header's names (`relation_headers`),
or by their number. Making arrays is left to `relation_features`.
"""

import collections
import dataclasses
from collections.abc import Iterable, Sequence

from absl import logging

from modeling import errors
from modeling.data import relation_headers, relation_tasks

# Without a header, what the columns are by their number.
_BY_NUMBER = {
    2: relation_tasks.Columns(first=0, label=1),
    3: relation_tasks.Columns(first=1, label=2),
}


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of a file.

    Attributes:
        line: Its line in the file, from 1.
        first: The sentence, or the first of two.
        second: The second one, or None.
        label: As the task writes it; None if there is none.
    """

    line: int
    first: str
    second: str | None
    label: str | None

    @property
    def texts(self) -> tuple[str, ...]:
        """The sentence or the two sentences."""
        return (self.first,) if self.second is None else (self.first, self.second)


def read_rows(
    lines: Iterable[tuple[int, str]], *, path: str, task: relation_tasks.Task, part: str
) -> list[Row]:
    r"""Reads the rows of a file. Quotes are characters like any other.

    A first line that names columns is a header. Lines of nothing but spaces are
    no rows; they are counted and logged. Where rows are sentences alone, they are
    empty sentences, unless at the end of the file.

    Args:
        lines: Numbered lines.
        path: The file, for messages.
        task: Says which columns there are.
        part: What the file is for; only rows of `relation_tasks.TEST` may have
            no labels.

    Returns:
        The rows: all with labels, or all without.

    Raises:
        errors.InputError: If a row has too few or too many columns, or no label
            where one is needed.

    Example:
        >>> lines = enumerate(["index\tsentence\tlabel", "0\tA \"b\" c.\t1"], 1)
        >>> gad = relation_tasks.TASKS["gad"]
        >>> read_rows(lines, path="test.tsv", task=gad, part="test")
        [Row(line=2, first='A "b" c.', second=None, label='1')]

    Source:
        The processors of dmis-lab/biobert, run_re.py at e283eaa, which skip the
        first line of some files, whatever it is, and read no labels of test files.
    """
    rows: list[Row] = []
    reader = None
    empty: list[int] = []  # Lines since the last row.
    skipped: collections.Counter[str] = collections.Counter()
    for number, line in lines:
        cells = line.split("\t")
        if not line.strip(" "):
            empty.append(number)
            continue
        if reader is not None and len(cells) == 1:
            rows += [reader.read(i, [""]) for i in empty]
        else:
            skipped["empty lines"] += len(empty)
        empty = []
        if reader is None:
            reader = _Reader(path, number, cells, task, part)
            if reader.has_header:
                continue
        row = reader.read(number, cells)
        if row is None:
            skipped[f"rows of other languages than {task.language}"] += 1
        else:
            rows.append(row)
    skipped["empty lines"] += len(empty)
    for what, count in (+skipped).items():
        logging.info("%s: %d %s were skipped.", path, count, what)
    _check_labels_are_for_all(rows, path)
    if not task.labels and part == relation_tasks.TRAIN:
        _check_first_is_a_row(rows, path)
    return rows


def derive_labels(rows: Iterable[Row]) -> tuple[str, ...]:
    """Returns the labels that occur, sorted."""
    return tuple(sorted({row.label for row in rows if row.label is not None}))


def count_labels(rows: Iterable[Row], labels: Sequence[str]) -> dict[str, int]:
    """Returns how many rows each label has, in the order of the labels."""
    counts = collections.Counter(row.label for row in rows)
    return {label: counts[label] for label in labels}


def check_labels(rows: Iterable[Row], labels: Sequence[str], *, path: str) -> None:
    """Raises where a row's label is none of the model's.

    Args:
        rows: The rows of a file; those without a label pass.
        labels: The model's labels.
        path: The file, for the message.
    """
    for row in rows:
        if row.label is not None and row.label not in labels:
            raise errors.InputError(
                f"{path}:{row.line}: A label must be one of {', '.join(labels)}. "
                f"Received: {row.label!r}."
            )


class _Reader:
    """Reads rows as the first line of a file says they are.

    Attributes:
        has_header: Whether the first line names columns.
    """

    def __init__(
        self,
        path: str,
        number: int,
        cells: Sequence[str],
        task: relation_tasks.Task,
        part: str,
    ) -> None:
        """Looks at the first line of a file that is not empty."""
        self._path, self._task = path, task
        self._is_test = part == relation_tasks.TEST
        self._width = len(cells)
        names = [cell.strip().lower() for cell in cells]
        known = task.columns.get(part)
        self.has_header = relation_headers.is_header(names, known)
        if self.has_header:
            columns = relation_headers.columns_of(
                names, known, needs_label=not self._is_test
            )
        else:
            columns = known or _BY_NUMBER.get(self._width)
        if columns is None or not _fit(columns, self._width):
            raise errors.InputError(
                f"{path}:{number}: {_needed(known)} Received: {self._width} columns, "
                f"in {_short(cells)}."
            )
        self._columns = columns
        self._log()

    def read(self, number: int, cells: Sequence[str]) -> Row | None:
        """Returns a row, or None for one of another language."""
        columns = self._columns
        if columns.language is not None:
            language = cells[columns.language : columns.language + 1]
            if language not in ([self._task.language], []):
                return None
        label = columns.label
        is_last = label is not None and label % self._width == self._width - 1
        if self._is_test and is_last and len(cells) == self._width - 1:
            label = None
        elif len(cells) != self._width:
            raise errors.InputError(
                f"{self._path}:{number}: A row must hold {self._width} columns, with "
                f"tabs between them, as the first line does. Received: {len(cells)}, "
                f"in {_short(cells)}."
            )
        found = None if label is None else self._task.normalize(cells[label])
        if not found and not self._is_test:
            raise errors.InputError(
                f"{self._path}:{number}: A row must have a label. "
                f"Received: none, in {_short(cells)}."
            )
        second = None if columns.second is None else cells[columns.second]
        return Row(number, cells[columns.first], second, found or None)

    def _log(self) -> None:
        """Says how the file is read."""
        columns = self._columns
        places = {
            "sentence": columns.first,
            "second sentence": columns.second,
            "label": columns.label,
        }
        text = ", ".join(
            f"{name} in column {place % self._width + 1}"
            for name, place in places.items()
            if place is not None
        )
        header = "a header" if self.has_header else "no header"
        logging.info("%s: There is %s; %s.", self._path, header, text)
        if self._is_test and not self.has_header:
            logging.warning(
                "%s: The first line is read as a row, as it names no columns. The "
                "original would skip it.",
                self._path,
            )


def _fit(columns: relation_tasks.Columns, width: int) -> bool:
    """Returns whether a row of so many columns has all of these."""
    places = (*columns.texts, columns.label, columns.language)
    return all(place is None or place < width for place in places)


def _needed(known: relation_tasks.Columns | None) -> str:
    """Says which columns a row must have."""
    if known is not None:
        places = (*known.texts, known.label, known.language)
        last = max(place for place in places if place is not None)
        return f"A row must hold {last + 1} columns at least, with tabs between them."
    return (
        "A row must be a sentence and its label, or an index, a sentence and its "
        "label, with tabs between them; other files need a header that names the "
        "columns sentence and label."
    )


def _short(cells: Sequence[str]) -> str:
    """Returns a line, cut to what can be read."""
    text = repr("\t".join(cells))
    return text if len(text) <= 100 else f"{text[:97]}..."


def _check_labels_are_for_all(rows: Sequence[Row], path: str) -> None:
    """Raises if some rows have labels and some have none."""
    without = [row for row in rows if row.label is None]
    if without and len(without) < len(rows):
        raise errors.InputError(
            f"{path}:{without[0].line}: All rows must have a label, or none. "
            f"Received: no label here, and {len(rows) - len(without)} rows with one."
        )


def _check_first_is_a_row(rows: Sequence[Row], path: str) -> None:
    """Raises if the first row seems to be a header whose names are not known."""
    if not rows or rows[0].first.strip().lower() not in relation_headers.TEXT_NAMES:
        return
    first, *others = rows
    if all(row.label != first.label for row in others):
        raise errors.InputError(
            f"{path}:{first.line}: A header must name the column of labels "
            f"{', '.join(relation_headers.LABEL_NAMES)}; a row must have a label that "
            f"others have, too. Received: {first.first!r} and {first.label!r}."
        )
