# SPDX-License-Identifier: Apache-2.0
"""Word, segment and position embeddings, the model's first layer."""

import tensorflow as tf

from modeling.nn import dropout, layers


class Embeddings(tf.Module):
    """Looks up and adds three embeddings, then normalizes.

    Dimensions:
        B: sequences in the batch.
        T: positions in a sequence, in WordPieces; at most `max_length`.
        D: hidden size.
        V: vocabulary size.
        S: number of segments.

    Attributes:
        word_embeddings: float32[V, D]; the masked-word head shares it.
        token_type_embeddings: float32[S, D].
        position_embeddings: float32[max_length, D], learned.
        layer_norm: `layers.LayerNorm` over D.

    Example:
        >>> embeddings = Embeddings(30, 8, max_length=16, num_segments=2)
        >>> ids = tf.constant([[5, 7, 9]])
        >>> embeddings(ids, tf.zeros_like(ids)).shape
        TensorShape([1, 3, 8])

    Source:
        `embedding_lookup` and `embedding_postprocessor` in dmis-lab/biobert,
        modeling.py at e283eaa.
    """

    def __init__(
        self,
        vocab_size: int,
        hidden_size: int,
        *,
        max_length: int,
        num_segments: int,
        dropout_rate: float = 0.0,
        initializer_range: float = 0.02,
        name: str = "embeddings",
    ) -> None:
        """Draws the three tables.

        Args:
            vocab_size: V.
            hidden_size: D.
            max_length: Longest sequence, in WordPieces.
            num_segments: S.
            dropout_rate: Share of outputs dropped in training, in [0, 1).
            initializer_range: Standard deviation of the tables.
            name: Name scope.
        """
        super().__init__(name=name)
        self._num_segments = num_segments
        self._dropout_rate = dropout_rate

        def table(rows: int, name: str) -> tf.Variable:
            return layers.truncated_normal([rows, hidden_size], initializer_range, name)

        with self.name_scope:
            self.word_embeddings = table(vocab_size, "word_embeddings")
            self.token_type_embeddings = table(num_segments, "token_type_embeddings")
            self.position_embeddings = table(max_length, "position_embeddings")
            self.layer_norm = layers.LayerNorm(hidden_size)

    def __call__(
        self,
        input_ids: tf.Tensor,
        segment_ids: tf.Tensor,
        *,
        seed: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Embeds each position.

        Args:
            input_ids: int32[B, T], vocabulary ids.
            segment_ids: int32[B, T], in [0, S).
            seed: int64[2], the dropout seed of this step, or None outside
                training.

        Returns:
            float32[B, T, D].
        """
        # The gradient of `gather` is sparse, one row per position: the
        # optimizer's norm counts those rows (see training/optimizers.py).
        words = tf.gather(self.word_embeddings, input_ids)  # [B, T, D]
        # A product with one-hot rows, not a second `gather`: its gradient is
        # dense, and the norm counts it so.
        segments = tf.one_hot(segment_ids, self._num_segments, dtype=words.dtype)
        rows = tf.reshape(segments, [-1, self._num_segments])
        types = tf.reshape(
            tf.matmul(rows, self.token_type_embeddings), tf.shape(words)
        )  # [B, T, D]
        positions = self.position_embeddings[: tf.shape(input_ids)[1]]  # [T, D]
        outputs = self.layer_norm(words + types + positions)
        return dropout.apply(outputs, self._dropout_rate, seed)
