# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.nn.bert."""

import math

import numpy as np
import pytest
import tensorflow as tf

from modeling import config as config_lib
from modeling.nn import bert, dropout, layers

# Dimensions are pairwise different, so that a swapped axis cannot pass.
B, T = 2, 5
CONFIG = config_lib.BertConfig(
    vocab_size=30,
    hidden_size=12,
    num_hidden_layers=4,
    num_attention_heads=3,
    intermediate_size=7,
    hidden_dropout_prob=0.2,
    attention_probs_dropout_prob=0.3,
    max_position_embeddings=11,
    type_vocab_size=6,
)


class Reference:
    """BERT in NumPy, one sequence at a time, from weights by checkpoint name."""

    def __init__(self, weights, config):
        self.weights = weights
        self.config = config

    def dense(self, x, scope):
        return x @ self.weights[f"{scope}/kernel"] + self.weights[f"{scope}/bias"]

    def layer_norm(self, x, scope):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-12)
        scope = f"{scope}/LayerNorm"
        return x * self.weights[f"{scope}/gamma"] + self.weights[f"{scope}/beta"]

    def embed(self, ids, segments):
        scope = "bert/embeddings"
        x = self.weights[f"{scope}/word_embeddings"][ids]
        x = x + self.weights[f"{scope}/token_type_embeddings"][segments]
        x = x + self.weights[f"{scope}/position_embeddings"][: len(ids)]
        return self.layer_norm(x, scope)

    def attend(self, x, mask, scope):
        query, key, value = (
            self.dense(x, f"{scope}/self/{part}") for part in ("query", "key", "value")
        )
        heads = []
        for columns in np.split(
            np.arange(self.config.hidden_size), self.config.num_attention_heads
        ):
            scores = query[:, columns] @ key[:, columns].T / math.sqrt(len(columns))
            weights = np.exp(scores - scores.max(-1, keepdims=True)) * mask
            weights /= weights.sum(-1, keepdims=True)
            heads.append(weights @ value[:, columns])
        return np.concatenate(heads, -1)

    def layer(self, x, mask, scope):
        mixed = self.attend(x, mask, f"{scope}/attention")
        mixed = self.dense(mixed, f"{scope}/attention/output/dense")
        x = self.layer_norm(x + mixed, f"{scope}/attention/output")
        inner = self.dense(x, f"{scope}/intermediate/dense")
        inner *= np.vectorize(lambda v: 0.5 * (1 + math.erf(v / math.sqrt(2))))(inner)
        outer = self.dense(inner, f"{scope}/output/dense")
        return self.layer_norm(x + outer, f"{scope}/output")

    def pool(self, x):
        return np.tanh(self.dense(x[0], "bert/pooler/dense"))


@pytest.fixture
def module(rng):
    module = bert.Bert(CONFIG)
    for variable in module.variables:
        variable.assign(rng.standard_normal(variable.shape))
    return module


@pytest.fixture
def inputs(rng):
    ids = rng.integers(CONFIG.vocab_size, size=[B, T]).astype(np.int32)
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], np.int32)
    segments = np.array([[0, 0, 1, 1, 2], [5, 4, 3, 0, 0]], np.int32)
    return ids, mask, segments


def test_equals_numpy_with_weights_by_checkpoint_name(module, inputs):
    weights = {v.name.removesuffix(":0"): v.numpy() for v in module.variables}
    reference = Reference(weights, CONFIG)
    outputs = module(*inputs)
    pooled = module.pool(outputs.sequence)
    assert outputs.sequence is outputs.layers[-1]
    assert len(outputs.layers) == CONFIG.num_hidden_layers
    for b, (ids, mask, segments) in enumerate(zip(*inputs, strict=True)):
        x = reference.embed(ids, segments)
        np.testing.assert_allclose(outputs.embeddings[b], x, atol=1e-4)
        for i, layer in enumerate(outputs.layers):
            x = reference.layer(x, mask, f"bert/encoder/layer_{i}")
            np.testing.assert_allclose(layer[b], x, atol=1e-4)
        np.testing.assert_allclose(pooled[b], reference.pool(x), atol=1e-4)


def test_padding_does_not_change_real_positions(module, inputs):
    ids, mask, segments = inputs
    other = np.where(mask == 1, ids, 1 + ids % 7)
    assert np.any(other != ids)
    np.testing.assert_array_equal(
        module(ids, mask, segments).sequence[1, :3],
        module(other, mask, segments).sequence[1, :3],
    )


def test_pool_reads_the_first_position_only(module, rng):
    sequence = rng.standard_normal([B, T, CONFIG.hidden_size]).astype(np.float32)
    other = sequence.copy()
    other[:, 1:] = 9.0
    np.testing.assert_array_equal(module.pool(sequence), module.pool(other))


