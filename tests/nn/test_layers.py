# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.nn.layers."""

import math

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context

from modeling.nn import layers

# Dimensions are pairwise different, so that a swapped axis cannot pass.
B, T, N, M = 2, 5, 3, 7


def names(module):
    return {variable.name for variable in module.trainable_variables}


@pytest.fixture
def inputs(rng):
    return rng.standard_normal([B, T, N]).astype(np.float32)


def test_dense_equals_loop_over_positions(rng, inputs):
    module = layers.Dense(N, M, initializer_range=1.0)
    module.bias.assign(rng.standard_normal(M))
    kernel, bias = module.kernel.numpy(), module.bias.numpy()
    expected = np.zeros([B, T, M])
    for b in range(B):
        for t in range(T):
            for m in range(M):
                products = [inputs[b, t, n] * kernel[n, m] for n in range(N)]
                expected[b, t, m] = sum(products) + bias[m]
    np.testing.assert_allclose(module(inputs), expected, atol=1e-5)


@pytest.mark.parametrize("shape", [[], [B], [B, T], [B, T, M]])
def test_dense_takes_any_number_of_axes_in_front(shape):
    assert layers.Dense(N, M)(tf.ones([*shape, N])).shape == [*shape, M]


def test_dense_keeps_the_sizes_that_are_known_when_traced():
    function = tf.function(
        layers.Dense(N, M), input_signature=[tf.TensorSpec([None, T, N], tf.float32)]
    )
    assert function.get_concrete_function().output_shapes.as_list() == [None, T, M]


def test_dense_starts_with_the_asked_spread_and_no_bias():
    module = layers.Dense(200, 300, initializer_range=0.5)
    # A normal distribution cut at two sigma has 0.8796 of its spread.
    assert np.std(module.kernel) == pytest.approx(0.5 * 0.8796, rel=0.01)
    assert np.abs(module.kernel).max() <= 1.0
    assert not np.any(module.bias)


def test_dense_variable_names():
    assert names(layers.Dense(N, M)) == {"dense/kernel:0", "dense/bias:0"}
    assert names(layers.Dense(N, M, name="query")) == {"query/kernel:0", "query/bias:0"}


def reference_layer_norm(inputs, module):
    """Normalizes one position at a time, in double precision."""
    outputs = np.zeros(inputs.shape)
    for index in np.ndindex(*inputs.shape[:-1]):
        row = inputs[index].astype(np.float64)
        mean = sum(row) / len(row)
        variance = sum((row - mean) ** 2) / len(row)
        outputs[index] = (row - mean) / math.sqrt(variance + 1e-12)
    return outputs * module.gamma.numpy() + module.beta.numpy()


# At 1e-6, PyTorch's epsilon (1e-5) or Keras's (1e-3) would give all but zeros;
# the mean of 30 is lost in one pass over squares.
@pytest.mark.parametrize(("size", "mean"), [(1.0, 0.0), (1e-6, 0.0), (1.0, 30.0)])
@pytest.mark.parametrize("is_fused", [False, True])
def test_layer_norm_equals_loop_over_positions(rng, inputs, size, mean, is_fused):
    module = layers.LayerNorm(N)
    module.is_fused = is_fused
    module.gamma.assign(rng.standard_normal(N))
    module.beta.assign(rng.standard_normal(N))
    inputs = inputs * np.float32(size) + np.float32(mean)
    expected = reference_layer_norm(inputs, module)
    outputs = tf.function(module)(tf.constant(inputs))
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    rows = tf.function(module)(tf.reshape(inputs, [-1, N]))
    np.testing.assert_array_equal(rows, tf.reshape(outputs, [-1, N]))


def operations(function, *inputs):
    """Returns the kinds of operations that are left of a graph when it runs."""
    context.enable_run_metadata()
    try:
        function(*inputs)
        graphs = context.export_run_metadata().function_graphs
    finally:
        context.disable_run_metadata()
    return {node.op for graph in graphs for node in graph.post_optimization_graph.node}


@pytest.mark.parametrize("size", [[None, N], [None, None, N]])
def test_layer_norm_is_one_operation_where_weights_are_final(size):
    if not layers._has_one_dnn():
        pytest.skip("Needs oneDNN, so a CPU of a kind it is made for, and no GPU.")
    module = layers.LayerNorm(N)
    spec = [tf.TensorSpec(size, tf.float32)]
    inputs = tf.ones([4] * (len(size) - 1) + [N])

    def found():
        return operations(tf.function(module, input_signature=spec), inputs)

    for dtype, is_final, is_one in (
        (tf.bfloat16, True, True),
        (tf.bfloat16, False, False),
        (tf.float16, True, True),
        (tf.float32, True, False),
    ):
        layers.compute_in(module, dtype, weights_are_final=is_final)
        assert ("Rsqrt" in found(), "_MklLayerNorm" in found()) == (not is_one, is_one)


