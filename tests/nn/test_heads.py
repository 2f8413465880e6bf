# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.nn.heads."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from modeling import config as config_lib
from modeling.nn import dropout, heads, layers

# Dimensions are pairwise different, so that a swapped axis cannot pass.
B, T, D, C, P, V = 2, 5, 12, 4, 3, 30
CONFIG = config_lib.BertConfig(
    vocab_size=V, hidden_size=D, num_attention_heads=3, initializer_range=0.5
)


@pytest.fixture
def sequence(rng):
    return rng.standard_normal([B, T, D]).astype(np.float32)


@pytest.fixture
def randomize(rng):
    """Gives all variables of a module values that no rule sets."""

    def randomize(module):
        for variable in module.variables:
            variable.assign(rng.standard_normal(variable.shape))
        return module

    return randomize


def project(row, weights, bias):
    """Multiplies one row by weights, one output at a time."""
    products = [sum(row * weight) for weight in np.asarray(weights, np.float64)]
    return np.array(products) + np.asarray(bias)


def shapes(module):
    return {v.name: v.shape.as_list() for v in module.trainable_variables}


def test_label_head_equals_loop_over_positions(randomize, sequence):
    module = randomize(heads.LabelHead(D, C))
    logits = module(sequence)
    assert logits.shape == [B, T, C]
    for b, t in np.ndindex(B, T):
        expected = project(sequence[b, t], module.output_weights, module.output_bias)
        np.testing.assert_allclose(logits[b, t], expected, atol=1e-5)
    np.testing.assert_allclose(module(sequence[:, 0]), logits[:, 0], atol=1e-5)


def test_label_head_drops_a_tenth_of_its_inputs_with_a_seed():
    module = heads.LabelHead(1000, 1)
    module.output_weights.assign(tf.ones([1, 1000]))
    inputs = tf.ones([9, 1000])
    np.testing.assert_allclose(module(inputs), np.full([9, 1], 1000))
    logits = module(inputs, seed=dropout.step_seed(1, 2)).numpy()
    counts = logits / np.float32(1 / (1 - 6554 / 2**16))
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-2)
    assert np.all(np.abs(counts - 900) < 50)
    assert len(np.unique(counts)) > 1


def test_label_head_names_have_no_scope():
    assert shapes(heads.LabelHead(D, C)) == {
        "output_weights:0": [C, D],
        "output_bias:0": [C],
    }


@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_masked_word_head_equals_loop_over_masked_words(
    randomize, rng, sequence, activation
):
    config = dataclasses.replace(CONFIG, hidden_act=activation)
    module = randomize(heads.MaskedWordHead(config))
    words = rng.standard_normal([V, D]).astype(np.float32)
    positions = np.array([[4, 0, 4], [2, 3, 0]], np.int32)
    logits = module(sequence, positions, tf.constant(words))
    assert logits.shape == [B, P, V]
    for b, p in np.ndindex(B, P):
        row = sequence[b, positions[b, p]]
        row = row @ module.dense.kernel.numpy() + module.dense.bias.numpy()
        row = layers.ACTIVATIONS[activation](tf.constant(row)).numpy()
        row = (row - row.mean()) / np.sqrt(row.var() + 1e-12)
        row = row * module.layer_norm.gamma.numpy() + module.layer_norm.beta.numpy()
        expected = project(row, words, module.output_bias)
        np.testing.assert_allclose(logits[b, p], expected, atol=1e-4)


def test_masked_word_head_trains_the_embeddings_it_is_given(sequence):
    module = heads.MaskedWordHead(CONFIG)
    words = tf.Variable(tf.ones([V, D]))
    assert words.ref() not in {v.ref() for v in module.variables}
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module(sequence, tf.zeros([B, P], tf.int32), words) ** 2)
    # Dense: every word is scored at every masked position.
    assert isinstance(tape.gradient(loss, words), tf.Tensor)


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16])
def test_masked_word_head_multiplies_in_a_shorter_type(randomize, rng, sequence, dtype):
    module = randomize(heads.MaskedWordHead(CONFIG))
    words = tf.Variable(rng.standard_normal([V, D]), dtype=tf.float32)
    positions = np.array([[4, 0, 4], [2, 3, 0]], np.int32)

    def compute():
        with tf.GradientTape() as tape:
            logits = module(sequence, positions, words)
            loss = tf.reduce_sum(logits**2)
        return [logits, tape.gradient(loss, words)]

    exact = compute()
    layers.compute_in(module, dtype)
    for low, high in zip(compute(), exact, strict=True):
        assert low.dtype == tf.float32
        assert 0 < np.abs(low - high).max() / np.abs(high).max() < 0.05


def test_masked_word_head_names_match_bert_checkpoints():
    assert shapes(heads.MaskedWordHead(CONFIG)) == {
        "cls/predictions/transform/dense/kernel:0": [D, D],
        "cls/predictions/transform/dense/bias:0": [D],
        "cls/predictions/transform/LayerNorm/gamma:0": [D],
        "cls/predictions/transform/LayerNorm/beta:0": [D],
        "cls/predictions/output_bias:0": [V],
    }


def test_next_sentence_head_equals_loop_over_pairs(randomize, sequence):
    module = randomize(heads.NextSentenceHead(D))
    pooled = sequence[:, 0]
    for b, logits in enumerate(module(pooled)):
        expected = project(pooled[b], module.output_weights, module.output_bias)
        np.testing.assert_allclose(logits, expected, atol=1e-5)
    assert shapes(module) == {
        "cls/seq_relationship/output_weights:0": [2, D],
        "cls/seq_relationship/output_bias:0": [2],
    }


def test_span_head_equals_loop_over_positions(randomize, sequence):
    module = randomize(heads.SpanHead(D))
    start, end = module(sequence)
    assert start.shape == end.shape == [B, T]
    for b, t in np.ndindex(B, T):
        expected = project(sequence[b, t], module.output_weights, module.output_bias)
        np.testing.assert_allclose([start[b, t], end[b, t]], expected, atol=1e-5)
    assert shapes(module) == {
        "cls/squad/output_weights:0": [2, D],
        "cls/squad/output_bias:0": [2],
    }


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: heads.LabelHead(900, 7), 0.02),
        (lambda: heads.SpanHead(3000), 0.02),
        (lambda: heads.NextSentenceHead(3000, initializer_range=0.5), 0.5),
        (lambda: heads.MaskedWordHead(CONFIG).dense, 0.5),
    ],
)
def test_heads_start_with_the_spread_of_the_original(make, expected):
    # A normal distribution cut at two sigma has 0.8796 of its spread.
    spreads = [np.std(v) for v in make().variables if "bias" not in v.name]
    assert spreads == [pytest.approx(expected * 0.8796, rel=0.15)]


def test_projection_keeps_the_sizes_that_are_known_when_traced():
    function = tf.function(
        heads.LabelHead(D, C),
        input_signature=[tf.TensorSpec([None, T, D], tf.float32)],
    )
    assert function.get_concrete_function().output_shapes.as_list() == [None, T, C]
