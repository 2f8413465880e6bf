# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.nn.encoder; attention itself is in test_attention.py."""

import math

import numpy as np
import pytest
import tensorflow as tf

from modeling.nn import dropout, encoder

# Dimensions are pairwise different, so that a swapped axis cannot pass.
B, T, D, H, I, L = 2, 5, 12, 3, 7, 4  # noqa: E741


@pytest.fixture
def inputs(rng):
    return rng.standard_normal([B, T, D]).astype(np.float32)


@pytest.fixture
def mask():
    return np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], np.int32)


@pytest.fixture
def randomize(rng):
    """Gives all variables of a module values that no rule sets."""

    def randomize(module):
        for variable in module.variables:
            variable.assign(rng.standard_normal(variable.shape))
        return module

    return randomize


def dense(inputs, module):
    return inputs @ module.kernel.numpy() + module.bias.numpy()


def gelu(inputs):
    return np.vectorize(lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))))(inputs)


def residual_dense(inputs, residual, module):
    """Projects, adds and normalizes in NumPy."""
    outputs = dense(inputs, module.dense) + residual
    outputs = outputs - outputs.mean(-1, keepdims=True)
    outputs /= np.sqrt((outputs**2).mean(-1, keepdims=True) + 1e-12)
    return outputs * module.layer_norm.gamma.numpy() + module.layer_norm.beta.numpy()


def transformer_layer(inputs, mask, module, activation=gelu):
    """One layer in NumPy, but for the attention."""
    mixed = module.attention(inputs, mask).numpy()
    attended = residual_dense(mixed, inputs, module.attention_output)
    inner = activation(dense(attended, module.intermediate))
    return residual_dense(inner, attended, module.output)


def test_residual_dense_equals_numpy(randomize, rng, inputs):
    module = randomize(encoder.ResidualDense(I, D))
    inner = rng.standard_normal([B, T, I]).astype(np.float32)
    np.testing.assert_allclose(
        module(inner, inputs), residual_dense(inner, inputs, module), atol=1e-5
    )


def test_residual_dense_drops_what_it_adds_not_what_it_adds_to(inputs):
    module = encoder.ResidualDense(I, D, dropout_rate=0.5)
    module.dense.bias.assign(range(1, D + 1))
    inner = np.zeros([B, T, I], np.float32)
    seed = dropout.step_seed(1, 2)
    bias = np.arange(1, D + 1, dtype=np.float32)
    added = dropout.apply(np.tile(bias, [B, T, 1]), 0.5, seed)
    assert 0 < np.count_nonzero(added) < B * T * D
    np.testing.assert_allclose(
        module(inner, inputs, seed=seed), module.layer_norm(added + inputs), atol=1e-6
    )


@pytest.mark.parametrize(
    ("name", "function"), [("gelu", gelu), ("relu", lambda x: np.maximum(x, 0))]
)
def test_layer_equals_numpy(randomize, inputs, mask, name, function):
    module = randomize(encoder.TransformerLayer(D, H, I, activation=name))
    np.testing.assert_allclose(
        module(inputs, mask),
        transformer_layer(inputs, mask, module, function),
        atol=2e-5,
    )


def test_encoder_returns_every_layer_in_order(randomize, inputs, mask):
    module = randomize(encoder.Encoder(L, D, H, I))
    outputs = module(inputs, mask)
    assert len(outputs) == L
    for layer, output in zip(module.layers, outputs, strict=True):
        np.testing.assert_allclose(
            output, transformer_layer(inputs, mask, layer), atol=2e-5
        )
        inputs = output.numpy()


def test_rates_reach_their_places(monkeypatch, inputs, mask):
    rates = []

    def record(values, rate, seed):
        rates.append(rate)
        return values

    monkeypatch.setattr(dropout, "apply", record)
    module = encoder.Encoder(
        2, D, H, I, hidden_dropout_rate=0.2, attention_dropout_rate=0.3
    )
    module(inputs, mask, seed=dropout.step_seed(1, 2))
    assert rates == [0.3, 0.2, 0.2] * 2


