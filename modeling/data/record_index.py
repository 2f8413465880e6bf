# SPDX-License-Identifier: Apache-2.0
"""Records of many TFRecord files by number, without reading what stands before.

A file is looked through once, for where its records begin; that is kept in a
folder, so that a run which goes on from its middle begins at once. A compressed file
has no places to jump to: it is decompressed into the folder, once. What the records
say is left to others.
"""

import atexit
import contextlib
import functools
import gzip
import hashlib
import os
import pathlib
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
from absl import logging

from modeling import errors, files
from modeling.data import record_frames

# Seconds between two lines of progress.
_LINE_SECONDS = 10.0
# Files that are open at a time; more are closed and opened again.
_MAX_OPEN_FILES = 64


class RecordFiles:
    """The records of several files, numbered from 0 in the files' order.

    Attributes:
        paths: The files.
        counts: Records of each, int64[number of files].
    """

    def __init__(
        self, paths: Sequence[str], *, cache_dir: str | os.PathLike[str]
    ) -> None:
        """Finds where the records of all files begin.

        Args:
            paths: TFRecord files, which may be compressed with gzip.
            cache_dir: Folder for what is found; made where it is missing.

        Raises:
            errors.InputError: If a file cannot be read or does not hold whole
                records, or if none holds a record.
        """
        self.paths = tuple(paths)
        self._offsets = []
        self._readable = []
        last_line = time.monotonic()
        for done, path in enumerate(self.paths, 1):
            readable, offsets = _index(path, pathlib.Path(cache_dir))
            self._readable.append(readable)
            self._offsets.append(offsets)
            if time.monotonic() - last_line > _LINE_SECONDS:
                last_line = time.monotonic()
                logging.info("Looked through %d of %d files.", done, len(self.paths))
        self.counts = np.array([len(offsets) - 1 for offsets in self._offsets])
        self._first = np.concatenate([[0], np.cumsum(self.counts)])
        self._open: dict[int, int] = {}
        if not len(self):
            raise errors.InputError(
                "Input files must hold records. Received: none in "
                f"{', '.join(self.paths)}."
            )

    def __len__(self) -> int:
        """Returns the number of records."""
        return int(self._first[-1])

    def read(self, numbers: Sequence[int] | np.ndarray) -> list[bytes]:
        """Reads some records.

        Args:
            numbers: Which, int64[B], in any order.

        Returns:
            The data of each, a serialized `tf.train.Example`.

        Raises:
            errors.InputError: If a record is damaged.
        """
        of_file = np.searchsorted(self._first, numbers, side="right") - 1
        return [
            self._read_one(int(file), int(number - self._first[file]))
            for file, number in zip(of_file, numbers, strict=True)
        ]

    def describe(self, number: int) -> str:
        """Returns the file and the place in it of a record, for people to read."""
        file = int(np.searchsorted(self._first, number, side="right")) - 1
        return f"{self.paths[file]}: record {number - self._first[file] + 1}"

    def digest(self) -> str:
        """Returns a SHA-256 over the files' names, sizes and records' places."""
        digest = hashlib.sha256()
        for path, offsets in zip(self.paths, self._offsets, strict=True):
            digest.update(os.path.basename(path).encode() + b"\0")
            digest.update(offsets.astype("<i8").tobytes())
        return digest.hexdigest()

    def _read_one(self, file: int, number: int) -> bytes:
        """Reads one record of a file and compares it with its checksum."""
        start, end = self._offsets[file][number : number + 2]
        content = os.pread(self._descriptor(file), int(end - start), int(start))
        data = content[record_frames.HEADER_BYTES : -record_frames.CHECKSUM_BYTES]
        if record_frames.checksum(data) != content[-record_frames.CHECKSUM_BYTES :]:
            raise errors.InputError(
                f"{self.paths[file]}: Records must be whole. Received: record "
                f"{number + 1} with other bytes than its checksum says."
            )
        return data

    def _descriptor(self, file: int) -> int:
        """Returns an open file, which it opens where needed."""
        if file not in self._open:
            if len(self._open) >= _MAX_OPEN_FILES:
                os.close(self._open.pop(next(iter(self._open))))
            self._open[file] = os.open(self._readable[file], os.O_RDONLY)
        return self._open[file]

    def __del__(self) -> None:
        for descriptor in getattr(self, "_open", {}).values():
            os.close(descriptor)


def _index(path: str, cache_dir: pathlib.Path) -> tuple[str, np.ndarray]:
    """Returns the file to read records from, and where they begin and end.

    Args:
        path: The file.
        cache_dir: Folder of what was found before.

    Returns:
        The path of the file or of its decompressed copy, and int64[records + 1].
    """
    try:
        status = os.stat(path)
        is_compressed = record_frames.is_compressed(path)
    except OSError as error:
        raise errors.InputError(
            f"{path}: A TFRecord file is needed. Received: {error.strerror}."
        ) from None
    # What the file was when it was looked through: another one is looked through anew.
    state = f"{os.path.abspath(path)} {status.st_size} {status.st_mtime_ns}"
    key = hashlib.sha256(state.encode()).hexdigest()[:24]
    if files.writes_nothing():
        cache_dir = _private_dir()
    cached = cache_dir / f"{key}.npy"
    copy = cache_dir / f"{key}.tfrecord"
    if cached.exists() and (not is_compressed or copy.exists()):
        return str(copy if is_compressed else path), np.load(cached)
    cache_dir.mkdir(parents=True, exist_ok=True)
    if is_compressed:
        _decompress(path, copy)
    readable = str(copy if is_compressed else path)
    offsets = np.fromiter(_find_records(readable, path), np.int64)
    with _writing(cached) as file:
        np.save(file, offsets)
    return readable, offsets


@functools.cache
def _private_dir() -> pathlib.Path:
    """Returns a folder of this process, for one that writes nothing else."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return pathlib.Path(folder.name)


@contextlib.contextmanager
def _writing(path: pathlib.Path) -> Iterator[BinaryIO]:
    """Opens a file to write it; whole or not at all where others may read it."""
    if files.writes_nothing():
        with open(path, "wb") as file:
            yield file
        return
    with files.replacing(path) as temporary, open(temporary, "wb") as file:
        yield file


def _decompress(path: str, copy: pathlib.Path) -> None:
    """Writes the decompressed content of a file, whole or not at all."""
    logging.info("%s: Decompressing it into %s, once.", path, copy.parent)
    try:
        with (
            gzip.open(path) as compressed,
            _writing(copy) as plain,
        ):
            shutil.copyfileobj(compressed, plain, 2**20)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise errors.InputError(
            f"{path}: A whole gzip file is needed. Received: {error}."
        ) from error


def _find_records(readable: str, path: str) -> Iterator[int]:
    """Yields where each record begins, and where the last one ends."""
    size = os.path.getsize(readable)
    position = number = 0
    yield position
    # Without a buffer, as what is between the lengths would be read for nothing.
    with open(readable, "rb", buffering=0) as file:
        while position < size:
            length = record_frames.read_length(file.read(record_frames.HEADER_BYTES))
            if length is not None:
                position += record_frames.HEADER_BYTES + length
                position += record_frames.CHECKSUM_BYTES
            if length is None or position > size:
                raise errors.InputError(
                    f"{path}: A file of whole TFRecords is needed. Received: "
                    f"another content, or the end of the file, in record "
                    f"{number + 1}."
                )
            number += 1
            yield position
            file.seek(position)
