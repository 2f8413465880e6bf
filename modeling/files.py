# SPDX-License-Identifier: Apache-2.0
"""Writing files whole or not at all.

Everything in the project may import this file; of ours, it imports the error only.
Reading is left to who knows the format.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import stat
import tempfile
from collections.abc import Iterator
from typing import Any

from modeling import errors

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


def what_else(path: str | os.PathLike[str]) -> str | None:
    """Returns what is in the way of a file at `path`, where it cannot be replaced.

    Returns:
        "a folder", or "a pipe, a socket or a device"; None for a regular file and
        for none. A link counts as what it leads to.
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):  # Mostly there is none; else writing will tell.
        return None
    if stat.S_ISREG(mode):
        return None
    return "a folder" if stat.S_ISDIR(mode) else "a pipe, a socket or a device"


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[pathlib.Path]:
    """Gives a temporary path that takes the place of `path` at the end.

    The body writes the temporary file. When it ends well, the file's bytes are
    forced to the disk and the file is renamed to `path`; when it raises, the
    file is removed and `path` is as it was. Of a link, the file that it leads to is
    replaced, and the link stays.

    Args:
        path: The file to write or replace.

    Yields:
        A path in the same folder, so that the rename is one step.

    Raises:
        errors.InputError: If there is something else than a file.
    """
    path = pathlib.Path(path)
    if _writes_nothing:
        with tempfile.TemporaryDirectory() as folder:
            yield pathlib.Path(folder) / path.name
        return
    found = what_else(path)
    if found:
        raise errors.InputError(f"{path}: An output must be a file. Received: {found}.")
    path = pathlib.Path(os.path.realpath(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):  # What failed before says more.
            temporary.unlink()


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