@pytest.mark.parametrize(
    ("has_kernels", "gpus", "is_fused"),
    [(True, [], True), (False, [], False), (True, ["GPU:0"], False)],
)
def test_layer_norm_is_fused_where_one_dnn_computes(
    has_kernels, gpus, is_fused, monkeypatch
):
    monkeypatch.setattr(layers, "IsMklEnabled", lambda: has_kernels)
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda _: gpus)
    module = layers.LayerNorm(N)
    layers.compute_in(module, tf.bfloat16, weights_are_final=True)
    assert module.is_fused == is_fused


@pytest.mark.parametrize("is_fused", [False, True])
def test_layer_norm_of_equal_values_is_finite(is_fused):
    module = layers.LayerNorm(N)
    module.is_fused = is_fused
    module.beta.assign([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(module(tf.fill([B, N], 4.0)), [[1, 2, 3]] * B)


def test_layer_norm_variable_names():
    assert names(layers.LayerNorm(N)) == {"LayerNorm/gamma:0", "LayerNorm/beta:0"}


def test_gelu_equals_the_formula_with_erf():
    inputs = np.linspace(-10, 10, 2001)
    expected = [0.5 * x * (1 + math.erf(x / math.sqrt(2))) for x in inputs]
    np.testing.assert_allclose(
        layers.gelu(tf.constant(inputs, tf.float32)), expected, atol=1e-6
    )


def test_gelu_is_not_the_form_with_tanh():
    inputs = tf.linspace(-5.0, 5.0, 1001)
    cubed = 0.044715 * inputs**3
    other = 0.5 * inputs * (1 + tf.tanh(math.sqrt(2 / math.pi) * (inputs + cubed)))
    difference = np.abs(layers.gelu(inputs) - other).max()
    assert 4e-4 < difference < 5e-4


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gelu", [-0.158655, 0.0, 1.954500]),
        ("relu", [0.0, 0.0, 2.0]),
        ("tanh", [-0.761594, 0.0, 0.964028]),
        ("linear", [-1.0, 0.0, 2.0]),
    ],
)
def test_activations_by_name(name, expected):
    outputs = layers.ACTIVATIONS[name](tf.constant([-1.0, 0.0, 2.0]))
    np.testing.assert_allclose(outputs, expected, atol=1e-6)


LOW = [tf.bfloat16, tf.float16]


def error(rounded, exact):
    """Returns the largest error as a share of the largest value."""
    return np.abs(tf.cast(rounded, tf.float32) - exact).max() / np.abs(exact).max()


@pytest.mark.parametrize("weights_are_final", [False, True])
@pytest.mark.parametrize("dtype", LOW)
def test_dense_rounds_products_and_leaves_weights(rng, dtype, weights_are_final):
    dense = layers.Dense(64, 48, initializer_range=1.0)
    inputs = rng.standard_normal([7, 64]).astype(np.float32)
    exact = dense(inputs).numpy()
    before = dense.kernel.numpy()
    layers.compute_in(tf.Module(), dtype)  # Holds no dense layer.
    np.testing.assert_array_equal(dense(inputs), exact)
    layers.compute_in(dense, dtype, weights_are_final=weights_are_final)
    rounded = dense(inputs)
    assert rounded.dtype == dtype
    assert 0 < error(rounded, exact) < 0.02
    assert dense.kernel.dtype == tf.float32
    np.testing.assert_array_equal(dense.kernel.numpy(), before)
    layers.compute_in(dense, tf.float32)
    np.testing.assert_array_equal(dense(inputs), exact)


@pytest.mark.parametrize("name", ["kernel", "bias"])
def test_only_final_weights_are_cast_once(inputs, name):
    final, trained = layers.Dense(N, M), layers.Dense(N, M)
    layers.compute_in(final, tf.bfloat16, weights_are_final=True)
    layers.compute_in(trained, tf.bfloat16)
    for dense in (final, trained):
        before = dense(inputs)
        variable = getattr(dense, name)
        variable.assign(tf.ones_like(variable))
        assert np.array_equal(before, dense(inputs)) == (dense is final)


@pytest.mark.parametrize("dtype", LOW)
def test_gradients_of_dense_are_float32_and_close(rng, dtype):
    dense = layers.Dense(64, 48, initializer_range=0.1)
    inputs = tf.constant(rng.standard_normal([7, 64]), tf.float32)

    def gradients():
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = tf.cast(dense(inputs, activation=layers.gelu), tf.float32)
            loss = tf.reduce_sum(outputs**2)
        return tape.gradient(loss, [inputs, dense.kernel, dense.bias])

    exact = gradients()
    layers.compute_in(dense, dtype)
    for one, two in zip(gradients(), exact, strict=True):
        assert one.dtype == tf.float32
        assert 0 < error(one, two) < 0.03
