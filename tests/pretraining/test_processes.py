# SPDX-License-Identifier: Apache-2.0
"""run_pretraining.py in two processes ends where one process does."""

import subprocess
import sys

import pytest

LAST = 12

pytestmark = pytest.mark.slow


@pytest.fixture
def run(root, records_folder):
    def call(output_dir, **changes):
        flags = {
            "input_file": f"{records_folder}/a.tfrecord,{records_folder}/b.tfrecord",
            "input_weights": "1,2",
            "eval_input_file": f"{records_folder}/held_out.tfrecord",
            "eval_all": True,
            "eval_batch_size": 2,
            "output_dir": output_dir,
            "bert_config_file": records_folder / "bert_config.json",
            "vocab_file": records_folder / "vocab.txt",
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
        command = ["run_pretraining.py", *(f"--{k}={v}" for k, v in flags.items())]
        done = subprocess.run(
            [sys.executable, *command],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    return call


def read_scores(folder):
    lines = (folder / "eval_results.txt").read_text().splitlines()
    return {name: float(value) for name, value in (line.split(" = ") for line in lines)}


def test_two_processes_train_and_score_as_one_does(run, assert_same_weights, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    run(one, accumulate_steps=2)
    run(two, num_processes=2)
    assert_same_weights(one, two, LAST)
    scores, other_scores = (read_scores(folder) for folder in (one, two))
    assert scores["global_step"] == LAST
    assert other_scores == pytest.approx(scores, rel=1e-5)
    written, also_written = (
        sorted(p.name for p in folder.iterdir() if "tfevents" not in p.name)
        for folder in (one, two)
    )
    assert written == also_written
