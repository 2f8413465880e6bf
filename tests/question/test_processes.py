# SPDX-License-Identifier: Apache-2.0
"""run_qa.py in two processes ends where one process does."""

import json

import pytest

LAST = 10


def test_two_processes_train_and_answer_as_one_does(
    qa_run, qa_flags, qa_folder, run_in_two, assert_same_weights, tmp_path
):
    one, two = tmp_path / "one", tmp_path / "two"
    options = {
        "do_train": True,
        "do_predict": True,
        "train_file": str(qa_folder / "train.json"),
        "predict_file": str(qa_folder / "test.json"),
        "learning_rate": 1e-3,
    }
    qa_run(one, accumulate_steps=2, **options)
    run_in_two("run_qa.py", qa_flags(two, **options))
    assert_same_weights(one, two, LAST)
    found, others = (
        json.loads((folder / "nbest_predictions.json").read_text())
        for folder in (one, two)
    )
    assert len(found) == 6
    for name, answers in found.items():
        of_one, of_two = (
            {answer["text"]: answer["probability"] for answer in either}
            for either in (answers, others[name])
        )
        assert of_two == pytest.approx(of_one, abs=1e-5)
