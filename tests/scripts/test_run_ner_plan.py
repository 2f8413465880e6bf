# SPDX-License-Identifier: Apache-2.0
"""Tests for run_ner.py --plan, as a command."""

import pytest


def contents(folder):
    """Returns the bytes of all files in a folder, by path."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def read_table(text):
    """Returns the values of the table, by name."""
    pairs = (line.split("  ", 1) for line in text.splitlines())
    return {name: value.strip() for name, value in pairs}


@pytest.mark.slow
def test_plan_tells_and_writes_nothing(ner_run, run_program, tmp_path):
    folder = tmp_path / "out"
    changes = {"max_examples_per_device": 2, "do_predict": True, "plan": True}
    done = run_program(*ner_run.command(folder, **changes))
    assert done.returncode == 0, done.stderr
    table = read_table(done.stdout)
    assert table["Examples of an update"] == "4"
    assert table["Examples of a device"] == "2 at a time, 2 times in an update"
    assert table["Updates left"] == "39 of 39"
    assert float(table["Examples per second"]) > 1
    assert float(table["Time of an update"].removesuffix(" s")) < 10
    assert " of them, and " in table["Disk for checkpoints"]
    assert "Planned from 20 updates." in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(tmp_path) == {}


@pytest.mark.slow
def test_plan_of_a_run_that_goes_on_leaves_it_as_it_is(
    ner_run, run_program, interrupted_ner
):
    before = contents(interrupted_ner)
    changes = {"save_checkpoints_steps": 15, "plan": True}
    changes |= {"do_eval": True, "eval_every_steps": 12}
    done = run_program(*ner_run.command(interrupted_ner, **changes))
    assert done.returncode == 0, done.stderr
    assert read_table(done.stdout)["Updates left"] == "24 of 39"
    assert contents(interrupted_ner) == before


@pytest.mark.slow
def test_two_processes_plan_once(ner_run, run_program, tmp_path):
    changes = {"num_processes": 2, "accumulate_steps": 2, "plan": True}
    done = run_program(*ner_run.command(tmp_path / "out", **changes))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Replicas ") == 1
    table = read_table(done.stdout)
    assert table["Replicas"] == "2"
    assert table["Examples of a device"] == "1 at a time, 2 times in an update"
    assert contents(tmp_path) == {}
