# SPDX-License-Identifier: Apache-2.0
"""Multi-head self-attention, the part of the encoder that mixes positions.

Leaves out the dense layer, residual and LayerNorm after it: see `encoder.py`.
"""

import math

import tensorflow as tf

from modeling.nn import dropout, layers

# Added to the score of a padding position. exp(-10000) is 0 in float32, and
# a finite number keeps rows that are all padding free of NaN.
_PADDING_SCORE = -10000.0


class SelfAttention(tf.Module):
    """Lets every position of a sequence read from all the others.

    Each of the H heads projects the input to queries, keys and values of
    width K = D / H and returns the values averaged with weights
    softmax(query . key / sqrt(K)). Padding positions get weight 0, unless all
    positions of a sequence are padding.

    Dimensions:
        B: sequences in the batch.
        T: positions in a sequence, in WordPieces, padding included.
        D: hidden size.
        H: attention heads.
        K: width of one head.

    Attributes:
        query: `layers.Dense` from D to D. `key` and `value` are like it.

    Example:
        >>> attention = SelfAttention(hidden_size=8, num_heads=2)
        >>> mask = tf.ones([3, 5], tf.int32)
        >>> attention(tf.zeros([3, 5, 8]), mask).shape
        TensorShape([3, 5, 8])

    Source:
        Vaswani et al. 2017, section 3.2.2, https://arxiv.org/abs/1706.03762.
        Variable names, the padding score and the place of dropout are those
        of `attention_layer` in google-research/bert, modeling.py at eedf571,
        so that released checkpoints load by name and give the same numbers.
    """

    def __init__(
        self,
        hidden_size: int,
        num_heads: int,
        *,
        dropout_rate: float = 0.0,
        initializer_range: float = 0.02,
        name: str = "self",
    ) -> None:
        """Creates the three projections and draws their weights.

        Args:
            hidden_size: D; a multiple of `num_heads`.
            num_heads: H.
            dropout_rate: Share of attention weights dropped in training, in
                [0, 1).
            initializer_range: Standard deviation of the truncated normal
                distribution the kernels are drawn from.
            name: Name scope. BERT checkpoints use "self".

        Raises:
            ValueError: If `hidden_size` is not a multiple of `num_heads`.
        """
        if hidden_size % num_heads:
            raise ValueError(
                "`hidden_size` must be a multiple of `num_heads`. "
                f"Received: hidden_size={hidden_size}, num_heads={num_heads}."
            )
        super().__init__(name=name)
        self._hidden_size, self._num_heads = hidden_size, num_heads
        self._head_size = hidden_size // num_heads
        self._dropout_rate = dropout_rate

        def project(name: str) -> layers.Dense:
            return layers.Dense(
                hidden_size,
                hidden_size,
                initializer_range=initializer_range,
                name=name,
            )

        with self.name_scope:
            self.query = project("query")
            self.key = project("key")
            self.value = project("value")

    def __call__(
        self,
        inputs: tf.Tensor,
        padding_mask: tf.Tensor,
        *,
        seed: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Mixes the positions of each sequence.

        Args:
            inputs: float32[B, T, D].
            padding_mask: int32[B, T], 1 at tokens and 0 at padding.
            seed: int64[2], the dropout seed of this layer and step, or None
                outside training.

        Returns:
            float32[B, T, D], the outputs of the H heads side by side; of a
            shorter type where the projections compute in one, and so do the
            two products here (see `layers.compute_in`).
        """
        # One shape and one cast for all three: a third of the graph's nodes would be
        # of these.
        shape = tf.shape(inputs)
        split = tf.concat([shape[:-1], [self._num_heads, self._head_size]], 0)
        rows = layers.flatten(inputs, self._hidden_size)  # [B * T, D]
        rows = tf.cast(rows, self.query.product_dtype)
        query = _split_heads(self.query(rows), split)  # [B, H, T, K]
        key = _split_heads(self.key(rows), split)  # [B, H, T, K]
        value = _split_heads(self.value(rows), split)  # [B, H, T, K]

        # Scaling the query is D / T times cheaper than scaling the scores.
        query *= 1.0 / math.sqrt(self._head_size)
        scores = tf.matmul(query, key, transpose_b=True)  # [B, H, T, T]
        scores = tf.cast(scores, inputs.dtype)  # Softmax needs float32.
        is_padding = tf.cast(1 - padding_mask, scores.dtype)  # [B, T]
        scores += _PADDING_SCORE * is_padding[:, tf.newaxis, tf.newaxis, :]

        weights = tf.nn.softmax(scores)  # [B, H, T, T]
        # Drops whole positions to attend to, as in the original paper.
        weights = dropout.apply(weights, self._dropout_rate, seed)
        mixed = tf.matmul(tf.cast(weights, value.dtype), value)  # [B, H, T, K]
        # Back to [B, T, D], the shape of the inputs.
        return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), shape)


def _split_heads(rows: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """Reshapes [B * T, D] to `shape`, [B, T, H, K], and returns [B, H, T, K]."""
    return tf.transpose(tf.reshape(rows, shape), [0, 2, 1, 3])
