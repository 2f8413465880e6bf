# SPDX-License-Identifier: Apache-2.0
"""The stack of transformer layers between the embeddings and the heads."""

import tensorflow as tf

from modeling.nn import attention, dropout, layers

# Dropout places (see `dropout.place`) that one layer may use.
_PLACES_PER_LAYER = 4


class ResidualDense(tf.Module):
    """Projects back to the hidden size, adds the layer's input, normalizes.

    Dimensions:
        N: width of the input.
        D: hidden size.

    Attributes:
        dense: `layers.Dense` from N to D.
        layer_norm: `layers.LayerNorm` over D.

    Example:
        >>> ResidualDense(6, 8)(tf.ones([2, 5, 6]), tf.ones([2, 5, 8])).shape
        TensorShape([2, 5, 8])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        dropout_rate: float = 0.0,
        initializer_range: float = 0.02,
        name: str = "output",
    ) -> None:
        """Creates the dense layer and the normalization.

        Args:
            input_size: N.
            hidden_size: D.
            dropout_rate: Share of the dense layer's outputs dropped in
                training, in [0, 1).
            initializer_range: Standard deviation of the kernel.
            name: Name scope.
        """
        super().__init__(name=name)
        self._dropout_rate = dropout_rate
        with self.name_scope:
            self.dense = layers.Dense(
                input_size, hidden_size, initializer_range=initializer_range
            )
            self.layer_norm = layers.LayerNorm(hidden_size)

    def __call__(
        self, inputs: tf.Tensor, residual: tf.Tensor, *, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns LayerNorm(dropout(dense(inputs)) + residual).

        Args:
            inputs: float32[..., N].
            residual: float32[..., D].
            seed: int64[2], that of this place and step, or None outside training.

        Returns:
            float32[..., D].
        """
        outputs = tf.cast(self.dense(inputs), residual.dtype)
        outputs = dropout.apply(outputs, self._dropout_rate, seed)
        return self.layer_norm(outputs + residual)


