# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.text.lines."""

import errno
import io
import re
import sys

import hypothesis
import pytest
from absl import logging
from hypothesis import strategies as st

from modeling import errors
from modeling.text import lines


@pytest.fixture
def write(tmp_path):
    """Writes bytes to a file and gives its path."""

    def write(content):
        path = tmp_path / "input.txt"
        path.write_bytes(content)
        return path

    return write


def test_numbers_lines_from_one_and_drops_their_ends(write):
    path = write(b"one\ntwo \r\n\r\n\nlast")
    assert list(lines.read_lines(path)) == [
        (1, "one"),
        (2, "two "),
        (3, ""),
        (4, ""),
        (5, "last"),
    ]


def test_an_empty_file_has_no_lines(write):
    assert list(lines.read_lines(write(b""))) == []


def test_other_separators_stay_in_the_line(write):
    text = "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g\rh"
    assert list(lines.read_lines(write(text.encode() + b"\r"))) == [(1, text + "\r")]


@hypothesis.given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n")))
)
def test_reads_back_any_lines(tmp_path_factory, texts):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes("".join(f"{text}\r\n" for text in texts).encode())
    first = [texts[0].removeprefix("\ufeff")] if texts else []
    assert [text for _, text in lines.read_lines(path)] == first + texts[1:]


def test_byte_order_mark_is_dropped_once_and_logged(write, monkeypatch):
    messages = []
    monkeypatch.setattr(logging, "info", lambda *args: messages.append(args))
    path = write(b"\xef\xbb\xbf\xef\xbb\xbfa\n\xef\xbb\xbfb\n")
    assert [text for _, text in lines.read_lines(path)] == ["\ufeffa", "\ufeffb"]
    assert messages == [("%s: Dropped the byte-order mark at the start.", str(path))]


def test_reads_standard_input_and_leaves_it_open(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\nb\xff\n")))
    reader = lines.read_lines("-")
    assert next(reader) == (1, "a")
    with pytest.raises(errors.InputError, match=r"^standard input:2: Text must be"):
        next(reader)
    assert not sys.stdin.buffer.closed


def test_refuses_a_missing_file(tmp_path):
    path = tmp_path / "absent.txt"
    expected = f"{path}: A text file is needed. Received: no such file."
    with pytest.raises(errors.InputError, match=f"^{re.escape(expected)}$"):
        next(lines.read_lines(path))


def test_refuses_a_folder(tmp_path):
    with pytest.raises(errors.InputError, match=r"Received: a folder\.$"):
        next(lines.read_lines(tmp_path))


def test_refuses_a_file_below_a_file(write):
    path = write(b"a\n") / "b.txt"
    with pytest.raises(errors.InputError, match=r"opened \(Not a directory\)\.$"):
        next(lines.read_lines(path))


def test_refuses_a_file_without_permission(monkeypatch):
    def refuse(*args):
        raise PermissionError(errno.EACCES, "Permission denied")

    # Real permissions do not stop the superuser, who may run the tests.
    monkeypatch.setattr(lines, "open", refuse, raising=False)
    with pytest.raises(errors.InputError, match=r"opened \(Permission denied\)\.$"):
        next(lines.read_lines("secret.txt"))


def test_names_line_and_byte_that_are_not_utf8(write):
    path = write(b"\xef\xbb\xbfgood\r\nna\xefve\n")
    reader = lines.read_lines(path)
    assert next(reader) == (1, "good")
    expected = (
        f"{path}:2: Text must be UTF-8. Received: byte 0xef at byte 2 of the "
        "line, byte 11 of the file, both counted from 0."
    )
    with pytest.raises(errors.InputError, match=f"^{re.escape(expected)}$"):
        next(reader)


def test_refuses_surrogates(write):
    with pytest.raises(errors.InputError, match="byte 0xed at byte 1 of the line"):
        list(lines.read_lines(write(b"a\xed\xa0\x80")))


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32-le", "UTF-32"),
        ("utf-32-be", "UTF-32"),
    ],
)
def test_names_other_encodings_by_their_byte_order_mark(write, codec, name):
    path = write("\ufeffgene\n".encode(codec))
    expected = f":1: .* Received: the byte-order mark of {name}; convert the file"
    with pytest.raises(errors.InputError, match=expected):
        next(lines.read_lines(path))


def test_a_byte_order_mark_further_down_is_a_bad_byte(write):
    with pytest.raises(errors.InputError, match=r":2: .* byte 0xff at byte 0 of the"):
        list(lines.read_lines(write(b"gene\n\xff\xfeg\n")))


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_the_longest_line_is_read_and_a_longer_one_is_not(write, end):
    path = write(b"ab\n" + b"12345" + end)
    assert list(lines.read_lines(path, max_line_bytes=5))[1] == (2, "12345")
    expected = f"{path}:2: A line must not be over 4 bytes. Received: a longer one"
    with pytest.raises(errors.InputError, match=f"^{re.escape(expected)}"):
        list(lines.read_lines(path, max_line_bytes=4))


def test_the_rest_of_a_long_line_is_not_read(monkeypatch):
    class Endless(io.RawIOBase):
        given = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            self.given += len(buffer)
            buffer[:] = b"x" * len(buffer)
            return len(buffer)

    source = Endless()
    buffered = io.BufferedReader(source, buffer_size=16)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(buffered))
    with pytest.raises(errors.InputError, match="must not be over 1000 bytes"):
        next(lines.read_lines("-", max_line_bytes=1000))
    assert source.given < 1100
