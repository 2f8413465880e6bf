# SPDX-License-Identifier: Apache-2.0
"""Tensors in a PyTorch file (pytorch_model.bin), read without PyTorch.

Such a file is a pickle, that is a program, with the numbers behind it. Here
the program may do one thing: say which tensor has which name, type, shape and
place. Whatever else it asks for is refused, so that a file from anywhere can
be read. Names stay as they are in the file; their meaning is left to
`huggingface`.
"""

import collections
import dataclasses
import math
import os
import pathlib
import pickle
import zipfile
import zlib
from typing import Any, BinaryIO

import ml_dtypes
import numpy as np

from modeling import errors

_DTYPES = {
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "BFloat16Storage": np.dtype(ml_dtypes.bfloat16),
    "DoubleStorage": np.dtype("<f8"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}

# What files written before PyTorch 1.6 (August 2020) begin with.
_OLD_MAGIC = 0x1950A86A20F9469CFC6C
_OLD_VERSION = 1001

_CONVERT = (
    "Where PyTorch and safetensors are installed, convert it once: import torch, "
    "safetensors.torch; tensors = torch.load('pytorch_model.bin', "
    "map_location='cpu', weights_only=True); safetensors.torch.save_file("
    "{name: tensor.clone() for name, tensor in tensors.items()}, "
    "'model.safetensors')."
)

# What pickle raises on a program that makes no sense.
_BROKEN = (
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    MemoryError,
    RecursionError,
    OSError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclasses.dataclass(frozen=True)
class _Storage:
    """A run of numbers in the file, which one or more tensors look into."""

    key: str
    dtype: np.dtype
    size: int


@dataclasses.dataclass(frozen=True)
class _Tensor:
    """Where a tensor's numbers are; offset and strides count numbers."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __post_init__(self) -> None:
        sizes = (self.offset, *self.shape, *self.strides)
        if not all(type(size) is int and size >= 0 for size in sizes):
            raise ValueError(f"{sizes} are not sizes")
        if len(self.shape) != len(self.strides):
            raise ValueError(f"{self.shape} and {self.strides} differ in length")
        steps = zip(self.shape, self.strides, strict=True)
        last = self.offset + sum((dim - 1) * stride for dim, stride in steps)
        # Also refuses few numbers repeated to many, which could fill the memory.
        count = math.prod(self.shape)
        if count and (last >= self.storage.size or count > self.storage.size):
            raise ValueError(f"{self.shape} goes beyond {self.storage}")


class TorchFile:
    """Reads the tensors of a PyTorch file one by one, by name."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Reads which tensors there are, and none of their numbers.

        Args:
            path: A file that `torch.save` wrote from names and tensors, in its
                zip format or the older one.

        Raises:
            errors.InputError: If it holds anything else, is damaged or cut short.
        """
        self._path = pathlib.Path(path)
        self._starts: dict[str, int] = {}  # Of the older format: key to byte.
        if not self._path.is_file():
            raise errors.InputError(f"{self._path}: There is no such file.")
        try:
            self._is_zip = zipfile.is_zipfile(self._path)
            tensors = self._read_zip() if self._is_zip else self._read_old()
            self._tensors = _check_tensors(tensors)
        except errors.InputError as error:
            raise errors.InputError(f"{self._path}: {error} {_CONVERT}") from None
        except _BROKEN as error:
            raise errors.InputError(
                f"{self._path}: A PyTorch file of names and tensors is needed. "
                f"Received a file of {self._path.stat().st_size} bytes that cannot be "
                f"read as one ({error}): damaged, cut short, or of another kind. "
                f"{_CONVERT}"
            ) from error

    def names(self) -> tuple[str, ...]:
        """Returns the names of all tensors, sorted."""
        return tuple(sorted(self._tensors))

    def shape(self, name: str) -> tuple[int, ...]:
        """Returns the shape of one tensor."""
        return self._tensors[name].shape

    def dtype(self, name: str) -> np.dtype:
        """Returns the type of one tensor's numbers."""
        return self._tensors[name].storage.dtype

    def read(self, name: str) -> np.ndarray:
        """Reads one tensor.

        Raises:
            errors.InputError: If its bytes are damaged or not there.
        """
        tensor = self._tensors[name]
        try:
            numbers = self._read_storage(tensor.storage)
        except _BROKEN as error:
            raise errors.InputError(
                f"{self._path}: The tensor {name!r} cannot be read: {error}. Most "
                "likely the download is incomplete or the file damaged."
            ) from error
        strides = [stride * numbers.itemsize for stride in tensor.strides]
        view = np.lib.stride_tricks.as_strided(
            numbers[tensor.offset :], tensor.shape, strides
        )
        return view.copy()

    def _read_zip(self) -> object:
        """Reads the program of the zip format, and finds its folder in the zip."""
        with zipfile.ZipFile(self._path) as archive:
            (program,) = [n for n in archive.namelist() if n.endswith("/data.pkl")]
            self._folder = program.removesuffix("data.pkl")
            order = f"{self._folder}byteorder"
            if order in archive.namelist() and archive.read(order) != b"little":
                raise ValueError("it was written on a big-endian machine")
            with archive.open(program) as file:
                return _Unpickler(file).load()

    def _read_old(self) -> object:
        """Reads the program of the older format, and finds where storages start."""
        with self._path.open("rb") as file:
            if _Unpickler(file).load() != _OLD_MAGIC:
                raise ValueError("it does not begin as a PyTorch file does")
            if _Unpickler(file).load() != _OLD_VERSION:
                raise ValueError("it is of an unknown version")
            system = _Unpickler(file).load()
            if system["little_endian"] is not True:
                raise ValueError("it was written on a big-endian machine")
            unpickler = _Unpickler(file)
            tensors = unpickler.load()
            for key in _Unpickler(file).load():
                size = int.from_bytes(file.read(8), "little")
                storage = unpickler.storages[key]
                if size != storage.size:
                    raise ValueError(f"{storage} has {size} numbers")
                self._starts[key] = file.tell()
                file.seek(size * storage.dtype.itemsize, os.SEEK_CUR)
            if file.tell() > self._path.stat().st_size:
                raise ValueError("it ends before its last tensor does")
            return tensors

    def _read_storage(self, storage: _Storage) -> np.ndarray:
        """Reads the numbers that one or more tensors look into."""
        length = storage.size * storage.dtype.itemsize
        if not self._is_zip:
            with self._path.open("rb") as file:
                file.seek(self._starts[storage.key])
                return np.frombuffer(_read_exactly(file, length), storage.dtype)
        with zipfile.ZipFile(self._path) as archive:
            entry = archive.getinfo(f"{self._folder}data/{storage.key}")
            # PyTorch compresses nothing: so no small file can fill the memory.
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != length:
                raise ValueError(f"{entry.filename} does not hold {length} bytes")
            return np.frombuffer(archive.read(entry), storage.dtype)


class _Unpickler(pickle.Unpickler):
    """Runs a pickle that may only describe tensors.

    Attributes:
        storages: What the tensors look into, by key.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

        # Made here for each file, as a pickle may write to what it is given.
        def rebuild_tensor(
            storage: _Storage,
            offset: int,
            shape: tuple[int, ...],
            strides: tuple[int, ...],
            *_: object,  # Whether it has a gradient, and hooks.
        ) -> _Tensor:
            if not isinstance(storage, _Storage):
                raise TypeError("a tensor has no storage")
            return _Tensor(storage, offset, tuple(shape), tuple(strides))

        def rebuild_parameter(tensor: _Tensor, *_: object) -> _Tensor:
            return tensor

        self._allowed: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
            ("torch._utils", "_rebuild_parameter"): rebuild_parameter,
        }

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        """Gives what a pickle asks for by name, if a tensor needs it."""
        if module == "torch" and name in _DTYPES:
            return name
        if (module, name) not in self._allowed:
            raise errors.InputError(
                "Only tensors are read from a PyTorch file, as it is a program that "
                f"could do anything. Received one that asks for '{module}.{name}'; "
                "nothing of it was run."
            )
        return self._allowed[module, name]

    def persistent_load(self, pid: Any) -> _Storage:  # noqa: ANN401
        """Gives a storage: ("storage", type, key, device, size, ...)."""
        kind, dtype, key, _, size, *view = pid
        if kind != "storage" or type(size) is not int or size < 0 or any(view):
            raise ValueError(f"{pid} is not a storage")
        self.storages[key] = _Storage(str(key), _DTYPES[dtype], size)
        return self.storages[key]


def _check_tensors(tensors: object) -> dict[str, _Tensor]:
    """Returns `tensors` if it maps names to tensors."""
    if not isinstance(tensors, dict):
        raise TypeError(f"it holds a {type(tensors).__name__} in place of tensors")
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, _Tensor):
            raise TypeError(f"{name!r} is a {type(tensor).__name__} and no tensor")
    return dict(tensors)


def _read_exactly(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) != length:
        raise EOFError(f"{length} bytes are needed and {len(data)} are left")
    return data
