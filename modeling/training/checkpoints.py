# SPDX-License-Identifier: Apache-2.0
"""TF1 checkpoints: finding, reading and writing arrays by their names.

The format is the one of the original release, so checkpoints go both ways.
Which arrays a model needs is left to `restore`, which checkpoints of a run to
keep to `saver`.
"""

import contextlib
import math
import os
import pathlib
import re
import shutil
import tempfile
import weakref
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from absl import logging

from modeling import errors
from modeling.training import archives, checkpoint_files, checkpoint_folders

# What TensorFlow raises for a bad file, depending on the kind of damage.
_READ_ERRORS = (tf.errors.OpError, IndexError, KeyError, RuntimeError, ValueError)

_HINT = (
    "Give the prefix that the checkpoint's files share (model.ckpt-1000000), one "
    "of the files, their folder, or the .tar.gz they came in."
)


def find_prefix(path: str | os.PathLike[str]) -> str:
    """Finds the checkpoint that `path` means, and logs what it is.

    Args:
        path: A prefix; any one of its files; a folder, which stands for the
            checkpoint that its state file `checkpoint` calls newest or, without
            one, for its only or newest checkpoint; or an archive of one.

    Returns:
        The prefix of a checkpoint whose files are all there.

    Raises:
        errors.InputError: If there is none, a file of it is missing, or a
            folder leaves several to choose from.
    """
    given = pathlib.Path(path).expanduser()
    if archives.is_archive(given) and given.is_file():
        prefix = checkpoint_folders.newest_in(archives.unpack(given))
    elif given.is_dir():
        prefix = checkpoint_folders.newest_in(given)
    elif given.name == "checkpoint" and given.is_file():
        prefix = checkpoint_folders.newest_in(given.parent)
    else:
        prefix = pathlib.Path(checkpoint_files.strip_part(str(given)))
    _check_whole(prefix, given)
    logging.info("Checkpoint: %s (from the given path %s).", prefix, given)
    return str(prefix)


def _check_whole(prefix: pathlib.Path, given: pathlib.Path) -> None:
    """Raises an error that helps if a file of the checkpoint is missing."""
    missing = checkpoint_files.what_is_missing(prefix)
    if missing is None:
        return
    if not missing.endswith(".index"):
        raise errors.InputError(
            f"{prefix}: A checkpoint needs its weights beside its index. {missing} "
            f"is missing in {prefix.parent}: put the .data file there, with the "
            "name it was released under."
        )
    raise errors.InputError(
        f"{given}: A checkpoint is needed, and {missing} is not there. "
        f"{checkpoint_folders.describe(prefix.parent)} {_HINT}"
    )


