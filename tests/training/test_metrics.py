# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.metrics."""

import itertools
import json

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.util import event_pb2

from modeling.training import metrics


def write(folder, first_step, *steps):
    """Opens a writer as a process would, and writes a record per step."""
    writer = metrics.MetricsWriter(folder, first_step=first_step)
    for step in steps:
        writer.write(step, {"loss": 10.0 - step, "gradient_norm": np.float32(0.1)})
    writer.close()


def steps_in(folder):
    return [record["step"] for record in metrics.read_metrics(folder)]


def read_events(folder):
    """Returns (step, name, value) of all numbers in TensorBoard's files."""
    found = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for record in tf.data.TFRecordDataset(str(path)):
            event = event_pb2.Event.FromString(record.numpy())
            found += [
                (event.step, value.tag, float(tf.make_ndarray(value.tensor)))
                for value in event.summary.value
            ]
    return found


def test_records_are_read_as_they_were_written(tmp_path):
    write(tmp_path, 0, 1, 4)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    norm = float(np.float32(0.1))
    assert [json.loads(line) for line in lines] == [
        {"step": 1, "loss": 9.0, "gradient_norm": norm},
        {"step": 4, "loss": 6.0, "gradient_norm": norm},
    ]
    assert metrics.read_metrics(tmp_path) == [json.loads(line) for line in lines]


def test_records_are_on_disk_before_the_writer_is_closed(tmp_path):
    writer = metrics.MetricsWriter(tmp_path, first_step=0)
    writer.write(3, {"loss": 1.0})
    assert steps_in(tmp_path) == [3]
    writer.close()


def test_absent_file_has_no_records(tmp_path):
    assert metrics.read_metrics(tmp_path) == []


def test_tensorboard_gets_the_same_numbers(tmp_path):
    write(tmp_path, 0, 1, 4)
    events = {(step, name): value for step, name, value in read_events(tmp_path)}
    expected = {
        (record["step"], name): value
        for record in metrics.read_metrics(tmp_path)
        for name, value in record.items()
        if name != "step"
    }
    assert events == pytest.approx(expected, rel=1e-7)
    assert set(events) == set(expected)


@pytest.mark.parametrize(
    ("first_step", "kept"), [(0, []), (3, [2]), (4, [2, 4]), (9, [2, 4, 6])]
)
def test_later_records_are_dropped_at_a_restart(tmp_path, first_step, kept):
    write(tmp_path, 0, 2, 4, 6)
    write(tmp_path, first_step, 100)
    assert steps_in(tmp_path) == [*kept, 100]


@pytest.mark.parametrize("rest", ["", '{"step": 6, "lo', '{"step": 6', "{"])
def test_unfinished_last_line_is_passed_over(tmp_path, rest):
    write(tmp_path, 0, 2, 4)
    path = tmp_path / "metrics.jsonl"
    path.write_text(path.read_text() + rest)
    assert steps_in(tmp_path) == [2, 4]
    write(tmp_path, 4, 6)
    assert steps_in(tmp_path) == [2, 4, 6]
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_whole_last_line_without_its_end_is_kept(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 2, "loss": 1.0}')
    write(tmp_path, 2, 4)
    assert steps_in(tmp_path) == [2, 4]
    assert len(path.read_text().splitlines()) == 2


def test_scores_are_told_by_their_names():
    record = {"step": 3, "loss": 1.0, "eval/f1": 0.5, "eval/loss": 2.0}
    assert metrics.score_names(record) == ["eval/f1", "eval/loss"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00:00"),
        (0.6, "0:00:01"),
        (59.4, "0:00:59"),
        (59.5, "0:01:00"),
        (3599.5, "1:00:00"),
        (3661, "1:01:01"),
        (360000, "100:00:00"),
        (float("nan"), "unknown"),
    ],
)
def test_format_seconds(seconds, text):
    assert metrics.format_seconds(seconds) == text


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets."""
    now = [100.0]
    monkeypatch.setattr(metrics.time, "monotonic", lambda: now[0])
    return now


def test_line_says_position_numbers_rate_and_time_left(clock, log_lines):
    progress = metrics.Progress("training", total=40, unit="step", device="CPU, 2")
    clock[0] += 30  # Tracing: no part of the rate.
    progress.update(1, {"loss": 3.14159265, "lr": 5e-5})
    clock[0] += 20
    progress.update(11, {"loss": 12.0})
    clock[0] += 58
    progress.update(40, {})
    assert log_lines == [
        "training step 1/40  loss 3.142  lr 5e-05  0 step/s  ETA unknown  CPU, 2",
        "training step 11/40  loss 12  0.5 step/s  ETA 0:00:58  CPU, 2",
        "training step 40/40  0.5 step/s  took 0:01:48  CPU, 2",
    ]


def test_lines_come_every_ten_seconds_and_at_the_end(clock, log_lines):
    progress = metrics.Progress("predicting", total=30, unit="batch")
    for done in range(1, 31):
        clock[0] += 1.0
        progress.update(done, {})
    places = [line.split()[2] for line in log_lines]
    assert places == ["10/30", "20/30", "30/30"]
    assert not log_lines[0].endswith(" ")


def test_rate_in_words_takes_the_place_of_units(clock, log_lines):
    progress = metrics.Progress("training", total=2, unit="step")
    clock[0] += 11
    progress.update(1, {}, "64 ex/s")
    assert log_lines == ["training step 1/2  64 ex/s  ETA unknown"]


def test_resumed_run_counts_its_own_steps_for_the_rate(clock, log_lines):
    progress = metrics.Progress("training", total=1000, unit="step", first=900)
    clock[0] += 1
    progress.update(910, {})
    clock[0] += 20
    progress.update(950, {})
    assert log_lines == ["training step 950/1000  2 step/s  ETA 0:00:25"]


def test_unknown_total_has_no_time_left(clock, log_lines):
    progress = metrics.Progress("extracting", total=None, unit="text")
    for _, done in zip(range(3), itertools.count(1), strict=False):
        clock[0] += 10
        progress.update(done, {})
    assert log_lines[-1] == "extracting text 3  0.1 text/s"
    assert len(log_lines) == 3


def test_one_call_is_start_and_end(clock, log_lines):
    progress = metrics.Progress("predicting", total=4, unit="batch")
    clock[0] += 2
    progress.update(4, {})
    assert log_lines == ["predicting batch 4/4  2 batch/s  took 0:00:02"]
