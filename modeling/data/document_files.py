# SPDX-License-Identifier: Apache-2.0
"""The files, folders and standard input that documents are read from.

What their lines mean is in `documents`.
"""

import hashlib
import os
from collections.abc import Iterator

from absl import logging

from modeling import errors
from modeling.data import documents
from modeling.text import lines

ENDINGS = (".txt", ".jsonl", ".tsv")
ON_ERROR = ("stop", "skip")

_STANDARD_INPUT_STEM = "stdin"
# More names of files that are passed over would fill the log.
_MAX_NAMES = 10


class Reader:
    """Reads documents from a file, a folder or standard input, one at a time.

    The ending of a file says what is in it:

        .txt    a document on each line that is not blank, or in the whole file;
        .jsonl  a JSON object on each line, with "text" and "id";
        .tsv    a word on each line and a blank line behind each sentence, which
                is a document.

    Ids are those of the JSON objects; of the others "<file>:<line>", or "<file>"
    for whole files: the name without its ending, "stdin" for standard input. No
    two documents may have one id. An empty text is a document too.

    Places in the text of a whole file are counted with each line end as one
    character, and without a byte-order mark.

    Attributes:
        num_failed: Files and lines that the last iteration skipped so far.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        document_per_file: bool = False,
        on_error: str = "stop",
    ) -> None:
        """Takes the path over; reading begins with the iteration.

        Args:
            path: A file, a folder of such files (its subfolders are passed
                over), or "-" for standard input, whose lines are those of a
                .txt file.
            document_per_file: Whether a .txt file is one document.
            on_error: "stop" raises; "skip" warns of a line of JSON, of an id
                that is there already, or of a file in a folder, and goes on
                behind it.

        Raises:
            errors.InputError: If `on_error` is none of the two.
        """
        if on_error not in ON_ERROR:
            raise errors.InputError(
                f"`on_error` must be one of {', '.join(ON_ERROR)}. "
                f"Received: {on_error!r}."
            )
        self.num_failed = 0
        self._path = os.fspath(path)
        self._document_per_file = document_per_file
        self._is_skipping = on_error == "skip"

    def check(self) -> None:
        """Raises what iterating would at once; files are not read.

        Raises:
            errors.InputError: If the path is missing or has none of the endings, or
                a folder has no such file.
        """
        if os.path.isdir(self._path):
            _list_folder(self._path)
        else:
            _split_name(self._path)
            if self._path != lines.STANDARD_INPUT and not os.path.exists(self._path):
                next(lines.read_lines(self._path))

    def __iter__(self) -> Iterator[documents.Document]:
        """Yields the documents, files in the order of their names.

        Raises:
            errors.InputError: If the path is missing or has none of the
                endings, or a folder has no such file; and, unless skipped, if
                a file cannot be read, is not UTF-8, or holds something else
                than documents with ids of their own.
        """
        self.num_failed = 0
        seen: set[bytes] = set()
        if not os.path.isdir(self._path):
            yield from self._read_new(self._path, seen)
            return
        for path in _list_folder(self._path):
            try:
                yield from self._read_new(path, seen)
            except errors.InputError as error:
                self._fail(str(error))

    def _read_new(self, path: str, seen: set[bytes]) -> Iterator[documents.Document]:
        """Yields the documents of a file whose ids are not among `seen`."""
        for document in self._read_file(path):
            # 8 bytes for each id, however long it is.
            digest = hashlib.blake2b(document.id.encode(), digest_size=8).digest()
            if digest not in seen:
                seen.add(digest)
                yield document
                continue
            name = "standard input" if path == lines.STANDARD_INPUT else path
            self._fail(
                f"{name}:{document.line}: An id must be that of one document. "
                f"Received: {document.id!r} again."
            )

    def _read_file(self, path: str) -> Iterator[documents.Document]:
        """Yields the documents of a file as its ending says."""
        stem, ending = _split_name(path)
        texts = lines.read_lines(path, max_line_bytes=documents.MAX_DOCUMENT_SIZE)
        if ending == ".jsonl":
            return documents.read_objects(texts, path=path, fail=self._fail)
        if ending == ".tsv":
            return documents.read_columns(texts, path=path, stem=stem)
        if self._document_per_file:
            return documents.read_whole(texts, path=path, stem=stem)
        return documents.read_texts(texts, path=path, stem=stem)

    def _fail(self, message: str) -> None:
        """Warns of what is skipped, or raises."""
        if not self._is_skipping:
            raise errors.InputError(message)
        self.num_failed += 1
        logging.warning("Skipped: %s", message)


def _split_name(path: str) -> tuple[str, str]:
    """Returns the name of a file without its ending, and the ending.

    Raises:
        errors.InputError: If the ending or the name is of no use.
    """
    if path == lines.STANDARD_INPUT:
        return _STANDARD_INPUT_STEM, ".txt"
    stem, ending = os.path.splitext(os.path.basename(path))
    if ending.lower() not in ENDINGS:
        received = repr(ending) if os.path.exists(path) else "no such file or folder"
        raise errors.InputError(
            f"{path}: A folder, or a file whose name ends in one of "
            f"{', '.join(ENDINGS)}, is needed. Received: {received}."
        )
    if documents.SURROGATE.search(stem):
        raise errors.InputError(
            f"{path!r}: The name of a file gives its documents their ids and must "
            "be UTF-8. Received: other bytes."
        )
    return stem, ending.lower()


def _list_folder(folder: str) -> list[str]:
    """Returns the files of a folder that hold documents, sorted by name.

    Raises:
        errors.InputError: If there is none, or it cannot be listed.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise errors.InputError(
            f"{folder}: A folder that can be listed is needed. Received: one that "
            f"cannot ({error.strerror})."
        ) from error
    known = [
        name
        for name in names
        if os.path.splitext(name)[1].lower() in ENDINGS
        and not os.path.isdir(os.path.join(folder, name))
    ]
    others = sorted(set(names).difference(known))
    if others:
        logging.info(
            "%s: Passed over %d of %d entries, folders and other endings: %s",
            folder,
            len(others),
            len(names),
            ", ".join(others[:_MAX_NAMES])
            + (", ..." if len(others) > _MAX_NAMES else "."),
        )
    if not known:
        raise errors.InputError(
            f"{folder}: A folder of documents must hold a file that ends in one of "
            f"{', '.join(ENDINGS)}. Received: {len(names)} other entries."
        )
    return [os.path.join(folder, name) for name in known]
