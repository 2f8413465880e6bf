# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.relation.settings and modeling.relation.weighting."""

import dataclasses

import hypothesis
import pytest
from hypothesis import strategies as st

from modeling import errors
from modeling.annotations import settings as annotation_settings
from modeling.data import relation_features
from modeling.relation import settings as settings_lib
from modeling.relation import weighting

# The original's flags with their defaults; None for those that are required.
ORIGINAL = {
    "data_dir": None,
    "bert_config_file": None,
    "task_name": None,
    "vocab_file": None,
    "output_dir": None,
    "init_checkpoint": None,
    "do_lower_case": True,
    "max_seq_length": 128,
    "do_train": False,
    "do_eval": False,
    "do_predict": False,
    "train_batch_size": 32,
    "eval_batch_size": 8,
    "predict_batch_size": 8,
    "learning_rate": 5e-5,
    "num_train_epochs": 3.0,
    "warmup_proportion": 0.1,
    "save_checkpoints_steps": 1000,
    "iterations_per_loop": 1000,
    "use_tpu": False,
    "tpu_name": None,
    "tpu_zone": None,
    "gcp_project": None,
    "master": None,
    "num_tpu_cores": 8,
}

TEXTS = {"predict_file": "a.pubtator"}


def make(**changes):
    defaults = {
        "task_name": "gad",
        "data_dir": "data",
        "vocab_file": "vocab.txt",
        "bert_config_file": "config.json",
        "output_dir": "out",
        "do_train": True,
    }
    return settings_lib.Settings(**defaults | changes)


def test_has_the_originals_flags_and_defaults():
    defaults = {
        field.name: None if field.default is dataclasses.MISSING else field.default
        for field in dataclasses.fields(settings_lib.Settings)
    }
    assert {name: defaults[name] for name in ORIGINAL} == ORIGINAL


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task_name": "nope"}, r"--task_name must be one of gad, .*Received: nope"),
        ({"data_dir": None}, "Either --data_dir or --cv_dir is needed. Received: none"),
        ({"cv_dir": "folds"}, "Either --data_dir or --cv_dir is needed. Received: bot"),
        (
            {"data_dir": None, "do_train": False},
            "Either --data_dir or --cv_dir is needed, or --predict_file alone",
        ),
        (
            {"do_train": False},
            "At least one of --do_train, --do_eval, --do_predict and --predict_file is",
        ),
        ({"data_dir": None, **TEXTS}, "Either --data_dir or --cv_dir is needed. Rec"),
        (
            {"data_dir": None, "do_train": False, "do_eval": True, **TEXTS},
            "Either --data_dir or --cv_dir is needed. Received: none",
        ),
        (
            {"num_runs": 2, **TEXTS},
            r"--predict_file needs one model. Received: --num_runs=2",
        ),
        (
            {"data_dir": None, "cv_dir": "folds", **TEXTS},
            r"--predict_file needs one model. Received: --cv_dir",
        ),
        (
            {"task_name": "MRPC", **TEXTS},
            "--predict_file needs a task whose rows are one sentence. .*=MRPC, of two",
        ),
        ({"types": "a,b"}, "--types is for --predict_file. Received: --types=a,b wit"),
        (
            {"max_words": 9},
            "--max_words is for --predict_file. Received: --max_words=9",
        ),
        ({"on_error": "skip"}, "--on_error is for --predict_file."),
        ({"types": "a", **TEXTS}, "--types must be two types with a comma between"),
        ({"other_blind": "a b", **TEXTS}, "--other_blind must be without white space"),
        ({"window_sentences": 0, **TEXTS}, "--window_sentences must be at least 1"),
        ({"style": "bold", **TEXTS}, "--style must be one of blinded, marked"),
        ({"labels": "a,b"}, "--labels is for --task_name=custom"),
        ({"negative_label": "0"}, "--negative_label is for --task_name=custom"),
        ({"task_name": "custom", "labels": "a"}, "needs two labels at least"),
        (
            {"do_train": False, "do_eval": True, "select_on": "dev"},
            "--select_on=dev needs --do_train",
        ),
        ({"class_weights": "1,x"}, "--class_weights must be none, balanced, or"),
        ({"use_tpu": True}, "--use_tpu must be false"),
    ],
)
def test_refuses_what_does_not_fit(changes, message):
    with pytest.raises(errors.InputError, match=message):
        make(**changes)


def test_what_is_done():
    settings = make(task_name="GAD", select_on="dev")
    assert settings.task.name == "gad"
    assert settings.evaluates
    assert not settings.predicts
    assert make(data_dir=None, cv_dir="folds", do_train=False).predicts


@pytest.mark.parametrize(
    ("chosen", "rows", "pairs"),
    [
        ({}, "cut", "mentions"),
        *(({"long_sentences": n}, n, n) for n in relation_features.LONG_SENTENCES),
    ],
)
def test_what_long_sentences_lose(chosen, rows, pairs):
    settings = make(**chosen)
    assert (settings.cut_rows, settings.cut_pairs) == (rows, pairs)


def test_texts_alone_are_enough_to_do():
    settings = make(data_dir=None, do_train=False, types="Gene,drug", **TEXTS)
    assert (settings.evaluates, settings.predicts) == (False, False)
    assert settings.pair_types == (("gene", "drug"),)


def test_pairs_have_the_flags_of_make_re_data():
    ours, theirs = (
        {field.name: field for field in dataclasses.fields(of_class)}
        for of_class in (settings_lib.Settings, annotation_settings.Settings)
    )
    names = set(ours) & set(theirs) - {"labels", "negative_label"}
    assert names >= {"types", "style", "window_sentences", "max_words", "on_error"}
    assert names >= {"format", "other_blind"}
    for name in names:
        assert ours[name].default == theirs[name].default
        assert ours[name].metadata == theirs[name].metadata


def test_labels_of_custom_tasks():
    task = make(task_name="custom", labels="up, down,none").task
    assert (task.labels, task.negative) == (("up", "down", "none"), "none")
    assert make(task_name="custom").task.labels == ()


@pytest.mark.parametrize("text", ["", "x", "1,", "-1,2", "nan,1", "inf,1", "0,0"])
def test_refuses_weights_that_are_none(text):
    with pytest.raises(errors.InputError, match="--class_weights must be none"):
        weighting.parse(text)


def test_weights_that_are_given():
    counts = {"a": 3, "b": 1}
    assert weighting.weights("none", counts) is None
    assert weighting.weights("1,0.5", counts) == [1.0, 0.5]
    with pytest.raises(errors.InputError, match=r"must have 2 numbers.*Received: 3"):
        weighting.weights("1,2,3", counts)


@hypothesis.given(st.lists(st.integers(0, 1000), min_size=2).filter(any))
def test_balanced_classes_have_equal_totals_and_a_mean_of_1(counts):
    by_label = {str(i): count for i, count in enumerate(counts)}
    found = weighting.weights("balanced", by_label)
    totals = [w * n for w, n in zip(found, counts, strict=True)]
    assert sum(totals) == pytest.approx(sum(counts))
    present = [total for total in totals if total]
    assert present == pytest.approx([present[0]] * len(present))
