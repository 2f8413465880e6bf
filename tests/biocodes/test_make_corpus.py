# SPDX-License-Identifier: Apache-2.0
"""Tests for biocodes.make_corpus, run as the program that it is."""

import gzip
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

NUM_FILES = 6


@pytest.fixture(scope="module")
def articles(tmp_path_factory):
    """A folder of articles, long enough for a run to be interrupted."""
    folder = tmp_path_factory.mktemp("articles")
    for number in range(NUM_FILES):
        with gzip.open(folder / f"{number}.jsonl.gz", "wt", 1) as file:
            for line in range(60):
                words = " ".join(f"w{line}x{n} of it" for n in range(1000))
                text = f"Number {number}, {line} is here. {words}."
                # Each article is in two files, with two versions in each.
                key = f"{number // 2}-{line // 2}"
                file.write(json.dumps({"id": f"PMC{key}", "text": text}) + "\n")
    return folder


@pytest.fixture
def start(root, articles, tmp_path):
    """Starts the program."""

    def call(*flags, output="out", **options):
        command = [
            sys.executable,
            "biocodes/make_corpus.py",
            f"--input={articles}",
            f"--output_dir={tmp_path / output}",
            *flags,
        ]
        return subprocess.Popen(
            command,
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    return call


@pytest.fixture
def run(start):
    """Runs the program."""

    def call(*flags, **options):
        with start(*flags, **options) as program:
            out, err = program.communicate(timeout=100)
        return program.returncode, out, err

    return call


def read(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def children(process_id):
    tasks = pathlib.Path(f"/proc/{process_id}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def is_running(process_id):
    try:
        state = pathlib.Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
def test_any_number_of_processes_gives_the_same_files(run, tmp_path):
    code, out, err = run("--num_workers=1", "--shard_size=1", output="1")
    assert code == 0, err
    assert out == (tmp_path / "1" / "report.txt").read_text()
    assert "words/s" in err
    files = read(tmp_path / "1")
    assert "corpus-00001-of-00002.txt" in files
    for number in ("2", "0"):
        code, _, err = run(f"--num_workers={number}", "--shard_size=1", output=number)
        assert code == 0, err
        assert read(tmp_path / number) == files


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Reads /proc.")
def test_a_killed_run_goes_on(start, run, tmp_path):
    flags = ["--num_workers=2", "--shard_size=1", "--verbosity=-1"]
    assert run(*flags, output="whole")[0] == 0
    work = tmp_path / "out" / ".work"
    program = start(*flags)
    done = wait_for(lambda: list(work.glob("*.npz")))
    workers = children(program.pid)
    os.kill(program.pid, signal.SIGKILL)
    program.communicate(timeout=60)
    assert program.returncode == -signal.SIGKILL
    # Nobody is left to write.
    wait_for(lambda: not any(map(is_running, workers)))
    assert not (tmp_path / "out" / "manifest.json").exists()
    kept = {path: path.stat().st_ino for path in done}

    with start(*flags) as program:
        # What was done is not done again.
        wait_for(lambda: not work.exists() or list(work.glob("plan.json")))
        if work.exists():
            assert {path: path.stat().st_ino for path in kept if path.exists()} == kept
        program.communicate(timeout=60)
    assert program.returncode == 0
    assert read(tmp_path / "out") == read(tmp_path / "whole")


def test_a_message_and_no_traceback(run, tmp_path):
    bad = tmp_path / "bad.jsonl"
    bad.write_text("[1]\n")
    code, out, err = run(f"--input={bad}")
    assert (code, out) == (2, "")
    assert f"make_corpus.py: {bad}:1: A line must be a JSON object." in err
    assert "Traceback" not in err
    code, _, err = run(f"--input={bad}", "--on_error=skip")
    assert code == 2
    assert "A corpus must have a document. Received: none from 1 inputs" in err
    code, _, err = run("--min_words=0")
    assert (code, "--min_words must be at least 1" in err) == (2, True)


def test_an_error_in_a_process_ends_all(run, articles, tmp_path):
    bad = tmp_path / "z.jsonl"
    bad.write_text("[1]\n")
    code, _, err = run(f"--input={articles},{bad}", "--num_workers=2")
    assert code == 2
    assert f"{bad}:1: A line must be a JSON object." in err
    assert "Traceback" not in err
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".work"]


@pytest.mark.skipif(sys.platform != "linux", reason="Reads /proc.")
def test_a_process_that_is_killed_is_told(start, tmp_path):
    with start("--num_workers=2") as program:
        wait_for(lambda: list((tmp_path / "out" / ".work").glob("*.npz")))
        os.kill(children(program.pid)[-1], signal.SIGKILL)
        _, err = program.communicate(timeout=60)
    assert program.returncode == 2
    assert "Every process must be left to do its work." in err


def test_needs_no_tensorflow(root):
    command = [sys.executable, "-X", "importtime", "biocodes/make_corpus.py", "--help"]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, check=False
    )
    names = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "modeling.corpora.builder" in names
    assert not any(name.startswith(("tensorflow", "pandas")) for name in names)
    assert "--near_duplicates" in done.stdout.replace("[no]", "")
