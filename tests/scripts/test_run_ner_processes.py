# SPDX-License-Identifier: Apache-2.0
"""Tests for run_ner.py in two processes: TensorFlow's, or those of Horovod."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

LAST = 6  # Updates of two passes: int(13 / 4 * 2).
SECONDS = 60
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def read_log(folder):
    lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def files(folder):
    """Returns the names of what a run wrote; TensorBoard's hold the time."""
    names = (path.name for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in names if "tfevents" not in name)


@pytest.fixture
def without_dropout(make_ner_run, ner_folder):
    config = json.loads((ner_folder / "bert_config.json").read_text(encoding="utf-8"))
    rates = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return make_ner_run(config=json.dumps(config | rates))


@pytest.fixture
def assert_equal_runs(assert_same_weights):
    """Asserts that two folders hold the same run, up to rounding."""

    def compare(one, two):
        assert files(one) == files(two)
        assert_same_weights(one, two, LAST)
        compare_logs(one, two)

    return compare


def compare_logs(one, two):
    """Asserts that two folders hold the same losses, up to rounding."""
    for record, other in zip(read_log(one), read_log(two), strict=True):
        for name in ("step", "loss", "gradient_norm"):
            assert record.get(name) == pytest.approx(other.get(name), rel=1e-5)


@pytest.fixture
def train(run_in_two):
    """Trains, scores and predicts, in this process or in two."""

    def call(run, folder, *, in_two=False, **changes):
        values = {
            "num_train_epochs": 2.0,
            "iterations_per_loop": 1,
            "do_eval": True,
            "do_predict": True,
            **changes,
        }
        if in_two:
            run_in_two("run_ner.py", run.flags(folder, **values))
        else:
            run(folder, **values)

    return call


def test_two_processes_train_as_one_does(
    without_dropout, train, assert_equal_runs, tmp_path
):
    one, two = tmp_path / "one", tmp_path / "two"
    train(without_dropout, one)
    train(without_dropout, two, in_two=True)
    assert_equal_runs(one, two)
    for name in ("label_test.txt", "eval_results.txt"):
        assert (one / name).read_text() == (two / name).read_text()


def test_two_processes_drop_what_one_that_accumulates_drops(
    ner_run, train, assert_equal_runs, tmp_path
):
    one, two = tmp_path / "one", tmp_path / "two"
    train(ner_run, one, accumulate_steps=2)
    train(ner_run, two, in_two=True)
    assert_equal_runs(one, two)


