# SPDX-License-Identifier: Apache-2.0
"""Tests for run_qa.py: lists, questions without an answer."""

import json

import pytest
import tensorflow as tf

from modeling import errors
from modeling.data import tfrecords


def read(folder, name):
    return json.loads((folder / name).read_text(encoding="utf-8"))


def change(qa_folder, name, path, edit):
    """Writes a file of questions with each question changed."""
    content = read(qa_folder, name)
    for paragraph in content["data"][0]["paragraphs"]:
        edit(paragraph, paragraph["qas"][0])
    path.write_text(json.dumps(content))
    return str(path)


# --- Lists.


@pytest.mark.slow
def test_chooses_a_threshold_and_remembers_it(qa_run, trained_qa, qa_folder, tmp_path):
    options = {
        "question_type": "list",
        "do_predict": True,
        "predict_file": str(qa_folder / "test.json"),
    }
    folder = tmp_path / "out"
    with pytest.raises(errors.InputError, match="needs a threshold: --list_threshold"):
        qa_run(folder, init_checkpoint=str(trained_qa[0]), **options)
    qa_run(
        folder,
        do_train=True,
        train_file=str(qa_folder / "train.json"),
        devel_file=str(qa_folder / "devel.json"),
        init_checkpoint=str(trained_qa[0]),
        **options,
    )
    chosen = read(folder, "list_threshold.json")
    assert chosen.keys() == {"list_threshold", "list_prec", "list_rec", "list_f1"}
    assert 0 < chosen["list_threshold"] < 1
    # What is trained from these weights is another model.
    training = {"do_train": True, "train_file": str(qa_folder / "train.json")}
    other = tmp_path / "other"
    with pytest.raises(errors.InputError, match="needs a threshold: --list_threshold"):
        qa_run(other, init_checkpoint=str(folder), **training, **options)
    again = tmp_path / "again"
    scores = qa_run(again, init_checkpoint=str(folder), **options)
    assert scores.keys() == {"list_prec", "list_rec", "list_f1"}
    for name in ("bioasq_submission.json", "predictions.json", "test_scores.json"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()
    # All passages of the file are those of one question.
    (entry,) = read(again, "bioasq_submission.json")["questions"]
    assert entry["type"] == "list"
    given = [text for (text,) in entry["exact_answer"]]
    all_answers = qa_run(
        again, list_threshold=0.0, init_checkpoint=str(folder), **options
    )
    assert all_answers["list_rec"] >= scores["list_rec"]
    (entry,) = read(again, "bioasq_submission.json")["questions"]
    assert set(given) < {text for (text,) in entry["exact_answer"]}


# --- No answer, several answers.


@pytest.mark.slow
def test_questions_may_have_no_answer(qa_run, qa_folder, tmp_path):
    def edit(paragraph, qa):
        if qa["id"] in ("q1", "q2"):
            qa.update(answers=[], is_impossible=True)
        else:
            qa["is_impossible"] = False

    options = {"version_2_with_negative": True, "do_train": True, "do_predict": True}
    path = change(qa_folder, "train.json", tmp_path / "train.json", edit)
    folder = tmp_path / "out"
    scores = qa_run(folder, train_file=path, predict_file=path, **options)
    assert {"exact", "f1", "HasAns_f1", "NoAns_f1", "best_f1_thresh"} < scores.keys()
    odds = read(folder, "null_odds.json")
    predictions = read(folder, "predictions.json")
    assert odds.keys() == predictions.keys()
    for name, value in odds.items():
        assert (value > 0) == (predictions[name] == "")
    nbest = read(folder, "nbest_predictions.json")
    assert all("" in [e["text"] for e in entries] for entries in nbest.values())
    spec = {
        key: tf.io.FixedLenFeature([1], tf.int64)
        for key in ("is_impossible", "start_positions")
    }
    records = tfrecords.read_records(folder / "train.tf_record", spec)
    impossible = records["is_impossible"] == 1
    assert impossible.any()
    assert not records["start_positions"][impossible].any()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answers", "width"), [("first", 1), ("all", 2), ("expand", 1)]
)
def test_several_answers(qa_run, qa_folder, tmp_path, answers, width):
    def edit(paragraph, qa):
        text = paragraph["context"].split()[0]
        qa["answers"].append({"text": text, "answer_start": 0})

    path = change(qa_folder, "devel.json", tmp_path / "train.json", edit)
    qa_run(tmp_path / "out", do_train=True, train_file=path, answers=answers)
    length = read(tmp_path / "out", "run.json")["training"]["num_examples"]
    # The first word is the answer itself in one of the five.
    assert length == {"first": 5, "all": 5, "expand": 9}[answers]
    spec = {"start_positions": tf.io.FixedLenFeature([width], tf.int64)}
    tfrecords.read_records(tmp_path / "out/train.tf_record", spec)


# --- Bad input through the real command.


def test_the_command_refuses_with_file_and_question(root, qa_folder, tmp_path):
    import subprocess
    import sys

    path = change(
        qa_folder,
        "train.json",
        tmp_path / "train.json",
        lambda _, qa: qa.pop("answers") if qa["id"] == "q3" else None,
    )
    done = subprocess.run(
        [
            sys.executable,
            "run_qa.py",
            "--do_train",
            f"--train_file={path}",
            f"--output_dir={tmp_path / 'out'}",
            f"--vocab_file={qa_folder / 'vocab.txt'}",
            f"--bert_config_file={qa_folder / 'bert_config.json'}",
            "--do_lower_case=false",
            "--max_seq_length=16",
            "--max_query_length=8",
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f"run_qa.py: {path}: question 'q3': In training it must have \"answers\" "
        "(--version_2_with_negative takes such). Received: no answers."
    )
