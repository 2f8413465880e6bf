# SPDX-License-Identifier: Apache-2.0
"""Hugging Face folders, read as if they were TF1 checkpoints.

A folder holds config.json and the tensors: model.safetensors, or the older
pytorch_model.bin, or shards of either with an index. Names become the TF1 names
of the same arrays, which `huggingface_names` does; kernels are transposed.
Sizes of the model in config.json are the business of who builds it.
"""

import json
import math
import os
import pathlib
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import safetensors
from absl import logging

from modeling import errors
from modeling.training import huggingface_names, torch_file

# In the order in which one is preferred, and what names its shards.
_FILES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
_FLOATS = ("F64", "F32", "F16", "BF16")


class _TensorFile(Protocol):
    """What a file of tensors can do."""

    def names(self) -> tuple[str, ...]: ...
    def shape(self, name: str) -> tuple[int, ...]: ...
    def read(self, name: str) -> np.ndarray: ...


def find_file(path: str | os.PathLike[str]) -> pathlib.Path | None:
    """Returns the file of tensors that `path` means, or None if it means none.

    Args:
        path: A Hugging Face folder, or config.json or a file of tensors in it.
    """
    path = pathlib.Path(path).expanduser()
    if path.is_file() and path.name.endswith((".safetensors", ".bin", ".index.json")):
        return path
    folder = path.parent if path.name == "config.json" and path.is_file() else path
    found = [folder / name for name in _FILES if (folder / name).is_file()]
    return found[0] if found else None


class HuggingFaceReader:
    """Reads the arrays of a Hugging Face BERT one by one, by their TF1 names.

    All numbers are given as float32, whatever the file holds. Tensors that have no
    TF1 name keep their own, so that they show as unused.

    Attributes:
        path: The file of tensors.
        description: What was found, for logs.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Finds out which arrays there are.

        Args:
            path: See `find_file`.

        Raises:
            errors.InputError: If there are no tensors, they are not a BERT's, or
                the files are cut short or damaged.
        """
        found = find_file(path)
        if found is None:
            raise errors.InputError(
                f"{path}: A Hugging Face folder is needed, with config.json and one of "
                f"{', '.join(_FILES)}."
            )
        self.path = found
        _check_config(found.parent / "config.json")
        self._files = _open_files(found)  # Tensor name to file.
        names = huggingface_names.translate(self._files)
        self._tensors = {new: old for old, new in names.items() if new is not None}
        if len(self._tensors) < sum(new is not None for new in names.values()):
            raise errors.InputError(
                f"{found}: Each array may be there once. Received several tensors of "
                "one meaning, such as gamma and weight of one LayerNorm."
            )
        self._drop_tied()
        total = sum(math.prod(self.shape(name)) for name in self._tensors)
        self.description = (
            f"Hugging Face model {found} ({len(self._tensors)} arrays, "
            f"{total:,} numbers)"
        )
        logging.info("Weights: %s (from the given path %s).", found, path)

    def names(self) -> tuple[str, ...]:
        """Returns the TF1 names of all arrays, sorted."""
        return tuple(sorted(self._tensors))

    def shape(self, name: str) -> tuple[int, ...]:
        """Returns the shape of one array, as TF1 has it."""
        tensor = self._tensors[name]
        shape = self._files[tensor].shape(tensor)
        return shape[::-1] if huggingface_names.is_kernel(name) else shape

    def dtype(self, name: str) -> np.dtype:
        """Returns the type of one array's numbers, which is float32."""
        del name
        return np.dtype(np.float32)

    def read(self, name: str) -> np.ndarray:
        """Reads one array.

        Raises:
            errors.InputError: If its bytes are damaged or not there.
        """
        tensor = self._tensors[name]
        array = self._files[tensor].read(tensor).astype(np.float32, copy=False)
        kernel = huggingface_names.is_kernel(name)
        return np.ascontiguousarray(array.T) if kernel else array

    def _drop_tied(self) -> None:
        """Forgets the masked-word decoder where it repeats the word embeddings."""
        for copy, original in huggingface_names.TIED.items():
            if copy not in self._tensors:
                continue
            if original not in self._tensors:
                continue
            if np.array_equal(self.read(copy), self.read(original)):
                del self._tensors[copy]
            else:
                logging.warning(
                    "%s: %s differs from %s, to which BERT ties it. It is not used: "
                    "masked words will be predicted otherwise than by this model.",
                    self.path,
                    copy,
                    original,
                )


