# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.record_index."""

import gzip
import os
import re

import numpy as np
import pytest
import tensorflow as tf

from modeling import errors, files
from modeling.data import record_index

RECORDS = [[b"one", b"", b"three" * 50], [], [b"four", b"five"]]
ALL = [record for file in RECORDS for record in file]


@pytest.fixture
def paths(tmp_path):
    """Files that TensorFlow itself has written, one of them compressed."""
    paths = []
    for number, records in enumerate(RECORDS):
        options = "GZIP" if number == 2 else ""
        paths.append(str(tmp_path / f"{number}.tfrecord"))
        with tf.io.TFRecordWriter(paths[-1], options) as writer:
            for record in records:
                writer.write(record)
    return paths


@pytest.fixture
def open_files(tmp_path):
    return lambda paths: record_index.RecordFiles(paths, cache_dir=tmp_path / "cache")


def test_reads_by_number_over_all_files(paths, open_files):
    records = open_files(paths)
    assert len(records) == 5
    assert records.counts.tolist() == [3, 0, 2]
    assert records.read(np.array([4, 0, 3, 1, 2, 4])) == [
        ALL[i] for i in (4, 0, 3, 1, 2, 4)
    ]
    assert records.describe(2) == f"{paths[0]}: record 3"
    assert records.describe(3) == f"{paths[2]}: record 1"


def test_a_process_that_writes_nothing_reads_the_same(
    paths, open_files, tmp_path, monkeypatch
):
    monkeypatch.setattr(files, "_writes_nothing", True)
    before = sorted(tmp_path.iterdir())
    assert open_files(paths).read(np.arange(5)) == ALL
    assert open_files(paths).read(np.arange(5)) == ALL
    assert sorted(tmp_path.iterdir()) == before


def test_more_files_than_may_be_open(paths, open_files, monkeypatch):
    monkeypatch.setattr(record_index, "_MAX_OPEN_FILES", 1)
    records = open_files(paths)
    before = len(os.listdir("/proc/self/fd"))
    assert records.read(np.array([0, 3, 0, 4])) == [ALL[i] for i in (0, 3, 0, 4)]
    assert len(os.listdir("/proc/self/fd")) == before + 1


def test_what_was_found_is_kept(paths, open_files, monkeypatch):
    open_files(paths)

    def refuse(*_):
        raise AssertionError("The files were looked through again.")

    monkeypatch.setattr(record_index, "_find_records", refuse)
    monkeypatch.setattr(record_index, "_decompress", refuse)
    assert open_files(paths).read(np.arange(5)) == ALL


def test_a_file_that_changed_is_looked_through_again(paths, open_files):
    before = open_files(paths).digest()
    with tf.io.TFRecordWriter(paths[0]) as writer:
        writer.write(b"another")
    records = open_files(paths)
    assert records.read(np.array([0, 1])) == [b"another", b"four"]
    assert records.digest() != before


def test_digest_is_that_of_the_content(paths, open_files, tmp_path):
    copies = []
    for path in paths:
        copies.append(tmp_path / "copies" / os.path.basename(path))
        copies[-1].parent.mkdir(exist_ok=True)
        with open(path, "rb") as file:
            copies[-1].write_bytes(file.read())
    assert open_files(copies).digest() == open_files(paths).digest()
    assert open_files(copies[::-1]).digest() != open_files(paths).digest()


def flip(path, position):
    with open(path, "r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 1]))


def test_refuses_a_damaged_record_when_it_is_read(paths, open_files):
    flip(paths[0], 13)  # Within "one", whose data begin at byte 12.
    records = open_files(paths)
    assert records.read(np.array([1])) == [b""]
    message = re.escape(f"{paths[0]}: Records must be whole. Received: record 1 with")
    with pytest.raises(errors.InputError, match=message):
        records.read(np.array([0]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: os.truncate(path, 30), "in record 2"),
        (lambda path: os.truncate(path, 5), "in record 1"),
        (lambda path: flip(path, 0), "in record 1"),
        (lambda path: flip(path, 19 + 8), "in record 2"),
        (os.remove, "No such file"),
    ],
)
def test_refuses_files_that_are_none(paths, open_files, change, message):
    change(paths[0])
    with pytest.raises(errors.InputError, match=f"{paths[0]}: .* {message}"):
        open_files(paths)


def test_refuses_text(open_files, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("A line of text that is long enough.\n")
    with pytest.raises(errors.InputError, match="A file of whole TFRecords"):
        open_files([str(path)])


def test_refuses_a_compressed_file_that_is_cut(paths, open_files, tmp_path):
    os.truncate(paths[2], 20)
    with pytest.raises(errors.InputError, match="A whole gzip file is needed"):
        open_files(paths)
    assert not list((tmp_path / "cache").glob("*.tfrecord"))


def test_refuses_no_records(paths, open_files):
    with pytest.raises(errors.InputError, match=r"must hold records\. Received: none"):
        open_files([paths[1]])


def test_a_record_that_begins_like_gzip(open_files, tmp_path):
    # Its length, 0x8b1f, has the bytes of the mark; it is no compressed file.
    path = str(tmp_path / "mark.tfrecord")
    with tf.io.TFRecordWriter(path) as writer:
        writer.write(b"x" * 0x8B1F)
    with open(path, "rb") as file:
        assert file.read(2) == gzip.compress(b"")[:2]
    assert open_files([path]).read(np.array([0])) == [b"x" * 0x8B1F]
