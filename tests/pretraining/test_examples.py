# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.pretraining.examples."""

import dataclasses
import os
import re

import numpy as np
import pytest
import tensorflow as tf

from modeling import errors
from modeling.data import record_index, record_order, tfrecords
from modeling.instances import masking
from modeling.pretraining import examples

PIECES, T, P = 16, 12, 3
SHAPE = examples.Shape(max_seq_length=T, max_predictions=P, vocab_size=PIECES)
RULES = masking.Rules(
    mask_id=4, special_ids=[0, 2, 3], vocab_size=PIECES, max_predictions=P
)


@pytest.fixture
def open_examples(records_folder, tmp_path):
    def call(*names, shape=SHAPE, rules=None, seed=0):
        paths = [str(records_folder / name) for name in names or ("a.tfrecord",)]
        records = record_index.RecordFiles(paths, cache_dir=tmp_path / "cache")
        return examples.Examples(records, shape, rules=rules, seed=seed)

    return call


def read_all(folder, *names):
    spec = {
        key: tf.io.FixedLenFeature(
            [width], tf.float32 if key == "masked_lm_weights" else tf.int64
        )
        for key, width in {
            "input_ids": T,
            "input_mask": T,
            "segment_ids": T,
            "masked_lm_positions": P,
            "masked_lm_ids": P,
            "masked_lm_weights": P,
            "next_sentence_labels": 1,
        }.items()
    }
    parts = [tfrecords.read_records(folder / name, spec) for name in names]
    return {key: np.concatenate([part[key] for part in parts]) for key in spec}


def originals(batch):
    """The ids without masks, in an obvious way."""
    ids = batch["input_ids"].copy()
    for row in range(len(ids)):
        for slot in range(P):
            if batch["masked_lm_weights"][row, slot]:
                position = batch["masked_lm_positions"][row, slot]
                ids[row, position] = batch["masked_lm_ids"][row, slot]
    return ids


def test_batches_are_the_records_that_the_order_names(open_examples, records_folder):
    data = open_examples("a.tfrecord", "b.tfrecord")
    expected = read_all(records_folder, "a.tfrecord", "b.tfrecord")
    order = record_order.RecordOrder([20], 6, 1)
    batches = list(data.training_batches(order, first_step=2, num_steps=4))
    assert len(batches) == 4
    for step, batch in enumerate(batches, start=2):
        rows, _ = order.indices(step)
        for key, values in expected.items():
            assert np.array_equal(batch[key], values[rows]), key
            assert batch[key].dtype == data.spec[key].dtype


@pytest.mark.parametrize(
    ("num_batches", "sizes"), [(None, [4, 4, 4, 1]), (2, [4, 4]), (7, [4] * 7)]
)
def test_evaluation_reads_from_the_front(
    open_examples, records_folder, num_batches, sizes
):
    batches = list(open_examples().evaluation_batches(4, num_batches))
    assert [len(batch["input_ids"]) for batch in batches] == sizes
    read = np.concatenate([batch["input_ids"] for batch in batches])
    expected = read_all(records_folder, "a.tfrecord")["input_ids"]
    assert np.array_equal(read, np.tile(expected, [3, 1])[: sum(sizes)])


def test_masks_are_drawn_anew_over_the_words_of_the_file(open_examples, records_folder):
    data = open_examples(rules=RULES)
    order = record_order.RecordOrder([13], 13, 0)
    one, two = data.training_batches(order, first_step=0, num_steps=2)
    expected = originals(read_all(records_folder, "a.tfrecord"))
    for step, tensors in enumerate((one, two)):
        rows, _ = order.indices(step)
        batch = {key: value.numpy() for key, value in tensors.items()}
        assert np.array_equal(originals(batch), expected[rows])
        assert not np.isin(batch["masked_lm_positions"][:, 0], [0, 4]).any()
    # Another pass has other masks, and the same pass the same ones.
    ((first, _), (second, _)) = (order.indices(step) for step in (0, 1))
    ranked = [
        batch["masked_lm_positions"].numpy()[np.argsort(rows)]
        for batch, rows in ((one, first), (two, second))
    ]
    assert not np.array_equal(*ranked)
    (again,) = open_examples(rules=RULES).training_batches(order, 1, 1)
    assert np.array_equal(again["input_ids"], two["input_ids"])


