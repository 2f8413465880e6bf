# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.profiling."""

import pytest

from modeling import files
from modeling.training import profiling


def traces(folder):
    return list(folder.glob("plugins/profile/*/*.xplane.pb"))


@pytest.mark.parametrize(("step", "profiled"), [(3, None), (1, (2, 4)), (5, (2, 4))])
def test_nothing_is_traced_outside_of_the_steps(tmp_path, step, profiled):
    with profiling.trace(tmp_path, step, profiled):
        pass
    assert not list(tmp_path.iterdir())


def test_nothing_is_traced_where_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_writes_nothing", True)
    with profiling.trace(tmp_path, 3, (2, 4)):
        pass
    assert not list(tmp_path.iterdir())


def test_the_steps_of_a_training_are_traced(tmp_path, make_trainer, read_run):
    make_trainer(profiled=(4, 5)).train(0)
    assert len(traces(tmp_path / "run")) == 1
    # A call of the graph ends before the first step and after the last one.
    ends = [record["step"] for record in read_run.records()]
    assert {4, 6} <= set(ends)
