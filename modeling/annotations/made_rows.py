# SPDX-License-Identifier: Apache-2.0
"""Files of rows read again, each row with its mentions, as `outputs` wrote them.

Labels of rows are passed over. Reading rows to train on is left to `modeling.data`.
"""

import itertools
import json
import os
from collections.abc import Iterable, Iterator

from modeling import errors
from modeling.annotations import inputs, outputs, records
from modeling.text import lines

ENDING = ".tsv"

# What is read of a mention, and what it is.
_KEYS = {"start": int, "end": int, "text": str, "type": str, "keys": list, "ids": list}

_Line = tuple[int, str]
_Record = dict[str, object]


def read(path: str, *, problems: records.Problems) -> Iterator[tuple[str, _Record]]:
    """Reads a file of rows and the file of their mentions, side by side.

    Args:
        path: The file of rows, with or without a header.
        problems: Decides about bad lines, and counts empty ones and labels.

    Yields:
        The sentence of each row and its line of mentions; see `outputs.describe`.

    Raises:
        errors.InputError: If one of the files cannot be read or has more rows than
            the other; about bad lines, as `problems` decides.
    """
    beside = str(outputs.path_of_mentions(path))
    if not os.path.exists(beside):
        raise errors.InputError(
            f"{beside}: A file of rows needs the mentions that make_re_data.py writes "
            f"beside it. Received: no such file; --do_predict reads {path} without."
        )
    rows, beside_rows = (_lines(name, problems) for name in (path, beside))
    first = next(rows, None)
    has_index = first is not None and _is_header(first[1])
    if first is not None and not has_index:
        rows = itertools.chain([first], rows)
    for place, pair in enumerate(itertools.zip_longest(rows, beside_rows)):
        row, line = pair
        if row is None or line is None:
            longer = path if line is None else beside
            raise errors.InputError(
                f"{beside}: There must be a line for each row of {path}. Received: "
                f"more than {place} in {longer}, and {place} in the other."
            )
        try:
            sentence = _read_row(row, path, place, has_index, problems)
            record = _read_mentions(line, beside, place)
        except errors.InputError as error:
            problems.report(error)
        else:
            yield sentence, record


def _lines(path: str, problems: records.Problems) -> Iterator[_Line]:
    """Yields the numbered lines of a file that are not empty."""
    for number, line in lines.read_lines(path, max_line_bytes=inputs.MAX_LINE_BYTES):
        if line.strip(" "):
            yield number, line
        else:
            problems.counts["empty lines"] += 1


def _is_header(line: str) -> bool:
    needed = outputs.HEADER.split()[:2]
    return [cell.strip().lower() for cell in line.split("\t")[:2]] == needed


def _read_row(
    numbered: _Line, path: str, place: int, has_index: bool, problems: records.Problems
) -> str:
    """Returns the sentence of a row.

    Raises:
        errors.InputError: If its columns are not those of its file.
    """
    number, line = numbered
    cells = line.split("\t")
    if has_index and len(cells) in (2, 3) and cells[0].strip() == str(place):
        _, sentence, *labels = cells
    elif not has_index and len(cells) == 2:
        sentence, *labels = cells
    else:
        need = f"the index {place}, a sentence" if has_index else "a sentence"
        raise errors.InputError(
            f"{path}:{number}: A row must be {need} and its label, with tabs between "
            f"them, as make_re_data.py writes it. Received: {line[:80]!r}."
        )
    if any(label.strip() for label in labels):
        problems.counts["labels of rows, passed over"] += 1
    return sentence


def _read_mentions(numbered: _Line, path: str, place: int) -> _Record:
    """Returns the record of a row's mentions.

    Raises:
        errors.InputError: If it is of another row, or something is missing in it.
    """
    number, line = numbered
    try:
        found = json.loads(line)
        record = {name: found[name] for name in ("index", "id", "start", "end")}
        record |= {name: _read_mention(found[name]) for name in ("first", "second")}
        is_right = isinstance(record["id"], str) and record["index"] == place
        is_right = is_right and _are_places(record["start"], record["end"])
    except (ValueError, KeyError, TypeError, RecursionError):
        is_right = False
    if not is_right:
        raise errors.InputError(
            f"{path}:{number}: A line must be a JSON object of the two mentions of row "
            f"{place}, as make_re_data.py writes it. Received: {line[:80]!r}."
        )
    records.check_text(json.dumps(record, ensure_ascii=False), where=f"{path}:{number}")
    return record


def _read_mention(found: _Record) -> _Record:
    """Returns what is known of a mention.

    Raises:
        ValueError: If something in it is wrong, or else KeyError or TypeError.
    """
    mention = {name: found[name] for name in _KEYS}
    if any(type(mention[name]) is not kind for name, kind in _KEYS.items()):
        raise ValueError
    if not _are_places(found["start"], found["end"], len(found["text"])):
        raise ValueError
    if not _are_words(itertools.chain(found["keys"], found["ids"])):
        raise ValueError
    return mention


def _are_places(start: object, end: object, length: int | None = None) -> bool:
    """Returns whether two places are those of a text, of a given length."""
    is_right = type(start) is int and type(end) is int and 0 <= start < end
    return is_right and length in (None, end - start)


def _are_words(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)
