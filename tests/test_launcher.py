# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.launcher; that processes train is in tests/scripts."""

import json
import os
import signal
import sys
import threading
import time

import pytest

from modeling import errors, launcher


def tf_config(*, jobs=None, task=("worker", 0)):
    """Returns an environment with a cluster in it."""
    jobs = {"worker": ["a:1", "b:2", "c:3"]} if jobs is None else jobs
    config = {"cluster": jobs, "task": {"type": task[0], "index": task[1]}}
    return {"TF_CONFIG": json.dumps(config)}


def launch(code, count=2):
    """Starts Python processes that know their number as `index`."""
    start = (
        "import json, os, signal, sys, time\n"
        "index = json.loads(os.environ['TF_CONFIG'])['task']['index']\n"
    )
    return launcher.launch(count, [sys.executable, "-c", start + code])


def test_processes_hear_of_the_terminal_from_the_launcher_alone(tmp_path):
    # Ctrl-C goes to the group of the terminal; twice would end a run at once.
    code = f"open(f'{tmp_path}/' + str(index), 'w').write(str(os.getpgid(0)))"
    assert launch(code) == 0
    groups = {path.read_text() for path in tmp_path.iterdir()}
    assert len(groups) == 2
    assert str(os.getpgid(0)) not in groups


def test_cluster_is_read_from_the_environment():
    cluster = launcher.read_cluster(tf_config(task=("worker", 2)))
    assert (cluster.process_index, cluster.num_processes) == (2, 3)
    assert (cluster.local_index, cluster.num_local) == (None, 1)


def test_there_is_no_cluster_without_the_variable():
    assert launcher.read_cluster({}) is None
    assert not launcher.is_started({})
    assert launcher.is_started(tf_config())


@pytest.mark.parametrize(
    ("task", "index"), [(("chief", 0), 0), (("worker", 0), 1), (("worker", 1), 2)]
)
def test_a_chief_is_the_first_process(task, index):
    jobs = {"worker": ["a:1", "b:2"], "chief": ["c:3"]}
    cluster = launcher.read_cluster(tf_config(jobs=jobs, task=task))
    assert (cluster.process_index, cluster.num_processes) == (index, 3)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"cluster": {}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}',
        '{"cluster": {"worker": ["a:1"]}}',
        '{"cluster": 3, "task": {"type": "worker", "index": 0}}',
    ],
)
def test_a_cluster_that_is_none_is_refused(text):
    with pytest.raises(errors.InputError, match="TF_CONFIG must be JSON like") as info:
        launcher.read_cluster({"TF_CONFIG": text})
    assert f"Received: {text}" in str(info.value)


def test_processes_know_each_other(tmp_path):
    code = (
        f"open(os.path.join({str(tmp_path)!r}, str(index)), 'w').write("
        "os.environ['TF_CONFIG'] + '\\n' + os.environ['BIOBERT_LOCAL_PROCESS'])"
    )
    assert launch(code, count=3) == 0
    written = [(tmp_path / str(i)).read_text().splitlines() for i in range(3)]
    assert [local for _, local in written] == ["0/3", "1/3", "2/3"]
    clusters = [json.loads(config)["cluster"]["worker"] for config, _ in written]
    assert clusters[0] == clusters[1] == clusters[2]
    assert len(set(clusters[0])) == 3
    found = launcher.read_cluster(
        {"TF_CONFIG": written[2][0], "BIOBERT_LOCAL_PROCESS": written[2][1]}
    )
    assert (found.process_index, found.local_index, found.num_local) == (2, 2, 3)


def test_status_is_that_of_the_first_that_failed():
    code = "time.sleep(0.5 if index == 0 else 0); sys.exit(3 if index == 1 else 4)"
    assert launch(code) == 3


def test_a_killed_process_makes_the_run_restartable(caplog):
    code = "os.kill(os.getpid(), signal.SIGKILL) if index == 1 else sys.exit(1)"
    assert launch("time.sleep(1 - index)\n" + code) == launcher.RESTARTABLE
    assert "Process 1 was ended by SIGKILL" in caplog.text


def test_processes_that_go_on_without_a_failed_one_are_ended(monkeypatch):
    monkeypatch.setattr(launcher, "_PATIENCE", 0.5)
    start = time.monotonic()
    assert launch("time.sleep(0 if index == 0 else 60); sys.exit(7)") == 7
    assert time.monotonic() - start < 30


def test_signals_are_handed_on(tmp_path):
    code = (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))\n"
        f"open(os.path.join({str(tmp_path)!r}, str(index)), 'w').close()\n"
        "time.sleep(60)"
    )

    def send():
        while len(list(tmp_path.iterdir())) < 2:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    sender = threading.Thread(target=send)
    sender.start()
    assert launch(code) == 75
    sender.join()
    assert signal.getsignal(signal.SIGTERM) == before