class CheckpointReader:
    """Reads the arrays of a TF1 checkpoint one by one, by name.

    Attributes:
        prefix: The checkpoint's prefix.
        description: What was found, for logs.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Opens the checkpoint that `path` means; see `find_prefix`.

        Raises:
            errors.InputError: If there is none, or its files are cut short or
                damaged. Damage inside an array shows only when it is read.
        """
        self.prefix = find_prefix(path)
        try:
            self._reader = tf.train.load_checkpoint(self._literal_prefix())
            self._shapes = self._reader.get_variable_to_shape_map()
            self._dtypes = self._reader.get_variable_to_dtype_map()
        except _READ_ERRORS as error:
            raise errors.InputError(
                f"{self.prefix}.index: The index of a TF1 checkpoint is needed. "
                f"Received a file of {os.path.getsize(self.prefix + '.index')} bytes "
                "that cannot be read as one: most likely an incomplete download, or "
                f"a web page saved in its place. TensorFlow says: {error}"
            ) from error
        self._check_size()
        total = sum(math.prod(shape) for shape in self._shapes.values())
        self.description = (
            f"TF1 checkpoint {self.prefix} ({len(self._shapes)} arrays, "
            f"{total:,} numbers)"
        )

    def names(self) -> tuple[str, ...]:
        """Returns the names of all arrays, sorted."""
        return tuple(sorted(self._shapes))

    def shape(self, name: str) -> tuple[int, ...]:
        """Returns the shape of one array."""
        return tuple(self._shapes[name])

    def dtype(self, name: str) -> np.dtype:
        """Returns the type of one array's numbers."""
        return np.dtype(self._dtypes[name].as_numpy_dtype)

    def read(self, name: str) -> np.ndarray:
        """Reads one array.

        Raises:
            errors.InputError: If there is none of this name, or its bytes are
                damaged.
        """
        if name not in self._shapes:
            raise errors.InputError(f"{self.prefix}: There is no array {name!r}.")
        try:
            return np.asarray(self._reader.get_tensor(name))
        except _READ_ERRORS as error:
            raise errors.InputError(
                f"{self.prefix}: The array {name!r} cannot be read. Its bytes differ "
                "from what the index promises: the files are damaged, or the index "
                "and the data are of two different checkpoints. Fetch both again. "
                f"TensorFlow says: {error}"
            ) from error

    def _literal_prefix(self) -> str:
        """Returns a prefix that TensorFlow does not take for a pattern of names."""
        if not set("*?[") & set(self.prefix):
            return self.prefix
        folder = pathlib.Path(tempfile.mkdtemp(prefix="checkpoint_"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        for part in checkpoint_files.list_parts(pathlib.Path(self.prefix)):
            suffix = str(part).removeprefix(self.prefix)
            (folder / f"model.ckpt{suffix}").symlink_to(part.resolve())
        return str(folder / "model.ckpt")

    def _check_size(self) -> None:
        """Finds data cut short now, and not after minutes of loading."""
        needed = sum(
            math.prod(self._shapes[name]) * dtype.size
            for name, dtype in self._dtypes.items()
            if dtype.is_numpy_compatible and dtype != tf.string
        )
        shards = checkpoint_files.list_shards(pathlib.Path(self.prefix))
        size = sum(shard.stat().st_size for shard in shards)
        if size < needed:
            raise errors.InputError(
                f"{shards[0]}: The index lists {len(self._shapes)} arrays, which need "
                f"{needed:,} bytes. Received {size:,} bytes in {len(shards)} data "
                "file(s): most likely an incomplete download or a full disk."
            )


def write(
    prefix: str | os.PathLike[str],
    values: Mapping[str, np.ndarray | np.generic | tf.Tensor | tf.Variable],
) -> None:
    """Writes arrays as a TF1 checkpoint, whole or not at all.

    The same values give the same bytes. A checkpoint of the same prefix is
    replaced; at no moment do files of both stand there as one.

    Args:
        prefix: What the names of the files begin with; missing folders are made.
        values: Array by name, without ":0". `global_step` must be int64 for the
            original to read it.

    Raises:
        errors.InputError: If the files cannot be written; then what was there
            is as it was.
    """
    target = pathlib.Path(prefix)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    names = sorted(values)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # One process writes at a time: what is left here is of a killed one.
        _remove_temporary(temporary)
        _save(str(temporary), names, [values[name] for name in names])
        _commit(temporary, target)
    except (tf.errors.OpError, OSError) as error:
        raise errors.InputError(_why_not_written(target, values, error)) from error
    finally:
        _remove_temporary(temporary)


def _save(
    prefix: str,
    names: list[str],
    values: list[np.ndarray | np.generic | tf.Tensor | tf.Variable],
) -> None:
    """Writes the files under a temporary prefix."""
    with tf.device("CPU:0"):
        tensors = [tf.convert_to_tensor(value) for value in values]
        tf.raw_ops.SaveV2(
            prefix=prefix,
            tensor_names=names,
            shape_and_slices=[""] * len(names),
            tensors=tensors,
        )


def _commit(temporary: pathlib.Path, target: pathlib.Path) -> None:
    """Gives the files their names; the checkpoint is there with its index."""
    parts = checkpoint_files.list_parts(temporary)
    for part in parts:
        with part.open("rb+") as file:
            os.fsync(file.fileno())
    # Index and data of two saves would look whole and be wrong: from here until
    # the last rename there is no index.
    checkpoint_files.delete(target)
    for part in reversed(parts):
        suffix = part.name.removeprefix(temporary.name)
        part.replace(target.with_name(target.name + suffix))
    _sync_folder(target.parent)


def _sync_folder(folder: pathlib.Path) -> None:
    """Forces the new names in a folder to the disk, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows opens no folders.
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    # Some network disks refuse it; the checkpoint is there all the same.
    with contextlib.suppress(OSError):
        os.fsync(descriptor)
    os.close(descriptor)


def _remove_temporary(temporary: pathlib.Path) -> None:
    """Removes what a save left under its temporary prefix."""
    if temporary.parent.is_dir():
        for path in temporary.parent.iterdir():
            # TensorFlow's own temporary files have a random suffix.
            if path.name.startswith(f"{temporary.name}."):
                path.unlink(missing_ok=True)


def _why_not_written(
    target: pathlib.Path,
    values: Mapping[str, np.ndarray | np.generic | tf.Tensor | tf.Variable],
    error: Exception,
) -> str:
    """Names the path, the space and the cause."""
    needed = sum(
        math.prod(v.shape) * tf.as_dtype(v.dtype).size for v in values.values()
    )
    folder = target.parent
    while not folder.is_dir():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    # TensorFlow puts the place in its graph around what the system says.
    message = re.sub(r"\{\{.*?\}\} | \[Op:\w+\]", "", str(error))
    return (
        f"{target}: The checkpoint cannot be written. It needs {needed:,} bytes, and "
        f"{free:,} are free in {folder}. The cause: {message}. What was there before "
        "is untouched."
    )
