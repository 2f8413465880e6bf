# SPDX-License-Identifier: Apache-2.0
"""Raw text to predict on: what the lines of a file of documents mean.

Each reader takes numbered lines, as from `text.lines.read_lines`, and has one
document in memory at a time. Files and folders are left to `document_files`,
sentences and words to `text.sentences` and `text.words`.
"""

import dataclasses
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from modeling import errors

# In bytes of a line, or in characters of a document of several lines: far over
# the longest article.
MAX_DOCUMENT_SIZE = 2**26

SURROGATE = re.compile("[\ud800-\udfff]")


@dataclasses.dataclass(frozen=True)
class Document:
    """A text and where it is from.

    Attributes:
        id: Tells it from all others of a run.
        text: Its characters; may be empty. Places in it are counted in them.
        path: Its file, or "-" for standard input.
        line: Number of its first line in the file, from 1.
    """

    id: str
    text: str
    path: str
    line: int


def read_texts(
    lines: Iterable[tuple[int, str]], *, path: str, stem: str
) -> Iterator[Document]:
    """Yields a document for each line that is not blank.

    Args:
        lines: Numbers of lines, from 1, and their texts.
        path: Where they are from.
        stem: What ids begin with; the number of the line follows.

    Example:
        >>> lines = enumerate(["BRCA1 is a gene.", "", "Why?"], start=1)
        >>> [document.id for document in read_texts(lines, path="a.txt", stem="a")]
        ['a:1', 'a:3']
    """
    for number, text in lines:
        if text.strip():
            yield Document(f"{stem}:{number}", text, path, number)


def read_whole(
    lines: Iterable[tuple[int, str]], *, path: str, stem: str
) -> Iterator[Document]:
    r"""Yields the one document that all lines are, each but the last with a "\n".

    Args:
        lines: Numbers of lines, from 1, and their texts.
        path: Where they are from.
        stem: The id.

    Raises:
        errors.InputError: If it is over `MAX_DOCUMENT_SIZE`.
    """
    parts: list[str] = []
    size = 0
    for number, text in lines:
        parts.append(text)
        size += len(text) + 1
        _check_size(size, path, number)
    yield Document(stem, "\n".join(parts), path, 1)


def read_columns(
    lines: Iterable[tuple[int, str]], *, path: str, stem: str
) -> Iterator[Document]:
    """Yields a document for each sentence of lines of one word.

    Args:
        lines: Numbers of lines, from 1, and their texts: a word, or nothing
            behind a sentence.
        path: Where they are from.
        stem: What ids begin with; the number of the first word's line follows.

    Yields:
        Sentences, their words joined by single spaces.

    Raises:
        errors.InputError: If a line has several columns, or a sentence is over
            `MAX_DOCUMENT_SIZE`.
    """
    words: list[str] = []
    first = size = 0
    end = (0, "")  # The last sentence may have no blank line behind it.
    for number, text in itertools.chain(lines, [end]):
        columns = text.split()
        if len(columns) > 1:
            raise errors.InputError(
                f"{path}:{number}: A line must hold one word alone. Received: "
                f"{text[:80]!r}. A labelled test.tsv is read from --data_dir."
            )
        if columns:
            first = first if words else number
            words += columns
            size += len(columns[0]) + 1
            _check_size(size, path, number)
        elif words:
            yield Document(f"{stem}:{first}", " ".join(words), path, first)
            words, size = [], 0


def _check_size(size: int, path: str, number: int) -> None:
    """Raises `errors.InputError` where a document of several lines is too long."""
    if size > MAX_DOCUMENT_SIZE:
        raise errors.InputError(
            f"{path}:{number}: A document must not be over {MAX_DOCUMENT_SIZE} "
            "characters. Received: a longer one."
        )


def read_objects(
    lines: Iterable[tuple[int, str]], *, path: str, fail: Callable[[str], None]
) -> Iterator[Document]:
    """Yields the documents of lines of JSON, {"id": ..., "text": ...}.

    An id is a string or an integer. Other keys mean nothing, nor do blank lines.

    Args:
        lines: Numbers of lines, from 1, and their texts.
        path: Where they are from.
        fail: Called with what is wrong with a line. Where it does not raise,
            the next line follows.
    """
    for number, text in lines:
        if not text.strip():
            continue
        try:
            document = _parse_object(text, path, number)
        except errors.InputError as error:
            fail(str(error))
        else:
            yield document


def _parse_object(text: str, path: str, number: int) -> Document:
    """Returns the document of a line of JSON.

    Raises:
        errors.InputError: If it is none.
    """
    place = f"{path}:{number}"
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise errors.InputError(
            f"{place}: A line must be a JSON object. Received: {text[:40]!r}; "
            f"{error.msg} at character {error.pos}."
        ) from error
    except (ValueError, RecursionError) as error:  # Endless digits or brackets.
        raise errors.InputError(
            f"{place}: A line must be a JSON object. Received: {text[:40]!r}; {error}."
        ) from error
    if not isinstance(value, dict):
        raise errors.InputError(
            f"{place}: A line must be a JSON object. Received: {value!r:.80}."
        )
    document_text = _get(value, "text", (str,), place)
    document_id = str(_get(value, "id", (str, int), place))
    if not document_id:
        raise errors.InputError(f'{place}: "id" must not be empty. Received: "".')
    return Document(document_id, document_text, path, number)


def _get(
    value: dict[str, Any], key: str, kinds: tuple[type, ...], place: str
) -> str | int:
    """Returns a value of a JSON object, checked."""
    names = " or ".join({str: "a string", int: "an integer"}[kind] for kind in kinds)
    found = value.get(key)
    if type(found) not in kinds:  # A Boolean is an instance of int.
        received = f"{found!r:.80}" if key in value else f"the keys {[*value]!r:.80}"
        raise errors.InputError(
            f'{place}: A JSON object must have "{key}", {names}. Received: {received}.'
        )
    if half := SURROGATE.search(str(found)):
        raise errors.InputError(
            f'{place}: "{key}" must be whole characters. Received: half of a '
            f"surrogate pair, \\u{ord(half[0]):04x}, at character {half.start()}."
        )
    return found
