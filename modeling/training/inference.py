# SPDX-License-Identifier: Apache-2.0
"""The inference loop: batches in, arrays out, in order, with progress."""

from collections.abc import Callable, Iterator, Mapping

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
        batches: tf.data.Dataset,
        num_batches: int | None = None,
        *,
        verb: str = "predicting",
    ) -> Iterator[dict[str, np.ndarray]]:
        """Computes the function of each batch.

        Args:
            batches: Features by name; the sizes that differ between batches
                must be unknown in the data set's `element_spec`.
            num_batches: How many there are, for the progress line; without
                it there is none.
            verb: What is going on, for the progress line.

        Yields:
            The outputs of each batch, in order.
        """
        # The data set's spec, not the batches' shapes: the last batch is
        # smaller, and must not be traced anew.
        graph = self._function.get_concrete_function(batches.element_spec)
        progress = metrics.Progress(
            verb, total=num_batches, unit="batch", device=self._replicas.device
        )
        for done, batch in enumerate(self._replicas.distribute(batches), start=1):
            outputs = self._replicas.run(graph, batch)
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
        outputs = list(self.infer(batches, len(batches), verb=verb))
        return {
            name: np.concatenate([np.atleast_1d(output[name]) for output in outputs])
            for name in outputs[0]
        }
