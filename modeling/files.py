# SPDX-License-Identifier: Apache-2.0
"""Writing files whole or not at all.

Everything in the project may import this file; it imports nothing of ours.
Reading is left to who knows the format.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import tempfile
from collections.abc import Iterator
from typing import Any

_writes_nothing = False


def write_nothing() -> None:
    """Lets all that this process writes from now on go nowhere.

    Of several processes that do the same, one writes.
    """
    global _writes_nothing  # noqa: PLW0603
    _writes_nothing = True


def writes_nothing() -> bool:
    """Returns whether what this process writes goes nowhere."""
    return _writes_nothing


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[pathlib.Path]:
    """Gives a temporary path that takes the place of `path` at the end.

    The body writes the temporary file. When it ends well, the file's bytes are
    forced to the disk and the file is renamed to `path`; when it raises, the
    file is removed and `path` is as it was.

    Args:
        path: The file to write or replace.

    Yields:
        A path in the same folder, so that the rename is one step.
    """
    path = pathlib.Path(path)
    if _writes_nothing:
        with tempfile.TemporaryDirectory() as folder:
            yield pathlib.Path(folder) / path.name
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def sha256(path: str | os.PathLike[str]) -> str:
    """Returns the digest of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove(path: str | os.PathLike[str]) -> None:
    """Removes a file of an earlier run, if there is one."""
    if not _writes_nothing:
        pathlib.Path(path).unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes `text` to `path` as UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | os.PathLike[str], value: Any) -> None:  # noqa: ANN401
    """Writes `value` to `path` as indented JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