class _Safetensors:
    """A file in the safetensors format."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        try:
            self._file = safetensors.safe_open(path, framework="np")
            self._slices = {n: self._file.get_slice(n) for n in self._file.keys()}  # noqa: SIM118
        except (safetensors.SafetensorError, OSError) as error:
            size = path.stat().st_size if path.is_file() else 0
            raise errors.InputError(
                f"{path}: A safetensors file is needed. Received {size} bytes that "
                f"cannot be read as one ({error}): most likely an incomplete download, "
                "or a Git LFS pointer in place of the file."
            ) from error

    def names(self) -> tuple[str, ...]:
        return tuple(self._slices)

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._slices[name].get_shape())

    def read(self, name: str) -> np.ndarray:
        kind = self._slices[name].get_dtype()
        if kind not in _FLOATS:
            raise errors.InputError(
                f"{self._path}: Weights must be one of {', '.join(_FLOATS)}. Received: "
                f"{kind}, in {name!r}. Quantized models cannot be loaded."
            )
        return self._file.get_tensor(name)


def _open_files(path: pathlib.Path) -> Mapping[str, _TensorFile]:
    """Returns, for each tensor, the open file that holds it."""
    if not path.name.endswith(".index.json"):
        file = _open_file(path)
        return dict.fromkeys(file.names(), file)
    shards = _read_json(path).get("weight_map")
    if not isinstance(shards, dict) or not shards:
        raise errors.InputError(
            f"{path}: 'weight_map' must say which file holds which tensor."
        )
    # Only names: an index must not lead to files elsewhere.
    places = {name: path.parent / pathlib.Path(f).name for name, f in shards.items()}
    files = {place: _open_file(place) for place in sorted(set(places.values()))}
    for name, place in places.items():
        if name not in files[place].names():
            raise errors.InputError(
                f"{place}: The tensor {name!r} must be here by {path.name}, and is "
                "not. The files are of different downloads."
            )
    return {name: files[place] for name, place in places.items()}


def _open_file(path: pathlib.Path) -> _TensorFile:
    """Opens one file of tensors, in the format that its name says."""
    if path.suffix == ".safetensors":
        return _Safetensors(path)
    return torch_file.TorchFile(path)


def _check_config(path: pathlib.Path) -> None:
    """Refuses models whose tensors look like a BERT's and mean something else."""
    if not path.is_file():
        logging.warning("%s is missing: taking the weights for a BERT's.", path)
        return
    config = _read_json(path)
    wanted = {"model_type": "bert", "position_embedding_type": "absolute"}
    for key, value in wanted.items():
        if config.get(key, value) != value:
            raise errors.InputError(
                f"{path}: {key!r} must be {value!r}, as only BERT's own architecture "
                f"can be loaded. Received: {config[key]!r}."
            )
    if config.get("layer_norm_eps", 1e-12) != 1e-12:
        logging.warning(
            "%s: layer_norm_eps is %s; here it is always 1e-12, so the numbers will "
            "differ a little.",
            path,
            config["layer_norm_eps"],
        )


def _read_json(path: pathlib.Path) -> dict[str, Any]:
    """Returns the object in a JSON file."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise errors.InputError(f"{path}: JSON is needed. {error}.") from error
    if not isinstance(value, dict):
        raise errors.InputError(f"{path}: A JSON object is needed.")
    return value
