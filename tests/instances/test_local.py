# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.instances.local."""

import gzip
import hashlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pytest

from modeling import errors
from modeling.instances import jobs, local, plan

NUM_SHARDS = 16


def contents(folder):
    """Returns the bytes of all files in a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def built(tiny, tmp_path, small_shards):
    """A build by this process alone."""
    folder = tmp_path / "one"
    return folder, local.build(tiny.settings(folder / "x.tfrecord"))


def test_writes_shards_a_manifest_and_a_report(built, tiny):
    folder, report = built
    assert len(report.outputs) == NUM_SHARDS
    assert set(contents(folder)) == {
        *(pathlib.Path(path).name for path in report.outputs),
        "x.tfrecord.manifest.json",
        "x.tfrecord.report.txt",
    }
    manifest = json.loads(pathlib.Path(report.manifest).read_text())
    assert manifest["settings"]["max_seq_length"] == 32
    assert manifest["settings"]["builder"] == "streaming"
    for name, file in zip(("a.txt", "b.txt"), manifest["inputs"], strict=True):
        raw = (tiny.folder / name).read_bytes()
        assert file["path"].endswith(name)
        assert file["size"] == len(raw)
        assert file["sha256"] == hashlib.sha256(raw).hexdigest()
    for shard, path in zip(manifest["shards"], report.outputs, strict=True):
        raw = pathlib.Path(path).read_bytes()
        assert shard["size"] == len(raw)
        assert shard["sha256"] == hashlib.sha256(raw).hexdigest()
    assert manifest["counts"]["instances"] == report.counts.instances > 300
    assert report.counts.documents == 85


@pytest.mark.parametrize("num_workers", [2, 4])
def test_any_number_of_processes_gives_the_same_files(
    built, tiny, tmp_path, num_workers
):
    folder, _ = built
    settings = tiny.settings(tmp_path / "n" / "x.tfrecord", num_workers=num_workers)
    local.build(settings)
    assert contents(tmp_path / "n") == contents(folder)


def test_goes_on_where_it_was_ended(built, tiny, tmp_path, monkeypatch):
    folder, _ = built
    settings = tiny.settings(tmp_path / "n" / "x.tfrecord")
    real, calls = jobs.write_shard, []

    def end_in_the_third(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(jobs, "write_shard", end_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        local.build(settings)
    assert "x.tfrecord.manifest.json" not in contents(tmp_path / "n")
    report = local.build(settings)
    assert report.num_kept == 2
    assert len(calls) == 3 + NUM_SHARDS - 2
    assert contents(tmp_path / "n") == contents(folder)
    # All is there: nothing is built again, unless it is asked for.
    assert local.build(settings).num_kept == NUM_SHARDS
    anew = tiny.settings(tmp_path / "n" / "x.tfrecord", resume="never")
    assert local.build(anew).num_kept == 0
    assert contents(tmp_path / "n") == contents(folder)


def test_compressed_files_hold_the_same_records(built, tiny, tmp_path):
    _, report = built
    settings = tiny.settings(tmp_path / "n" / "x.tfrecord", compress=True)
    for plain, packed in zip(
        report.outputs, local.build(settings).outputs, strict=True
    ):
        raw = pathlib.Path(packed).read_bytes()
        assert packed.endswith(".tfrecord.gz")
        assert gzip.decompress(raw) == pathlib.Path(plain).read_bytes()
    again = tiny.settings(tmp_path / "again" / "x.tfrecord", compress=True)
    local.build(again)
    assert contents(tmp_path / "again") == contents(tmp_path / "n")


def test_compressed_texts_give_the_same_files(built, tiny, tmp_path):
    folder, _ = built
    packed = tmp_path / "a.txt.gz"
    packed.write_bytes(gzip.compress((tiny.folder / "a.txt").read_bytes()))
    settings = tiny.settings(
        tmp_path / "n" / "x.tfrecord", input_file=f"{packed},{tiny.folder}/b.txt"
    )
    local.build(settings)
    mine, plain = contents(tmp_path / "n"), contents(folder)
    manifest = json.loads(mine.pop("x.tfrecord.manifest.json"))
    del plain["x.tfrecord.manifest.json"]
    assert mine == plain
    assert manifest["inputs"][0]["path"] == str(packed)
    packed.write_bytes(packed.read_bytes()[:-9])
    with pytest.raises(errors.InputError, match=r"a\.txt\.gz: .* must be whole\."):
        local.build(settings)


def test_other_settings_replace_the_files(built, tiny):
    folder, _ = built
    before = contents(folder)
    local.build(tiny.settings(folder / "x.tfrecord", random_seed=7))
    after = contents(folder)
    assert set(after) == set(before)
    assert all(after[name] != before[name] for name in after if "-of-" in name)


def test_a_vocabulary_that_does_not_fit_stops_the_build(tiny, tmp_path, small_shards):
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ngene\n")
    vocabulary = str(tmp_path / "vocab.txt")
    settings = tiny.settings(tmp_path / "n" / "x", vocab_file=vocabulary)
    with pytest.raises(errors.InputError, match=r"at most 20% of its pieces may be"):
        local.build(settings)
    assert len(list((tmp_path / "n").glob("x-*"))) == 1  # Found in the first shard.


CODE = """
import os, signal, sys
from modeling.instances import jobs, local, plan
from modeling.instances import settings as settings_lib

