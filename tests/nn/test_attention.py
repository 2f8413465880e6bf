# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.nn.attention."""

import numpy as np
import pytest
import tensorflow as tf

from modeling.nn import attention, dropout, layers

# Dimensions are pairwise different, so that a swapped axis cannot pass.
B, T, D, H = 2, 5, 12, 3
K = D // H


def reference(inputs, mask, module):
    """The same attention, one head and one position at a time, in NumPy."""

    def project(dense):
        return inputs @ dense.kernel.numpy() + dense.bias.numpy()

    query, key, value = map(project, (module.query, module.key, module.value))
    output = np.zeros_like(inputs)
    for b in range(B):
        for h in range(H):
            cols = slice(h * K, (h + 1) * K)
            real = np.flatnonzero(mask[b])
            for t in range(T):
                scores = key[b, real, cols] @ query[b, t, cols] / np.sqrt(K)
                weights = np.exp(scores - scores.max())
                weights /= weights.sum()
                output[b, t, cols] = weights @ value[b, real, cols]
    return output


@pytest.fixture
def module(rng):
    module = attention.SelfAttention(D, H, initializer_range=1.0)
    for dense in (module.query, module.key, module.value):
        dense.bias.assign(rng.standard_normal(D))
    return module


@pytest.fixture
def inputs(rng):
    return rng.standard_normal([B, T, D]).astype(np.float32)


@pytest.fixture
def mask():
    return np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], np.int32)


def test_equals_loop_over_heads(module, inputs, mask):
    np.testing.assert_allclose(
        module(inputs, mask), reference(inputs, mask, module), atol=1e-5
    )


def test_padding_does_not_change_real_positions(module, inputs, mask):
    other = inputs.copy()
    other[1, 3:] = 100.0  # Only padding differs.
    np.testing.assert_array_equal(
        module(inputs, mask)[1, :3], module(other, mask)[1, :3]
    )


def test_longer_padding_does_not_change_real_positions(module, inputs, mask):
    longer = np.concatenate([inputs, np.ones([B, 3, D], np.float32)], axis=1)
    longer_mask = np.pad(mask, [(0, 0), (0, 3)])
    np.testing.assert_allclose(
        module(longer, longer_mask)[:, :T], module(inputs, mask), atol=1e-5
    )


def test_a_sequence_of_padding_alone_attends_to_all_of_it(module, inputs):
    nothing, everything = np.zeros([B, T], np.int32), np.ones([B, T], np.int32)
    # Adding -10000 to a score costs it three of its digits.
    np.testing.assert_allclose(
        module(inputs, nothing), module(inputs, everything), atol=0.02
    )


def test_drops_whole_attention_weights(inputs):
    module = attention.SelfAttention(D, H, dropout_rate=0.5)
    for dense in (module.query, module.key, module.value):
        dense.kernel.assign(tf.zeros([D, D]))
    module.value.bias.assign(tf.ones([D]))
    mask = np.ones([B, T], np.int32)
    outputs = module(inputs, mask, seed=dropout.step_seed(1, 2)).numpy()
    # All weights are 1 / T, and those kept are doubled; a head's K outputs
    # share them.
    counts = outputs.reshape([B, T, H, K]) * T / 2
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-5)
    np.testing.assert_array_equal(counts, counts[..., :1].repeat(K, -1))
    assert len(np.unique(np.round(counts))) > 2
    np.testing.assert_allclose(module(inputs, mask), 1, rtol=1e-6)


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16])
def test_multiplies_in_the_type_of_its_projections(module, inputs, mask, dtype):
    exact = module(inputs, mask).numpy()
    layers.compute_in(module, dtype)
    graph = tf.function(module).get_concrete_function(
        tf.TensorSpec([B, T, D]), tf.TensorSpec([B, T], tf.int32)
    )
    operations = graph.graph.get_operations()
    types = {
        kind: {x.outputs[0].dtype for x in operations if x.type == kind}
        for kind in ("MatMul", "BatchMatMulV2", "Softmax")
    }
    assert types == {
        "MatMul": {dtype},
        "BatchMatMulV2": {dtype},
        "Softmax": {tf.float32},
    }
    outputs = module(inputs, mask)
    assert outputs.dtype == dtype
    error = np.abs(tf.cast(outputs, tf.float32) - exact).max() / np.abs(exact).max()
    assert 0 < error < 0.05


def test_traces_once_for_all_batch_sizes_and_lengths(module):
    specs = (
        tf.TensorSpec([None, None, D], tf.float32),
        tf.TensorSpec([None, None], tf.int32),
    )
    step = tf.function(module, input_signature=specs)
    for batch_size, length in ((1, 4), (3, 7)):
        output = step(
            tf.zeros([batch_size, length, D]),
            tf.ones([batch_size, length], tf.int32),
        )
        assert output.shape == (batch_size, length, D)
    assert step.experimental_get_tracing_count() == 1


def test_variable_names_match_bert_checkpoints(module):
    assert {v.name for v in module.trainable_variables} == {
        f"self/{part}/{kind}:0"
        for part in ("query", "key", "value")
        for kind in ("kernel", "bias")
    }


def test_rejects_heads_that_do_not_divide_hidden_size():
    with pytest.raises(ValueError, match=r"hidden_size=10, num_heads=3"):
        attention.SelfAttention(hidden_size=10, num_heads=3)