def test_masks_of_an_evaluation_do_not_change(open_examples):
    data = open_examples(rules=RULES)
    one, two = (
        [batch["input_ids"].numpy() for batch in data.evaluation_batches(5, 3)]
        for _ in range(2)
    )
    assert np.array_equal(one, two)
    # But those of the same records in the next pass over them do.
    three = open_examples(rules=RULES, seed=1).evaluation_batches(5, 3)
    assert not np.array_equal(one, [batch["input_ids"] for batch in three])


def test_records_without_masks(records_folder, tmp_path):
    path = tmp_path / "words.tfrecord"
    batch = read_all(records_folder, "a.tfrecord")
    words = originals(batch)
    kept = {key: batch[key] for key in ("input_mask", "segment_ids")}
    labels = {"next_sentence_labels": batch["next_sentence_labels"]}
    tfrecords.write_records(path, {"input_ids": words, **kept, **labels})
    records = record_index.RecordFiles([str(path)], cache_dir=tmp_path)
    data = examples.Examples(records, SHAPE, rules=RULES, seed=0)
    (masked,) = data.evaluation_batches(13, 1)
    masked = {key: value.numpy() for key, value in masked.items()}
    assert np.array_equal(originals(masked), words)
    assert masked["masked_lm_weights"].sum() >= 13
    with pytest.raises(errors.InputError, match="without masks need --dynamic"):
        examples.Examples(records, SHAPE, rules=None, seed=0)


def read_whole(open_file):
    open_file().read(np.arange(13), 0)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"max_seq_length": 11}, "of --max_seq_length=11 and --max_pred.* is needed"),
        ({"max_predictions": 4}, "--max_predictions_per_seq=4, is needed"),
        ({"vocab_size": 15}, "`(input|masked_lm)_ids` must be below the vocab.* 15"),
    ],
)
def test_refuses_other_sizes(open_examples, records_folder, sizes, message):
    with pytest.raises(errors.InputError, match=message) as caught:
        read_whole(lambda: open_examples(shape=dataclasses.replace(SHAPE, **sizes)))
    assert str(records_folder / "a.tfrecord: record ") in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("input_ids", -1),
        ("masked_lm_ids", PIECES),
        ("masked_lm_positions", T),
        ("next_sentence_labels", 2),
    ],
)
def test_refuses_numbers_out_of_range(records_folder, tmp_path, key, value):
    batch = read_all(records_folder, "a.tfrecord")
    batch[key][3, 0] = value
    path = tmp_path / "bad.tfrecord"
    tfrecords.write_records(path, batch)
    records = record_index.RecordFiles([str(path)], cache_dir=tmp_path)
    data = examples.Examples(records, SHAPE, rules=None, seed=0)
    message = f"{re.escape(str(path))}: record 4: `{key}` .* Received: {value}\\."
    with pytest.raises(errors.InputError, match=message):
        data.read(np.arange(13), 0)
    # A data set passes on another kind of error, so this one is kept.
    with pytest.raises(tf.errors.OpError):
        list(data.evaluation_batches(13, 1))
    assert re.match(message, str(data.error))


def test_lists_files_of_patterns(tmp_path):
    others = ("a1.manifest.json", "a1.report.txt", "a2.progress.jsonl")
    for name in ("b1", "a2", "a1", *others):
        (tmp_path / name).touch()
    found = examples.list_files(f"{tmp_path}/a?, {tmp_path}/b1")
    assert [[os.path.basename(path) for path in group] for group in found] == [
        ["a1", "a2"],
        ["b1"],
    ]
    # What tells of records is none, unless it is asked for by name.
    (found,) = examples.list_files(f"{tmp_path}/a*")
    assert [os.path.basename(path) for path in found] == ["a1", "a2"]
    named = f"{tmp_path}/a1.report.txt"
    assert examples.list_files(named) == [[named]]
    with pytest.raises(errors.InputError, match="nothing\\*: A file, or a pattern"):
        examples.list_files(f"{tmp_path}/a?,nothing*")
