# SPDX-License-Identifier: Apache-2.0
"""Tests for run_re.py: what a run writes, and what its outcome depends on."""

import json
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

import run_re
from biocodes import re_eval
from modeling import errors
from modeling.data import relation_files, relation_tasks, tfrecords
from modeling.text import tokenization, vocabulary

LAST = 13


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def final_bytes(folder):
    paths = sorted(folder.glob(f"model.ckpt-{LAST}.*"))
    assert len(paths) == 2
    return [path.read_bytes() for path in paths]


def test_writes_what_its_docstring_names(trained):
    names = {path.name for path in trained.folder.iterdir()}
    (events,) = (name for name in names if name.startswith("events.out.tfevents."))
    kept = {name for name in names if name.startswith("model.ckpt-")}
    assert {"model.ckpt-13.index", "model.ckpt-13.data-00000-of-00001"} <= kept
    rest = names - kept - {events, "checkpoint", "best_checkpoint.json"}
    assert rest == {
        "run.json",
        "vocab.txt",
        "bert_config.json",
        "metrics.jsonl",
        "training.png",
        "report.html",
        "label2id.json",
        "train.tf_record",
        "eval.tf_record",
        "predict.tf_record",
        "eval_results.txt",
        "eval_scores.json",
        "test_results.tsv",
        "test_scores.json",
    }
    for name in rest:
        assert name in run_re.__doc__, name


@pytest.mark.parametrize(
    ("records", "part"), [("train", "train"), ("eval", "dev"), ("predict", "test")]
)
def test_records_hold_the_features(trained, relation_folder, records, part):
    one = tf.io.FixedLenFeature([1], tf.int64)
    many = tf.io.FixedLenFeature([16], tf.int64)
    spec = dict.fromkeys(("input_ids", "input_mask", "segment_ids"), many)
    spec |= {"label_ids": one, "is_real_example": one}
    arrays = tfrecords.read_records(trained.folder / f"{records}.tf_record", spec)
    path = relation_folder / "data" / f"{part}.tsv"
    task = relation_tasks.TASKS["gad"]
    pieces = vocabulary.read_vocabulary(relation_folder / "vocab.txt").pieces
    split = relation_files.featurize_file(
        path,
        relation_files.read_file(path, task, part),
        tokenization.BertTokenizer(pieces, do_lower_case=False),
        task=task,
        part=part,
        max_seq_length=16,
    )
    assert set(arrays) == set(split.arrays)
    for key, array in split.arrays.items():
        np.testing.assert_array_equal(arrays[key], array)


def test_evaluation_is_that_of_its_files(trained):
    results = dict(
        line.split(" = ") for line in lines_of(trained.folder / "eval_results.txt")
    )
    assert list(results) == ["eval_accuracy", "eval_loss", "global_step", "loss"]
    assert results.pop("global_step") == str(LAST)
    scores = read_json(trained.folder / "eval_scores.json")
    for name, value in results.items():
        assert float(value) == pytest.approx(scores[name], rel=1e-6)
    assert scores["accuracy"] == scores["eval_accuracy"]
    # Five rows fit into one batch of eight.
    assert scores["loss"] == pytest.approx(scores["eval_loss"])
    assert scores["baseline"]["label"] == "0"


def test_scores_are_those_of_the_scorer(trained, relation_folder, capsys):
    scores = read_json(trained.folder / "test_scores.json")
    assert trained.scores == {n: scores[n] for n in trained.scores}
    re_eval.main(
        [
            f"--output_path={trained.folder / 'test_results.tsv'}",
            f"--answer_path={relation_folder / 'data' / 'test.tsv'}",
        ]
    )
    assert capsys.readouterr().out.splitlines() == [
        f"{name:11s} : {scores[key]:.2%}"
        for name, key in (
            ("f1 score", "f1"),
            ("recall", "recall"),
            ("precision", "precision"),
            ("specificity", "specificity"),
        )
    ]


def test_loss_is_the_mean_over_batches(relation_run, trained, tmp_path):
    options = {"do_train": False, "do_eval": True, "eval_batch_size": 2}
    scores = relation_run(tmp_path, init_checkpoint=str(trained.folder), **options)
    whole = read_json(trained.folder / "eval_scores.json")
    assert scores["eval_loss"] == pytest.approx(whole["eval_loss"], rel=1e-5)
    assert scores["loss"] != pytest.approx(scores["eval_loss"], rel=1e-5)


