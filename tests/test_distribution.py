# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.distribution; that replicas train alike is in tests/tasks."""

import dataclasses
import json
import types

import numpy as np
import pytest
import tensorflow as tf

from modeling import distribution, errors, files, launcher
from modeling import settings as settings_lib
from modeling.training import replication, strategies


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Lets each test be a process of its own, outside of any cluster."""
    monkeypatch.setattr(distribution, "_started", [])
    monkeypatch.setattr(files, "_writes_nothing", False)
    for name in ("TF_CONFIG", "SLURM_STEP_NUM_TASKS"):
        monkeypatch.delenv(name, raising=False)


def make_settings(**changes):
    values = {"bert_config_file": "c", "output_dir": "o", "do_train": True} | changes
    return settings_lib.TrainSettings(**values)


class Processes(replication.SingleProcess):
    """Several processes: this one and others that say what is given."""

    def __init__(self, *others):
        self.others = others
        self.num_processes = self.num_replicas = 1 + len(others)

    def gather_objects(self, value):
        return [value, *(change(dict(value)) for change in self.others)]


def test_one_device_is_used_where_there_are_no_gpus():
    replicas = distribution.obtain(make_settings())
    assert isinstance(replicas, replication.SingleProcess)
    assert distribution.obtain(make_settings()) is replicas
    assert not files.writes_nothing()


def test_mirrored_uses_all_parts_of_the_cpu():
    replicas = distribution.obtain(make_settings(distribution="mirrored"))
    assert isinstance(replicas, strategies.Strategy)
    assert replicas.num_replicas == replicas.num_local_replicas == 4
    assert replicas.device.startswith("4 replicas on ")


def test_a_plan_writes_nothing():
    distribution.obtain(make_settings(plan=True))
    assert files.writes_nothing()


def test_a_process_that_is_not_the_first_writes_nothing(monkeypatch, tmp_path):
    second = replication.SingleProcess()
    monkeypatch.setattr(replication.SingleProcess, "is_chief", False)
    monkeypatch.setattr(distribution, "_start", lambda _: second)
    distribution.obtain(make_settings())
    files.write_text(tmp_path / "a.txt", "text")
    assert not list(tmp_path.iterdir())


def test_standard_input_needs_one_process(monkeypatch):
    monkeypatch.setattr(distribution, "_start", lambda _: Processes(dict))
    settings = types.SimpleNamespace(predict_file="-", plan=False)
    with pytest.raises(errors.InputError, match=r"one reader.*Received: 2 processes"):
        distribution.obtain(settings)


def test_several_processes_need_to_be_started():
    with pytest.raises(errors.InputError, match="needs TF_CONFIG, srun of Slurm, or"):
        distribution.obtain(make_settings(distribution="multi_worker"))


def test_slurm_tells_the_cluster(monkeypatch):
    variables = {
        "SLURM_STEP_NUM_TASKS": "4",
        "SLURM_STEP_NODELIST": "node[07-08]",
        "SLURM_STEP_TASKS_PER_NODE": "2(x2)",
        "SLURM_PROCID": "2",
        "SLURM_LOCALID": "0",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    cluster = distribution._find_cluster()
    hosts = ["node07:8888", "node07:8889", "node08:8888", "node08:8889"]
    assert json.loads(cluster.tf_config) == {
        "cluster": {"worker": hosts},
        "task": {"type": "worker", "index": 2},
    }
    assert (cluster.process_index, cluster.num_processes) == (2, 4)
    assert (cluster.num_local, cluster.local_index) == (2, None)


def test_more_processes_than_gpus_are_refused(monkeypatch):
    gpus = [types.SimpleNamespace(name="GPU:0")]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: gpus)
    cluster = launcher.Cluster(
        tf_config="", process_index=1, num_processes=2, local_index=1, num_local=2
    )
    with pytest.raises(errors.InputError, match="at most the number of GPUs") as info:
        distribution._take_share_of_machine(cluster)
    assert "2 processes, 1 GPUs" in str(info.value)


@pytest.mark.parametrize(
    ("batch", "num_replicas", "flags", "expected"),
    [
        (32, 1, {}, 1),
        (32, 2, {"accumulate_steps": 4}, 4),
        (32, 1, {"max_examples_per_device": 32}, 1),
        (32, 1, {"max_examples_per_device": 9}, 4),
        (32, 2, {"max_examples_per_device": 6}, 4),
        (30, 2, {"max_examples_per_device": 4}, 5),
        (7, 1, {"max_examples_per_device": 2}, 7),
    ],
)
def test_parts_follow_from_what_fits(batch, num_replicas, flags, expected):
    settings = make_settings(train_batch_size=batch, **flags)
    replicas = types.SimpleNamespace(num_replicas=num_replicas)
    assert distribution.accumulate_steps(settings, replicas) == expected


@pytest.mark.parametrize(
    ("batch", "num_replicas", "flags"),
    [(32, 3, {}), (32, 1, {"accumulate_steps": 5}), (7, 2, {})],
)
def test_a_batch_that_does_not_divide_is_refused(batch, num_replicas, flags):
    settings = make_settings(train_batch_size=batch, **flags)
    replicas = types.SimpleNamespace(num_replicas=num_replicas)
    with pytest.raises(errors.InputError, match="must be a multiple of devices x"):
        distribution.accumulate_steps(settings, replicas)


RECORD = {"model": {"labels": ["B", "I"]}, "training": {"training_data_sha256": "ab"}}


def check(*others, settings=None):
    state = {"w": tf.Variable([1.0, 2.0]), "global_step": np.int64(3)}
    distribution.check_alike(
        Processes(*others), settings or make_settings(), RECORD, state
    )


def test_processes_that_agree_pass():
    check(dict, dict)
    distribution.check_alike(replication.SingleProcess(), make_settings(), {}, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("--learning_rate", 1.0),
        ("training_data_sha256", "cd"),
        ("labels", "[]"),
        ("weights", 1),
    ],
)
def test_processes_that_differ_are_refused(name, value):
    def differ(facts):
        assert name in facts
        return facts | {name: value}

    with pytest.raises(errors.InputError, match="must have the same flags, data") as e:
        check(dict, differ)
    assert f"of process 2: {name} {value}, of process 0" in str(e.value)


def test_the_place_of_files_may_differ():
    other = dataclasses.asdict(make_settings(output_dir="elsewhere"))

    def elsewhere(facts):
        return facts | {f"--{k}": v for k, v in other.items() if f"--{k}" in facts}

    check(elsewhere)


def test_the_weights_count_by_name_and_value():
    sums = {
        distribution._checksum(state)
        for state in (
            {"a": tf.constant([1.0]), "b": tf.constant([2.0])},
            {"a": tf.constant([2.0]), "b": tf.constant([1.0])},
            {"a": tf.constant([1.0]), "c": tf.constant([2.0])},
            {"a": tf.constant([1.0]), "b": tf.constant([2.5])},
        )
    }
    assert len(sums) == 4


def lose():
    message = "File a.py\nSocket closed\n [[{{node b}}]]"
    raise tf.errors.UnavailableError(None, None, message)


def test_a_lost_process_is_told_in_words(monkeypatch):
    monkeypatch.setattr(distribution, "_started", [Processes(dict)])
    with pytest.raises(errors.PeerLostError, match=r"ended before .*Socket closed"):
        distribution.ending_with_peers(lose)


def test_an_error_of_one_process_alone_stays_what_it_is(monkeypatch):
    monkeypatch.setattr(distribution, "_started", [replication.SingleProcess()])
    with pytest.raises(tf.errors.UnavailableError):
        distribution.ending_with_peers(lose)
    assert distribution.ending_with_peers(lambda: 5) == 5
