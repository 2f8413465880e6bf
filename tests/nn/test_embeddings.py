# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.nn.embeddings."""

import numpy as np
import pytest
import tensorflow as tf

from modeling.nn import dropout, embeddings

# Dimensions are pairwise different, so that a swapped axis cannot pass.
B, T, D, V, S, MAX_LENGTH = 2, 5, 7, 30, 3, 11


def make(**options):
    return embeddings.Embeddings(
        V, D, max_length=MAX_LENGTH, num_segments=S, initializer_range=1.0, **options
    )


@pytest.fixture
def module(rng):
    module = make()
    module.layer_norm.gamma.assign(rng.standard_normal(D))
    module.layer_norm.beta.assign(rng.standard_normal(D))
    return module


@pytest.fixture
def ids(rng):
    return rng.integers(V, size=[B, T]).astype(np.int32)


@pytest.fixture
def segments():
    return np.array([[0, 0, 1, 1, 2], [0, 1, 1, 0, 0]], np.int32)


def reference(ids, segments, module):
    """The same embeddings, one position at a time, in NumPy."""
    words = module.word_embeddings.numpy()
    types = module.token_type_embeddings.numpy()
    positions = module.position_embeddings.numpy()
    outputs = np.zeros([*ids.shape, D])
    for b, t in np.ndindex(*ids.shape):
        row = words[ids[b, t]] + types[segments[b, t]] + positions[t]
        outputs[b, t] = (row - row.mean()) / np.sqrt(row.var() + 1e-12)
    return outputs * module.layer_norm.gamma.numpy() + module.layer_norm.beta.numpy()


def test_equals_loop_over_positions(module, ids, segments):
    np.testing.assert_allclose(
        module(ids, segments), reference(ids, segments, module), atol=1e-5
    )


def test_a_sequence_may_be_as_long_as_the_position_table(module, rng):
    ids = rng.integers(V, size=[B, MAX_LENGTH]).astype(np.int32)
    segments = np.zeros_like(ids)
    np.testing.assert_allclose(
        module(ids, segments), reference(ids, segments, module), atol=1e-5
    )
    longer = np.zeros([B, MAX_LENGTH + 1], np.int32)
    with pytest.raises(tf.errors.InvalidArgumentError):
        module(longer, longer)


def test_gradient_of_words_is_a_row_per_position_and_of_types_dense(module, segments):
    ids = np.array([[4, 4, 9, 4, 0], [9, 0, 0, 1, 2]], np.int32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(module(ids, segments) ** 3)
    words, types, positions = tape.gradient(
        loss,
        [
            module.word_embeddings,
            module.token_type_embeddings,
            module.position_embeddings,
        ],
    )
    # The optimizer's norm depends on these forms.
    assert isinstance(words, tf.IndexedSlices)
    np.testing.assert_array_equal(words.indices, ids.ravel())
    assert isinstance(types, tf.Tensor)
    np.testing.assert_array_equal(np.any(positions, -1), np.arange(MAX_LENGTH) < T)


def test_drops_outputs_only_with_a_seed(ids, segments):
    module = make(dropout_rate=0.5)
    plain = module(ids, segments).numpy()
    dropped = module(ids, segments, seed=dropout.step_seed(1, 2)).numpy()
    np.testing.assert_allclose(plain, reference(ids, segments, module), atol=1e-5)
    np.testing.assert_allclose(dropped, np.where(dropped == 0, 0, 2 * plain))
    assert 0 < np.count_nonzero(dropped) < dropped.size


def test_variable_names_match_bert_checkpoints(module):
    assert {v.name: v.shape.as_list() for v in module.trainable_variables} == {
        "embeddings/word_embeddings:0": [V, D],
        "embeddings/token_type_embeddings:0": [S, D],
        "embeddings/position_embeddings:0": [MAX_LENGTH, D],
        "embeddings/LayerNorm/gamma:0": [D],
        "embeddings/LayerNorm/beta:0": [D],
    }
