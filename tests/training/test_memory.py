# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.memory."""

import ctypes

import numpy as np
import pytest
import tensorflow as tf

from modeling.training import memory

MEBIBYTE = 2**20

on_linux = pytest.mark.skipif(
    not memory._CLEAR_REFS.exists(), reason="Only Linux forgets a peak."
)


@on_linux
def test_peak_is_that_since_it_was_forgotten():
    memory.forget_peak()
    before = memory.peak_bytes()
    values = np.ones(64 * MEBIBYTE, np.uint8)
    del values
    assert 60 * MEBIBYTE < memory.peak_bytes() - before < 80 * MEBIBYTE
    memory.forget_peak()
    assert memory.peak_bytes() - before < 20 * MEBIBYTE


def test_peak_is_known_without_linux(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "none")
    monkeypatch.setattr(memory, "_CLEAR_REFS", tmp_path / "none" / "none")
    memory.forget_peak()
    # TensorFlow alone is larger, and this machine is smaller.
    assert 100 * MEBIBYTE < memory.peak_bytes() < 2**40


@pytest.fixture
def proc(monkeypatch, tmp_path):
    """Writes what the system says of memory, in kibibytes, and of control groups."""

    def write(*, free=1000, mine=70, groups="", **limits):
        for name, text in (
            ("_MEM_INFO", f"MemTotal: 9999 kB\nMemAvailable:    {free} kB\n"),
            ("_STATUS", f"Name:\tpython\nVmHWM:\t  90 kB\nVmRSS:\t  {mine} kB\n"),
            ("_CGROUP", groups),
        ):
            (tmp_path / name).write_text(text)
            monkeypatch.setattr(memory, name, tmp_path / name)
        monkeypatch.setattr(memory, "_CGROUPS", tmp_path / "groups")
        for folder, limit in limits.items():
            path = tmp_path / "groups" / folder.replace("__", "/")
            path.mkdir(parents=True, exist_ok=True)
            is_old = folder.startswith("memory")
            name = "memory.limit_in_bytes" if is_old else "memory.max"
            (path / name).write_text(f"{limit}\n")

    return write


def test_available_is_what_is_free_and_what_is_used_here(proc):
    proc(free=1000, mine=70)
    assert memory.peak_bytes() == 90 * 1024
    assert memory.available_bytes() == 1070 * 1024
    assert memory.available_bytes(num_processes=4) == 320 * 1024


def test_groups_limit_what_is_available(proc):
    proc(groups="0::/job/step\n", job="3000", job__step="max")
    assert memory.available_bytes() == 3000
    assert memory.available_bytes(num_processes=2) == 1500
    proc(groups="7:cpu:/\n4:memory:/job\n0::/\n", memory__job="2000", memory="2500")
    assert memory.available_bytes() == 2000
    proc(groups="4:memory:/other\n", memory=str(2**63 - 4096))
    assert memory.available_bytes() == 1070 * 1024


def test_available_is_unknown_without_linux(monkeypatch, tmp_path):
    for name in ("_STATUS", "_MEM_INFO", "_CGROUP"):
        monkeypatch.setattr(memory, name, tmp_path / "none")
    assert memory.available_bytes() is None


class Driver:
    """A driver that knows three GPUs."""

    SIZES = (7000, 5000, 6000)

    def __init__(self, failure=0):
        self._failure = failure

    def malloc_trim(self, _):
        return 1

    def cuInit(self, flags):  # noqa: N802
        assert flags == 0
        return self._failure

    def cuDeviceGet(self, device, number):  # noqa: N802
        device._obj.value = number + 40
        return self._failure

    def cuDeviceTotalMem_v2(self, size, device):  # noqa: N802
        size._obj.value = self.SIZES[device.value - 40]
        return self._failure


@pytest.fixture
def two_gpus(monkeypatch):
    """Lets TensorFlow have the first and the last GPU of the driver."""

    class Device:
        def __init__(self, name):
            self.name = name

    config = tf.config
    used = {"GPU:0": 300, "GPU:1": 400}
    logical = [Device(f"/device:{name}") for name in used]
    physical = [Device(f"/physical_device:GPU:{number}") for number in (0, 2)]
    monkeypatch.setattr(config, "list_logical_devices", lambda _: logical)
    monkeypatch.setattr(config, "get_visible_devices", lambda _: physical)
    monkeypatch.setattr(
        config.experimental, "get_memory_info", lambda name: {"peak": used[name]}
    )
    monkeypatch.setattr(
        config.experimental, "reset_memory_stats", lambda name: used.update({name: 0})
    )


def test_on_gpus_memory_is_theirs(monkeypatch, two_gpus):
    monkeypatch.setattr(ctypes, "CDLL", lambda _: Driver())
    assert memory.peak_bytes() == 400
    assert memory.available_bytes(num_processes=2) == 6000
    memory.forget_peak()
    assert memory.peak_bytes() == 0


def test_memory_of_a_gpu_is_unknown_without_its_driver(monkeypatch, two_gpus):
    monkeypatch.setattr(ctypes, "CDLL", lambda _: Driver(failure=100))
    assert memory.available_bytes() is None

    def refuse(name):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    assert memory.available_bytes() is None
