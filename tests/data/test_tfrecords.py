# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.tfrecords."""

import numpy as np
import pytest
import tensorflow as tf

from modeling import errors
from modeling.data import tfrecords

N, T, P = 5, 7, 3


@pytest.fixture
def features(rng):
    return {
        "input_ids": rng.integers(0, 30000, [N, T], np.int32),
        "weights": rng.random([N, P], np.float32),
        "label_id": rng.integers(-(2**62), 2**62, [N]),
        "is_real": np.array([True, False, True, True, False]),
        "pairs": np.arange(N * 4, dtype=np.int64).reshape(N, 2, 2),
    }


SPEC = {
    "input_ids": tf.io.FixedLenFeature([T], tf.int64),
    "weights": tf.io.FixedLenFeature([P], tf.float32),
    "label_id": tf.io.FixedLenFeature([], tf.int64),
    "is_real": tf.io.FixedLenFeature([], tf.int64),
    "pairs": tf.io.FixedLenFeature([2, 2], tf.int64),
}


def test_reads_back_what_was_written(features, tmp_path):
    tfrecords.write_records(tmp_path / "a.tf_record", features)
    result = tfrecords.read_records(tmp_path / "a.tf_record", SPEC)
    assert result.keys() == features.keys()
    for key, array in features.items():
        np.testing.assert_array_equal(result[key], array)


def test_records_are_examples_with_one_list_per_key(features, tmp_path):
    path = str(tmp_path / "a.tf_record")
    tfrecords.write_records(path, features)
    records = list(tf.data.TFRecordDataset(path).as_numpy_iterator())
    assert len(records) == N
    feature = tf.train.Example.FromString(records[2]).features.feature
    assert feature["input_ids"].int64_list.value == features["input_ids"][2].tolist()
    assert feature["weights"].float_list.value == features["weights"][2].tolist()
    assert feature["label_id"].int64_list.value == [features["label_id"][2]]
    assert feature["pairs"].int64_list.value == [8, 9, 10, 11]


def test_equal_arrays_give_equal_bytes(features, tmp_path):
    paths = [tmp_path / f"{i}.tf_record" for i in range(5)]
    for path in paths:
        tfrecords.write_records(path, features)
        features = dict(reversed(features.items()))
    assert len({path.read_bytes() for path in paths}) == 1


def test_reads_in_several_batches(tmp_path, monkeypatch, features):
    monkeypatch.setattr(tfrecords, "_RECORDS_PER_READ", 2)
    tfrecords.write_records(tmp_path / "a.tf_record", features)
    result = tfrecords.read_records(tmp_path / "a.tf_record", SPEC)
    np.testing.assert_array_equal(result["input_ids"], features["input_ids"])


def test_no_records_are_an_empty_file(features, tmp_path):
    path = tmp_path / "a.tf_record"
    tfrecords.write_records(path, {key: array[:0] for key, array in features.items()})
    result = tfrecords.read_records(path, SPEC)
    assert {key: array.shape for key, array in result.items()} == {
        key: (0, *array.shape[1:]) for key, array in features.items()
    }


def test_a_crash_leaves_the_file_as_it_was(features, tmp_path):
    path = tmp_path / "a.tf_record"
    tfrecords.write_records(path, features)
    before = path.read_bytes()
    too_big = {"input_ids": np.array([1, 2**64 - 1], np.uint64)}
    with pytest.raises(ValueError, match="18446744073709551615"):
        tfrecords.write_records(path, too_big)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.tf_record"]


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (
            {"a": np.zeros([2, 3]), "b": np.zeros([3, 2])},
            r"as many rows each. Received: \{'a': 2, 'b': 3\}",
        ),
        ({}, r"as many rows each. Received: \{\}"),
        ({"a": np.array(["x"])}, "integers or floats. Received: <U1 for 'a'"),
    ],
)
def test_refuses_what_records_cannot_hold(features, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        tfrecords.write_records(tmp_path / "a.tf_record", features)
    assert list(tmp_path.iterdir()) == []


def test_refuses_to_read_what_is_not_there(features, tmp_path):
    path = tmp_path / "a.tf_record"
    with pytest.raises(errors.InputError, match=r"a\.tf_record: .*Received: no file"):
        tfrecords.read_records(path, SPEC)
    tfrecords.write_records(path, features)
    spec = {"other": tf.io.FixedLenFeature([T], tf.int64)}
    with pytest.raises(errors.InputError, match=r"a\.tf_record: .*other"):
        tfrecords.read_records(path, spec)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(errors.InputError, match=r"a\.tf_record: .*truncated record"):
        tfrecords.read_records(path, SPEC)
