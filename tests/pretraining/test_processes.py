# SPDX-License-Identifier: Apache-2.0
"""run_pretraining.py in two processes ends where one process does."""

import pytest

import run_pretraining
from modeling.pretraining import settings as settings_lib

LAST = 12


@pytest.fixture
def flags(records_folder):
    """Returns flags of run_pretraining.py by name, with everything on."""

    def call(output_dir, **changes):
        folder = records_folder
        return {
            "input_file": f"{folder}/a.tfrecord,{folder}/b.tfrecord",
            "input_weights": "1,2",
            "eval_input_file": f"{folder}/held_out.tfrecord",
            "eval_all": True,
            "eval_batch_size": 2,
            "output_dir": str(output_dir),
            "bert_config_file": f"{folder}/bert_config.json",
            "vocab_file": f"{folder}/vocab.txt",
            "dynamic_masking": True,
            "do_train": True,
            "do_eval": True,
            "max_seq_length": 12,
            "max_predictions_per_seq": 3,
            "train_batch_size": 4,
            "num_train_steps": LAST,
            "num_warmup_steps": 2,
            "eval_every_steps": 5,
            **changes,
        }

    return call


def read_scores(folder):
    lines = (folder / "eval_results.txt").read_text().splitlines()
    return {name: float(value) for name, value in (line.split(" = ") for line in lines)}


def test_two_processes_train_and_score_as_one_does(
    flags, run_in_two, assert_same_weights, tmp_path
):
    one, two = tmp_path / "one", tmp_path / "two"
    run_pretraining.run(settings_lib.Settings(**flags(one, accumulate_steps=2)))
    run_in_two("run_pretraining.py", flags(two))
    assert_same_weights(one, two, LAST)
    scores, other_scores = (read_scores(folder) for folder in (one, two))
    assert scores["global_step"] == LAST
    assert other_scores == pytest.approx(scores, rel=1e-5)
    written, also_written = (
        sorted(p.name for p in folder.iterdir() if "tfevents" not in p.name)
        for folder in (one, two)
    )
    assert written == also_written