def test_layer_names_match_bert_checkpoints():
    parts = {
        "attention/self/query": ("kernel", "bias"),
        "attention/self/key": ("kernel", "bias"),
        "attention/self/value": ("kernel", "bias"),
        "attention/output/dense": ("kernel", "bias"),
        "attention/output/LayerNorm": ("gamma", "beta"),
        "intermediate/dense": ("kernel", "bias"),
        "output/dense": ("kernel", "bias"),
        "output/LayerNorm": ("gamma", "beta"),
    }
    module = encoder.Encoder(L, D, H, I)
    assert {v.name for v in module.trainable_variables} == {
        f"encoder/layer_{i}/{part}/{kind}:0"
        for i in range(L)
        for part, kinds in parts.items()
        for kind in kinds
    }


def test_kernels_have_the_asked_spread():
    module = encoder.Encoder(1, 120, 3, 200, initializer_range=0.5)
    for variable in module.trainable_variables:
        if "kernel" in variable.name:
            assert np.std(variable) == pytest.approx(0.44, rel=0.05), variable.name


def make_to_train():
    """Returns two layers that drop, with the same weights in every call."""
    module = encoder.Encoder(
        2, D, H, I, hidden_dropout_rate=0.2, attention_dropout_rate=0.3
    )
    rng = np.random.default_rng(3)
    for variable in module.variables:
        variable.assign(rng.standard_normal(variable.shape) / 3)
    return module


def gradients(module, inputs, mask):
    """Returns the loss and its gradients, as a training step takes them."""
    variables = module.trainable_variables
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([inputs, *variables])
        outputs = module(inputs, mask, seed=dropout.step_seed(1, 2))
        loss = tf.reduce_sum(outputs[-1][..., : D // 2] ** 2)
    return loss, *tape.gradient(loss, [inputs, *variables])


@pytest.mark.parametrize(
    "options", [{}, pytest.param({"jit_compile": True}, marks=pytest.mark.slow)]
)
def test_recomputed_gradients_are_the_same(inputs, mask, options):
    module = make_to_train()
    inputs = tf.constant(inputs)
    plain = tf.function(gradients, **options)(module, inputs, mask)
    encoder.recompute(tf.Module())  # Holds no encoder.
    encoder.recompute(module)
    again = tf.function(gradients, **options)(module, inputs, mask)
    size = max(np.abs(gradient).max() for gradient in plain[1:])
    for one, two in zip(again, plain, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6 * size, rtol=1e-5)


@pytest.mark.slow
def test_recomputed_gradients_are_the_same_on_replicas(inputs, mask):
    inputs = tf.constant(inputs)
    plain = tf.function(gradients)(make_to_train(), inputs, mask)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        module = make_to_train()
    encoder.recompute(module)
    run = tf.function(lambda: strategy.run(gradients, args=(module, inputs, mask)))
    size = max(np.abs(gradient).max() for gradient in plain[1:])
    for one, two in zip(run(), plain, strict=True):
        for copy in one.values:
            np.testing.assert_allclose(copy, two, atol=1e-6 * size, rtol=1e-5)


def test_recomputing_draws_masks_and_multiplies_twice(inputs, mask):
    def count(module):
        graph = tf.function(gradients).get_concrete_function(module, inputs, mask)
        kinds = [operation.type for operation in graph.graph.get_operations()]
        return {k: kinds.count(k) for k in ("StatelessRandomUniformFullIntV2", "Erf")}

    module = make_to_train()
    inputs = tf.constant(inputs)
    # A mask takes two draws: a small one makes its key of the seed.
    draws = 2 * 3 * 2
    assert count(module) == {"StatelessRandomUniformFullIntV2": draws, "Erf": 2}
    encoder.recompute(module)
    assert count(module) == {"StatelessRandomUniformFullIntV2": 2 * draws, "Erf": 4}


def test_layers_are_computed_once_outside_training(inputs, mask):
    def operations(module):
        graph = tf.function(module).get_concrete_function(inputs, mask)
        return [operation.type for operation in graph.graph.get_operations()]

    module = make_to_train()
    plain = operations(module)
    encoder.recompute(module)
    assert operations(module) == plain
