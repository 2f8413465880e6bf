# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.instances.beam and its program, with Beam's direct runner."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from modeling import errors
from modeling.corpora import reports
from modeling.instances import beam, local

HAS_BEAM = importlib.util.find_spec("apache_beam") is not None


@pytest.fixture
def has_beam():
    """Skips without Beam, but fails in continuous integration, which has it."""
    if not HAS_BEAM:
        report = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        report("No Beam: run ./set_up.sh requirements-beam.txt.")


def needs_beam(function):
    return pytest.mark.beam(pytest.mark.usefixtures("has_beam")(function))


@pytest.mark.slow
@pytest.mark.skipif(HAS_BEAM, reason="Apache Beam is installed.")
def test_refuses_to_run_without_beam(tiny, tmp_path, root):
    message = refuse(root, *flags_of(tiny.settings(tmp_path / "x")))
    assert "pip install -r requirements-beam.txt" in message


def shards_in(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*-of-*"))}


def flags_of(settings, **changes):
    names = (
        "input_file",
        "output_file",
        "vocab_file",
        "max_seq_length",
        "max_predictions_per_seq",
        "dupe_factor",
    )
    values = {name: getattr(settings, name) for name in names} | changes
    return [f"--{name}={value}" for name, value in values.items()]


@needs_beam
@pytest.mark.parametrize("compress", [False, True])
def test_gives_the_files_of_the_local_builder(tiny, tmp_path, small_shards, compress):
    name = "x.tfrecord"
    one = tiny.settings(tmp_path / "local" / name, compress=compress)
    report = local.build(one)
    settings = tiny.settings(tmp_path / "beam" / name, compress=compress)
    assert beam.build(settings, []) == report.counts
    assert len(shards_in(tmp_path / "beam")) == 16
    assert shards_in(tmp_path / "beam") == shards_in(tmp_path / "local")
    manifests = [tmp_path / f / f"{name}.manifest.json" for f in ("local", "beam")]
    assert manifests[0].read_bytes() == manifests[1].read_bytes()
    # The same build may be run again, another one not.
    beam.build(settings, [])
    other = tiny.settings(tmp_path / "beam" / name, compress=compress, random_seed=1)
    with pytest.raises(errors.InputError, match=r"manifest of another build"):
        beam.build(other, [])


@needs_beam
def test_the_program_runs_in_several_processes(tiny, tmp_path, root):
    # Enough text for several shards without a change of their size.
    text = (tiny.folder / "a.txt").read_text() * 60
    (tmp_path / "a.txt").write_text(text)
    path = str(tmp_path / "a.txt")
    settings = tiny.settings(tmp_path / "beam" / "x", input_file=path, dupe_factor=1)
    command = [
        sys.executable,
        "biocodes/create_pretraining_data_beam.py",
        *flags_of(settings),
        "--runner=DirectRunner",
        "--direct_running_mode=multi_processing",
        "--direct_num_workers=2",
    ]
    subprocess.run(command, cwd=root, check=True, timeout=200)
    local.build(tiny.settings(tmp_path / "local" / "x", input_file=path, dupe_factor=1))
    found = shards_in(tmp_path / "beam")
    assert len(found) > 1
    assert found == shards_in(tmp_path / "local")


def refuse(root, *flags):
    """Runs the program and returns what it says; it must not end well."""
    done = subprocess.run(
        [sys.executable, "biocodes/create_pretraining_data_beam.py", *flags],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    # Beam may tell of what happened in its workers; the last line is the program's.
    last = done.stderr.splitlines()[-1]
    assert last.startswith("create_pretraining_data_beam.py: ")
    return last


@needs_beam
def test_bad_input_is_reported_in_the_last_line(tiny, tmp_path, root):
    settings = tiny.settings(tmp_path / "x")
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"gene\ncell\n\ndose\nblood \xff\n")
    message = refuse(root, *flags_of(settings, input_file=bad))
    assert "bad.txt:5: Text must be UTF-8. Received: byte 0xff" in message
    assert "'no.txt'" in refuse(root, *flags_of(settings, input_file="no.txt"))
    assert "max_seq_length" in refuse(root, *flags_of(settings, max_seq_length=2))


@needs_beam
def test_refuses_compressed_texts(tiny, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\x1f\x8bxyz")
    settings = tiny.settings(tmp_path / "x", input_file=str(tmp_path / "a.txt"))
    with pytest.raises(errors.InputError, match=r"must not be compressed"):
        beam.build(settings, [])


@needs_beam
def test_the_manifest_names_inputs(tiny, tmp_path):
    beam.build(tiny.settings(tmp_path / "x"), [])
    manifest = json.loads((tmp_path / "x.manifest.json").read_text())
    assert [file["path"] for file in manifest["inputs"]] == [
        str(tiny.folder / name) for name in ("a.txt", "b.txt")
    ]


@needs_beam
def test_reports_of_a_corpus_are_left_out(tiny, tmp_path, root):
    folder = tmp_path / "corpus"
    folder.mkdir()
    text = (tiny.folder / "a.txt").read_bytes()
    (folder / "corpus-00000-of-00001.txt").write_bytes(text)
    (folder / "report.txt").write_text("Read\n 1  inputs\n")
    (folder / "manifest.json").write_text(
        '{"key": "", "test_sentences": {}, "shards": []}'
    )
    settings = tiny.settings(tmp_path / "x")
    done = subprocess.run(
        [
            sys.executable,
            root / "biocodes/create_pretraining_data_beam.py",
            *flags_of(settings, input_file="corpus/*.txt"),
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "corpus/report.txt. A file that is named without" in done.stderr
    manifest = json.loads((tmp_path / "x.manifest.json").read_text())
    (read,) = manifest["inputs"]
    assert read["path"].endswith("corpus/corpus-00000-of-00001.txt")
    named = beam.expand_files(f"{folder}/report.txt")
    assert reports.leave_out(named, f"{folder}/report.txt", beam.open_file) == named
