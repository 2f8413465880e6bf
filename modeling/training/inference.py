# SPDX-License-Identifier: Apache-2.0
"""The inference loop: batches in, arrays out, in order, with progress."""

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
        self._function = tf.function(function, autograph=False)
        self._replicas = replicas

    def infer(
        self,
        batches: Iterable[Mapping[str, tf.Tensor | np.ndarray]],
        num_batches: int | None = None,
        *,
        spec: Mapping[str, tf.TensorSpec],
        verb: str = "predicting",
    ) -> Iterator[dict[str, np.ndarray]]:
        """Computes the function of each batch.

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
        graph = self._function.get_concrete_function(spec)
        progress = metrics.Progress(
            verb, total=num_batches, unit="batch", device=self._replicas.device
        )
        for done, batch in enumerate(self._replicas.distribute(batches), start=1):
            tensors = {name: tf.convert_to_tensor(batch[name]) for name in spec}
            outputs = self._replicas.run(graph, tensors)
            yield {name: value.numpy() for name, value in outputs.items()}
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
