# SPDX-License-Identifier: Apache-2.0
"""Where weights can come from: TF1 checkpoints and Hugging Face folders.

What is done with them is left to `restore`.
"""

import collections
import contextlib
import math
import os
import pathlib
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from absl import logging

from modeling.training import archives, checkpoints, huggingface

# Read before their turn, at most, where that is more than one array. With one alone,
# the thread that reads and the one that puts to use wait for each other.
_BYTES_AHEAD = 2**26


class WeightSource(Protocol):
    """Arrays under their TF1 names, read one by one.

    Attributes:
        description: What was found, for logs.
    """

    description: str

    def names(self) -> tuple[str, ...]:
        """Returns the names of all arrays, sorted."""

    def shape(self, name: str) -> tuple[int, ...]:
        """Returns the shape of one array."""

    def dtype(self, name: str) -> np.dtype:
        """Returns the type of one array's numbers."""

    def read(self, name: str) -> np.ndarray:
        """Reads one array."""


def open_weights(
    path: str | os.PathLike[str],
) -> checkpoints.CheckpointReader | huggingface.HuggingFaceReader:
    """Opens the weights that `path` means, of whichever kind they are.

    Args:
        path: A TF1 checkpoint in any form that `checkpoints.find_prefix` takes; a
            Hugging Face folder, or config.json or a file of tensors in it; or a
            .tar.gz of either. In a folder of both, safetensors go first, then the
            checkpoint, then pytorch_model.bin.

    Returns:
        A reader of the arrays.

    Raises:
        errors.InputError: If there are no weights, or they are damaged.
    """
    given = pathlib.Path(path).expanduser()
    if archives.is_archive(given) and given.is_file():
        given = archives.unpack(given)
    tensors = huggingface.find_file(given)
    has_checkpoint = given.is_dir() and any(given.glob("*.index"))
    if tensors is not None and has_checkpoint:
        logging.warning(
            "%s holds a TF1 checkpoint and %s; give the path of one to choose.",
            given,
            tensors.name,
        )
    if tensors is None or (has_checkpoint and tensors.name.startswith("pytorch")):
        return checkpoints.CheckpointReader(given)
    return huggingface.HuggingFaceReader(given)


def read_ahead(source: WeightSource, names: Sequence[str]) -> Iterator[np.ndarray]:
    """Yields arrays one by one; the next ones are read while one is put to use.

    Args:
        source: What reads them. It is asked by one thread at a time.
        names: The arrays, in the wanted order.
    """
    waiting: collections.deque[tuple[futures.Future[np.ndarray], int]]
    waiting, num_bytes = collections.deque(), 0
    reader = futures.ThreadPoolExecutor(1)
    try:
        for name in names:
            size = math.prod(source.shape(name)) * source.dtype(name).itemsize
            waiting.append((reader.submit(source.read, name), size))
            num_bytes += size
            while len(waiting) > 1 and num_bytes > _BYTES_AHEAD:
                array, size = waiting.popleft()
                num_bytes -= size
                yield array.result()
        while waiting:
            yield waiting.popleft()[0].result()
    finally:
        reader.shutdown(cancel_futures=True)


@contextlib.contextmanager
def awaited(source: WeightSource) -> Iterator[None]:
    """Leaves the variables that are made within it empty where weights will follow.

    Random values that a checkpoint replaces at once take longer to draw than to load.
    Only variables with a function as their first value are left out, and only if the
    source has an array of the same name and shape: all others get their values.

    Args:
        source: What will be loaded into the variables, as `restore` does.
    """
    shapes = {name: source.shape(name) for name in source.names()}

    def create(next_creator: Callable[..., tf.Variable], **options: Any) -> tf.Variable:  # noqa: ANN401
        scope, name = tf.get_current_name_scope(), options["name"]
        shape = shapes.get(f"{scope}/{name}" if scope else name)
        is_awaited = callable(options["initial_value"]) and shape is not None
        if is_awaited and tf.TensorShape(options["shape"]) == shape:
            # Memory that nothing is written to is not even taken yet.
            options["initial_value"] = tf.raw_ops.Empty(
                shape=shape, dtype=options["dtype"]
            )
        return next_creator(**options)

    with tf.variable_creator_scope(create):
        yield