plan._MIN_SHARD_BYTES = 500
real = jobs.write_shard

def write_shard(work, parts, output):
    if os.environ.get("KILLED") == str(parts[0].index):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(work, parts, output)

jobs.write_shard = write_shard
flags = dict(flag.split("=", 1) for flag in sys.argv[1:])
numbers = ("max_seq_length", "max_predictions_per_seq", "dupe_factor", "num_workers")
settings = settings_lib.Settings(
    **{k: int(v) if k in numbers else v for k, v in flags.items()}
)
try:
    print(local.build(settings).num_kept)
except Exception as error:
    print(type(error).__name__, error)
"""
FLAGS = (
    "input_file",
    "vocab_file",
    "max_seq_length",
    "max_predictions_per_seq",
    "num_workers",
    "dupe_factor",
)


def start(tiny, root, output, *, killed=None, **changes):
    """Starts a build in a process of its own."""
    settings = tiny.settings(output, **changes)
    flags = [f"{name}={getattr(settings, name)}" for name in FLAGS]
    return subprocess.Popen(
        [sys.executable, "-c", CODE, f"output_file={output}", *flags],
        cwd=root,
        env={**os.environ, "KILLED": str(killed)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_process_that_dies_ends_the_build(built, tiny, tmp_path, root):
    folder, _ = built
    output = tmp_path / "n" / "x.tfrecord"
    process = start(tiny, root, output, killed=5, num_workers=2)
    out, _ = process.communicate(timeout=60)
    assert out.startswith("InputError Processes must live until")
    process = start(tiny, root, output, num_workers=2)
    out, _ = process.communicate(timeout=60)
    assert 0 < int(out) < NUM_SHARDS
    assert contents(tmp_path / "n") == contents(folder)


@pytest.mark.slow
def test_a_build_that_is_killed_anywhere_ends_with_the_same_files(
    tiny, tmp_path, root, monkeypatch
):
    monkeypatch.setattr(plan, "_MIN_SHARD_BYTES", 500)
    work = {"dupe_factor": 60}
    local.build(tiny.settings(tmp_path / "one" / "x.tfrecord", **work))
    output = tmp_path / "n" / "x.tfrecord"
    draw = random.Random(0)
    for _ in range(4):
        process = start(tiny, root, output, num_workers=2, **work)
        time.sleep(draw.uniform(0.25, 0.6))
        process.send_signal(signal.SIGKILL)
        process.wait()
    process = start(tiny, root, output, num_workers=2, **work)
    out, _ = process.communicate(timeout=60)
    assert 0 <= int(out) <= NUM_SHARDS
    assert contents(tmp_path / "n") == contents(tmp_path / "one")