class TransformerLayer(tf.Module):
    """Attention and a feed-forward part, each with residual and LayerNorm.

    Dimensions:
        B, T: sequences and positions.
        D: hidden size.
        I: width inside the feed-forward part.

    Attributes:
        attention: `attention.SelfAttention`.
        attention_output: `ResidualDense` from D to D.
        intermediate: `layers.Dense` from D to I.
        output: `ResidualDense` from I to D.

    Example:
        >>> layer = TransformerLayer(8, num_heads=2, intermediate_size=16)
        >>> layer(tf.ones([2, 5, 8]), tf.ones([2, 5], tf.int32)).shape
        TensorShape([2, 5, 8])

    Source:
        Vaswani et al. 2017, section 3.1; `transformer_model` in
        dmis-lab/biobert, modeling.py at e283eaa.
    """

    def __init__(
        self,
        hidden_size: int,
        num_heads: int,
        intermediate_size: int,
        *,
        activation: str = "gelu",
        hidden_dropout_rate: float = 0.0,
        attention_dropout_rate: float = 0.0,
        initializer_range: float = 0.02,
        name: str = "layer_0",
    ) -> None:
        """Creates the parts of the layer.

        Args:
            hidden_size: D; a multiple of `num_heads`.
            num_heads: Attention heads.
            intermediate_size: I.
            activation: Key of `layers.ACTIVATIONS`.
            hidden_dropout_rate: Share of the two dense outputs dropped in
                training, in [0, 1).
            attention_dropout_rate: Share of attention weights dropped.
            initializer_range: Standard deviation of the kernels.
            name: Name scope. BERT checkpoints count from "layer_0".
        """
        super().__init__(name=name)
        self._activation, self._size = layers.ACTIVATIONS[activation], hidden_size

        def project_back(input_size: int) -> ResidualDense:
            return ResidualDense(
                input_size,
                hidden_size,
                dropout_rate=hidden_dropout_rate,
                initializer_range=initializer_range,
            )

        with self.name_scope:
            with tf.name_scope("attention"):
                self.attention = attention.SelfAttention(
                    hidden_size,
                    num_heads,
                    dropout_rate=attention_dropout_rate,
                    initializer_range=initializer_range,
                )
                self.attention_output = project_back(hidden_size)
            with tf.name_scope("intermediate"):
                self.intermediate = layers.Dense(
                    hidden_size, intermediate_size, initializer_range=initializer_range
                )
            self.output = project_back(intermediate_size)

    def __call__(
        self,
        inputs: tf.Tensor,
        padding_mask: tf.Tensor,
        *,
        seed: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Computes the layer.

        Args:
            inputs: float32[B, T, D].
            padding_mask: int32[B, T], 1 at tokens and 0 at padding.
            seed: int64[2], the dropout seed of this layer and step, or None
                outside training.

        Returns:
            float32[B, T, D].
        """
        mixed = self.attention(inputs, padding_mask, seed=dropout.place(seed, 0))
        # Rows, as shapes to ask for and to restore would be a fourth of the graph.
        mixed, rows = (layers.flatten(x, self._size) for x in (mixed, inputs))
        rows = self.attention_output(mixed, rows, seed=dropout.place(seed, 1))
        wide = self.intermediate(rows, activation=self._activation)  # [B * T, I]
        outputs = self.output(wide, rows, seed=dropout.place(seed, 2))
        return tf.reshape(outputs, tf.shape(inputs))


class Encoder(tf.Module):
    """L transformer layers, one after the other.

    Dimensions:
        B, T: sequences and positions.
        D: hidden size.

    Attributes:
        layers: L modules of type `TransformerLayer`.
        recompute: Whether training computes each layer a second time in the
            backward pass, in place of keeping what is inside it.

    Example:
        >>> encoder = Encoder(3, 8, num_heads=2, intermediate_size=16)
        >>> len(encoder(tf.ones([2, 5, 8]), tf.ones([2, 5], tf.int32)))
        3
    """

    def __init__(
        self,
        num_layers: int,
        hidden_size: int,
        num_heads: int,
        intermediate_size: int,
        *,
        activation: str = "gelu",
        hidden_dropout_rate: float = 0.0,
        attention_dropout_rate: float = 0.0,
        initializer_range: float = 0.02,
        name: str = "encoder",
    ) -> None:
        """Creates the layers; see `TransformerLayer` for the arguments.

        Args:
            num_layers: L.
            hidden_size: D.
            num_heads: Attention heads.
            intermediate_size: Width inside the feed-forward part.
            activation: Key of `layers.ACTIVATIONS`.
            hidden_dropout_rate: Share of dense outputs dropped in training.
            attention_dropout_rate: Share of attention weights dropped.
            initializer_range: Standard deviation of the kernels.
            name: Name scope.
        """
        super().__init__(name=name)
        self.recompute = False
        with self.name_scope:
            self.layers = [
                TransformerLayer(
                    hidden_size,
                    num_heads,
                    intermediate_size,
                    activation=activation,
                    hidden_dropout_rate=hidden_dropout_rate,
                    attention_dropout_rate=attention_dropout_rate,
                    initializer_range=initializer_range,
                    name=f"layer_{i}",
                )
                for i in range(num_layers)
            ]

    def __call__(
        self,
        inputs: tf.Tensor,
        padding_mask: tf.Tensor,
        *,
        seed: tf.Tensor | None = None,
    ) -> list[tf.Tensor]:
        """Computes all layers.

        Args:
            inputs: float32[B, T, D], the embeddings.
            padding_mask: int32[B, T], 1 at tokens and 0 at padding.
            seed: int64[2], the dropout seed of the encoder and step, or None
                outside training.

        Returns:
            L outputs, each float32[B, T, D], the last layer's at the end.
        """
        outputs = []
        for i, layer in enumerate(self.layers):
            layer_seed = dropout.place(seed, i * _PLACES_PER_LAYER)
            if self.recompute and layer_seed is not None:
                inputs = _call_recomputed(layer, inputs, padding_mask, layer_seed)
            else:
                inputs = layer(inputs, padding_mask, seed=layer_seed)
            outputs.append(inputs)
        return outputs


def recompute(module: tf.Module) -> None:
    """Lets all encoders of a module compute layers again in the backward pass.

    Of each layer only its input is kept. A gradient of BERT-Base at 16 x 128 then
    takes 1.5 GB on a CPU in place of 3.1, and a third more time. Numbers stay the
    same up to rounding, since dropout masks are a function of the seed. Outside
    training, where there is no seed, this changes nothing.

    Args:
        module: Any module.

    Source:
        Chen et al. 2016, https://arxiv.org/abs/1604.06174.
    """
    for part in (module, *module.submodules):
        if isinstance(part, Encoder):
            part.recompute = True


def _call_recomputed(
    layer: TransformerLayer,
    inputs: tf.Tensor,
    padding_mask: tf.Tensor,
    seed: tf.Tensor,
) -> tf.Tensor:
    """Computes a layer of which the backward pass keeps nothing but the input."""

    def compute(inputs: tf.Tensor) -> tf.Tensor:
        # TensorFlow ties what it computes again to the gradient that comes in, by
        # way of `inputs`. Masks hang on the seed alone: not tied, they would be
        # drawn once, at the start, and all be kept.
        first = tf.reshape(inputs, [-1])[0]
        zero = tf.cast(tf.minimum(tf.abs(first), 0.0), seed.dtype)
        return layer(inputs, padding_mask, seed=seed + zero)

    return tf.recompute_grad(compute)(inputs)
