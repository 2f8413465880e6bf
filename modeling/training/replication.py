# SPDX-License-Identifier: Apache-2.0
"""Where a training step runs, and how the parts of a global batch are added up.

The loop calls these methods wherever replicas could meet, and does not know
how many there are. One process on one device is the case that exists.
"""

import multiprocessing
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import tensorflow as tf


class Replication(Protocol):
    """What the training loop needs of a way to replicate."""

    @property
    def is_chief(self) -> bool:
        """Whether this process writes checkpoints, logs and results."""

    @property
    def device(self) -> str:
        """What the steps run on, for people to read."""

    def distribute(self, batches: tf.data.Dataset) -> Any:  # noqa: ANN401
        """Returns an iterable of this process's part of each global batch."""

    def run(self, step: Callable[..., Any], *args: Any) -> Any:  # noqa: ANN401
        """Calls `step` on every replica, inside a `tf.function`."""

    def sum(self, values: Sequence[Any]) -> list[Any]:
        """Adds dense or sparse values up over the replicas, within a step."""


class SingleProcess:
    """One replica: a CPU or one GPU."""

    is_chief = True

    @property
    def device(self) -> str:
        """The GPU's name, or the number of the CPU's cores."""
        gpus = tf.config.list_physical_devices("GPU")
        if gpus:
            details = tf.config.experimental.get_device_details(gpus[0])
            return str(details.get("device_name", "GPU"))
        return f"CPU, {multiprocessing.cpu_count()} cores"

    def distribute(self, batches: tf.data.Dataset) -> tf.data.Dataset:
        """Returns the batches as they are."""
        return batches

    def run(self, step: Callable[..., Any], *args: Any) -> Any:  # noqa: ANN401
        """Calls `step` once."""
        return step(*args)

    def sum(self, values: Sequence[Any]) -> list[Any]:
        """Returns the values as they are."""
        return list(values)
