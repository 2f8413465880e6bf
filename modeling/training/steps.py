# SPDX-License-Identifier: Apache-2.0
"""One update of the weights, and many of them in one call of a graph.

The batch of an update is the global one. It is cut into micro-batches, as many for
each replica as gradients are accumulated over; dropout masks belong to the
micro-batch, so it does not matter which replica computes it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import tensorflow as tf

from modeling.training import loss_scaling, optimizers, replication

Batch = Mapping[str, tf.Tensor]


class LossTerm(Protocol):
    """A sum over a batch, whose loss depends on the weight of the whole batch."""

    def loss(self, weight: tf.Tensor | None) -> tf.Tensor:
        """Returns float32[], this term's part of the global batch's loss."""


class TrainedModel(Protocol):
    """What the loop needs of a task's module."""

    @property
    def trained_variables(self) -> list[tf.Variable]:
        """The variables that the loss depends on."""

    def loss_terms(
        self, batch: Batch, *, seed: tf.Tensor | None = None
    ) -> Sequence[LossTerm]:
        """Returns the terms of a batch's loss."""

    def loss_weights(self, batch: Batch) -> Sequence[tf.Tensor | None]:
        """Returns the weight of each term, None for one that is a mere sum."""


class StepLog(NamedTuple):
    """What is known of one or of several updates.

    Attributes:
        loss: float32[] or float32[steps], the batch's loss before the update.
        gradient_norm: Of the same shape, before clipping.
        learning_rate: Of the same shape.
        skipped: Of the same shape, 1 where float16 was too small for the scaled
            gradients, so that nothing was updated; else 0.
    """

    loss: tf.Tensor
    gradient_norm: tf.Tensor
    learning_rate: tf.Tensor
    skipped: tf.Tensor


class _Gradients(NamedTuple):
    """Sums over micro-batches.

    Attributes:
        dense: The gradients, one per variable.
        row_squares: float32[], the squares of the rows of sparse gradients.
        loss: float32[].
    """

    dense: list[tf.Tensor]
    row_squares: tf.Tensor
    loss: tf.Tensor


