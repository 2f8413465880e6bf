# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.corpora.workers."""

import os

import pytest

from modeling import errors
from modeling.corpora import workers


def touch(task, shared, tally):
    """Makes a file named after the task."""
    if task == "bad":
        raise errors.InputError("a: Bad.")
    (shared / task).write_text(str(os.getpid()))
    tally.add(articles=1, words=10)


def run(tasks, shared, num_workers):
    calls = []
    tally = workers.Tally(lambda: calls.append(""))
    done = workers.run_tasks(
        touch,
        tasks,
        shared=shared,
        tally=tally,
        num_workers=num_workers,
    )
    return sorted(done), tally.read(), len(calls)


def test_does_all_tasks_in_this_process(tmp_path):
    done, counts, num_calls = run(["a", "b", "c"], tmp_path, 1)
    assert done == [0, 1, 2]
    assert counts == (3, 30)
    assert num_calls == 3
    pids = {path.read_text() for path in tmp_path.iterdir()}
    assert pids == {str(os.getpid())}
    assert run([], tmp_path, 4)[0] == []


def test_stops_after_an_error(tmp_path):
    with pytest.raises(errors.InputError, match=r"^a: Bad\.$"):
        run(["a", "bad", "c"], tmp_path, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_task_ends_when_another_has_failed():
    tally = workers.Tally()
    tally.add(articles=1, words=2)
    tally.stop()
    with pytest.raises(workers.Stopped):
        tally.add(articles=1, words=2)
