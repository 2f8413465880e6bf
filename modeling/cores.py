# SPDX-License-Identifier: Apache-2.0
"""The processor cores that there are to use."""

import os


def count() -> int:
    """Returns how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Not on macOS.
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
