# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.restore."""

import threading
import time

import numpy as np
import pytest
import tensorflow as tf

from modeling import errors
from modeling.training import checkpoints, loading_report, restore, weights


class Arrays:
    """Weights in memory."""

    description = "made up"

    def __init__(self, arrays):
        self.arrays = arrays

    def names(self):
        return tuple(sorted(self.arrays))

    def shape(self, name):
        return self.arrays[name].shape

    def dtype(self, name):
        return self.arrays[name].dtype

    def read(self, name):
        return self.arrays[name]


def shapes_of_encoder(num_layers=2, hidden=4, vocab=7, positions=6, inner=5):
    shapes = {
        "bert/embeddings/word_embeddings": [vocab, hidden],
        "bert/embeddings/position_embeddings": [positions, hidden],
        "bert/embeddings/LayerNorm/gamma": [hidden],
        "bert/pooler/dense/kernel": [hidden, hidden],
    }
    for layer in range(num_layers):
        scope = f"bert/encoder/layer_{layer}"
        shapes[f"{scope}/attention/self/query/kernel"] = [hidden, hidden]
        shapes[f"{scope}/intermediate/dense/kernel"] = [hidden, inner]
        shapes[f"{scope}/output/dense/kernel"] = [inner, hidden]
    return shapes


def arrays_of(shapes):
    rng = np.random.default_rng(3)
    return {n: rng.standard_normal(s).astype(np.float32) for n, s in shapes.items()}


def variables_of(shapes):
    return {name: tf.Variable(tf.zeros(shape)) for name, shape in shapes.items()}


def check_loaded(variables, arrays, names):
    for name, variable in variables.items():
        wanted = arrays[name] if name in names else np.zeros(variable.shape)
        np.testing.assert_array_equal(variable.numpy(), wanted, err_msg=name)


HEAD = {"output_weights": [3, 4], "output_bias": [3]}


# Starting from weights.


def test_everything_that_fits_is_loaded_heads_included():
    shapes = shapes_of_encoder() | HEAD
    arrays = arrays_of(shapes | {"cls/squad/output_bias": [2]})
    variables = variables_of(shapes)
    report = restore.restore(variables, Arrays(arrays))
    check_loaded(variables, arrays, set(shapes))
    assert set(report.loaded) == set(shapes)
    assert report.new == {}
    assert report.unused == {"cls/squad/output_bias": (2,)}


class Watched(Arrays):
    """Weights that are read by several threads at once only by mistake."""

    def __init__(self, arrays):
        super().__init__(arrays)
        self.busy = threading.Lock()
        self.was_read = []

    def read(self, name):
        assert self.busy.acquire(blocking=False)
        time.sleep(0.002)
        self.was_read.append(name)
        self.busy.release()
        if name == "output_weights":
            raise errors.InputError("The array is damaged.")
        return super().read(name)


def test_arrays_are_read_once_in_order_and_by_one_thread_at_a_time():
    arrays = arrays_of(shapes_of_encoder())
    variables, source = variables_of(shapes_of_encoder()), Watched(arrays)
    restore.restore(variables, source)
    check_loaded(variables, arrays, set(arrays))
    assert source.was_read == sorted(arrays)


@pytest.mark.parametrize(("num_bytes", "num_read"), [(0, 2), (40, 6), (10_000, 20)])
def test_some_arrays_are_read_before_their_turn(num_bytes, num_read, monkeypatch):
    monkeypatch.setattr(weights, "_BYTES_AHEAD", num_bytes)
    source = Watched({f"{i:02}": np.zeros(1) for i in range(20)})  # 8 bytes each.
    coming = weights.read_ahead(source, source.names())
    next(coming)
    while len(source.was_read) < num_read:  # Or until pytest-timeout ends it.
        time.sleep(0.05)  # Enough for more than that, if more were asked for.
    assert len(source.was_read) == num_read