class Updater:
    """Computes gradients of a batch and applies them.

    Attributes:
        optimizer: Holds the trained variables and the slots.
        loss_scale: What keeps float16's gradients from vanishing; None for others.
    """

    def __init__(
        self,
        model: TrainedModel,
        optimizer: optimizers.Optimizer,
        *,
        learning_rate: Callable[[tf.Tensor], tf.Tensor],
        step_seed: Callable[[tf.Tensor, int | tf.Tensor], tf.Tensor],
        replicas: replication.Replication,
        accumulate_steps: int = 1,
        loss_scale: loss_scaling.DynamicLossScale | None = None,
        compiles: bool = False,
    ) -> None:
        """Remembers the parts.

        Args:
            model: Gives the loss.
            optimizer: Made for `model.trained_variables`.
            learning_rate: Step (int64[]) to rate (float32[]).
            step_seed: Step and micro-batch to the dropout seed (int64[2]).
            replicas: Where the step runs.
            accumulate_steps: Micro-batches that each replica computes one after
                the other; with the replicas they must divide the batch.
            loss_scale: For float16.
            compiles: Whether XLA compiles what computes gradients.
        """
        self.optimizer = optimizer
        self.loss_scale = loss_scale
        self._model = model
        self._learning_rate = learning_rate
        self._step_seed = step_seed
        self._replicas = replicas
        self._accumulate_steps = accumulate_steps
        # Whether the gradient of each variable is sparse; known once it is traced.
        self._is_sparse: list[bool] = []
        self._gradients_of = self._compute_gradients
        if compiles or accumulate_steps > 1:
            # In the body of an inner loop, TensorFlow's rewriting of sums leaves
            # variables behind, and the next call fails on them ("AlreadyExists").
            # A function that is not inlined is not rewritten.
            self._gradients_of = tf.function(
                self._compute_gradients,
                autograph=False,
                jit_compile=compiles or None,
                experimental_attributes=None if compiles else {"_noinline": True},
            )

    def update(self, batch: Batch, step: tf.Tensor) -> StepLog:
        """Makes one update.

        Args:
            batch: Features by name, of the global batch.
            step: int64[], updates made before this one.

        Returns:
            The step's numbers, each float32[].
        """
        sums = self._sum_over_replicas(self._accumulate(batch, step))
        squares = [
            optimizers.squared_norm(gradient)
            for gradient, sparse in zip(sums.dense, self._is_sparse, strict=True)
            if not sparse
        ]
        norm = tf.sqrt(tf.add_n([sums.row_squares, *squares]))
        loss, scale = sums.loss, tf.ones([])
        if self.loss_scale is not None:
            scale = 1.0 / self.loss_scale.value()
            loss, norm = loss * scale, norm * scale
        rate = self._learning_rate(step)

        def apply() -> tf.Tensor:
            self.optimizer.apply(
                sums.dense,
                scale=optimizers.clip_scale(norm) * scale,
                rate=rate,
                step=step,
            )
            return tf.zeros([])

        if self.loss_scale is None:
            return StepLog(loss, norm, rate, apply())
        is_finite = tf.math.is_finite(norm) & tf.math.is_finite(loss)
        # At the least scale there is nothing to try: the loop will refuse.
        is_skipped = ~is_finite & (scale < 1.0)
        skipped = tf.cond(is_skipped, lambda: tf.ones([]), apply)
        with tf.control_dependencies([skipped]):
            self.loss_scale.update(is_finite)
        return StepLog(loss, norm, rate, skipped)

    def _accumulate(self, batch: Batch, step: tf.Tensor) -> _Gradients:
        """Returns the sums over this replica's micro-batches."""
        count = self._accumulate_steps
        first = self._replicas.replica_index() * count
        total = self._replicas.num_replicas * count
        if total == 1:
            return self._micro_batch_gradients(batch, batch, step, 0)
        weights_of = batch  # The loss is divided by the weights of all of it.
        parts = {name: _split(values, total) for name, values in batch.items()}

        def gradients(index: int | tf.Tensor) -> _Gradients:
            part = {name: values[index] for name, values in parts.items()}
            return self._micro_batch_gradients(part, weights_of, step, index)

        if count == 1:
            return gradients(first)

        def body(index: tf.Tensor, sums: _Gradients) -> tuple[tf.Tensor, _Gradients]:
            added = tf.nest.map_structure(tf.add, sums, gradients(first + index))
            return index + 1, added

        zeros = [tf.zeros(v.shape, v.dtype) for v in self.optimizer.variables]
        _, sums = tf.while_loop(
            lambda index, _: index < count,
            body,
            (tf.constant(0), _Gradients(zeros, tf.zeros([]), tf.zeros([]))),
            parallel_iterations=1,
        )
        return sums

    def _micro_batch_gradients(
        self,
        part: Batch,
        whole: Batch,
        step: tf.Tensor,
        index: int | tf.Tensor,
    ) -> _Gradients:
        """Returns the gradients of one micro-batch's part of the loss."""
        weights = self._model.loss_weights(whole)
        scale = None if self.loss_scale is None else self.loss_scale.value()
        seed = self._step_seed(step, index)
        return self._gradients_of(part, list(weights), scale, seed)

    def _compute_gradients(
        self,
        part: Batch,
        weights: list[tf.Tensor | None],
        scale: tf.Tensor | None,
        seed: tf.Tensor,
    ) -> _Gradients:
        """Returns the gradients of a micro-batch; see `_micro_batch_gradients`.

        The squares of sparse rows travel beside the gradients, because they
        cannot be had from the rows' sums; those of dense gradients are taken
        after all of them are added up.
        """
        variables = self.optimizer.variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            terms = self._model.loss_terms(part, seed=seed)
            losses = [t.loss(w) for t, w in zip(terms, weights, strict=True)]
            loss = tf.add_n(losses)
            if scale is not None:
                loss *= scale
        gradients = tape.gradient(loss, variables)
        self._is_sparse = [isinstance(g, tf.IndexedSlices) for g in gradients]
        squares = [tf.zeros([])]
        squares += [
            optimizers.squared_norm(gradient)
            for gradient, sparse in zip(gradients, self._is_sparse, strict=True)
            if sparse
        ]
        dense = [optimizers.to_dense(gradient) for gradient in gradients]
        return _Gradients(dense, tf.add_n(squares), loss)

    def _sum_over_replicas(self, sums: _Gradients) -> _Gradients:
        """Adds the replicas' sums up, by one all-reduce."""
        *dense, squares, loss = self._replicas.sum(
            [*sums.dense, sums.row_squares, sums.loss]
        )
        return _Gradients(dense, squares, loss)

    def make_runner(
        self,
    ) -> Callable[[Iterator[Batch], tf.Tensor, tf.Tensor], StepLog]:
        """Returns a graph that makes several updates in one call.

        Its arguments are an iterator over batches, the number of updates made
        before (int64[]) and the number of updates to make (int64[]). It stops
        after an update whose loss or gradient is not finite and was not skipped,
        so its arrays, float32[steps made], may be shorter than asked for.
        """

        def advance(
            iterator: Iterator[Batch], first: tf.Tensor, count: tf.Tensor
        ) -> StepLog:
            def is_open(index: tf.Tensor, is_fine: tf.Tensor, _: object) -> tf.Tensor:
                return tf.logical_and(index < count, is_fine)

            def body(
                index: tf.Tensor,
                _: tf.Tensor,
                rows: tf.TensorArray,
            ) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray]:
                log = self._replicas.run(
                    self.update, iterator.get_next(), first + index
                )
                row = tf.stack(list(log))
                is_fine = tf.reduce_all(tf.math.is_finite(row)) | (log.skipped > 0)
                return index + 1, is_fine, rows.write(tf.cast(index, tf.int32), row)

            width = len(StepLog._fields)
            rows = tf.TensorArray(
                tf.float32, 0, dynamic_size=True, element_shape=[width]
            )
            state = (tf.constant(0, tf.int64), tf.constant(value=True), rows)
            # One at a time: each update reads what the one before has written.
            *_, rows = tf.while_loop(is_open, body, state, parallel_iterations=1)
            return StepLog(*tf.unstack(rows.stack(), num=width, axis=1))

        return tf.function(advance, autograph=False, reduce_retracing=True)


def _split(values: tf.Tensor, count: int) -> tf.Tensor:
    """Returns [count, B / count, ...] of [B, ...]."""
    shape = tf.shape(values)
    split = tf.reshape(values, tf.concat([[count, shape[0] // count], shape[1:]], 0))
    size = values.shape[0]
    split.set_shape([count, size and size // count, *values.shape[1:]])
    return split
