# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.planning; the command is in tests/scripts/test_run_ner_plan.py."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from modeling import planning
from modeling import settings as settings_lib
from modeling.training import checkpoints, replication, trial

GIBIBYTE = 2**30


class FourReplicas(replication.SingleProcess):
    num_replicas = 4
    device = "4 replicas in 2 processes on a machine"


@pytest.fixture
def planned(tmp_path):
    return planning.Run(
        first_step=100,
        num_train_steps=1000,
        batch_size=48,
        accumulate_steps=3,
        checkpoint_bytes=3 * GIBIBYTE // 2,
        num_checkpoints=6,
        output_dir=tmp_path / "not" / "there",
    )


@pytest.fixture
def tried():
    return trial.Trial(
        seconds=4.0,
        peak_bytes=5 * GIBIBYTE,
        available_bytes=16 * GIBIBYTE,
        max_examples=17,
    )


@pytest.fixture
def free_disk(monkeypatch):
    """Says how much is free where a folder is, which must be there."""

    def usage(folder):
        assert folder.is_dir()
        return type("Usage", (), {"free": 7 * GIBIBYTE})

    monkeypatch.setattr(planning.shutil, "disk_usage", usage)


@pytest.mark.usefixtures("free_disk")
def test_says_what_a_training_takes(planned, tried):
    rows = planning.describe(planned, tried, FourReplicas())
    assert rows == [
        ("Device", "4 replicas in 2 processes on a machine"),
        ("Replicas", "4"),
        ("Examples of an update", "48"),
        ("Examples of a device", "4 at a time, 3 times in an update"),
        ("Examples per second", "12"),
        ("Time of an update", "4 s"),
        ("Updates left", "900 of 1000"),
        ("ETA", "1:00:00, without evaluations and checkpoints"),
        ("Peak memory of a device", "5 GiB of 16 GiB"),
        (
            "Largest that may fit",
            "about 17 at a time, an estimate: --max_examples_per_device=17",
        ),
        ("Size of a checkpoint", "1.5 GiB"),
        (
            "Disk for checkpoints",
            "9 GiB for 6 of them, and 1.5 GiB while one is written, of 7 GiB that "
            "are free",
        ),
    ]


@pytest.mark.usefixtures("free_disk")
def test_says_what_is_unknown(planned, tried):
    tried = dataclasses.replace(tried, available_bytes=None, max_examples=None)
    planned = dataclasses.replace(planned, accumulate_steps=1, first_step=1000)
    rows = dict(planning.describe(planned, tried, replication.SingleProcess()))
    assert rows["Examples of a device"] == "48 at a time"
    assert rows["ETA"].startswith("0:00:00,")
    assert rows["Peak memory of a device"] == "5 GiB of unknown"
    assert rows["Largest that may fit"].startswith("unknown,")


def test_size_of_a_checkpoint_is_that_of_its_file(tmp_path):
    state = {
        "kernel": tf.Variable(tf.zeros([700, 30])),
        "scale": tf.Variable(1.0),
        "steps": tf.Variable(1, dtype=tf.int64),
        "global_step": np.int64(17),
    }
    checkpoints.write(tmp_path / "model.ckpt-17", state)
    (path,) = tmp_path.glob("*.data-*")
    assert planning.state_bytes(state) == path.stat().st_size


@dataclasses.dataclass
class Trials:
    """Stands for `trial.run`: notes what it is asked and answers."""

    answer: trial.Trial

    def __call__(self, *args, **options):
        self.options = options
        return self.answer


@pytest.fixture
def plan(monkeypatch, tmp_path, tried):
    """Plans a run of 48 examples an update, accumulated twice; see `Trials`."""
    trials = Trials(tried)
    monkeypatch.setattr(trial, "run", trials)
    settings = settings_lib.TrainSettings(
        bert_config_file="bert_config.json",
        output_dir=str(tmp_path / "out"),
        do_train=True,
        plan=True,
        train_batch_size=48,
        accumulate_steps=2,
        xla=True,
    )

    def run(replicas, **changes):
        options = {"num_train_steps": 1000, "save_every": 100, "max_checkpoints": 5}
        state = {"global_step": np.int64(10), "weights": np.zeros(3, np.float32)}
        planning.run(settings, None, None, replicas, state=state, **options | changes)

    return run, trials


def test_ends_the_run_with_a_table(plan, capsys, caplog, tmp_path):
    run, trials = plan
    with pytest.raises(planning.Planned) as ended:
        run(FourReplicas())
    assert ended.value.code == 0
    assert trials.options == {
        "first_step": 10,
        "micro_batch": 6,
        "num_parts": 8,
        "is_compiled": True,
    }
    lines = capsys.readouterr().out.splitlines()
    assert "Updates left             990 of 1000" in lines
    assert "Examples of a device     6 at a time, 2 times in an update" in lines
    assert "Planned from 20 updates. Device: 4 replicas" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_only_the_chief_tells(plan, capsys, caplog):
    class Other(FourReplicas):
        is_chief = False

    with pytest.raises(planning.Planned):
        plan[0](Other())
    assert capsys.readouterr().out == ""
    assert "Planned" not in caplog.text


@pytest.mark.parametrize(
    ("total", "every", "expected"), [(1000, 100, 5), (1000, 1000, 2), (1001, 1000, 3)]
)
def test_counts_the_checkpoints_that_there_will_be(
    plan, capsys, total, every, expected
):
    with pytest.raises(planning.Planned):
        plan[0](FourReplicas(), num_train_steps=total, save_every=every)
    assert f" for {expected} of them" in capsys.readouterr().out
