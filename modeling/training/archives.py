# SPDX-License-Identifier: Apache-2.0
"""Checkpoints inside .tar.gz archives, as BERT and BioBERT are released.

Only weights and what names them are unpacked. Vocabularies and configurations
in the archive are the business of who is given their paths.
"""

import atexit
import functools
import os
import pathlib
import re
import shutil
import tarfile
import tempfile
import zlib

from absl import logging

from modeling import errors

_SUFFIXES = (".tar.gz", ".tgz", ".tar")
_WANTED = re.compile(
    r"checkpoint|config\.json|.+\.index|.+\.data-\d{5}-of-\d{5}"
    r"|.+\.safetensors|.+\.safetensors\.index\.json"
    r"|pytorch_model.*\.bin|pytorch_model\.bin\.index\.json"
)


def is_archive(path: str | os.PathLike[str]) -> bool:
    """Tells whether `path` is named like an archive that `unpack` reads."""
    return str(path).endswith(_SUFFIXES)


def unpack(path: str | os.PathLike[str]) -> pathlib.Path:
    """Unpacks the weights in an archive to a temporary folder.

    The folder is removed when the program ends; unpacking the same archive
    again gives the same folder.

    Args:
        path: A .tar.gz, .tgz or .tar file.

    Returns:
        The folder, inside it the one, that holds the weights.

    Raises:
        errors.InputError: If the archive is cut short or is none, holds paths
            that lead out of it or links in place of weights, holds no weights
            or holds them in several folders, or does not fit on the disk.
    """
    path = pathlib.Path(path).resolve()
    status = path.stat()
    return _unpack_once(path, status.st_mtime_ns, status.st_size)


@functools.cache
def _unpack_once(path: pathlib.Path, mtime_ns: int, size: int) -> pathlib.Path:
    """Unpacks; the time and size make a changed archive another one."""
    del mtime_ns
    folder = pathlib.Path(tempfile.mkdtemp(prefix="checkpoint_"))
    # At the end and not after reading: weights are read one by one, later.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    logging.info("Unpacking %s (%d bytes) to %s.", path, size, folder)
    try:
        _extract_all(path, folder)
        return _only_folder(path, folder)
    except errors.InputError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _extract_all(path: pathlib.Path, folder: pathlib.Path) -> None:
    """Writes what is a part of a checkpoint in `path` under `folder`."""
    try:
        # "r|*" reads the archive once, front to back.
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                _extract(archive, member, folder, path)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise errors.InputError(
            f"{path}: A whole .tar or .tar.gz archive is needed. Received one that "
            f"cannot be read to its end ({error}): most likely an incomplete "
            f"download, or a web page saved in its place. It has "
            f"{path.stat().st_size} bytes."
        ) from error
    except OSError as error:
        free = shutil.disk_usage(folder).free
        raise errors.InputError(
            f"{path}: Unpacking to {folder} failed: {error.strerror or error}. "
            f"{free} bytes are free there; set TMPDIR to a folder with more room, "
            "or unpack the archive yourself and give the folder."
        ) from error


def _extract(
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
    folder: pathlib.Path,
    path: pathlib.Path,
) -> None:
    """Writes one member under `folder`, if it is a part of a checkpoint."""
    name = pathlib.PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or "\\" in member.name:
        raise errors.InputError(
            f"{path}: The names in an archive must stay inside it. Received: "
            f"{member.name!r}. Nothing was written outside {folder}; do not trust "
            "this archive."
        )
    if member.isdir() or not _WANTED.fullmatch(name.name) or name.name[0] == ".":
        return
    source = archive.extractfile(member) if member.isreg() else None
    if source is None:
        raise errors.InputError(
            f"{path}: The weights in an archive must be ordinary files. Received: "
            f"{member.name!r}, which is a link or a device."
        )
    target = folder.joinpath(*name.parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with source, target.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)


def _only_folder(path: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Returns the one folder under `folder` that files were written to."""
    weights = (".index", ".safetensors", ".bin")
    found = sorted({p.parent for p in folder.rglob("*") if p.name.endswith(weights)})
    if len(found) == 1:
        return found[0]
    names = [str(each.relative_to(folder)) for each in found]
    raise errors.InputError(
        f"{path}: An archive must hold the weights of one model: the files "
        "*.index and *.data-00000-of-00001 of a checkpoint, or config.json and "
        f"model.safetensors, in one folder. Received: {names or 'none of these'}."
    )
