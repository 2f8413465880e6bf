# SPDX-License-Identifier: Apache-2.0
"""The inference loop: batches in, arrays out, in order, with progress."""

import collections
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent import futures
from typing import TypeVar

import numpy as np
import tensorflow as tf

from modeling import cores
from modeling.training import metrics, replication

Batch = Mapping[str, tf.Tensor]
ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

# How many batches are computed at the same time on a CPU: some operations are too small
# for all cores, and those of another batch fill these.
BATCHES_AT_ONCE = 2

# How many batches there are, and the outputs of those of this process.
_Computed = tuple[int, list[dict[str, np.ndarray]]]


class Graph:
    """A function of a batch as a graph, traced once per kind of batch."""

    def __init__(
        self,
        function: Callable[[Batch], Mapping[str, tf.Tensor]],
        replicas: replication.Replication,
    ) -> None:
        """Remembers the function; it is traced when it is first needed.

        Args:
            function: Features to outputs, by name.
            replicas: Where it runs.
        """
        self._replicas = replicas

        def of_all(*batches: Batch) -> list[Mapping[str, tf.Tensor]]:
            return replicas.run_each(function, batches)

        self._function = tf.function(of_all, autograph=False)

    def infer(
        self,
        batches: Iterable[Mapping[str, tf.Tensor | np.ndarray]],
        num_batches: int | None = None,
        *,
        spec: Mapping[str, tf.TensorSpec],
        verb: str = "predicting",
    ) -> Iterator[dict[str, np.ndarray]]:
        """Computes the function of each batch.

        Whole batches are handed out to the replicas, so the outputs are the same
        for any number of them. Every process has all outputs.

        Args:
            batches: Features by name: a data set, or any other iterable,
                whose errors reach the caller as they are.
            spec: Types and shapes of a batch, with None for the sizes that
                differ between batches.
            num_batches: How many there are, for the progress line; without
                it there is none.
            verb: What is going on, for the progress line.

        Yields:
            The outputs of each batch, in order.
        """
        replicas = self._replicas
        num_local = replicas.num_local_replicas
        first = replicas.process_index * num_local
        # One graph for all sizes: the last batch is smaller, and must not be
        # traced anew.
        graph = self._function.get_concrete_function(*[dict(spec)] * num_local)

        def compute(group: list[Mapping[str, tf.Tensor | np.ndarray]]) -> _Computed:
            # Where batches are fewer than replicas, the last one is computed again.
            mine = [
                {name: tf.convert_to_tensor(batch[name]) for name in spec}
                for batch in (group + group[-1:] * replicas.num_replicas)[
                    first : first + num_local
                ]
            ]
            outputs = [
                {name: value.numpy() for name, value in output.items()}
                for output in graph(*mine)
            ]
            return len(group), outputs

        rest = iter(batches)
        groups = iter(lambda: list(itertools.islice(rest, replicas.num_replicas)), [])
        progress = metrics.Progress(
            verb, total=num_batches, unit="batch", device=self._replicas.device
        )
        done, num_at_once = 0, _num_at_once(replicas)
        for size, outputs in _ahead(compute, groups, num_at_once):
            gathered = replicas.gather_objects(outputs)
            yield from itertools.islice(itertools.chain.from_iterable(gathered), size)
            done += size
            # The first ones are done together: one alone says nothing of the rate.
            if num_batches and done >= min(num_at_once, num_batches):
                progress.update(done, {})

    def collect(
        self, batches: tf.data.Dataset, *, verb: str = "predicting"
    ) -> dict[str, np.ndarray]:
        """Computes the function of all batches and joins what comes out.

        Args:
            batches: As for `infer`, and of known number.
            verb: As for `infer`.

        Returns:
            Each output's batches, one after the other along the first axis;
            an output that is one number per batch gives an array of those.
        """
        spec = batches.element_spec
        outputs = list(self.infer(batches, len(batches), spec=spec, verb=verb))
        return {
            name: np.concatenate([np.atleast_1d(output[name]) for output in outputs])
            for name in outputs[0]
        }


def _num_at_once(replicas: replication.Replication) -> int:
    """Returns how many batches are computed at the same time.

    One on a GPU, where they would wait for each other and hold more memory, and on
    several replicas, which are busy as it is.
    """
    if replicas.num_local_replicas > 1 or tf.config.list_logical_devices("GPU"):
        return 1
    num_cores = cores.count()
    # Each batch may have a core of its own: see distribution.give_batches_a_core_each.
    if num_cores != BATCHES_AT_ONCE or replicas.num_processes > 1:
        num_cores = tf.config.threading.get_intra_op_parallelism_threads() or num_cores
    return min(BATCHES_AT_ONCE, num_cores)


def _ahead(
    function: Callable[[ItemT], ResultT], items: Iterator[ItemT], num_at_once: int
) -> Iterator[ResultT]:
    """Yields the function of each item in order, some computed at the same time.

    As many items but one are taken before their turn. If there is an error among
    them, those before it are still yielded.
    """
    if num_at_once == 1:
        yield from map(function, items)
        return
    waiting: collections.deque[futures.Future[ResultT]] = collections.deque()
    failed = None
    with futures.ThreadPoolExecutor(num_at_once) as pool:
        while True:
            try:
                waiting.append(pool.submit(function, next(items)))
            except StopIteration:
                break
            except Exception as error:
                failed = error
                break
            if len(waiting) == num_at_once:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    if failed:
        raise failed