def test_dropout_is_a_function_of_the_seed(module, inputs):
    def outputs(seed=None):
        return module(*inputs, seed=seed).sequence.numpy()

    step_2 = outputs(dropout.step_seed(1, 2))
    np.testing.assert_array_equal(step_2, outputs(dropout.step_seed(1, 2)))
    assert np.abs(step_2 - outputs(dropout.step_seed(1, 3))).max() > 0.1
    assert np.abs(step_2 - outputs()).max() > 0.1


def test_every_place_of_dropout_has_its_own_seed(monkeypatch, inputs):
    seeds, rates = [], []

    def record(values, rate, seed):
        seeds.append(tuple(seed.numpy()))
        rates.append(rate)
        return values

    monkeypatch.setattr(dropout, "apply", record)
    seed = dropout.step_seed(1, 2)
    bert.Bert(CONFIG)(*inputs, seed=seed)
    # The embeddings, then a layer's attention weights and two dense outputs.
    assert rates == [0.2] + [0.3, 0.2, 0.2] * CONFIG.num_hidden_layers
    seeds.append(tuple(dropout.place(seed, bert.HEAD_PLACE).numpy()))
    assert len(set(seeds)) == len(seeds)
    assert {s[0] for s in seeds} == {1}
    assert all(2 <= s[1] / dropout.PLACES < 3 for s in seeds)


def test_bert_base_has_the_variables_of_released_biobert(shared):
    folder = shared / "data" / "biobert_v1.1"
    lines = (folder / "variables.tsv").read_text().splitlines()
    released = {name: shape for name, _, shape, *_ in (x.split("\t") for x in lines)}
    assert len(released) == 199
    module = bert.Bert(config_lib.read_config(folder / "bert_config.json"))
    assert {
        v.name.removesuffix(":0"): str(v.shape.as_list()) for v in module.variables
    } == released


def test_initializer_range_reaches_every_random_variable():
    config = config_lib.BertConfig(
        vocab_size=900,
        hidden_size=60,
        num_hidden_layers=1,
        num_attention_heads=3,
        intermediate_size=70,
        max_position_embeddings=80,
        initializer_range=0.5,
    )
    for variable in bert.Bert(config).variables:
        constant = {"bias": 0, "beta": 0, "gamma": 1}.get(
            variable.name.split("/")[-1].removesuffix(":0")
        )
        if constant is None:
            assert np.std(variable) == pytest.approx(0.44, rel=0.06), variable.name
        else:
            tf.debugging.assert_equal(
                variable, tf.fill(variable.shape, float(constant))
            )


@pytest.mark.parametrize("weights_are_final", [False, True])
def test_bfloat16_is_close_to_float32_and_stays_float32_outside(
    shared, weights_are_final
):
    golden = shared / "golden" / "model"
    module = bert.Bert(config_lib.read_config(golden / "bert_config.json"))
    batch = np.load(golden / "batches.npz")
    features = [batch[k][0] for k in ("input_ids", "input_mask", "segment_ids")]
    exact = module(*features)
    pooled = module.pool(exact.sequence)
    layers.compute_in(module, tf.bfloat16, weights_are_final=weights_are_final)
    outputs = module(*features)
    for low, high in [
        (outputs.sequence, exact.sequence),
        (module.pool(outputs.sequence), pooled),
    ]:
        assert low.dtype == tf.float32
        error = np.abs(low - high).max() / np.abs(high).max()
        assert 0 < error < 0.03
    assert {variable.dtype for variable in module.variables} == {tf.float32}


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16])
def test_gradients_of_a_shorter_type_point_the_same_way(rng, inputs, dtype):
    module = bert.Bert(CONFIG)
    for variable in module.variables:
        variable.assign(rng.standard_normal(variable.shape) / 3)
    # Softmax does not depend on what is added to all scores, so that the gradient
    # of a key's bias is zero but for rounding.
    variables = [v for v in module.variables if "key/bias" not in v.name]

    @tf.function
    def gradients():
        with tf.GradientTape() as tape:
            sequence = module(*inputs, seed=dropout.step_seed(1, 2)).sequence
            loss = tf.reduce_sum(sequence[..., :5] ** 2)
            loss += tf.reduce_sum(module.pool(sequence)[:, :5])
        return [tf.convert_to_tensor(x) for x in tape.gradient(loss, variables)]

    exact = gradients()
    layers.compute_in(module, dtype)
    gradients = tf.function(gradients.python_function)
    for variable, low, high in zip(variables, gradients(), exact, strict=True):
        assert low.dtype == tf.float32
        product = tf.reduce_sum(low * high)
        assert product / (tf.norm(low) * tf.norm(high)) > 0.99, variable.name