def test_two_processes_go_on_where_one_has_stopped(
    ner_run, train, assert_equal_runs, tmp_path
):
    one, two = tmp_path / "one", tmp_path / "two"
    changes = {"save_checkpoints_steps": LAST // 2, "accumulate_steps": 2}
    train(ner_run, one, **changes)
    interrupt(one, two)
    train(ner_run, two, in_two=True, **changes | {"accumulate_steps": 1})
    assert_equal_runs(one, two)
    kept = f"model.ckpt-{LAST // 2}.index"
    assert (one / kept).stat().st_mtime_ns == (two / kept).stat().st_mtime_ns


def test_one_process_goes_on_where_two_have_stopped(
    ner_run, train, assert_equal_runs, tmp_path
):
    two, one = tmp_path / "two", tmp_path / "one"
    changes = {"save_checkpoints_steps": LAST // 2}
    train(ner_run, two, in_two=True, **changes)
    interrupt(two, one)
    train(ner_run, one, **changes, accumulate_steps=2)
    assert_equal_runs(two, one)


def interrupt(whole, folder):
    """Makes a folder as a run leaves it that was killed before its last checkpoint."""
    shutil.copytree(whole, folder)
    for path in folder.glob(f"model.ckpt-{LAST}.*"):
        path.unlink()


@pytest.mark.horovod
def test_horovod_is_refused_without_a_launcher(ner_run, run_program, tmp_path):
    done = run_program(*ner_run.command(tmp_path, distribution="horovod"))
    assert done.returncode == 2
    assert "must be started by horovodrun or mpirun" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_processes_with_other_flags_are_refused(ner_run, tmp_path):
    with socket.socket() as one, socket.socket() as two:
        for each in (one, two):
            each.bind(("localhost", 0))
        workers = [f"localhost:{each.getsockname()[1]}" for each in (one, two)]
    processes = [
        subprocess.Popen(
            [
                sys.executable,
                *ner_run.command(
                    tmp_path, distribution="multi_worker", learning_rate=rate
                ),
            ],
            cwd=ROOT,
            env=os.environ
            | {
                "TF_CONFIG": json.dumps(
                    {
                        "cluster": {"worker": workers},
                        "task": {"type": "worker", "index": index},
                    }
                )
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index, rate in enumerate((0.25, 0.5))
    ]
    for process in processes:
        _, error = process.communicate(timeout=3 * SECONDS)
        assert process.returncode == 2
        assert "process 1: --learning_rate 0.5, of process 0: 0.25" in error
    assert not list(tmp_path.glob("model.ckpt*"))


class Launched:
    """A run of two processes that is long enough to be ended in its middle."""

    def __init__(self, way, run, folder, **changes):
        values = {"num_train_epochs": 2000.0, **changes, **way.flags}
        command = run.command(folder, **values)
        self._way, self._folder = way, folder
        self._process = subprocess.Popen(
            way.command(command),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_for(self, file):
        """Waits until the run has written something to a file of its folder."""
        end = time.monotonic() + 2 * SECONDS
        while self._process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError):
                if (self._folder / file).stat().st_size:
                    return
            time.sleep(0.02)
        self.kill()
        raise AssertionError(self._process.stdout.read())

    def signal(self, number):
        """Sends a signal to the launcher."""
        self._process.send_signal(number)

    def kill(self, variable=None):
        """Kills the second process, or all with a variable, if they are there."""
        variable = variable or self._way.second
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                is_one = variable in (folder / "environ").read_bytes()
                is_ours = (
                    str(self._folder).encode() in (folder / "cmdline").read_bytes()
                )
                if is_one and is_ours:
                    os.kill(int(folder.name), signal.SIGKILL)

    def finish(self):
        """Returns the exit status and what all have said."""
        output, _ = self._process.communicate(timeout=SECONDS)
        return self._process.returncode, output


def test_a_killed_process_ends_the_other_with_a_message(ner_run, way, tmp_path):
    launched = Launched(way, ner_run, tmp_path)
    launched.wait_for("metrics.jsonl")
    launched.kill()
    status, output = launched.finish()
    assert status != 0
    assert "Another process of this run ended before its end" in output
    assert "Traceback" not in output.partition("Terminating remaining workers")[0]


@pytest.mark.parametrize("victims", ["second", "both"])
def test_a_killed_run_ends_as_if_it_had_not_been_killed(
    ner_run, way, victims, run_in_two, assert_same_weights, tmp_path
):
    whole, two, one = (tmp_path / name for name in ("whole", "two", "one"))
    # 97 updates, of which two are made when the first checkpoint is there.
    changes = {
        "num_train_epochs": 30.0,
        "save_checkpoints_steps": 2,
        "learning_rate": 1e-3,
    }
    launched = Launched(way, ner_run, two, **changes)
    launched.wait_for("model.ckpt-2.index")
    launched.kill(getattr(way, victims))
    status, _ = launched.finish()
    assert status != 0
    assert not (two / "model.ckpt-97.index").exists()
    shutil.copytree(two, one)
    run_in_two("run_ner.py", ner_run.flags(two, **changes))
    for folder in (whole, one):
        ner_run(folder, accumulate_steps=2, **changes)
        assert_same_weights(folder, two, 97)


def test_a_run_that_is_stopped_saves_its_state(ner_run, way, tmp_path):
    launched = Launched(way, ner_run, tmp_path)
    launched.wait_for("metrics.jsonl")
    launched.signal(signal.SIGTERM)
    status, output = launched.finish()
    assert status != 0
    assert "which is saved" in output
    assert any(path.name != "model.ckpt-0.index" for path in tmp_path.glob("*.index"))
