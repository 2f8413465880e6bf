# SPDX-License-Identifier: Apache-2.0
"""Loss terms: sums with their weights, so that parts of a batch can be added.

A term is a pair (total, weight): its loss is total / weight, or total alone
where the weight is None. The loss of a batch is the sum of its terms' losses.
Keeping the two apart lets the training loop add the parts of a global batch
before it divides, so that the loss does not depend on how the batch is split.
"""

import tensorflow as tf

Term = tuple[tf.Tensor, tf.Tensor | None]


def value(terms: list[Term]) -> tf.Tensor:
    """Returns float32[], the loss of a batch that is not split."""
    return tf.add_n(
        [total if weight is None else total / weight for total, weight in terms]
    )


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
    return tf.reduce_sum(values), tf.cast(tf.size(values), values.dtype)
