# SPDX-License-Identifier: Apache-2.0
"""Loss terms: sums with their weights, so that parts of a batch can be added.

The loss of a batch is the sum of its terms' losses. Keeping sums and weights apart
lets the training loop divide the sums of a part by the weights of the global batch,
so that the loss does not depend on how the batch is split.
"""

from typing import NamedTuple

import tensorflow as tf


class Term(NamedTuple):
    """One of the losses that are added up.

    Attributes:
        total: float32[], a sum over examples or positions.
        weight: float32[], what they weigh; None if the loss is the sum itself.
        offset: Added to the weight of the whole batch.
    """

    total: tf.Tensor
    weight: tf.Tensor | None = None
    offset: float = 0.0

    def loss(self, weight: tf.Tensor | None) -> tf.Tensor:
        """Returns float32[], this term's part of a batch's loss.

        Args:
            weight: The weight of the whole batch, which may be larger than this
                term's; None where the term has none.
        """
        if weight is None:
            return self.total
        # Adding nothing would change no value, but every graph.
        return self.total / (weight + self.offset if self.offset else weight)


def value(terms: list[Term]) -> tf.Tensor:
    """Returns float32[], the loss of a batch that is not split."""
    return tf.add_n([term.loss(term.weight) for term in terms])


def negative_log_likelihood(logits: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
    """Returns -log softmax(logits)[id] of each row.

    Args:
        logits: float32[..., C].
        ids: int32[...], in [0, C).

    Returns:
        float32[...].
    """
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=ids, logits=logits)


def mean(values: tf.Tensor) -> Term:
    """Returns the term whose loss is the mean of `values`.

    Args:
        values: float32[B].
    """
    return Term(tf.reduce_sum(values), tf.cast(tf.size(values), values.dtype))


def count(rows: tf.Tensor) -> tf.Tensor:
    """Returns float32[], the number of rows of a tensor: the weight of a mean."""
    return tf.cast(tf.shape(rows)[0], tf.float32)
