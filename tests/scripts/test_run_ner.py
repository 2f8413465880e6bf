# SPDX-License-Identifier: Apache-2.0
"""Tests for run_ner.py: what a run writes, and what its outcome depends on."""

import json

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.util import event_pb2

import run_ner
from modeling.data import ner, ner_features, tfrecords
from modeling.text import lines, tokenization, vocabulary
from modeling.training import checkpoints

LAST = 39


def featurize(
    ner_run, name, *, labels=ner.LEGACY_LABELS, reader="original", max_seq_length=16
):
    """Makes the features of a file without the program."""
    path = str(ner_run.folder / f"{name}.tsv")
    pieces = vocabulary.read_vocabulary(ner_run.folder / "vocab.txt").pieces
    return ner_features.featurize_all(
        ner.read_sentences(lines.read_lines(path), path=path, reader=reader),
        tokenization.BertTokenizer(pieces, do_lower_case=False),
        labels=labels,
        max_seq_length=max_seq_length,
    )


def read_arrays(path, max_seq_length=16):
    """Reads the features of a .tf_record file."""
    feature = tf.io.FixedLenFeature([max_seq_length], tf.int64)
    return tfrecords.read_records(
        path, dict.fromkeys(ner_features.FEATURE_KEYS, feature)
    )


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def with_types(ner_run):
    """Returns the files of the corpus with a type in each label."""
    typed = {}
    for name in ("train_dev", "devel", "test"):
        text = (ner_run.folder / f"{name}.tsv").read_text()
        text = text.replace("flu\tB\n", "flu\tB-Virus\n")
        typed[name] = text.replace("\tB\n", "\tB-Disease\n").replace(
            "\tI\n", "\tI-Disease\n"
        )
    return typed


def test_writes_what_its_docstring_names(trained_ner):
    names = {path.name for path in trained_ner.folder.iterdir()}
    (events,) = (name for name in names if name.startswith("events.out.tfevents."))
    kept = {name for name in names if name.startswith("model.ckpt-")}
    assert {"model.ckpt-39.index", "model.ckpt-39.data-00000-of-00001"} <= kept
    rest = names - kept - {events, "checkpoint", "best_checkpoint.json"}
    assert rest == {
        "run.json",
        "vocab.txt",
        "bert_config.json",
        "metrics.jsonl",
        "training.png",
        "report.html",
        "label2id.json",
        "label2id.pkl",
        "train.tf_record",
        "eval.tf_record",
        "predict.tf_record",
        "eval_results.txt",
        "eval_scores.json",
        "token_test.txt",
        "label_test.txt",
        "test_scores.json",
    }
    for name in rest - {"label2id.pkl"}:
        assert name in run_ner.__doc__, name


@pytest.mark.parametrize(
    ("records", "name"),
    [("train", "train_dev"), ("eval", "devel"), ("predict", "test")],
)
def test_records_hold_the_features(trained_ner, ner_run, records, name):
    arrays = read_arrays(trained_ner.folder / f"{records}.tf_record")
    expected = featurize(ner_run, name).arrays
    assert set(arrays) == set(expected)
    for key, array in expected.items():
        np.testing.assert_array_equal(arrays[key], array)


def test_token_and_label_files_go_line_by_line(trained_ner, ner_run):
    tokens = (trained_ner.folder / "token_test.txt").read_text().split("\n")
    labels = (trained_ner.folder / "label_test.txt").read_text().split("\n")
    pieces = [p for row in featurize(ner_run, "test").pieces for p in row]
    assert tokens == [*pieces, ""]
    assert len(labels) == len(tokens)
    assert set(labels[:-1]) <= set(ner.LEGACY_LABELS) - {"[PAD]"}


def test_model_learns_and_scores_are_those_of_its_files(trained_ner):
    scores = read_json(trained_ner.folder / "test_scores.json")
    assert trained_ner.scores == scores
    assert scores["entity_gold"] > 5
    dev = read_json(trained_ner.folder / "eval_scores.json")
    results = dict(
        line.split(" = ")
        for line in (trained_ner.folder / "eval_results.txt").read_text().splitlines()
    )
    assert list(results) == sorted(results)
    assert results.pop("global_step") == str(LAST)
    for name, value in results.items():
        assert float(value) == pytest.approx(dev[name], rel=1e-6)
    assert set(results) == {"eval_f", "eval_precision", "eval_recall", "loss"}


