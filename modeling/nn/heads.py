# SPDX-License-Identifier: Apache-2.0
"""What stands on BERT: heads that turn its outputs into logits.

A head knows sizes and names, not labels or losses: those are in `tasks/`.
"""

import tensorflow as tf

from modeling import config as config_lib
from modeling.nn import bert, dropout, layers

# The original's constant for the heads of labels and of spans, whatever
# `initializer_range` says.
_HEAD_INITIALIZER_RANGE = 0.02
_HEAD_DROPOUT_RATE = 0.1


class LabelHead(tf.Module):
    """Scores C labels at each row: positions (NER) or sequences (relations).

    Dimensions:
        D: hidden size.
        C: labels.

    Attributes:
        output_weights: float32[C, D].
        output_bias: float32[C].

    Example:
        >>> LabelHead(8, 3)(tf.zeros([2, 5, 8])).shape
        TensorShape([2, 5, 3])

    Source:
        `create_model` in dmis-lab/biobert, run_ner.py and run_re.py at
        e283eaa. Both heads have these names, without a scope, so a file of
        one loads as the other where C is the same.
    """

    def __init__(
        self,
        hidden_size: int,
        num_labels: int,
        *,
        dropout_rate: float = _HEAD_DROPOUT_RATE,
        name: str = "label_head",
    ) -> None:
        """Draws the weights and sets the bias to zero.

        Args:
            hidden_size: D.
            num_labels: C.
            dropout_rate: Share of inputs dropped in training, in [0, 1).
            name: Name of the module; no part of its variables' names.
        """
        super().__init__(name=name)
        self._dropout_rate = dropout_rate
        self.output_weights = layers.truncated_normal(
            [num_labels, hidden_size], _HEAD_INITIALIZER_RANGE, "output_weights"
        )
        self.output_bias = tf.Variable(tf.zeros([num_labels]), name="output_bias")

    def __call__(
        self, inputs: tf.Tensor, *, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns one logit per label.

        Args:
            inputs: float32[..., D].
            seed: int64[2], the dropout seed of this step, or None outside
                training.

        Returns:
            float32[..., C].
        """
        inputs = dropout.apply(
            inputs, self._dropout_rate, dropout.place(seed, bert.HEAD_PLACE)
        )
        return project(inputs, self.output_weights, self.output_bias)


class MaskedWordHead(layers.MatrixProduct):
    """Scores the vocabulary at masked positions, with the embeddings' weights.

    Dimensions:
        B, T: sequences and positions.
        P: masked positions per sequence.
        D: hidden size.
        V: vocabulary size.

    Attributes:
        dense: `layers.Dense` from D to D.
        layer_norm: `layers.LayerNorm` over D.
        output_bias: float32[V].

    Example:
        >>> config = config_lib.BertConfig(
        ...     vocab_size=30, hidden_size=8, num_attention_heads=2
        ... )
        >>> positions = tf.constant([[3, 1], [4, 0]])
        >>> head = MaskedWordHead(config)
        >>> head(tf.zeros([2, 5, 8]), positions, tf.zeros([30, 8])).shape
        TensorShape([2, 2, 30])

    Source:
        `get_masked_lm_output` in dmis-lab/biobert, run_pretraining.py at
        e283eaa.
    """

    def __init__(
        self, config: config_lib.BertConfig, *, name: str = "predictions"
    ) -> None:
        """Creates the head's own variables; the word embeddings come by call.

        Args:
            config: The sizes.
            name: Name scope below "cls".
        """
        with tf.name_scope("cls"):
            super().__init__(name=name)
        self._activation = layers.ACTIVATIONS[config.hidden_act]
        with self.name_scope:
            with tf.name_scope("transform"):
                self.dense = layers.Dense(
                    config.hidden_size,
                    config.hidden_size,
                    initializer_range=config.initializer_range,
                )
                self.layer_norm = layers.LayerNorm(config.hidden_size)
            self.output_bias = tf.Variable(
                tf.zeros([config.vocab_size]), name="output_bias"
            )

    def __call__(
        self,
        sequence: tf.Tensor,
        positions: tf.Tensor,
        word_embeddings: tf.Tensor | tf.Variable,
    ) -> tf.Tensor:
        """Returns one logit per vocabulary entry.

        Args:
            sequence: float32[B, T, D], BERT's last layer.
            positions: int32[B, P], in [0, T).
            word_embeddings: float32[V, D].

        Returns:
            float32[B, P, V].
        """
        picked = tf.gather(sequence, positions, batch_dims=1)  # [B, P, D]
        dense = self.dense(picked, activation=self._activation)
        picked = self.layer_norm(tf.cast(dense, picked.dtype))
        return project(
            picked, word_embeddings, self.output_bias, dtype=self.product_dtype
        )


class NextSentenceHead(tf.Module):
    """Tells whether the second segment follows the first in its document.

    Dimensions:
        B: sequences.
        D: hidden size.

    Attributes:
        output_weights: float32[2, D].
        output_bias: float32[2].

    Example:
        >>> NextSentenceHead(8)(tf.zeros([3, 8])).shape
        TensorShape([3, 2])

    Source:
        `get_next_sentence_output` in dmis-lab/biobert, run_pretraining.py at
        e283eaa. Label 0 is "follows", 1 is "random".
    """

    def __init__(
        self,
        hidden_size: int,
        *,
        initializer_range: float = 0.02,
        name: str = "seq_relationship",
    ) -> None:
        """Draws the weights and sets the bias to zero.

        Args:
            hidden_size: D.
            initializer_range: Standard deviation of the weights.
            name: Name scope below "cls".
        """
        with tf.name_scope("cls"):
            super().__init__(name=name)
        with self.name_scope:
            self.output_weights = layers.truncated_normal(
                [2, hidden_size], initializer_range, "output_weights"
            )
            self.output_bias = tf.Variable(tf.zeros([2]), name="output_bias")

    def __call__(self, pooled: tf.Tensor) -> tf.Tensor:
        """Returns the two logits of each pair.

        Args:
            pooled: float32[B, D].

        Returns:
            float32[B, 2].
        """
        return project(pooled, self.output_weights, self.output_bias)


class SpanHead(tf.Module):
    """Scores each position as the start and as the end of an answer.

    Dimensions:
        B, T: sequences and positions.
        D: hidden size.

    Attributes:
        output_weights: float32[2, D].
        output_bias: float32[2].

    Example:
        >>> start, end = SpanHead(8)(tf.zeros([2, 5, 8]))
        >>> start.shape
        TensorShape([2, 5])

    Source:
        `create_model` in dmis-lab/biobert, run_qa.py at e283eaa.
    """

    def __init__(self, hidden_size: int, *, name: str = "squad") -> None:
        """Draws the weights and sets the bias to zero.

        Args:
            hidden_size: D.
            name: Name scope below "cls".
        """
        with tf.name_scope("cls"):
            super().__init__(name=name)
        with self.name_scope:
            self.output_weights = layers.truncated_normal(
                [2, hidden_size], _HEAD_INITIALIZER_RANGE, "output_weights"
            )
            self.output_bias = tf.Variable(tf.zeros([2]), name="output_bias")

    def __call__(self, sequence: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns start and end logits.

        Args:
            sequence: float32[B, T, D], BERT's last layer.

        Returns:
            Two tensors, each float32[B, T].
        """
        logits = project(sequence, self.output_weights, self.output_bias)
        start, end = tf.unstack(logits, num=2, axis=-1)
        return start, end


def project(
    inputs: tf.Tensor,
    weights: tf.Tensor | tf.Variable,
    bias: tf.Tensor | tf.Variable,
    *,
    dtype: tf.DType = tf.float32,
) -> tf.Tensor:
    """Multiplies by weights that are stored one row per output, and adds bias.

    Args:
        inputs: float32[..., D].
        weights: float32[C, D].
        bias: float32[C].
        dtype: In which to multiply.

    Returns:
        float32[..., C].
    """
    num_outputs, hidden_size = weights.shape
    rows = tf.cast(tf.reshape(inputs, [-1, hidden_size]), dtype)
    products = tf.matmul(rows, tf.cast(weights, dtype), transpose_b=True)
    logits = tf.nn.bias_add(tf.cast(products, tf.float32), bias)
    shape = tf.concat([tf.shape(inputs)[:-1], [num_outputs]], 0)
    return tf.ensure_shape(tf.reshape(logits, shape), [*inputs.shape[:-1], num_outputs])
