# SPDX-License-Identifier: Apache-2.0
"""Dense layer, layer normalization and the activations they are used with.

Also says in which type of numbers matrix products are computed; see `compute_in`.
"""

import math
from collections.abc import Callable

import tensorflow as tf

# There is no public way to ask TensorFlow which of its kernels it uses.
from tensorflow.python.util._pywrap_util_port import IsMklEnabled

# BERT's epsilon; PyTorch's and Keras's defaults are larger.
LAYER_NORM_EPSILON = 1e-12


def truncated_normal(
    shape: list[int], initializer_range: float, name: str
) -> tf.Variable:
    """Makes a variable drawn from a normal distribution cut at two sigma.

    Args:
        shape: Shape of the variable.
        initializer_range: Standard deviation before the cut.
        name: Name within the current name scope.

    Returns:
        A trainable float32 variable.
    """

    def draw() -> tf.Tensor:
        return tf.random.truncated_normal(shape, stddev=initializer_range)

    # A function, so that nothing is drawn where a checkpoint's values follow (see
    # training/weights.py): for BERT-Base that takes two seconds.
    return tf.Variable(draw, shape=shape, dtype=tf.float32, name=name)


@tf.custom_gradient
def gelu(inputs: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    """Returns inputs * P(X <= inputs) for a standard normal X.

    The gradient is written out, as it takes fewer passes over memory than the
    one TensorFlow derives: 6% of a training step of BERT-Base at 16 x 128.

    Args:
        inputs: Floats of any shape.

    Returns:
        Floats of the same shape.

    Source:
        Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415. The exact
        form with erf, which is in BioBERT v1.1's graph; Google's later BERT
        code uses an approximation with tanh, which differs by up to 5e-4.
    """
    share = 0.5 * (1.0 + tf.math.erf(inputs * math.sqrt(0.5)))

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        density = tf.exp(-0.5 * tf.square(inputs)) / math.sqrt(2.0 * math.pi)
        return upstream * (share + inputs * density)

    return inputs * share, gradient


ACTIVATIONS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "gelu": gelu,
    "relu": tf.nn.relu,
    "tanh": tf.tanh,
    "linear": tf.identity,
}


class MatrixProduct(tf.Module):
    """A module with a matrix product that may be computed in a shorter type.

    Attributes:
        product_dtype: Type of the factors.
    """

    product_dtype: tf.DType = tf.float32

    def compute_in(self, dtype: tf.DType, *, weights_are_final: bool = False) -> None:
        """Computes the product in another type from now on; see `compute_in`.

        Args:
            dtype: Such as `tf.bfloat16`.
            weights_are_final: Whether weights may be cast once and for all;
                here they never are.
        """
        del weights_are_final
        self.product_dtype = dtype


def flatten(inputs: tf.Tensor, size: int) -> tf.Tensor:
    """Returns [..., size] of any type as rows, [R, size], if it is not that already."""
    return inputs if len(inputs.shape) == 2 else tf.reshape(inputs, [-1, size])


class Dense(MatrixProduct):
    """Multiplies the last axis by a kernel and adds a bias.

    Dimensions:
        N: width of the input.
        M: width of the output.

    Attributes:
        kernel: float32[N, M].
        bias: float32[M].

    Example:
        >>> Dense(8, 3)(tf.zeros([2, 5, 8])).shape
        TensorShape([2, 5, 3])
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        *,
        initializer_range: float = 0.02,
        name: str = "dense",
    ) -> None:
        """Draws the kernel and sets the bias to zero.

        Args:
            input_size: N.
            output_size: M.
            initializer_range: Standard deviation of the kernel.
            name: Name scope.
        """
        super().__init__(name=name)
        self._input_size, self._output_size = input_size, output_size
        with self.name_scope:
            self.kernel = truncated_normal(
                [input_size, output_size], initializer_range, "kernel"
            )
            self.bias = tf.Variable(tf.zeros([output_size]), name="bias")
        self._cast: tuple[tf.Tensor, tf.Tensor] | None = None

    def compute_in(self, dtype: tf.DType, *, weights_are_final: bool = False) -> None:
        """Computes in another type from now on, and returns that type.

        Args:
            dtype: Such as `tf.bfloat16`.
            weights_are_final: Whether to cast kernel and bias here, once. Later
                changes of them are not seen.
        """
        super().compute_in(dtype)
        is_cast = weights_are_final and dtype != self.kernel.dtype
        self._cast = self._cast_weights() if is_cast else None

    def _cast_weights(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns kernel and bias in `product_dtype`; gradients are cast back."""
        return (
            tf.cast(self.kernel, self.product_dtype),
            tf.cast(self.bias, self.product_dtype),
        )

    def __call__(
        self,
        inputs: tf.Tensor,
        *,
        activation: Callable[[tf.Tensor], tf.Tensor] = tf.identity,
    ) -> tf.Tensor:
        """Returns activation(inputs . kernel + bias).

        Args:
            inputs: float32[..., N], or of `product_dtype`.
            activation: Applied to each value.

        Returns:
            float32[..., M], or of `product_dtype`.
        """
        kernel, bias = self._cast or self._cast_weights()
        # One matrix product: a batched one with a shared kernel is slower. The
        # activation follows it at once, where TensorFlow may fuse the two.
        rows = tf.cast(flatten(inputs, self._input_size), kernel.dtype)
        outputs = activation(tf.nn.bias_add(tf.matmul(rows, kernel), bias))
        if len(inputs.shape) == 2:
            return outputs
        shape = tf.shape(inputs)
        if self._output_size != self._input_size:
            shape = tf.concat([shape[:-1], [self._output_size]], 0)
        outputs = tf.reshape(outputs, shape)
        outputs.set_shape([*inputs.shape[:-1], self._output_size])
        return outputs


