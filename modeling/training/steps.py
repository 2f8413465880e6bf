# SPDX-License-Identifier: Apache-2.0
"""One update of the weights, and many of them in one call of a graph."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

import tensorflow as tf

from modeling.training import optimizers, replication

Batch = Mapping[str, tf.Tensor]

# (total, weight) pairs: the loss is the sum of total / weight, or of total
# where the weight is None.
LossTerms = list[tuple[tf.Tensor, tf.Tensor | None]]


class TrainedModel(Protocol):
    """What the loop needs of a task's module."""

    @property
    def trained_variables(self) -> list[tf.Variable]:
        """The variables that the loss depends on."""

    def loss_terms(self, batch: Batch, *, seed: tf.Tensor | None = None) -> LossTerms:
        """Returns the terms of a batch's loss."""


class StepLog(NamedTuple):
    """What is known of one or of several updates.

    Attributes:
        loss: float32[] or float32[steps], the batch's loss before the update.
        gradient_norm: Of the same shape, before clipping.
        learning_rate: Of the same shape.
    """

    loss: tf.Tensor
    gradient_norm: tf.Tensor
    learning_rate: tf.Tensor


class Updater:
    """Computes gradients of a batch and applies them.

    Attributes:
        optimizer: Holds the trained variables and the slots.
    """

    def __init__(
        self,
        model: TrainedModel,
        optimizer: optimizers.AdamWeightDecay,
        *,
        learning_rate: Callable[[tf.Tensor], tf.Tensor],
        step_seed: Callable[[tf.Tensor], tf.Tensor],
        replicas: replication.Replication,
    ) -> None:
        """Remembers the parts.

        Args:
            model: Gives the loss.
            optimizer: Made for `model.trained_variables`.
            learning_rate: Step (int64[]) to rate (float32[]).
            step_seed: Step to the dropout seed of this step (int64[2]).
            replicas: Where the step runs.
        """
        self.optimizer = optimizer
        self._model = model
        self._learning_rate = learning_rate
        self._step_seed = step_seed
        self._replicas = replicas

    def update(self, batch: Batch, step: tf.Tensor) -> StepLog:
        """Makes one update.

        Args:
            batch: Features by name, this replica's part of the global batch.
            step: int64[], updates made before this one.

        Returns:
            The step's numbers, each float32[].
        """
        variables = self.optimizer.variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            loss = self._loss(batch, step)
        gradients = tape.gradient(loss, variables)
        *gradients, norm, loss = self._add_up(gradients, loss)
        rate = self._learning_rate(step)
        self.optimizer.apply(
            gradients, scale=optimizers.clip_scale(norm), rate=rate, step=step
        )
        return StepLog(loss, norm, rate)

    def _add_up(
        self, gradients: list[optimizers.Gradient], loss: tf.Tensor
    ) -> list[tf.Tensor]:
        """Returns the global batch's dense gradients, their norm and the loss.

        The squares of sparse rows travel beside the gradients, because they
        cannot be had from the rows' sums; those of dense gradients are taken
        after the replicas are added up.
        """
        is_sparse = [isinstance(g, tf.IndexedSlices) for g in gradients]
        squares = [tf.zeros([])]
        squares += [
            optimizers.squared_norm(gradient)
            for gradient, sparse in zip(gradients, is_sparse, strict=True)
            if sparse
        ]
        dense = [optimizers.to_dense(gradient) for gradient in gradients]
        *dense, square, loss = self._replicas.sum([*dense, tf.add_n(squares), loss])
        rest = [
            optimizers.squared_norm(gradient)
            for gradient, sparse in zip(dense, is_sparse, strict=True)
            if not sparse
        ]
        return [*dense, tf.sqrt(tf.add_n([square, *rest])), loss]

    def _loss(self, batch: Batch, step: tf.Tensor) -> tf.Tensor:
        """Returns this replica's part of the global batch's loss."""
        terms = self._model.loss_terms(batch, seed=self._step_seed(step))
        parts = []
        for total, weight in terms:
            if weight is None:
                parts.append(total)
                continue
            (global_weight,) = self._replicas.sum([tf.stop_gradient(weight)])
            parts.append(total / global_weight)
        return tf.add_n(parts)

    def make_runner(
        self,
    ) -> Callable[[Iterator[Batch], tf.Tensor, tf.Tensor], StepLog]:
        """Returns a graph that makes several updates in one call.

        Its arguments are an iterator over batches, the number of updates made
        before (int64[]) and the number of updates to make (int64[]). It stops
        after an update whose loss or gradient is not finite, so its arrays,
        float32[steps made], may be shorter than asked for.
        """

        def advance(
            iterator: Iterator[Batch], first: tf.Tensor, count: tf.Tensor
        ) -> StepLog:
            def is_open(index: tf.Tensor, is_finite: tf.Tensor, _: object) -> tf.Tensor:
                return tf.logical_and(index < count, is_finite)

            def body(
                index: tf.Tensor,
                _: tf.Tensor,
                rows: tf.TensorArray,
            ) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray]:
                log = self._replicas.run(
                    self.update, iterator.get_next(), first + index
                )
                row = tf.stack([log.loss, log.gradient_norm, log.learning_rate])
                is_finite = tf.reduce_all(tf.math.is_finite(row))
                return index + 1, is_finite, rows.write(tf.cast(index, tf.int32), row)

            rows = tf.TensorArray(tf.float32, 0, dynamic_size=True, element_shape=[3])
            state = (tf.constant(0, tf.int64), tf.constant(value=True), rows)
            # One at a time: each update reads what the one before has written.
            *_, rows = tf.while_loop(is_open, body, state, parallel_iterations=1)
            return StepLog(*tf.unstack(rows.stack(), num=3, axis=1))

        return tf.function(advance, autograph=False, reduce_retracing=True)