def test_what_reading_raises_comes_as_it_is():
    shapes = shapes_of_encoder() | HEAD
    with pytest.raises(errors.InputError, match="damaged"):
        restore.restore(variables_of(shapes), Watched(arrays_of(shapes)))


def test_a_head_of_another_shape_is_new_with_a_warning(caplog):
    encoder = shapes_of_encoder()
    arrays = arrays_of(encoder | HEAD)
    variables = variables_of(encoder | {"output_weights": [9, 4], "output_bias": [9]})
    report = restore.restore(variables, Arrays(arrays))
    check_loaded(variables, arrays, set(encoder))
    assert report.new == {
        "output_weights": "of other shape: checkpoint [3, 4], model [9, 4]",
        "output_bias": "of other shape: checkpoint [3], model [9]",
    }
    assert "2 variables start from random values" in caplog.text


def test_a_missing_head_is_new_with_a_warning(caplog):
    encoder = shapes_of_encoder()
    arrays = arrays_of(encoder)
    variables = variables_of(encoder | HEAD)
    report = restore.restore(variables, Arrays(arrays))
    check_loaded(variables, arrays, set(encoder))
    assert set(report.new.values()) == {"not in the checkpoint"}
    assert "output_bias, output_weights" in caplog.text


def test_names_can_be_skipped_by_request(caplog):
    shapes = shapes_of_encoder() | HEAD | {"cls/squad/output_bias": [2]}
    arrays = arrays_of(shapes)
    variables = variables_of(shapes)
    skip = ("output_weights", "cls/")
    report = restore.restore(variables, Arrays(arrays), skip=skip)
    assert report.new == dict.fromkeys(
        ["output_weights", "cls/squad/output_bias"], "skipped by request"
    )
    assert set(report.unused) == set(report.new)
    check_loaded(variables, arrays, set(shapes) - set(report.new))
    assert "WARNING" not in [record.levelname for record in caplog.records]


def test_a_pooler_may_be_missing_only_where_it_is_optional():
    shapes = shapes_of_encoder()
    arrays = arrays_of(shapes)
    del arrays["bert/pooler/dense/kernel"]
    report = restore.restore(variables_of(shapes), Arrays(arrays))
    assert report.new == {"bert/pooler/dense/kernel": "not in the checkpoint"}
    with pytest.raises(errors.InputError, match=r"Missing: bert/pooler/dense/kernel\."):
        restore.restore(variables_of(shapes), Arrays(arrays), optional=())


def test_half_precision_is_widened():
    shapes = shapes_of_encoder()
    halves = {n: a.astype(np.float16) for n, a in arrays_of(shapes).items()}
    variables = variables_of(shapes)
    restore.restore(variables, Arrays(halves))
    check_loaded(variables, halves, set(shapes))


def renamed(arrays, change):
    return {change(name): array for name, array in arrays.items()}


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda n: f"model/{n}", r"begin with 'model/', which must be removed"),
        (lambda n: f"{n}/.ATTRIBUTES/VARIABLE_VALUE", "TF2 checkpoint of Python obj"),
        (lambda n: n.replace("bert/", "albert/x"), "No name there begins with 'bert/'"),
        (lambda n: n.replace("kernel", "w"), "incomplete, or of a model with another"),
    ],
)
def test_a_missing_encoder_names_the_likely_cause(change, cause):
    shapes = shapes_of_encoder()
    arrays = renamed(arrays_of(shapes), change)
    variables = variables_of(shapes)
    with pytest.raises(errors.InputError, match=cause) as caught:
        restore.restore(variables, Arrays(arrays))
    assert "made up: All of the encoder must be there" in str(caught.value)
    check_loaded(variables, {}, set())


def test_too_many_layers_in_the_configuration_is_an_error():
    arrays = arrays_of(shapes_of_encoder(num_layers=2))
    variables = variables_of(shapes_of_encoder(num_layers=3))
    with pytest.raises(errors.InputError, match="has 2 layers: num_hidden_layers") as e:
        restore.restore(variables, Arrays(arrays))
    assert "bert/encoder/layer_2/attention/self/query/kernel" in str(e.value)