class LayerNorm(tf.Module):
    """Gives every position mean 0 and variance 1, then scales and shifts.

    Dimensions:
        D: width of the last axis.

    Attributes:
        gamma: float32[D], the scale.
        beta: float32[D], the shift.
        is_fused: Whether it takes a form that oneDNN computes in one pass. Slow
            anywhere else, and in training.

    Example:
        >>> LayerNorm(4)(tf.constant([[1.0, 3.0, 1.0, 3.0]])).numpy()
        array([[-1.,  1., -1.,  1.]], dtype=float32)

    Source:
        Ba et al. 2016, https://arxiv.org/abs/1607.06450; epsilon and variable
        names as in google-research/bert.
    """

    def __init__(self, size: int, *, name: str = "LayerNorm") -> None:
        """Sets the scale to one and the shift to zero.

        Args:
            size: D.
            name: Name scope.
        """
        super().__init__(name=name)
        self.is_fused = False
        with self.name_scope:
            self.gamma = tf.Variable(tf.ones([size]), name="gamma")
            self.beta = tf.Variable(tf.zeros([size]), name="beta")

    def __call__(self, inputs: tf.Tensor) -> tf.Tensor:
        """Normalizes the last axis.

        Args:
            inputs: float32[..., D].

        Returns:
            float32[..., D].
        """
        if self.is_fused:
            return self._normalize(inputs) * self.gamma + self.beta
        centred = inputs - tf.reduce_mean(inputs, -1, keepdims=True)
        variance = tf.reduce_mean(tf.square(centred), -1, keepdims=True)
        scale = tf.math.rsqrt(variance + LAYER_NORM_EPSILON) * self.gamma
        return centred * scale + self.beta

    def _normalize(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the last axis with mean 0 and variance 1.

        By batch normalization, with positions as channels: with scale and shift after
        it, TensorFlow knows this for a layer normalization.
        """
        shape = tf.shape(inputs)
        size = tf.reduce_prod(shape[:-1], keepdims=True)
        nothing = tf.constant([], tf.float32)
        normalized, *_ = tf.raw_ops.FusedBatchNormV3(
            x=tf.reshape(inputs, [1, -1, inputs.shape[-1], 1]),
            scale=tf.fill(size, 1.0),
            offset=tf.fill(size, 0.0),
            mean=nothing,
            variance=nothing,
            epsilon=LAYER_NORM_EPSILON,
            data_format="NCHW",
            is_training=True,
        )
        return tf.reshape(normalized, shape)


def compute_in(
    module: tf.Module, dtype: tf.DType, *, weights_are_final: bool = False
) -> None:
    """Lets a module compute its matrix products in a shorter type.

    These are the products of dense layers, of attention and of the masked words
    with the vocabulary. Variables and their gradients, LayerNorm, softmax, residuals,
    the small heads and losses stay in float32. In float16, gradients below 6e-8 are
    lost, unless the loss is scaled up (see training/loss_scaling.py).

    Args:
        module: Any module; it and all its parts change.
        dtype: `tf.bfloat16`, `tf.float16`, or `tf.float32` to undo it. Of the
            former, bfloat16 is fast on a CPU that has AVX512-BF16 or AMX, both
            on a GPU that has tensor cores; elsewhere they work, but slowly.
        weights_are_final: For inference: dense weights are cast once, here, and not
            in every call. Later changes of them are not seen. LayerNorm is fused
            where that is fast.

    Source:
        Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740.
    """
    is_fused = weights_are_final and dtype != tf.float32 and _has_one_dnn()
    for part in (module, *module.submodules):
        if isinstance(part, MatrixProduct):
            part.compute_in(dtype, weights_are_final=weights_are_final)
        elif isinstance(part, LayerNorm):
            part.is_fused = is_fused


def _has_one_dnn() -> bool:
    """Returns whether oneDNN computes here: on a CPU of a kind it is made for."""
    return IsMklEnabled() and not tf.config.list_logical_devices("GPU")
