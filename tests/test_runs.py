# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.runs: models made of weights, and the ends of programs."""

import os

import numpy as np
import pytest
import tensorflow as tf

from modeling import config as config_lib
from modeling import distribution, errors, programs, runs
from modeling.tasks import ner
from modeling.training import checkpoints, optimizers

CONFIG = config_lib.BertConfig(
    vocab_size=11,
    hidden_size=6,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=7,
    max_position_embeddings=9,
    type_vocab_size=2,
)
HEAD = ("output_weights", "output_bias")
C = 5


def make():
    return ner.NerModel(CONFIG, C)


def arrays_of(model):
    return {n: v.numpy() for n, v in optimizers.by_name(model.variables).items()}


@pytest.fixture
def saved():
    """The arrays of a model with random weights, all of them different."""
    rng = np.random.default_rng(5)
    return {
        name: rng.standard_normal(array.shape).astype(np.float32)
        for name, array in arrays_of(make()).items()
    }


def test_a_model_made_of_weights_has_them(saved, tmp_path):
    checkpoints.write(tmp_path / "model.ckpt-1", saved)
    found = arrays_of(runs.load_model(make, tmp_path, needed=HEAD))
    assert found.keys() == saved.keys()
    for name, array in saved.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_what_the_weights_lack_is_drawn_as_always(saved, tmp_path):
    kernel = "bert/pooler/dense/kernel"
    checkpoints.write(
        tmp_path / "model.ckpt-1", {n: a for n, a in saved.items() if n != kernel}
    )
    found = arrays_of(runs.load_model(make, tmp_path))[kernel]
    assert np.unique(found).size == found.size
    assert 0 < np.abs(found).max() <= 2 * CONFIG.initializer_range


def test_a_head_of_another_size_is_refused_where_it_is_needed(saved, tmp_path):
    checkpoints.write(
        tmp_path / "model.ckpt-1", saved | {"output_bias": np.zeros(C + 1, np.float32)}
    )
    with pytest.raises(errors.InputError, match=r"output_bias: of other shape"):
        runs.load_model(make, tmp_path, needed=HEAD)


@pytest.fixture
def run_main(monkeypatch):
    """Runs a program that raises an error; returns what its end was for others."""

    def call(error, *, has_peers=False):
        def fail(_):
            raise error

        ends = []
        monkeypatch.setattr(programs, "main", lambda _, run: run(None))
        monkeypatch.setattr(distribution, "has_peers", lambda: has_peers)
        monkeypatch.setattr(os, "_exit", ends.append)
        runs.main(None, fail)
        return ends

    return call


def test_what_does_not_fit_into_memory_is_told(run_main):
    error = tf.errors.ResourceExhaustedError(None, None, "OOM when allocating\n[[x]]")
    with pytest.raises(errors.InputError) as caught:
        run_main(error)
    assert "--max_examples_per_device=N" in str(caught.value)
    assert str(caught.value).endswith("Received: OOM when allocating")
    full = tf.errors.ResourceExhaustedError(None, None, "a: No space left on device")
    with pytest.raises(OSError, match="No space left"):
        run_main(full)


def test_one_of_several_processes_ends_at_once_where_it_refuses(run_main, capsys):
    error = errors.InputError("x.tsv: needed. Received: none.")
    assert run_main(error, has_peers=True) == [2]
    assert "x.tsv: needed. Received: none." in capsys.readouterr().err
    with pytest.raises(errors.InputError):
        run_main(error)
