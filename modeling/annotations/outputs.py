# SPDX-License-Identifier: Apache-2.0
"""Files of rows in the form that run_re.py reads, and the mentions of each row beside.

A row is a line of the TSV file; the line of the same number of the JSON lines file
says which document and which mentions it is of. (A header has no such line.)
"""

import collections
import contextlib
import json
import os
import pathlib
from collections.abc import Iterable, Iterator
from typing import TextIO

from modeling import errors, files
from modeling.annotations import candidates, records

TRAIN, TEST = "train", "test"
FORMS = (TRAIN, TEST)
HEADER = "index\tsentence\tlabel\n"
ENDING = ".mentions.jsonl"


def path_of_mentions(path: str | os.PathLike[str]) -> pathlib.Path:
    """Returns the path of the mentions of a file of rows.

    Example:
        >>> str(path_of_mentions("re/test.tsv"))
        're/test.mentions.jsonl'
    """
    path = pathlib.Path(path)
    return path.with_name(path.stem + ENDING)


def check_can_be_written(path: str, inputs: Iterable[str]) -> None:
    """Raises if a file of rows, or that of its mentions, is an input or no file.

    Args:
        path: The file of rows.
        inputs: The files that are read; those of brat stand for their texts, too.
    """
    check_is_file(path)
    check_is_file(path_of_mentions(path))
    written = {os.path.realpath(name) for name in (path, path_of_mentions(path))}
    for name in inputs:
        stem, ending = os.path.splitext(name)
        read = (name, f"{stem}.txt") if ending.lower() == ".ann" else (name,)
        for one in read:
            if os.path.realpath(one) in written:
                raise errors.InputError(
                    f"{one}: --output_file must not be an input. Received: the same."
                )


def check_is_file(path: str | os.PathLike[str], *, what: str = "--output_file") -> None:
    """Raises if what is to be written has no name, or is there and is no file.

    Args:
        path: The file.
        what: What to call it in messages.
    """
    if not os.path.basename(path):
        raise errors.InputError(
            f"{what} must be the name of a file. Received: {os.fspath(path)!r}."
        )
    found = files.what_else(path)
    if found:
        raise errors.InputError(f"{path}: {what} must be a file. Received: {found}.")


class Writer:
    """Writes rows and counts them.

    Attributes:
        num_rows: So far.
        labels: Rows of each label; "" is that of rows without.
    """

    def __init__(self, rows: TextIO, mentions: TextIO, form: str) -> None:
        """Writes the header where the form has one."""
        self.num_rows = 0
        self.labels: collections.Counter[str] = collections.Counter()
        self._rows, self._mentions, self._form = rows, mentions, form
        if form == TEST:
            rows.write(HEADER)

    def write(
        self,
        sentence: str,
        label: str,
        document: records.Document,
        pair: candidates.Pair,
    ) -> None:
        """Writes a row.

        Args:
            sentence: Its text, on one line and without tabs.
            label: Its label; "" if it is not known.
            document: Where it is from.
            pair: Its mentions.
        """
        label = " ".join(label.split())
        if self._form == TEST:
            self._rows.write(f"{self.num_rows}\t{sentence}\t{label}\n")
        else:
            self._rows.write(f"{sentence}\t{label}\n")
        record = describe(self.num_rows, document, pair)
        self._mentions.write(json.dumps(record, ensure_ascii=False) + "\n")
        self.num_rows += 1
        self.labels[label] += 1


def describe(
    index: int, document: records.Document, pair: candidates.Pair
) -> dict[str, object]:
    """Returns the line of a row in the file of mentions.

    Args:
        index: Rows before it.
        document: Where it is from.
        pair: Its mentions.
    """
    return {
        "index": index,
        "id": document.id,
        "start": pair.start,
        "end": pair.end,
        "first": _describe(pair.first),
        "second": _describe(pair.second),
    }


def _describe(mention: records.Mention) -> dict[str, object]:
    """Returns a mention as it is written."""
    return {
        "start": mention.start,
        "end": mention.end,
        "text": mention.text,
        "type": mention.type,
        "keys": list(mention.keys),
        "ids": list(mention.ids),
    }


@contextlib.contextmanager
def writing(path: str | os.PathLike[str], form: str) -> Iterator[Writer]:
    """Gives a writer of a file of rows, which is written whole or not at all.

    Args:
        path: The TSV file.
        form: One of `FORMS`.

    Yields:
        The writer.

    Raises:
        errors.InputError: If the files cannot be made.
    """
    with contextlib.ExitStack() as stack:
        try:
            check_is_file(path)
            paths = [path_of_mentions(path), pathlib.Path(path)]
            paths[0].parent.mkdir(parents=True, exist_ok=True)
            # Renamed when both are closed, so that they stay of one kind.
            paths = [stack.enter_context(files.replacing(one)) for one in paths]
            mentions, rows = (
                stack.enter_context(one.open("w", encoding="utf-8", newline="\n"))
                for one in paths
            )
        except OSError as error:
            raise errors.InputError(
                f"{path}: --output_file must be in a folder that can be written to, "
                f"with a name that fits. Received: {error.strerror}."
            ) from error
        yield Writer(rows, mentions, form)
