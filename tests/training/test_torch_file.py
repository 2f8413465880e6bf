# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.torch_file.

The files are put together here, opcode by opcode, as `torch.save` writes them.
"""

import collections
import io
import pickle
import zipfile
from collections.abc import Iterable
from typing import ClassVar

import ml_dtypes
import numpy as np
import pytest

from modeling import errors
from modeling.training import torch_file

STORAGES = {
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "bfloat16": "BFloat16Storage",
    "int64": "LongStorage",
}


class Global:
    """Pickles as a name in a module that need not be there."""

    def __init__(self, module, name):
        self.module, self.name = module, name

    def __call__(self, *_):
        raise AssertionError("never called, only written")


class Call:
    """Pickles as the call of a `Global`."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


class Storage:
    """Pickles as a reference to numbers that stand elsewhere."""

    def __init__(self, key, array, size=None):
        self.key, self.array = key, array
        self.size = array.size if size is None else size


class Pickler(pickle._Pickler):
    """Writes what PyTorch's pickler would."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        dtype = Global("torch", STORAGES[value.array.dtype.name])
        return ("storage", dtype, value.key, "cpu", value.size, *self.more)

    def save_name(self, value):
        self.write(f"c{value.module}\n{value.name}\n".encode())

    dispatch[Global] = save_name


def pickled(value, more=()):
    file = io.BytesIO()
    pickler = Pickler(file, protocol=2)
    pickler.more = more
    pickler.dump(value)
    return file.getvalue()


def tensor(storage, offset, shape, strides):
    return Call(
        Global("torch._utils", "_rebuild_tensor_v2"),
        storage,
        offset,
        shape,
        strides,
        False,
        collections.OrderedDict(),
    )


def whole(key, array):
    strides = tuple(stride // array.itemsize for stride in array.strides)
    return tensor(Storage(key, array), 0, array.shape, strides)


def storages_of(value):
    """Returns the numbers in `value`, however deep, by key."""
    if isinstance(value, Storage):
        return {value.key: value.array}
    if isinstance(value, Call):
        value = value.arguments
    if isinstance(value, dict):
        value = value.values()
    if isinstance(value, str) or not isinstance(value, Iterable):
        return {}
    return {key: a for part in value for key, a in storages_of(part).items()}


def write_zip(path, tensors, *, compression=zipfile.ZIP_STORED, byteorder=b"little"):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("model/data.pkl", pickled(tensors))
        archive.writestr("model/byteorder", byteorder)
        for key, array in storages_of(tensors).items():
            archive.writestr(f"model/data/{key}", array.tobytes())
        archive.writestr("model/version", b"3\n")
    return path


def write_old(path, tensors, *, little_endian=True):
    storages = storages_of(tensors)
    with path.open("wb") as file:
        file.write(pickled(0x1950A86A20F9469CFC6C))
        file.write(pickled(1001))
        file.write(pickled({"little_endian": little_endian, "type_sizes": {}}))
        file.write(pickled(tensors, more=(None,)))
        file.write(pickled(sorted(storages)))
        for key in sorted(storages):
            file.write(storages[key].size.to_bytes(8, "little"))
            file.write(storages[key].tobytes())
    return path


both_formats = pytest.mark.parametrize("write", [write_zip, write_old])


@both_formats
@pytest.mark.parametrize("dtype", ["float32", "float16", ml_dtypes.bfloat16, "int64"])
def test_types_and_shapes(write, dtype, tmp_path):
    arrays = {
        "bert.a.weight": np.arange(6).reshape(2, 3).astype(dtype),
        "bert.b": np.arange(4).astype(dtype),
        "scalar": np.array(5).astype(dtype),
        "empty": np.zeros([0, 3], dtype),
    }
    tensors = {name: whole(str(k), a) for k, (name, a) in enumerate(arrays.items())}
    file = torch_file.TorchFile(write(tmp_path / "pytorch_model.bin", tensors))
    assert file.names() == tuple(sorted(arrays))
    for name, array in arrays.items():
        assert (file.shape(name), file.dtype(name)) == (array.shape, array.dtype)
        found = file.read(name)
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array, strict=True)


@both_formats
def test_tensors_may_share_numbers_and_be_transposed(write, tmp_path):
    shared = Storage("0", np.arange(6, dtype=np.float32))
    tensors = {
        "matrix": tensor(shared, 0, (2, 3), (3, 1)),
        "transposed": tensor(shared, 0, (3, 2), (1, 3)),
        "row": tensor(shared, 3, (3,), (1,)),
    }
    file = torch_file.TorchFile(write(tmp_path / "m.bin", tensors))
    matrix = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(file.read("matrix"), matrix)
    np.testing.assert_array_equal(file.read("transposed"), matrix.T)
    np.testing.assert_array_equal(file.read("row"), matrix[1])


@both_formats
def test_parameters_are_tensors(write, tmp_path):
    array = np.arange(3, dtype=np.float32)
    rebuild = Global("torch._utils", "_rebuild_parameter")
    parameter = Call(rebuild, whole("0", array), True, collections.OrderedDict())
    file = torch_file.TorchFile(write(tmp_path / "m.bin", {"p": parameter}))
    np.testing.assert_array_equal(file.read("p"), array)


@both_formats
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("torch", "load"),
        ("torch.storage", "_load_from_bytes"),
        ("collections", "namedtuple"),
        ("numpy.core.multiarray", "_reconstruct"),
    ],
)
def test_programs_are_refused_and_not_run(write, module, name, tmp_path):
    evil = Call(Global(module, name), f"touch {tmp_path}/was_here")
    path = write(tmp_path / "pytorch_model.bin", {"weights": evil})
    with pytest.raises(errors.InputError) as caught:
        torch_file.TorchFile(path)
    message = str(caught.value)
    assert f"'{module}.{name}'" in message
    assert "safetensors.torch.save_file" in message
    assert [each.name for each in tmp_path.iterdir()] == ["pytorch_model.bin"]


@both_formats
@pytest.mark.parametrize(
    "bad",
    [
        tensor(Storage("0", np.zeros(4, np.float32)), 0, (5,), (1,)),
        tensor(Storage("0", np.zeros(4, np.float32)), 1, (2, 2), (2, 1)),
        tensor(Storage("0", np.zeros(4, np.float32)), -1, (2,), (1,)),
        tensor(Storage("0", np.zeros(4, np.float32)), 3, (4,), (-1,)),
        tensor(Storage("0", np.zeros(4, np.float32)), 0, (10**6, 10**6), (0, 0)),
        tensor(Storage("0", np.zeros(4, np.float32)), 0, (2,), (1, 1)),
        tensor("0", 0, (2,), (1,)),
        "a string",
        Call(Global("torch._utils", "_rebuild_tensor_v2")),
        Call(Global("torch", "FloatStorage"), 3),
    ],
)
def test_tensors_that_make_no_sense_are_refused(write, bad, tmp_path):
    path = write(tmp_path / "m.bin", {"weights": bad})
    with pytest.raises(errors.InputError, match="cannot be read"):
        torch_file.TorchFile(path)


@both_formats
@pytest.mark.parametrize("value", [[1, 2], {"epoch": 3}, {1: 2}, "text"])
def test_only_names_and_tensors_will_do(write, value, tmp_path):
    with pytest.raises(errors.InputError, match="names and tensors is needed"):
        torch_file.TorchFile(write(tmp_path / "m.bin", value))


def test_files_cut_short_or_of_another_kind_are_refused(tmp_path):
    tensors = {"a": whole("0", np.arange(600, dtype=np.float32))}
    path = tmp_path / "m.bin"
    for write in (write_zip, write_old):
        content = write(path, tensors).read_bytes()
        for bad in (content[:-1], content[:500], content[:20], b"", b"<html></html>"):
            path.write_bytes(bad)
            with pytest.raises(errors.InputError, match=f"of {len(bad)} bytes"):
                torch_file.TorchFile(path)
    with pytest.raises(errors.InputError, match="no such file"):
        torch_file.TorchFile(tmp_path / "absent.bin")


def test_changed_numbers_are_noticed(tmp_path):
    array = np.arange(600, dtype=np.float32)
    path = write_zip(tmp_path / "m.bin", {"a": whole("0", array)})
    content = path.read_bytes()
    path.write_bytes(content.replace(array[300:310].tobytes(), bytes(40), 1))
    with pytest.raises(errors.InputError, match="'a' cannot be read: Bad CRC"):
        torch_file.TorchFile(path).read("a")


def test_compressed_numbers_are_refused(tmp_path):
    tensors = {"a": whole("0", np.zeros(10**5, np.float32))}
    path = write_zip(tmp_path / "m.bin", tensors, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(errors.InputError, match="does not hold 400000 bytes"):
        torch_file.TorchFile(path).read("a")


def test_big_endian_files_are_refused(tmp_path):
    tensors = {"a": whole("0", np.zeros(3, np.float32))}
    path = tmp_path / "m.bin"
    for write in (
        lambda: write_zip(path, tensors, byteorder=b"big"),
        lambda: write_old(path, tensors, little_endian=False),
    ):
        with pytest.raises(errors.InputError, match="big-endian"):
            torch_file.TorchFile(write())
