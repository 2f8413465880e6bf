# SPDX-License-Identifier: Apache-2.0
"""Class probabilities of rows, from a model: arrays in, arrays out, in order."""

import functools
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from modeling import errors
from modeling.data import batching, lengths, pairs
from modeling.tasks import relation
from modeling.training import inference, replication

_LABELS = "label_ids"
_SPEC = {**pairs.SPEC, _LABELS: tf.TensorSpec([None, 1], tf.int32, name=_LABELS)}


class Classifier:
    """Predicts and evaluates rows with the model's weights as they are."""

    def __init__(
        self,
        model: relation.RelationModel,
        *,
        length_buckets: bool,
        replicas: replication.Replication,
    ) -> None:
        """Remembers the parts; graphs are traced when they are first needed.

        Args:
            model: Its weights may change between calls.
            length_buckets: Whether batches hold rows of similar length, and no
                padding that can be spared.
            replicas: Where it runs.
        """
        self._model, self._replicas = model, replicas
        self._length_buckets = length_buckets

    @functools.cached_property
    def _predictor(self) -> inference.Graph:
        return inference.Graph(self._model.predict, self._replicas)

    @functools.cached_property
    def _evaluator(self) -> inference.Graph:
        return inference.Graph(self._model.evaluate, self._replicas)

    def predict(
        self,
        arrays: Mapping[str, np.ndarray],
        batch_size: int,
        *,
        verb: str = "predicting",
    ) -> np.ndarray:
        """Returns the probability of each class, float32[N, C].

        Args:
            arrays: Features, int32[N, T].
            batch_size: Rows of a batch; without effect with length buckets.
            verb: What is going on, for a progress line; with length buckets, none
                if empty.
        """
        inputs = {key: arrays[key] for key in pairs.SPEC}
        outputs = self._compute(self._predictor, inputs, batch_size, verb)
        _check_finite(outputs)
        return outputs["probabilities"]

    def evaluate(
        self, arrays: Mapping[str, np.ndarray], batch_size: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the probability of each class and the loss of each row.

        Args:
            arrays: Features, int32[N, T], and "label_ids", int32[N, 1].
            batch_size: As for `predict`.

        Returns:
            float32[N, C] and float32[N].
        """
        inputs = {key: arrays[key] for key in _SPEC}
        outputs = self._compute(self._evaluator, inputs, batch_size, "evaluating")
        _check_finite(outputs)
        return outputs["probabilities"], outputs["losses"]

    def _compute(
        self,
        graph: inference.Graph,
        inputs: Mapping[str, np.ndarray],
        batch_size: int,
        verb: str,
    ) -> dict[str, np.ndarray]:
        """Computes a graph of all rows and puts what comes out in their order."""
        if not self._length_buckets:
            batches = batching.inference_batches(inputs, batch_size)
            return graph.collect(batches, verb=verb)
        row_lengths = lengths.row_lengths_of(inputs["input_mask"])
        groups = lengths.group(row_lengths)
        batches = (lengths.trim(inputs, rows, row_lengths) for rows in groups)
        spec = {key: _SPEC[key] for key in inputs}
        num_batches = len(groups) if verb else None
        computed = list(graph.infer(batches, num_batches, spec=spec, verb=verb))
        places = np.argsort(np.concatenate(groups))
        return {
            name: np.concatenate([batch[name] for batch in computed])[places]
            for name in computed[0]
        }


def _check_finite(outputs: Mapping[str, np.ndarray]) -> None:
    """Raises if a number that was computed for a row is none."""
    for values in outputs.values():
        bad = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
        if bad.any():
            raise errors.InputError(
                "What the model computes must be finite numbers; check its weights, or "
                f"take --precision=float32. Received: NaN or infinity for {bad.sum()} "
                f"of {len(bad)} rows, the first of which is number {bad.argmax() + 1}."
            )
