# SPDX-License-Identifier: Apache-2.0
"""How much memory this process computes in, and how much there is.

On GPUs that is the memory of the device, which TensorFlow counts; without, the
resident memory of the process, which the system counts.
"""

import contextlib
import ctypes
import pathlib
import sys

import tensorflow as tf

_STATUS = pathlib.Path("/proc/self/status")
_CLEAR_REFS = pathlib.Path("/proc/self/clear_refs")
_MEM_INFO = pathlib.Path("/proc/meminfo")
_CGROUP = pathlib.Path("/proc/self/cgroup")
_CGROUPS = pathlib.Path("/sys/fs/cgroup")
# What Linux wants to read in `clear_refs` to forget the highest resident memory.
_FORGET_PEAK = "5"
_CUDA_DRIVER = "libcuda.so.1"


def forget_peak() -> None:
    """Lets `peak_bytes` start from what is used now, where the system can do it."""
    for gpu in _gpus():
        tf.config.experimental.reset_memory_stats(gpu)
    # What tracing has freed would stay resident, and be used for other things then.
    with contextlib.suppress(OSError, AttributeError):  # Another C library.
        ctypes.CDLL(None).malloc_trim(0)
    with contextlib.suppress(OSError):  # Not Linux, or not allowed: the peak stays.
        _CLEAR_REFS.write_text(_FORGET_PEAK, encoding="ascii")


def peak_bytes() -> int:
    """Returns the most memory used at a time: of the fullest GPU, or of the process.

    Since `forget_peak` was called, where the system can tell.
    """
    gpus = _gpus()
    if gpus:
        info = tf.config.experimental.get_memory_info
        return max(int(info(gpu)["peak"]) for gpu in gpus)
    found = _read_kilobytes(_STATUS, "VmHWM")
    if found is not None:
        return found
    import resource  # noqa: PLC0415 (Windows has no such module.)

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def available_bytes(num_processes: int = 1) -> int | None:
    """Returns how much memory there is: of the smallest GPU, or for the process.

    What other programs use of a GPU is not subtracted.

    Args:
        num_processes: Processes of this machine that share the memory of the CPU.

    Returns:
        Bytes, with those that this process uses already; None if that is unknown.
    """
    gpus = _gpus()
    if gpus:
        sizes = [_gpu_bytes(int(gpu.rpartition(":")[2])) for gpu in gpus]
        return None if None in sizes else min(sizes)
    free = _read_kilobytes(_MEM_INFO, "MemAvailable")
    mine = _read_kilobytes(_STATUS, "VmRSS")
    if free is None or mine is None:
        return None
    limits = [limit // num_processes for limit in _cgroup_limits()]
    return min([mine + free // num_processes, *limits])


def _gpus() -> list[str]:
    """Returns the names of the GPUs that this process computes on."""
    devices = tf.config.list_logical_devices("GPU")
    return [device.name.removeprefix("/device:") for device in devices]


def _gpu_bytes(index: int) -> int | None:
    """Returns the memory of a GPU, as its driver says; None if it cannot be asked.

    Args:
        index: Which one of those that TensorFlow may use.
    """
    visible = tf.config.get_visible_devices("GPU")[index]
    number = int(visible.name.rpartition(":")[2])
    device, size = ctypes.c_int(), ctypes.c_size_t()
    try:
        driver = ctypes.CDLL(_CUDA_DRIVER)
        failures = (
            driver.cuInit(0),
            driver.cuDeviceGet(ctypes.byref(device), number),
            driver.cuDeviceTotalMem_v2(ctypes.byref(size), device),
        )
    except (OSError, AttributeError):
        return None
    return None if any(failures) else size.value


def _read_kilobytes(path: pathlib.Path, name: str) -> int | None:
    """Returns the bytes of a line like `VmRSS: 17 kB`, None if it is not there."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        found, _, rest = line.partition(":")
        if found == name:
            return int(rest.split()[0]) * 1024
    return None


def _cgroup_limits() -> list[int]:
    """Returns the limits of the process's control groups, as in containers."""
    limits = []
    for folder, name in _cgroup_folders():
        try:
            text = (folder / name).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdecimal():  # "max" is none.
            limits.append(int(text))
    return limits


def _cgroup_folders() -> list[tuple[pathlib.Path, str]]:
    """Returns the folders that may limit this process, and the file that would."""
    try:
        lines = _CGROUP.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    folders = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        root, name = _CGROUPS, "memory.max"
        if controllers:
            if "memory" not in controllers.split(","):
                continue
            root, name = _CGROUPS / "memory", "memory.limit_in_bytes"
        place = pathlib.PurePosixPath(path.lstrip("/"))
        folders += [(root / part, name) for part in (place, *place.parents)]
    return folders
