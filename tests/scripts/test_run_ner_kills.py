# SPDX-License-Identifier: Apache-2.0
"""Tests for run_ner.py: runs that are killed, stopped or out of room, as processes.

A run that is started again ends with the same bytes as one that was left alone.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

LAST = 390
SECONDS = 120

pytestmark = pytest.mark.slow


def flags(save_every):
    """Returns what makes a run long enough to be killed in its middle."""
    return {
        "num_train_epochs": 120.0,
        "save_checkpoints_steps": save_every,
        "iterations_per_loop": 3,
    }


@pytest.fixture(scope="module")
def whole_folder(ner_run, tmp_path_factory):
    """A run that was left alone, with two checkpoints."""
    folder = tmp_path_factory.mktemp("whole")
    ner_run(folder, **flags(1000))
    return folder


@pytest.fixture(scope="module")
def whole(whole_folder):
    """The final checkpoint of the run that was left alone."""
    return final_bytes(whole_folder)


def final_bytes(folder):
    paths = sorted(folder.glob(f"model.ckpt-{LAST}.*"))
    assert len(paths) == 2, sorted(path.name for path in folder.iterdir())
    return [path.read_bytes() for path in paths]


def last_step(folder):
    """Returns the last step that the run has logged, 0 before the first."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        lines = (folder / "metrics.jsonl").read_text().split("\n")
        return json.loads(lines[-2])["step"]
    return 0


class Process:
    """A run in a process of its own."""

    def __init__(self, root, command):
        self._process = subprocess.Popen(
            [sys.executable, *command],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def signal_at(self, folder, step, number, delay=0.0):
        """Sends a signal some time after a step was logged."""
        end = time.monotonic() + SECONDS
        while last_step(folder) < step and self._process.poll() is None:
            assert time.monotonic() < end, f"Step {step} was not reached."
            time.sleep(0.002)
        time.sleep(delay)
        self._process.send_signal(number)

    def finish(self):
        """Waits for the end and returns the status and what was printed."""
        output, _ = self._process.communicate(timeout=SECONDS)
        return self._process.returncode, output


@pytest.fixture
def start(root, ner_run, tmp_path):
    """Starts a run in the folder `tmp_path`."""
    return lambda **options: Process(
        root, ner_run.command(**{"output_dir": tmp_path, **options})
    )


# With 5, most of the time goes by while a checkpoint is written or deleted.
@pytest.mark.parametrize("save_every", [5, 60])
def test_killed_run_ends_in_the_same_bytes(whole, start, tmp_path, save_every):
    draw = random.Random(save_every)
    killed_at = []
    for earliest in sorted(draw.sample(range(1, 3 * LAST // 4), 3)):
        process = start(**flags(save_every))
        process.signal_at(tmp_path, earliest, signal.SIGKILL, draw.random() * 0.05)
        status, output = process.finish()
        assert status == -signal.SIGKILL, output
        killed_at.append(last_step(tmp_path))
    assert 0 < killed_at[0] < LAST
    assert killed_at[-1] < LAST
    status, output = start(**flags(save_every)).finish()
    assert status == 0, output
    assert final_bytes(tmp_path) == whole
    # Nothing half-written is left, and no step is logged twice.
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == sorted(set(steps))
    assert steps[-1] == LAST


def test_stopped_run_saves_and_says_that_it_is_unfinished(whole, start, tmp_path):
    process = start(**flags(1000))
    process.signal_at(tmp_path, 100, signal.SIGTERM)
    status, output = process.finish()
    assert status == 75, output
    assert "SIGTERM: saving after this call of the graph" in output
    assert "The same command goes on from there." in output
    assert "Traceback" not in output
    stopped = last_step(tmp_path)
    assert 100 <= stopped < LAST
    assert (tmp_path / f"model.ckpt-{stopped}.index").exists()
    status, output = start(**flags(1000)).finish()
    assert status == 0, output
    assert f"model.ckpt-{stopped} is in --output_dir, so it is used" in output
    assert final_bytes(tmp_path) == whole


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a megabyte."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("Only root can mount a file system.")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"No file system can be mounted: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def pages(path):
    """Returns the bytes that a file takes on a disk."""
    return -(-path.stat().st_size // 4096) * 4096


# What there is room for: nothing; some files before the training; all but
# half of the last checkpoint.
@pytest.mark.parametrize("room", ["none", "some", "most"])
def test_full_disk_ends_with_a_message_and_loses_nothing(
    whole_folder, start, small_disk, room
):
    data = whole_folder / f"model.ckpt-{LAST}.data-00000-of-00001"
    files = [path for path in whole_folder.iterdir() if path.suffix != ".png"]
    most = sum(map(pages, files)) - pages(data) // 2
    left = {"none": 0, "some": pages(data), "most": most}[room]
    stat = os.statvfs(small_disk)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(stat.f_bavail * stat.f_bsize - left))
    out = small_disk / "out"
    status, output = start(output_dir=str(out), **flags(1000)).finish()
    assert status == 2, output
    assert "No space left on device" in output
    assert "Traceback" not in output
    if room == "most":
        assert f"{out}/model.ckpt-{LAST}: The checkpoint cannot be written." in output
        for name in ("index", "data-00000-of-00001"):
            first = (out / f"model.ckpt-0.{name}").read_bytes()
            assert first == (whole_folder / f"model.ckpt-0.{name}").read_bytes()
        assert not list(out.glob(f"model.ckpt-{LAST}.*"))
    ballast.unlink()
    status, output = start(output_dir=str(out), **flags(1000)).finish()
    assert status == 0, output
    assert final_bytes(out) == final_bytes(whole_folder)
