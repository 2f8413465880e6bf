# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.run_record, and for what modeling.run_start makes of it."""

import json

import numpy as np
import pytest

from modeling import errors, run_record, run_start
from modeling.training import saver


def record_of(training=(), **model):
    return {"model": model, "training": dict(training)}


def test_a_run_may_be_told_more_than_the_one_before(tmp_path):
    before = record_of(task="pretraining")
    (tmp_path / "run.json").write_text(json.dumps(before))
    run_record.check_same_run(
        tmp_path, record_of(task="pretraining", vocabulary_sha256="1")
    )
    with pytest.raises(errors.InputError, match="another run, of other task"):
        run_record.check_same_run(tmp_path, record_of(task="ner"))


def test_what_changed_is_in_both():
    before = record_of({"seed": 1, "loss": "original", "gone": 1})
    record = record_of({"seed": 2, "loss": "original", "new": 1})
    assert run_record.changed_training(before, record) == ["seed"]


def test_values_of_a_training_are_those_of_the_first_record(tmp_path):
    for name, scheme in (("a", "iob1"), ("b", "iob2")):
        (tmp_path / name).mkdir()
        record = record_of({"tag_scheme": scheme})
        (tmp_path / name / "run.json").write_text(json.dumps(record))
    prefix = str(tmp_path / "b" / "model.ckpt-1")
    for places, expected in (
        ((tmp_path, None, tmp_path / "a", prefix), "iob1"),
        ((None, prefix), "iob2"),
        ((tmp_path, None), None),
    ):
        assert run_record.of_training("tag_scheme", *places) == expected


def test_state_of_the_originals_folders_says_which_checkpoint_counts(tmp_path):
    one = saver.Saver(tmp_path)
    for step in (1, 2):
        one.save(step, {"x": np.float32(step)})
    state = (tmp_path / "checkpoint").read_text()
    (tmp_path / "checkpoint").write_text(state.replace("ckpt-2", "ckpt-1", 1))
    assert run_start.trained_checkpoint(tmp_path) == str(tmp_path / "model.ckpt-1")
    # A run of ours may have been killed before it wrote the state.
    (tmp_path / "run.json").write_text(json.dumps(record_of()))
    assert run_start.trained_checkpoint(tmp_path) == str(tmp_path / "model.ckpt-2")