def test_tensorboard_and_metrics_hold_the_same_losses(trained_ner):
    records = [
        json.loads(line)
        for line in (trained_ner.folder / "metrics.jsonl").read_text().splitlines()
    ]
    (path,) = trained_ner.folder.glob("events.out.tfevents.*")
    events = {}
    for data in tf.data.TFRecordDataset(str(path)):
        event = event_pb2.Event.FromString(data.numpy())
        for value in event.summary.value:
            if value.tag == "loss":
                events[event.step] = float(tf.make_ndarray(value.tensor))
    losses = {r["step"]: r["loss"] for r in records if "loss" in r}
    assert events == pytest.approx(losses)
    assert max(losses) == LAST
    assert losses[LAST] < losses[1]
    scored = [r["step"] for r in records if "eval/entity_f1" in r]
    assert scored == [12, 24, 36]


def test_record_says_what_the_checkpoints_belong_to(trained_ner, ner_run):
    for name in ("vocab.txt", "bert_config.json"):
        expected = (ner_run.folder / name).read_bytes()
        assert (trained_ner.folder / name).read_bytes() == expected
    record = read_json(trained_ner.folder / "run.json")
    assert record["model"]["labels"] == list(ner.LEGACY_LABELS)
    assert record["model"]["sizes"]["hidden_size"] == 8
    assert record["training"]["num_train_steps"] == LAST


def test_same_seed_gives_the_same_bytes(trained_ner, ner_run, final_bytes, tmp_path):
    """However often a run evaluates, saves, and comes back to Python."""
    ner_run(tmp_path, iterations_per_loop=1000)
    assert final_bytes(tmp_path) == final_bytes(trained_ner.folder)


@pytest.mark.slow
def test_another_seed_gives_another_model(ner_run, trained_ner, tmp_path, final_bytes):
    ner_run(tmp_path, seed=1)
    assert final_bytes(tmp_path) != final_bytes(trained_ner.folder)
    first = checkpoints.CheckpointReader(tmp_path / "model.ckpt-0")
    ner_run(tmp_path / "other", seed=2, num_train_epochs=0.4)
    other = checkpoints.CheckpointReader(tmp_path / "other" / "model.ckpt-0")
    for name in ("output_weights", "bert/embeddings/word_embeddings"):
        assert np.all(first.read(name) != other.read(name))


def test_plan_is_logged(ner_run, tmp_path, caplog):
    ner_run.start(tmp_path, do_eval=True, do_predict=True)
    (plan,) = (m for m in caplog.messages if m.startswith("The plan of this run"))
    for part in (
        "train_dev.tsv: 13 sentences, ",
        "devel.tsv: 5 sentences, ",
        "test.tsv: 6 sentences, ",
        "Labels: [PAD] B I O X [CLS] [SEP]",
        "Weights: random weights",
        "39 steps, warm-up 3, ",
        "Evaluate: eval_results.txt",
        "Predict: token_test.txt",
        f"Output: {tmp_path}",
    ):
        assert part in plan


@pytest.mark.slow
def test_several_types(make_ner_run, ner_run, trained_ner, tmp_path):
    typed = make_ner_run(**with_types(ner_run))
    scores = typed(tmp_path / "out", do_predict=True)
    labels = ("[PAD]", "B-Disease", "B-Virus", "I-Disease", "O", "X", "[CLS]", "[SEP]")
    assert read_json(tmp_path / "out" / "label2id.json") == {
        label: i for i, label in enumerate(labels)
    }
    written = set((tmp_path / "out" / "label_test.txt").read_text().split())
    assert {"B-Disease", "B-Virus"} <= written <= set(labels)
    assert scores["entity_gold"] == trained_ner.scores["entity_gold"]
    for name in ("gold", "predicted", "correct"):
        parts = [scores[f"entity_{name}/{kind}"] for kind in ("Disease", "Virus")]
        assert min(parts) > 0
        assert scores[f"entity_{name}"] == sum(parts)
    arrays = read_arrays(tmp_path / "out" / "train.tf_record")
    expected = featurize(typed, "train_dev", labels=labels).arrays["label_ids"]
    np.testing.assert_array_equal(arrays["label_ids"], expected)


@pytest.mark.slow
def test_papers_reader_cuts_and_scores_whole_sentences(
    long_ner_run, trained_ner, tmp_path
):
    scores = {}
    for reader in ner.READERS:
        scores[reader] = long_ner_run.predict(
            tmp_path / reader, trained_ner.folder, ner_reader=reader, max_seq_length=64
        )
        arrays = read_arrays(tmp_path / reader / "predict.tf_record", 64)
        expected = featurize(long_ner_run, "test", reader=reader, max_seq_length=64)
        for key, array in expected.arrays.items():
            np.testing.assert_array_equal(arrays[key], array)
    parts = (tmp_path / "paper" / "token_test.txt").read_text().count("[CLS]")
    whole = (tmp_path / "original" / "token_test.txt").read_text().count("[CLS]")
    assert whole == 6 < parts
    assert scores["paper"]["entity_gold"] == scores["original"]["entity_gold"]
