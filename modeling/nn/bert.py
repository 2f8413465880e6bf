# SPDX-License-Identifier: Apache-2.0
"""BERT: embeddings, encoder and pooler under the names of released checkpoints.

Leaves out what is on top of it: see `heads.py`.
"""

import dataclasses

import tensorflow as tf

from modeling import config as config_lib
from modeling.nn import dropout, embeddings, encoder, layers

# Dropout places: the heads come first, so that theirs do not depend on the
# number of layers.
HEAD_PLACE = 0
_EMBEDDINGS_PLACE = 8
_ENCODER_PLACE = 16


@dataclasses.dataclass(frozen=True)
class Outputs:
    """What BERT computes for a batch.

    Attributes:
        embeddings: float32[B, T, D], before the first layer.
        layers: L outputs, each float32[B, T, D].
    """

    embeddings: tf.Tensor
    layers: list[tf.Tensor]

    @property
    def sequence(self) -> tf.Tensor:
        """float32[B, T, D], the last layer's output."""
        return self.layers[-1]


class Bert(tf.Module):
    """The encoder that all tasks share.

    Dimensions:
        B: sequences in the batch.
        T: positions in a sequence, in WordPieces, padding included.
        D: hidden size.
        L: encoder layers.

    Attributes:
        config: The sizes.
        embeddings: `embeddings.Embeddings`.
        encoder: `encoder.Encoder`.
        pooler: `layers.Dense` from D to D.

    Example:
        >>> config = config_lib.BertConfig(
        ...     vocab_size=30, hidden_size=8, num_attention_heads=2, num_hidden_layers=3
        ... )
        >>> bert, ids = Bert(config), tf.constant([[5, 7, 9]])
        >>> outputs = bert(ids, tf.ones_like(ids), tf.zeros_like(ids))
        >>> bert.pool(outputs.sequence).shape
        TensorShape([1, 8])

    Source:
        Devlin et al. 2019, https://arxiv.org/abs/1810.04805; `BertModel` in
        dmis-lab/biobert, modeling.py at e283eaa, for names and numbers.
    """

    def __init__(self, config: config_lib.BertConfig, *, name: str = "bert") -> None:
        """Creates all variables with random weights.

        Args:
            config: The sizes.
            name: Name scope. BERT checkpoints use "bert".
        """
        super().__init__(name=name)
        self.config = config
        with self.name_scope:
            self.embeddings = embeddings.Embeddings(
                config.vocab_size,
                config.hidden_size,
                max_length=config.max_position_embeddings,
                num_segments=config.type_vocab_size,
                dropout_rate=config.hidden_dropout_prob,
                initializer_range=config.initializer_range,
            )
            self.encoder = encoder.Encoder(
                config.num_hidden_layers,
                config.hidden_size,
                config.num_attention_heads,
                config.intermediate_size,
                activation=config.hidden_act,
                hidden_dropout_rate=config.hidden_dropout_prob,
                attention_dropout_rate=config.attention_probs_dropout_prob,
                initializer_range=config.initializer_range,
            )
            with tf.name_scope("pooler"):
                self.pooler = layers.Dense(
                    config.hidden_size,
                    config.hidden_size,
                    initializer_range=config.initializer_range,
                )

    def __call__(
        self,
        input_ids: tf.Tensor,
        input_mask: tf.Tensor,
        segment_ids: tf.Tensor,
        *,
        seed: tf.Tensor | None = None,
    ) -> Outputs:
        """Encodes a batch.

        Args:
            input_ids: int32[B, T], vocabulary ids.
            input_mask: int32[B, T], 1 at tokens and 0 at padding.
            segment_ids: int32[B, T].
            seed: int64[2], the dropout seed of this step, or None outside
                training.

        Returns:
            Embeddings and layer outputs.
        """
        embedded = self.embeddings(
            input_ids, segment_ids, seed=dropout.place(seed, _EMBEDDINGS_PLACE)
        )
        encoded = self.encoder(
            embedded, input_mask, seed=dropout.place(seed, _ENCODER_PLACE)
        )
        return Outputs(embeddings=embedded, layers=encoded)

    def pool(self, sequence: tf.Tensor) -> tf.Tensor:
        """Summarizes a sequence by its first position, [CLS].

        A method of its own, so that tasks without it leave the pooler's
        weights without a gradient, as the original does.

        Args:
            sequence: float32[B, T, D], the last layer's output.

        Returns:
            float32[B, D].
        """
        pooled = self.pooler(sequence[:, 0], activation=tf.tanh)
        return tf.cast(pooled, sequence.dtype)
