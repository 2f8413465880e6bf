# SPDX-License-Identifier: Apache-2.0
"""The processor cores that there are to use."""

import os


def count() -> int:
    """Returns how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Not on macOS.
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def share(num_processes: int, *, may_be_bound: bool) -> int:
    """Returns how many of them are for this process.

    Args:
        num_processes: Those of this machine that work together.
        may_be_bound: Whether who started them may have given each its own cores.
    """
    found = count()
    if may_be_bound and found <= (os.cpu_count() or 1) // num_processes:
        return found
    return max(1, found // num_processes)
