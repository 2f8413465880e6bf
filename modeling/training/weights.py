# SPDX-License-Identifier: Apache-2.0
"""Where weights can come from: TF1 checkpoints and Hugging Face folders.

What is done with them is left to `restore`.
"""

import os
import pathlib
from typing import Protocol

import numpy as np
from absl import logging

from modeling.training import archives, checkpoints, huggingface


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
