# SPDX-License-Identifier: Apache-2.0
"""Tests for run_re.py's other ways: buckets, weights, selection, labels, seeds."""

import json
import math
import statistics

import numpy as np
import pytest
import tensorflow as tf

import run_re
from modeling import config as config_lib
from modeling import errors
from modeling.data import relation
from modeling.relation import classifier
from modeling.tasks import losses
from modeling.tasks import relation as relation_task
from modeling.training import checkpoints, replication

LAST = 13


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def probabilities(folder):
    return np.loadtxt(folder / "test_results.tsv")


def test_buckets_predict_and_evaluate_the_same(relation_run, trained, tmp_path):
    options = {"length_buckets": True, "do_eval": True, "eval_batch_size": 2}
    scores = relation_run.predict(tmp_path, trained.folder, **options)
    np.testing.assert_allclose(
        probabilities(tmp_path), probabilities(trained.folder), rtol=1e-5, atol=1e-6
    )
    assert scores == trained.scores
    expected = read_json(trained.folder / "eval_scores.json")["eval_loss"]
    found = read_json(tmp_path / "eval_scores.json")["eval_loss"]
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_buckets_train_the_same_run_after_an_interruption(relation_run, tmp_path):
    options = {"length_buckets": True, "save_checkpoints_steps": 5}
    for name in ("whole", "part"):
        relation_run(tmp_path / name, **options)
    for path in (tmp_path / "part").glob("model.ckpt-1[03]*"):
        path.unlink()
    relation_run(tmp_path / "part", **options)
    readers = [
        checkpoints.CheckpointReader(tmp_path / name / f"model.ckpt-{LAST}")
        for name in ("whole", "part")
    ]
    for name in readers[0].names():
        np.testing.assert_array_equal(readers[0].read(name), readers[1].read(name))


@pytest.mark.parametrize("length_buckets", [False, True])
def test_numbers_that_are_none_are_refused(length_buckets):
    config = config_lib.BertConfig(
        vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=2
    )
    model = relation_task.RelationModel(config, 2)
    word = model.bert.embeddings.word_embeddings
    word.assign(tf.tensor_scatter_nd_update(word, [[7]], [[math.nan] * 8]))
    one = classifier.Classifier(
        model, length_buckets=length_buckets, replicas=replication.SingleProcess()
    )
    ids = np.array([[1, 2], [3, 4], [7, 1], [1, 1]], np.int32)
    arrays = {
        "input_ids": ids,
        "input_mask": np.ones_like(ids),
        "segment_ids": np.zeros_like(ids),
    }
    message = "NaN or infinity for 1 of 4 rows, the first of which is number 3"
    with pytest.raises(errors.InputError, match=message):
        one.predict(arrays, 2)


def test_class_weights_weigh_the_loss_of_each_row(rng):
    config = config_lib.BertConfig(
        vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=2
    )
    model = relation_task.RelationModel(config, 3, class_weights=[0.5, 2, 0])
    ids = tf.constant([[0], [1], [2], [1]])
    batch = {
        "input_ids": tf.constant(rng.integers(9, size=[4, 5]), tf.int32),
        "input_mask": tf.ones([4, 5], tf.int32),
        "segment_ids": tf.zeros([4, 5], tf.int32),
        "label_ids": ids,
    }
    of_rows = model.evaluate(batch)["losses"].numpy()
    expected = (of_rows * [0.5, 2, 0, 2]).sum() / 4
    assert float(losses.value(model.loss_terms(batch))) == pytest.approx(expected)
    flat = batch | {"label_ids": tf.reshape(ids, [-1])}
    assert float(losses.value(model.loss_terms(flat))) == pytest.approx(expected)
    shares = model.predict(batch)["probabilities"].numpy()
    np.testing.assert_allclose(
        -np.log(shares[np.arange(4), [0, 1, 2, 1]]), of_rows, rtol=1e-5
    )


@pytest.mark.slow
def test_class_weights_are_used_and_recorded(relation_run, tmp_path, caplog):
    relation_run(tmp_path, class_weights="1,3", num_train_epochs=0.4)
    assert "Class weights: 1 3" in caplog.text
    record = read_json(tmp_path / "run.json")["training"]
    assert record["class_weights"] == "1,3"
    with pytest.raises(errors.InputError, match="must have 2 numbers"):
        relation_run(tmp_path / "other", class_weights="1,2,3")