def test_metrics_hold_scores_of_the_evaluations(trained):
    records = list(map(json.loads, lines_of(trained.folder / "metrics.jsonl")))
    assert [r["step"] for r in records if "eval/f1" in r] == [4, 8, 12]
    losses = {r["step"]: r["loss"] for r in records if "loss" in r}
    assert max(losses) == LAST


@pytest.mark.slow
def test_same_seed_gives_the_same_bytes_after_an_interruption(
    relation_run, trained, tmp_path
):
    shutil.copytree(trained.folder, tmp_path / "part")
    for path in (tmp_path / "part").glob("model.ckpt-*"):
        if not path.name.startswith("model.ckpt-5."):
            path.unlink()
    (tmp_path / "part" / "best_checkpoint.json").unlink()
    relation_run(tmp_path / "part")
    assert final_bytes(tmp_path / "part") == final_bytes(trained.folder)
    relation_run(tmp_path / "other", seed=1)
    assert final_bytes(tmp_path / "other") != final_bytes(trained.folder)


def test_plan_is_logged_with_class_counts(relation_run, tmp_path, caplog):
    relation_run.start(tmp_path, do_eval=True, do_predict=True)
    (plan,) = (m for m in caplog.messages if m.startswith("The plan of this run"))
    for part in (
        "train.tsv: 13 rows, labels: 0 7, 1 6",
        "dev.tsv: 5 rows, labels: 0 3, 1 2",
        "test.tsv: 6 rows, labels: 0 3, 1 3",
        "Labels: 0 1 (no relation: 0)",
        "Weights: random weights",
        "13 steps, warm-up 1, ",
        "Evaluate: eval_results.txt",
        "Predict: test_results.tsv",
        f"Output: {tmp_path}",
    ):
        assert part in plan


def test_prediction_uses_the_trained_folder(relation_run, trained, tmp_path):
    relation_run.predict(tmp_path, trained.folder, predict_batch_size=4)
    for name in ("test_results.tsv", "test_scores.json"):
        assert (tmp_path / name).exists()
    shares, expected = (
        np.loadtxt(folder / "test_results.tsv") for folder in (tmp_path, trained.folder)
    )
    np.testing.assert_allclose(shares, expected, rtol=1e-5, atol=1e-6)


def with_test_file(relation_run, tmp_path, text):
    """Returns a runner on a copy of the data with another test.tsv."""
    shutil.copytree(relation_run.folder, tmp_path / "copy")
    (tmp_path / "copy" / "data" / "test.tsv").write_text(text, encoding="utf-8")
    return type(relation_run)(pathlib.Path(tmp_path / "copy"))


def test_rows_out_are_rows_in_whatever_they_hold(relation_run, trained, tmp_path):
    texts = ['"', "", "' \"a", "flu " * 10_000, "\x00\x85\u2028\ufffd", "#", "@GENE$"]
    lines = "".join(f"{i}\t{text}\t1\n" for i, text in enumerate(texts))
    run = with_test_file(relation_run, tmp_path, "index\tsentence\tlabel\n" + lines)
    run.predict(tmp_path / "out", trained.folder)
    shares = np.loadtxt(tmp_path / "out" / "test_results.tsv")
    assert shares.shape == (len(texts), 2)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)


def test_tests_without_labels_are_predicted_and_not_scored(
    relation_run, trained, tmp_path, caplog
):
    run = with_test_file(relation_run, tmp_path, "index\tsentence\n0\tflu\n1\t\n")
    (tmp_path / "out").mkdir()
    for name in ("test_scores.json", "report.html"):
        (tmp_path / "out" / name).write_text("of an earlier prediction")
    assert run.predict(tmp_path / "out", trained.folder) == {}
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"predict.tf_record", "test_results.tsv"}
    assert len(lines_of(tmp_path / "out" / "test_results.tsv")) == 2
    assert "There are no labels, so nothing is scored." in caplog.text


@pytest.mark.slow
def test_empty_development_set_is_skipped(relation_run, write_corpus, tmp_path, caplog):
    write_corpus(tmp_path / "data", without=["dev"])
    options = {"data_dir": str(tmp_path / "data"), "do_eval": True}
    scores = relation_run(tmp_path / "out", eval_every_steps=4, **options)
    assert scores == {}
    assert not (tmp_path / "out" / "eval_results.txt").exists()
    assert "dev.tsv: There is not one row, so nothing is evaluated" in caplog.text
    with pytest.raises(errors.InputError, match="select_on=dev needs rows to select"):
        relation_run(tmp_path / "out2", select_on="dev", **options)
