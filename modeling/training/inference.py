# SPDX-License-Identifier: Apache-2.0
"""The inference loop: batches in, arrays out, in order, with progress."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import tensorflow as tf

from modeling.training import metrics, replication

Batch = Mapping[str, tf.Tensor]


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
        # One graph for all sizes: the last batch is smaller, and must not be
        # traced anew.
        replicas = self._replicas
        num_local = replicas.num_local_replicas
        first = replicas.process_index * num_local
        graph = self._function.get_concrete_function(*[dict(spec)] * num_local)
        progress = metrics.Progress(
            verb, total=num_batches, unit="batch", device=self._replicas.device
        )
        done = 0
        rest = iter(batches)
        while group := list(itertools.islice(rest, replicas.num_replicas)):
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
            gathered = replicas.gather_objects(outputs)
            of_group = itertools.chain.from_iterable(gathered)
            yield from itertools.islice(of_group, len(group))
            done += len(group)
            if num_batches:
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
