# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.horovod_replication, with two real processes."""

import json
import time
import types

import pytest
import tensorflow as tf

from modeling import distribution, errors

pytestmark = pytest.mark.horovod


@pytest.fixture(scope="module")
def run_processes(horovodrun, root, tmp_path_factory):
    """Runs horovod_process.py in two processes; gives what each of them wrote."""

    def run(what):
        folder = tmp_path_factory.mktemp(what)
        program = root / "tests" / "training" / "horovod_process.py"
        done = horovodrun(str(program), what, str(folder))
        facts = {
            int(path.stem): json.loads(path.read_text(encoding="utf-8"))
            for path in folder.iterdir()
        }
        return done, facts

    return run


@pytest.fixture(scope="module")
def met(run_processes):
    done, facts = run_processes("meet")
    assert done.returncode == 0, done.stdout + done.stderr
    return facts


def test_processes_know_who_they_are(met):
    assert {index: facts["who"] for index, facts in met.items()} == {
        0: [0, True, 2],
        1: [1, False, 2],
    }


def test_sums_are_those_of_all_processes_in_each_step(met):
    # Of 1 + 2 and 10 + 10, then twice the sum so far, each time with [2, 4] added.
    total = [((1 + 2 + 2) * 2 + 2) * 2 + 2, ((10 + 10 + 4) * 2 + 4) * 2 + 4]
    # Each step adds the number of the process, 0 + 1, to twice the count.
    count = ((0 + 1) * 2 + 1) * 2 + 1
    assert [facts["total"] for facts in met.values()] == [total] * 2
    assert [facts["count"] for facts in met.values()] == [count] * 2


def test_objects_come_in_the_order_of_the_processes(met):
    assert [facts["gathered"] for facts in met.values()] == [[None, "text" * 1000]] * 2


def test_variables_become_those_of_the_first_process(met):
    assert [facts["broadcast"] for facts in met.values()] == [[[1.0], 7]] * 2


def test_each_process_computes_its_own_batch(met):
    assert {index: facts["outputs"] for index, facts in met.items()} == {0: [5], 1: [6]}


def test_a_process_that_is_killed_is_noticed(run_processes, monkeypatch):
    start = time.monotonic()
    done, facts = run_processes("lose")
    assert time.monotonic() - start < 60
    assert done.returncode != 0
    assert set(facts) == {0}
    assert "Horovod has been shut down" in facts[0]["message"]
    # As a run meets it, it is told from other errors.
    two = types.SimpleNamespace(num_processes=2)
    monkeypatch.setattr(distribution, "_started", [two])

    def fail():
        raise getattr(tf.errors, facts[0]["error"])(None, None, facts[0]["message"])

    with pytest.raises(errors.PeerLostError):
        distribution.ending_with_peers(fail)