@pytest.mark.slow
def test_selection_goes_on_with_the_best_checkpoint(relation_run, tmp_path):
    options = {"select_on": "dev", "do_predict": True, "eval_every_steps": 3}
    relation_run(tmp_path, patience=9, **options)
    best = read_json(tmp_path / "best_checkpoint.json")
    records = map(json.loads, (tmp_path / "metrics.jsonl").read_text().splitlines())
    history = {r["step"]: r["eval/f1"] for r in records if "eval/f1" in r}
    assert list(history) == [3, 6, 9, 12]
    assert best["score"] == max(history.values())
    assert best["step"] == min(s for s, x in history.items() if x == best["score"])
    assert read_json(tmp_path / "eval_scores.json")["f1"] == best["score"]
    before = probabilities(tmp_path)
    # The folder alone is enough to predict with the best again.
    relation_run(tmp_path, do_train=False, do_predict=True)
    np.testing.assert_allclose(probabilities(tmp_path), before, rtol=1e-5)


@pytest.mark.slow
def test_selection_stops_when_scores_get_no_better(relation_run, tmp_path, caplog):
    options = {"select_on": "dev", "patience": 2, "learning_rate": 0.0}
    relation_run(tmp_path, eval_every_steps=2, **options)
    assert "f1 was best at step 2, 2 evaluations ago" in caplog.text
    assert not (tmp_path / f"model.ckpt-{LAST}.index").exists()


@pytest.mark.slow
def test_chemprot_takes_labels_in_any_case(
    relation_run, write_corpus, tmp_path, caplog
):
    write_corpus(tmp_path / "data", labels=("False", "CPR:3", "cpr:9"))
    options = {"task_name": "ChemProt", "data_dir": str(tmp_path / "data")}
    scores = relation_run(tmp_path / "out", do_predict=True, **options)
    assert set(scores) >= {"f1", "specificity", "matthews"}
    assert probabilities(tmp_path / "out").shape == (6, 6)
    assert "No row has the label 'cpr:4' or 'cpr:5' or 'cpr:6'" in caplog.text


@pytest.mark.slow
def test_custom_labels_are_derived_kept_and_checked(
    relation_run, trained, write_corpus, tmp_path, caplog
):
    write_corpus(tmp_path / "data", labels=("none", "Up", "a"))
    options = {"task_name": "custom", "data_dir": str(tmp_path / "data")}
    out = tmp_path / "out"
    # Weights of a model with other labels: all but its head are loaded.
    init = {"init_checkpoint": str(trained.folder)}
    relation_run(out, num_train_epochs=0.4, **init, **options)
    assert read_json(out / "label2id.json") == {"Up": 0, "a": 1, "none": 2}
    assert "newly initialised: 2 variables" in caplog.text
    relation_run.predict(tmp_path / "again", out, **options)
    assert probabilities(tmp_path / "again").shape == (6, 3)
    with pytest.raises(errors.InputError, match=r"label2id\.json: The checkpoint must"):
        relation_run.predict(tmp_path / "bad", out, labels="a,none,Up", **options)
    with pytest.raises(errors.InputError, match="holds another run, of other labels"):
        relation_run(out, labels="a,none,Up", **options)
    with pytest.raises(errors.InputError, match=r"label2id\.json: The checkpoint must"):
        relation_run.predict(tmp_path / "bad", out)


@pytest.mark.slow
def test_several_seeds_report_mean_and_spread(relation_run, tmp_path):
    changes = {"num_runs": 2, "seed": 5, "do_predict": True, "num_train_epochs": 2.0}
    summary = run_re.run(relation_run.settings(tmp_path, **changes))
    record = read_json(tmp_path / "runs.json")
    assert record["seeds"] == [5, 6]
    f1 = [read_json(tmp_path / f"run_{s}" / "test_scores.json")["f1"] for s in (5, 6)]
    assert summary["f1_mean"] == pytest.approx(statistics.fmean(f1))
    assert summary["f1_sd"] == pytest.approx(statistics.stdev(f1))
    assert summary["f1_best"] == max(f1)
    assert 0 <= summary["f1_low"] <= summary["f1_high"] <= 1
    assert record["summary"] == summary


def test_rows_that_were_trained_on_are_told(
    relation_run, write_corpus, tmp_path, caplog
):
    write_corpus(tmp_path / "data")
    row = relation.Row(1, *("flu", None), "1")
    for name in ("train", "test"):
        with (tmp_path / "data" / f"{name}.tsv").open("a") as file:
            file.write("9\t" * (name == "test") + f"{row.first}\t{row.label}\n")
    relation_run.start(
        tmp_path / "out", data_dir=str(tmp_path / "data"), do_predict=True
    )
    assert "1 of the 7 rows of" in caplog.text