def test_too_few_layers_in_the_configuration_is_a_warning(caplog):
    arrays = arrays_of(shapes_of_encoder(num_layers=3))
    variables = variables_of(shapes_of_encoder(num_layers=2))
    report = restore.restore(variables, Arrays(arrays))
    assert len(report.unused) == 3
    assert "3 arrays of an encoder that this model has no place for" in caplog.text


@pytest.mark.parametrize(
    ("sizes", "cause"),
    [
        ({"vocab": 8}, r"look at vocab_size \(the vocabulary of another model\?\)\."),
        ({"positions": 9}, r"look at max_position_embeddings\."),
        ({"hidden": 3}, r"look at hidden_size\."),
        ({"inner": 9}, r"look at intermediate_size\."),
        ({"vocab": 8, "positions": 9}, r"max_position_embeddings, vocab_size"),
    ],
)
def test_a_wrong_shape_names_the_setting(sizes, cause):
    arrays = arrays_of(shapes_of_encoder())
    variables = variables_of(shapes_of_encoder(**sizes))
    with pytest.raises(errors.InputError, match=cause):
        restore.restore(variables, Arrays(arrays))
    check_loaded(variables, {}, set())


# Continuing a run.


def training_state(step=12):
    shapes = shapes_of_encoder()
    slots = {f"{n}/{s}": shape for n, shape in shapes.items() for s in ("adam_m",)}
    return arrays_of(shapes | slots) | {"global_step": np.int64(step)}


def test_a_run_continues_with_slots_and_step(tmp_path):
    state = training_state()
    checkpoints.write(tmp_path / "model.ckpt-12", state)
    variables = {name: tf.Variable(np.zeros_like(a)) for name, a in state.items()}
    restore.restore_all(variables, weights.open_weights(tmp_path))
    for name, value in state.items():
        np.testing.assert_array_equal(variables[name].numpy(), value, err_msg=name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("global_step"), "global_step is not in the checkpoint"),
        (
            lambda s: s.update(global_step=np.int32(3)),
            "global_step is int32 and not int64",
        ),
        (
            lambda s: s.update({"bert/embeddings/LayerNorm/gamma/adam_m": np.ones(9)}),
            r"gamma/adam_m is of other shape: checkpoint \[9\], model \[4\]",
        ),
    ],
)
def test_anything_else_is_not_the_same_run(change, message):
    state = training_state()
    variables = {name: tf.Variable(np.zeros_like(a)) for name, a in state.items()}
    change(state)
    with pytest.raises(errors.InputError, match=message) as caught:
        restore.restore_all(variables, Arrays(state))
    assert "of another model or was trained with other settings" in str(caught.value)
    check_loaded(variables, {}, set())


def test_weights_alone_cannot_be_continued():
    state = training_state()
    variables = {name: tf.Variable(np.zeros_like(a)) for name, a in state.items()}
    only_weights = arrays_of(shapes_of_encoder())
    with pytest.raises(errors.InputError, match=r"start from it \(--init_checkpoint\)"):
        restore.restore_all(variables, Arrays(only_weights))


# Real checkpoints.


def test_golden_pretraining_weights_start_a_tagger(shared):
    tagger = weights.open_weights(shared / "golden/model/ner_init")
    variables = variables_of({name: tagger.shape(name) for name in tagger.names()})
    source = weights.open_weights(shared / "golden/model/pretraining_trained")
    report = restore.restore(variables, source)
    assert set(report.new) == {"output_weights", "output_bias"}
    for name in report.loaded:
        np.testing.assert_array_equal(variables[name].numpy(), source.read(name))
    groups = {loading_report.group_name(name) for name in report.unused}
    assert groups == {"optimizer state", "cls/predictions/*", "cls/seq_relationship/*"}
