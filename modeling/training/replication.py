# SPDX-License-Identifier: Apache-2.0
"""Where steps run, and how the parts of a global batch are added up.

The loops call these methods wherever replicas could meet, and do not know how many
there are. Here is the protocol and one process on one device; `strategies.py` has
several devices and processes, `horovod_replication.py` Horovod.
"""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

import tensorflow as tf

from modeling import cores

ObjectT = TypeVar("ObjectT")


class Replication(Protocol):
    """What the loops need of a way to replicate.

    A replica is a device with its copy of the model; a process has one or more.
    Every process runs the same program on the same data, and gets the same scores;
    only the chief writes.

    Attributes:
        num_replicas: Over all processes.
        num_local_replicas: In this process.
        num_processes: How many there are.
        process_index: Which one this is, from 0.
    """

    num_replicas: int
    num_local_replicas: int
    num_processes: int
    process_index: int

    @property
    def is_chief(self) -> bool:
        """Whether this process writes checkpoints, logs and results."""

    @property
    def device(self) -> str:
        """What the steps run on, for people to read."""

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Returns a context; variables made in it have a copy on every replica."""

    def run(self, step: Callable[..., Any], *args: Any) -> Any:  # noqa: ANN401
        """Calls `step` on every replica of this process, inside a `tf.function`.

        Args:
            step: What it returns must be the same on every replica.
            *args: Its arguments, the same for every replica.

        Returns:
            What one of them returned.
        """

    def run_each(
        self, function: Callable[[Any], Any], batches: Sequence[Any]
    ) -> list[Any]:
        """Calls `function` on every replica of this process, with a batch for each.

        Args:
            function: Must not use `sum`.
            batches: As many as there are replicas in this process.

        Returns:
            The outputs, in the order of the batches.
        """

    def replica_index(self) -> int:
        """Returns which replica of all this is, within a step."""

    def sum(self, values: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Adds dense values up over all replicas, within a step."""

    def broadcast(self, variables: Iterable[tf.Variable]) -> None:
        """Gives variables the values that they have in the first process.

        Every process must call it, with the same variables.
        """

    def gather_objects(self, value: ObjectT) -> list[ObjectT]:
        """Returns the values of all processes, by their index, to all of them.

        Every process must call it, so it waits for the others as well.
        """


class SingleProcess:
    """One replica: a CPU or one GPU."""

    is_chief = True
    num_replicas = num_local_replicas = num_processes = 1
    process_index = 0

    @property
    def device(self) -> str:
        """The GPU's name, or the number of the CPU's cores."""
        return describe_devices(1)

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Returns a context that changes nothing."""
        return contextlib.nullcontext()

    def run(self, step: Callable[..., Any], *args: Any) -> Any:  # noqa: ANN401
        """Calls `step` once."""
        return step(*args)

    def run_each(
        self, function: Callable[[Any], Any], batches: Sequence[Any]
    ) -> list[Any]:
        """Calls `function` with the one batch."""
        return [function(batch) for batch in batches]

    def replica_index(self) -> int:
        """Returns 0."""
        return 0

    def sum(self, values: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Returns the values as they are."""
        return list(values)

    def broadcast(self, variables: Iterable[tf.Variable]) -> None:
        """Changes nothing."""

    def gather_objects(self, value: ObjectT) -> list[ObjectT]:
        """Returns the one value."""
        return [value]


def describe_devices(num_replicas: int, num_processes: int = 1) -> str:
    """Returns what a number of replicas runs on, for people to read.

    Args:
        num_replicas: Over all processes.
        num_processes: How many there are.
    """
    gpus = tf.config.list_physical_devices("GPU")
    name = f"CPU, {cores.count()} cores"
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        name = str(details.get("device_name", "GPU"))
    if num_replicas == 1:
        return name
    text = f"{num_replicas} replicas"
    if num_processes > 1:
        text += f" in {num_processes} processes"
    return f"{text} on {name}"
