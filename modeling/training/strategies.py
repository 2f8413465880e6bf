# SPDX-License-Identifier: Apache-2.0
"""Replication by `tf.distribute`: all devices of a process, or several processes."""

import contextlib
import pickle
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from modeling.training import replication

ObjectT = TypeVar("ObjectT")

_WORD_BYTES = 8


class Strategy:
    """Replicas of a `tf.distribute` strategy.

    Attributes:
        num_replicas: Over all processes.
        num_local_replicas: In this process.
        num_processes: How many there are.
        process_index: Which one this is, from 0.
    """

    def __init__(
        self,
        strategy: tf.distribute.Strategy,
        *,
        num_processes: int = 1,
        process_index: int = 0,
    ) -> None:
        """Remembers the strategy.

        Args:
            strategy: A MirroredStrategy, or a MultiWorkerMirroredStrategy.
            num_processes: How many processes it spans.
            process_index: Which one this is; 0 is the chief.
        """
        self._strategy = strategy
        self.num_replicas = strategy.num_replicas_in_sync
        self.num_processes = num_processes
        self.process_index = process_index
        self.num_local_replicas = self.num_replicas // num_processes
        self._sum_over_processes = tf.function(
            self._sum_words, autograph=False, reduce_retracing=True
        )

    @property
    def is_chief(self) -> bool:
        """Whether this process is the first."""
        return self.process_index == 0

    @property
    def device(self) -> str:
        """How many replicas, and on what."""
        return replication.describe_devices(self.num_replicas, self.num_processes)

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Returns the strategy's scope, in which variables are mirrored."""
        return self._strategy.scope()

    def run(self, step: Callable[..., Any], *args: Any) -> Any:  # noqa: ANN401
        """Calls `step` on every replica of this process; see `Replication`."""
        return self._of_replica(self._strategy.run(step, args=args), 0)

    def run_each(
        self, function: Callable[[Any], Any], batches: Sequence[Any]
    ) -> list[Any]:
        """Calls `function` with a batch on each replica; see `Replication`."""
        first = self.process_index * self.num_local_replicas

        def one() -> Any:  # noqa: ANN401
            return function(batches[self.replica_index() - first])

        outputs = self._strategy.run(one)
        return [self._of_replica(outputs, index) for index in range(len(batches))]

    @classmethod
    def mirrored(cls, devices: Sequence[str]) -> "Strategy":
        """Returns replicas on devices of this process.

        Args:
            devices: Their names, all GPUs or all parts of a CPU.
        """
        on_gpus = all("GPU" in device for device in devices)
        # NCCL on GPUs, which is the default there. On a CPU the default's sums need
        # keys, which two strategies of one process would mix up.
        reduction = None if on_gpus else tf.distribute.ReductionToOneDevice()
        return cls(tf.distribute.MirroredStrategy(devices, cross_device_ops=reduction))

    def _of_replica(self, outputs: Any, index: int) -> Any:  # noqa: ANN401
        """Returns what one replica of this process returned."""
        return tf.nest.map_structure(
            lambda value: self._strategy.experimental_local_results(value)[index],
            outputs,
        )

    def replica_index(self) -> int:
        """Returns which replica of all this is, within a step."""
        context = tf.distribute.get_replica_context()
        # A constant of the graph: each replica has a part of the graph of its own.
        return int(tf.get_static_value(context.replica_id_in_sync_group))

    def sum(self, values: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Adds values up over all replicas by one all-reduce, within a step."""
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, list(values))

    def broadcast(self, variables: Iterable[tf.Variable]) -> None:
        """Gives variables the values that they have in the first process."""
        if self.num_processes == 1:
            return
        for variable in variables:
            value = variable.numpy() if self.is_chief else np.zeros(variable.shape)
            row = tf.constant(value, variable.dtype)
            variable.assign(self._sum_over_processes(row))

    def gather_objects(self, value: ObjectT) -> list[ObjectT]:
        """Returns the values of all processes, by their index, to all of them."""
        if self.num_processes == 1:
            return [value]
        content = pickle.dumps(value)
        lengths = self._share(np.array([len(content)], np.int64))[:, 0]
        padded = np.zeros(-(-int(lengths.max()) // _WORD_BYTES) * _WORD_BYTES, np.uint8)
        padded[: len(content)] = np.frombuffer(content, np.uint8)
        rows = self._share(padded.view(np.int64))
        # What is read was made by another process of this very run.
        return [
            pickle.loads(row.view(np.uint8)[:length].tobytes())  # noqa: S301
            for row, length in zip(rows, lengths, strict=True)
        ]

    def _share(self, words: np.ndarray) -> np.ndarray:
        """Returns the int64[N] of each process, int64[num_processes, N]."""
        rows = np.zeros([self.num_processes, len(words)], np.int64)
        rows[self.process_index] = words
        return self._sum_over_processes(tf.constant(rows)).numpy()

    def _sum_words(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns the sum over processes; replicas but the first add zeros."""
        first = self.process_index * self.num_local_replicas

        def one() -> tf.Tensor:
            mine = rows if self.replica_index() == first else tf.zeros_like(rows)
            # Without an operation of the replica's own it has no device.
            (total,) = self.sum([tf.identity(mine)])
            return total

        return self._of_replica(self._strategy.run(one), 0)
