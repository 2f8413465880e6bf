# SPDX-License-Identifier: Apache-2.0
"""Tests for run_qa.py: yes/no questions, alone and with others on one encoder."""

import json

import numpy as np
import pytest
import tensorflow as tf

from modeling import errors
from modeling.data import tfrecords
from modeling.training import checkpoints


def read(folder, name):
    return json.loads((folder / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def yes_no(qa_run, qa_folder, tmp_path_factory):
    """A run on yes/no questions with everything on."""
    folder = tmp_path_factory.mktemp("yesno")
    scores = qa_run(
        folder,
        question_type="yesno",
        do_train=True,
        do_eval=True,
        do_predict=True,
        train_file=str(qa_folder / "yesno_train.json"),
        devel_file=str(qa_folder / "yesno_test.json"),
        predict_file=str(qa_folder / "yesno_test.json"),
    )
    return folder, scores


def test_answers_yes_or_no(yes_no):
    folder, scores = yes_no
    predictions = read(folder, "predictions.json")
    nbest = read(folder, "nbest_predictions.json")
    assert predictions.keys() == nbest.keys() == {f"q{i}" for i in range(5)}
    for name, (first, second) in nbest.items():
        assert first["text"] == predictions[name]
        assert {first["text"], second["text"]} == {"yes", "no"}
        assert first["probability"] >= 0.5
        assert first["probability"] + second["probability"] == pytest.approx(1)
    assert scores.keys() == {
        "yesno_acc",
        "yesno_macrof1",
        "yesno_f1_yes",
        "yesno_f1_no",
    }
    submitted = read(folder, "bioasq_submission.json")["questions"]
    assert {entry["id"]: entry["exact_answer"] for entry in submitted} == predictions


def test_yes_no_head_has_the_names_of_relation_extraction(yes_no):
    folder, _ = yes_no
    reader = checkpoints.CheckpointReader(folder / "model.ckpt-9")
    names = {name for name in reader.names() if "/adam_" not in name}
    assert {name for name in names if not name.startswith("bert/")} == {
        "output_weights",
        "output_bias",
        "global_step",
    }
    assert reader.read("output_weights").shape == (2, 8)
    spec = {"label_ids": tf.io.FixedLenFeature([1], tf.int64)}
    records = tfrecords.read_records(folder / "train.tf_record", spec)
    assert set(records["label_ids"].ravel().tolist()) == {0, 1}


def test_flat_files_and_batches_give_the_same(yes_no, qa_run, qa_folder, tmp_path):
    flat = [
        {**paragraph["qas"][0], "context": paragraph["context"]}
        for paragraph in read(qa_folder, "yesno_test.json")["data"][0]["paragraphs"]
    ]
    (tmp_path / "flat.json").write_text(json.dumps({"data": flat}))
    qa_run(
        tmp_path / "out",
        question_type="yesno",
        do_predict=True,
        predict_file=str(tmp_path / "flat.json"),
        init_checkpoint=str(yes_no[0]),
        length_buckets=True,
    )
    expected = read(yes_no[0], "nbest_predictions.json")
    for name, entries in read(tmp_path / "out", "nbest_predictions.json").items():
        for ours, theirs in zip(entries, expected[name], strict=True):
            assert ours == pytest.approx(theirs, abs=1e-5)


@pytest.mark.slow
def test_one_encoder_answers_both_types(qa_run, qa_folder, tmp_path):
    joint = tmp_path / "joint"
    spans, labels = (str(qa_folder / f"{name}train.json") for name in ("", "yesno_"))
    both = {"do_train": True, "train_file": spans, "yesno_train_file": labels}
    predict = {"do_predict": True, "predict_file": str(qa_folder / "test.json")}
    scores = qa_run(joint, **both, **predict)
    reader = checkpoints.CheckpointReader(joint)
    names = {name for name in reader.names() if "/adam_" not in name}
    assert {name for name in names if not name.startswith("bert/")} == {
        "cls/squad/output_weights",
        "cls/squad/output_bias",
        "output_weights",
        "output_bias",
        "global_step",
    }
    spec = {"label_ids": tf.io.FixedLenFeature([1], tf.int64)}
    records = tfrecords.read_records(joint / "train.tf_record", spec)
    assert set(records["label_ids"].ravel().tolist()) == {-1, 0, 1}
    # Each type by itself, with the same weights.
    again = qa_run(tmp_path / "again", **predict, init_checkpoint=str(joint))
    assert again == scores
    assert qa_run(joint, **predict) == scores
    answered = qa_run(
        tmp_path / "yesno",
        question_type="yesno",
        do_predict=True,
        predict_file=labels,
        init_checkpoint=str(joint),
    )
    assert set(answered) == {
        f"yesno_{x}" for x in ("acc", "macrof1", "f1_yes", "f1_no")
    }
    # Both heads have learned, from the same encoder.
    first = checkpoints.CheckpointReader(joint / "model.ckpt-0")
    for name in ("cls/squad/output_weights", "output_weights"):
        assert np.abs(reader.read(name) - first.read(name)).max() > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("begins_jointly", [True, False])
def test_a_training_goes_on_with_its_heads(qa_run, qa_folder, tmp_path, begins_jointly):
    options = {"do_train": True, "train_file": str(qa_folder / "train.json")}
    both = options | {"yesno_train_file": str(qa_folder / "yesno_train.json")}
    first, second = (both, options) if begins_jointly else (options, both)
    qa_run(tmp_path, **first)
    with pytest.raises(errors.InputError, match="holds another run, of other types"):
        qa_run(tmp_path, **second, num_train_epochs=8.0)


def test_labels_that_differ_are_refused_before_anything_is_done(
    yes_no, qa_run, qa_folder, tmp_path
):
    rows = [
        {"id": f"{'a' * 24}_00{i}", "question": "?", "context": "c", "label": label}
        for i, label in enumerate(("yes", "no"))
    ]
    (tmp_path / "rows.json").write_text(json.dumps({"data": rows}))
    common = {"question_type": "yesno", "init_checkpoint": str(yes_no[0])}
    for role in ("predict", "devel"):
        flags = {f"{role}_file": str(tmp_path / "rows.json")}
        flags["do_predict" if role == "predict" else "do_eval"] = True
        with pytest.raises(errors.InputError, match="must have the same answer"):
            qa_run(tmp_path / role, **common, **flags)
        assert not list((tmp_path / role).iterdir())


def test_yes_or_no_leaves_no_places_of_other_answers(
    yes_no, qa_run, qa_folder, tmp_path
):
    (tmp_path / "predictions_detail.json").write_text("{}")
    qa_run(
        tmp_path,
        question_type="yesno",
        do_predict=True,
        predict_file=str(qa_folder / "yesno_test.json"),
        init_checkpoint=str(yes_no[0]),
    )
    assert (tmp_path / "predictions.json").exists()
    assert not (tmp_path / "predictions_detail.json").exists()


def test_answers_yes_or_no_on_the_spot(yes_no, qa_run, capsys):
    options = {"question": "What causes flu ?", "passage": "cancer"}
    qa_run(yes_no[0], question_type="yesno", **options)
    shown = json.loads(capsys.readouterr().out)
    assert shown["answer"] == shown["answers"][0]["text"] in ("yes", "no")


def test_refuses_to_train_without_labels(qa_run, qa_folder, tmp_path):
    content = read(qa_folder, "yesno_train.json")
    del content["data"][0]["paragraphs"][3]["qas"][0]["answer"]
    path = str(tmp_path / "train.json")
    (tmp_path / "train.json").write_text(json.dumps(content))
    with pytest.raises(errors.InputError) as caught:
        qa_run(tmp_path / "out", question_type="yesno", do_train=True, train_file=path)
    assert str(caught.value) == (
        f"{path}: question 'q3': In training it must have an \"answer\", yes or no. "
        "Received: none."
    )
