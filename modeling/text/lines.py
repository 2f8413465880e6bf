# SPDX-License-Identifier: Apache-2.0
"""Lines of UTF-8 text, numbered, in bounded memory.

Every reader of text begins here, so that a bad byte, a missing file or an
endless line is reported in one way. What a line means is left to the readers.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import BinaryIO

from absl import logging

from modeling import errors

STANDARD_INPUT = "-"

_UTF8_MARK = b"\xef\xbb\xbf"
# The mark of UTF-32 LE begins with that of UTF-16 LE: the longer one is first.
_OTHER_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


def read_lines(
    path: str | os.PathLike[str], *, max_line_bytes: int = 2**20
) -> Iterator[tuple[int, str]]:
    r"""Reads a text file line by line.

    A line ends with "\n" or "\r\n" and nothing else: form feeds, lone "\r" and
    Unicode's line separators occur inside abstracts and stay in the line. A
    UTF-8 byte-order mark before the first line is dropped, and logged.

    The file is opened by the first `next`, and one line at a time is in memory.

    Args:
        path: A UTF-8 file, or "-" for standard input.
        max_line_bytes: The longest line, in bytes without its end. A longer
            one is refused before the rest of it is read.

    Yields:
        The number of the line, from 1, and its text without the line end. An
        empty file has no lines.

    Raises:
        errors.InputError: If the file is missing, is a folder, cannot be
            opened, is not UTF-8, or has a line over `max_line_bytes`.
    """
    name = os.fspath(path)
    if name == STANDARD_INPUT:
        name = "standard input"
    # So much holds the longest line with its end, or shows that it is longer.
    size = max_line_bytes + len(b"\r\n")
    position = 0  # Of the line in the file, in bytes.
    with _open(path) as file:
        for number, raw in enumerate(iter(lambda: file.readline(size), b""), 1):
            line = raw[:-1].removesuffix(b"\r") if raw.endswith(b"\n") else raw
            if len(line) > max_line_bytes:
                raise errors.InputError(
                    f"{name}:{number}: A line must not be over {max_line_bytes} "
                    "bytes. Received: a longer one, which begins "
                    f"{line[:40].decode('utf-8', 'replace')!r}."
                )
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise errors.InputError(
                    f"{name}:{number}: Text must be UTF-8. Received: "
                    f"{_what_else(line, error.start, position)}."
                ) from error
            if number == 1 and line.startswith(_UTF8_MARK):
                logging.info("%s: Dropped the byte-order mark at the start.", name)
                text = text[1:]
            yield number, text
            position += len(raw)


@contextlib.contextmanager
def _open(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Opens `path` to read bytes; standard input stays open afterwards."""
    if os.fspath(path) == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    try:
        file = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        received = {
            FileNotFoundError: "no such file",
            IsADirectoryError: "a folder",
        }.get(type(error), f"a file that cannot be opened ({error.strerror})")
        raise errors.InputError(
            f"{os.fspath(path)}: A text file is needed. Received: {received}."
        ) from error
    with file:
        yield file


def _what_else(line: bytes, start: int, position: int) -> str:
    """Says what stands in a line instead of UTF-8.

    Args:
        line: The line's bytes.
        start: Index of the first byte in it that is not UTF-8.
        position: Place of the line in the file, in bytes.

    Returns:
        The name of the encoding where a byte-order mark gives it away, else
        the byte and its place.
    """
    if position == 0:
        for mark, encoding in _OTHER_MARKS:
            if line.startswith(mark):
                return f"the byte-order mark of {encoding}; convert the file"
    return (
        f"byte 0x{line[start]:02x} at byte {start} of the line, byte "
        f"{position + start} of the file, both counted from 0"
    )
