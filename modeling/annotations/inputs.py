# SPDX-License-Identifier: Apache-2.0
"""The files that annotations are read from, and which format each has.

What is in a format is left to its reader.
"""

import glob
import os
import pathlib
from collections.abc import Collection, Iterable, Iterator, Sequence

from absl import logging

from modeling import errors
from modeling.annotations import bioc, brat, outputs, pubtator, records, tagged
from modeling.text import lines

AUTO = "auto"
PUBTATOR, BIOC_XML, BIOC_JSON = "pubtator", "bioc_xml", "bioc_json"
BRAT, JSONL = "brat", "jsonl"
FORMATS = (AUTO, PUBTATOR, BIOC_XML, BIOC_JSON, BRAT, JSONL)

_ENDINGS = {
    ".pubtator": PUBTATOR,
    ".txt": PUBTATOR,  # Unless a file of brat is beside it.
    ".xml": BIOC_XML,
    ".json": BIOC_JSON,
    ".ann": BRAT,
    ".jsonl": JSONL,
}
MAX_LINE_BYTES = 2**26


def list_files(
    text: str, *, flag: str = "--input", others: Collection[str] = ()
) -> list[str]:
    """Returns the files that a list of paths with commas between them names.

    A folder stands for the files in it with an ending of a format, sorted, but for
    the mentions of rows; a pattern for what fits it. For brat's texts stand the .ann
    files beside them.

    Args:
        text: The paths.
        flag: What the user gave them with, for messages.
        others: Further endings that count in folders, in lower case.

    Raises:
        errors.InputError: If something is not there, or there is no file.
    """
    names = [text] if os.path.lexists(text) else text.split(",")
    found: list[str] = []
    for name in filter(None, map(str.strip, names)):
        if os.path.isdir(name):
            inside = [str(path) for path in sorted(pathlib.Path(name).iterdir())]
            known = [path for path in inside if _counts(path, others)]
            if len(known) < len(inside):
                number = len(inside) - len(known)
                logging.info("%s: Passed over %d others.", name, number)
            found += known
        elif os.path.lexists(name):
            found.append(name)
        else:
            found += sorted(glob.glob(name)) or _refuse(name, flag)
    return list(dict.fromkeys(map(_with_annotations, found))) or _refuse(text, flag)


def _counts(path: str, others: Collection[str]) -> bool:
    """Returns whether a file of a folder is one that is read."""
    is_known = ending(path) in _ENDINGS or ending(path) in others
    return is_known and not path.endswith(outputs.ENDING)


def _refuse(name: str, flag: str) -> list[str]:
    raise errors.InputError(
        f"{flag} must name files of annotations. Received: {name!r}, where none is."
    )


def ending(path: str) -> str:
    """Returns the ending of a file's name, as ".txt", in lower case."""
    return os.path.splitext(path)[1].lower()


def _with_annotations(path: str) -> str:
    """Returns the .ann file beside a text of brat; other paths as they are."""
    stem, of_name = os.path.splitext(path)
    is_text = of_name == ".txt" and os.path.exists(f"{stem}.ann")
    return f"{stem}.ann" if is_text else path


def read_documents(
    paths: Sequence[str], *, file_format: str, problems: records.Problems
) -> Iterator[records.Document]:
    """Reads the documents of files in order.

    Args:
        paths: The files.
        file_format: One of `FORMATS`; the ending of a file says it if `AUTO`.
        problems: Decides about what is bad, and about ids that come again.

    Yields:
        The documents.

    Raises:
        errors.InputError: As `problems` decides.
    """
    seen: set[str] = set()
    for path in paths:
        for document in _read_good(path, file_format, problems):
            if document.id in seen:
                problems.report(
                    errors.InputError(
                        f"{document.source}: An id must be that of one document. "
                        f"Received: {document.id!r} again."
                    )
                )
            else:
                seen.add(document.id)
                yield document


def _read_good(
    path: str, file_format: str, problems: records.Problems
) -> Iterator[records.Document]:
    """Yields the documents of a file, up to where it is bad as a whole."""
    try:
        yield from _read_file(path, file_format, problems)
    except errors.InputError as error:
        problems.report(error)


def _read_file(
    path: str, file_format: str, problems: records.Problems
) -> Iterable[records.Document]:
    """Returns the documents of a file."""
    if file_format == AUTO:
        if ending(path) not in _ENDINGS:
            raise errors.InputError(
                f"{path}: A file must end in {', '.join(_ENDINGS)}, or --format must "
                "say what it is. Received: another ending."
            )
        file_format = _ENDINGS[ending(path)]
    if file_format == BIOC_XML:
        return bioc.read_xml(path, problems=problems)
    if file_format == BIOC_JSON:
        return bioc.read_json(read_text(path), path=path, problems=problems)
    numbered = lines.read_lines(path, max_line_bytes=MAX_LINE_BYTES)
    if file_format == BRAT:
        stem = os.path.splitext(path)[0]
        document = brat.read(
            read_text(f"{stem}.txt"),
            numbered,
            name=os.path.basename(stem),
            path=path,
            problems=problems,
        )
        return [document]
    reader = pubtator if file_format == PUBTATOR else tagged
    return reader.read(numbered, path=path, problems=problems)


def read_text(path: str) -> str:
    """Returns the text of a file, its line ends as they are.

    Raises:
        errors.InputError: If it cannot be read or is not UTF-8.
    """
    try:
        return pathlib.Path(path).read_bytes().decode("utf-8").removeprefix("\ufeff")
    except OSError as error:
        raise errors.InputError(
            f"{path}: A text file is needed. Received: {error.strerror}."
        ) from error
    except UnicodeDecodeError as error:
        raise errors.InputError(
            f"{path}: Text must be UTF-8. Received: byte "
            f"0x{error.object[error.start]:02x} at byte {error.start}."
        ) from error
