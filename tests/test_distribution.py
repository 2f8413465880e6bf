# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.distribution; that replicas train alike is in tests/tasks."""

import json
import types

import pytest
import tensorflow as tf

from modeling import agreement, cores, distribution, errors, files, launcher
from modeling import settings as settings_lib
from modeling.training import replication, strategies


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Lets each test be a process of its own, outside of any cluster."""
    monkeypatch.setattr(distribution, "_started", [])
    monkeypatch.setattr(files, "_writes_nothing", False)
    for name in ("TF_CONFIG", *distribution._NUM_STARTED):
        monkeypatch.delenv(name, raising=False)


def make_settings(**changes):
    values = {"bert_config_file": "c", "output_dir": "o", "do_train": True} | changes
    return settings_lib.TrainSettings(**values)


TWO = json.dumps(
    {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}
)


# As much as is asked of one of two processes that have met.
PROCESSES = types.SimpleNamespace(num_processes=2)


def test_one_device_is_used_where_there_are_no_gpus():
    replicas = distribution.obtain(make_settings())
    assert isinstance(replicas, replication.SingleProcess)
    assert distribution.obtain(make_settings()) is replicas
    assert not files.writes_nothing()


def test_one_process_need_not_read_all_files(monkeypatch):
    monkeypatch.delattr(agreement, "flags_and_files")
    assert distribution.obtain(make_settings()).num_processes == 1


@pytest.mark.parametrize(
    ("num_cores", "num_threads", "gpus", "changes", "chosen"),
    [
        (1, 0, [], {}, []),
        (2, 0, [], {}, [1]),
        (4, 0, [], {}, []),
        (2, 2, [], {}, []),
        (2, 0, ["GPU:0"], {}, []),
        (2, 0, [], {"do_eval": True}, [1]),
        (2, 0, [], {"do_train": True}, []),
        (2, 0, [], {"distribution": "none"}, [1]),
        (2, 0, [], {"distribution": "mirrored"}, []),
        (2, 0, [], {"num_processes": 2}, []),
    ],
)
def test_batches_have_a_core_each_where_nothing_is_trained(
    num_cores, num_threads, gpus, changes, chosen, monkeypatch
):
    choices, threading = [], tf.config.threading
    monkeypatch.setattr(threading, "set_intra_op_parallelism_threads", choices.append)
    monkeypatch.setattr(
        threading, "get_intra_op_parallelism_threads", lambda: num_threads
    )
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: gpus)
    monkeypatch.setattr(cores, "count", lambda: num_cores)
    settings = make_settings(**{"do_train": False} | changes)
    distribution.give_batches_a_core_each(settings)
    assert choices == chosen


def test_one_question_has_all_cores(monkeypatch):
    monkeypatch.setattr(cores, "count", lambda: 2)
    monkeypatch.delattr(tf.config.threading, "set_intra_op_parallelism_threads")
    one = types.SimpleNamespace(
        distribution="auto", num_processes=1, trains=False, question="What?"
    )
    distribution.give_batches_a_core_each(one)


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
    monkeypatch.setattr(distribution, "_started", [PROCESSES])
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


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"HOROVOD_SIZE": "1", "SLURM_STEP_NUM_TASKS": "1"}, None),
        ({"HOROVOD_SIZE": "2"}, "HOROVOD_SIZE, of 2 processes"),
        ({"SLURM_STEP_NUM_TASKS": "4"}, "SLURM_STEP_NUM_TASKS, of 4 processes"),
        ({"TF_CONFIG": TWO}, "TF_CONFIG, of 2 processes"),
        ({"TF_CONFIG": "{"}, "TF_CONFIG must be JSON"),
    ],
)
def test_one_of_several_processes_must_know_the_others(environment, expected):
    if expected is None:
        distribution._check_is_alone(environment)
    else:
        with pytest.raises(errors.InputError, match=expected):
            distribution._check_is_alone(environment)


def test_several_processes_stop_before_they_all_do_the_work(monkeypatch):
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    with pytest.raises(errors.InputError, match="must know how they meet"):
        distribution.obtain(make_settings())
    one = distribution.obtain(make_settings(distribution="none"))
    assert one.num_processes == 1


def test_processes_are_started_by_one_only(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", TWO)
    with pytest.raises(errors.InputError, match="TF_CONFIG must not be set then"):
        distribution.obtain(make_settings(num_processes=4))


def lose():
    message = "File a.py\nSocket closed\n [[{{node b}}]]"
    raise tf.errors.UnavailableError(None, None, message)


def test_a_lost_process_is_told_in_words(monkeypatch):
    monkeypatch.setattr(distribution, "_started", [PROCESSES])
    with pytest.raises(errors.PeerLostError, match=r"ended before .*Socket closed"):
        distribution.ending_with_peers(lose)


@pytest.mark.parametrize(
    ("message", "is_lost"),
    [("Horovod has been shut down.", True), ("Blas GEMM launch failed", False)],
)
def test_words_tell_lost_processes_from_other_failures(monkeypatch, message, is_lost):
    monkeypatch.setattr(distribution, "_started", [PROCESSES])

    def fail():
        raise tf.errors.UnknownError(None, None, message)

    with pytest.raises(errors.PeerLostError if is_lost else tf.errors.UnknownError):
        distribution.ending_with_peers(fail)


def test_an_error_of_one_process_alone_stays_what_it_is(monkeypatch):
    monkeypatch.setattr(distribution, "_started", [replication.SingleProcess()])
    with pytest.raises(tf.errors.UnavailableError):
        distribution.ending_with_peers(lose)
    assert distribution.ending_with_peers(lambda: 5) == 5
