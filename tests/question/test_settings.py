# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.question.settings."""

import pytest
from absl import flags

from modeling import command_line, errors
from modeling.question import settings as settings_lib

NEEDED = {"vocab_file": "v", "bert_config_file": "c", "output_dir": "o"}
PREDICTS = {"do_predict": True, "predict_file": "p.json"}

# The original's flags: name and default.
ORIGINAL = {
    "train_file": None,
    "predict_file": None,
    "init_checkpoint": None,
    "do_lower_case": True,
    "max_seq_length": 384,
    "doc_stride": 128,
    "max_query_length": 64,
    "do_train": False,
    "do_predict": False,
    "train_batch_size": 32,
    "predict_batch_size": 8,
    "learning_rate": 5e-5,
    "num_train_epochs": 3.0,
    "warmup_proportion": 0.1,
    "save_checkpoints_steps": 1000,
    "iterations_per_loop": 1000,
    "n_best_size": 20,
    "max_answer_length": 30,
    "use_tpu": False,
    "tpu_name": None,
    "tpu_zone": None,
    "gcp_project": None,
    "master": None,
    "num_tpu_cores": 8,
    "verbose_logging": False,
    "version_2_with_negative": False,
    "null_score_diff_threshold": 0.0,
}


def test_has_the_flags_and_defaults_of_the_original():
    values = flags.FlagValues()
    command_line.define_flags(settings_lib.Settings, values)
    assert {name: values[name].default for name in ORIGINAL} == ORIGINAL
    for name in ("vocab_file", "bert_config_file", "output_dir"):
        assert values[name].default is None


REFUSED = {
    "nothing to do": (
        {},
        "At least one of --do_train, --do_eval, --do_predict and --question is needed.",
    ),
    "no training file": ({"do_train": True}, "--do_train needs --train_file."),
    "no devel file": ({"do_eval": True}, "--do_eval needs --devel_file."),
    "no predict file": ({"do_predict": True}, "--do_predict needs --predict_file."),
    "no passage": (
        {"question": "Why?"},
        "need each other. Received: --question alone.",
    ),
    "no question": (
        {**PREDICTS, "passage": "So."},
        "need each other. Received: --passage alone.",
    ),
    "no room": (
        {**PREDICTS, "max_seq_length": 67},
        "--max_seq_length must be greater than --max_query_length + 3, or a window "
        "would have no room for the passage. Received: 67 and 64.",
    ),
    "stride": ({**PREDICTS, "doc_stride": 0}, "--doc_stride must be at least 1."),
    "2.0": (
        {**PREDICTS, "version_2_with_negative": True, "question_type": "list"},
        "--version_2_with_negative needs --question_type=factoid. Received: "
        "--question_type=list.",
    ),
    "type": (
        {**PREDICTS, "question_type": "summary"},
        "--question_type must be one of",
    ),
    "threshold": (
        {**PREDICTS, "list_threshold": 1.5},
        "--list_threshold must be in [0, 1]. Received: 1.5.",
    ),
    "yes or no, too, but of them alone": (
        {**PREDICTS, "question_type": "yesno", "yesno_train_file": "y"},
        "--yesno_train_file needs --do_train and --question_type=factoid or list. "
        "Received: --do_train=False, --question_type=yesno.",
    ),
    "golden": (
        {"question": "Why?", "passage": "So.", "golden_file": "g"},
        "--golden_file needs --do_predict.",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refuses(kind):
    changes, message = REFUSED[kind]
    with pytest.raises(errors.InputError) as caught:
        settings_lib.Settings(**NEEDED, **changes)
    assert message in str(caught.value)


def test_the_smallest_window_that_has_room():
    settings = settings_lib.Settings(**NEEDED, **PREDICTS, max_seq_length=68)
    assert settings.max_seq_length == 68
