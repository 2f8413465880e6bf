# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.horovod_replication, without Horovod.

What its processes do together is in test_horovod.py.
"""

import sys
import types

import pytest
import tensorflow as tf

from modeling import cores, errors
from modeling.training import horovod_replication


class FakeHorovod(types.ModuleType):
    """Horovod in the second of three processes that all have the same values."""

    Sum = "sum"

    def __init__(self, *, has_mpi=False):
        super().__init__("horovod.tensorflow")
        self._has_mpi = has_mpi
        self.groups = []

    def init(self):
        pass

    def size(self):
        return 3

    def local_size(self):
        return 3

    def rank(self):
        return 1

    def local_rank(self):
        return 1

    def mpi_built(self):
        return self._has_mpi

    def grouped_allreduce(self, tensors, *, op):
        assert op == self.Sum
        self.groups.append([tensor.dtype for tensor in tensors])
        return [3 * tensor for tensor in tensors]

    def allgather(self, tensor, *, name):
        return tf.concat([tensor] * 3, axis=0)


@pytest.fixture
def install(monkeypatch):
    """Makes a fake what `import horovod.tensorflow` gives."""

    def install_fake(fake):
        package = types.ModuleType("horovod")
        package.tensorflow = fake
        monkeypatch.setitem(sys.modules, "horovod", package)
        monkeypatch.setitem(sys.modules, "horovod.tensorflow", fake)

    return install_fake


@pytest.fixture
def machine(monkeypatch):
    """A machine of so many GPUs; gives what is set of it."""
    choices = []

    def make(num_gpus):
        gpus = [f"GPU {i}" for i in range(num_gpus)]
        config = tf.config
        monkeypatch.setattr(config, "list_physical_devices", lambda _: gpus)
        monkeypatch.setattr(
            config, "set_visible_devices", lambda chosen, _: choices.append(chosen)
        )
        monkeypatch.setattr(
            config.experimental,
            "set_memory_growth",
            lambda gpu, grows: choices.append((gpu, grows)),
        )
        monkeypatch.setattr(
            config.threading, "set_intra_op_parallelism_threads", choices.append
        )
        monkeypatch.setattr(cores, "count", lambda: 8)
        return choices

    return make


def test_says_how_to_install_horovod(monkeypatch):
    monkeypatch.setitem(sys.modules, "horovod", None)
    monkeypatch.delitem(sys.modules, "horovod.tensorflow", raising=False)
    with pytest.raises(errors.InputError) as caught:
        horovod_replication.start({})
    assert "./set_up.sh requirements-horovod.txt" in str(caught.value)
    assert "horovod" in str(caught.value).partition("Received: ")[2]


def test_refuses_a_process_that_nothing_started(install):
    install(FakeHorovod())
    with pytest.raises(errors.InputError, match="horovodrun -np 2 --gloo python"):
        horovod_replication.start({"PATH": "/bin"})


def test_refuses_mpi_that_horovod_was_not_compiled_with(install):
    install(FakeHorovod())
    with pytest.raises(errors.InputError) as caught:
        horovod_replication.start({"OMPI_COMM_WORLD_RANK": "1"})
    assert "HOROVOD_WITH_MPI=1 ./set_up.sh requirements-horovod.txt" in str(
        caught.value
    )
    assert "Received: OMPI_COMM_WORLD_RANK, without MPI" in str(caught.value)


@pytest.mark.parametrize(
    ("has_mpi", "name"), [(False, "HOROVOD_RANK"), (True, "PMI_RANK")]
)
def test_is_the_process_that_horovod_says(install, machine, has_mpi, name):
    install(FakeHorovod(has_mpi=has_mpi))
    choices = machine(0)
    replicas = horovod_replication.start({name: "1"})
    assert (replicas.num_replicas, replicas.num_local_replicas) == (3, 1)
    assert (replicas.num_processes, replicas.process_index) == (3, 1)
    assert replicas.replica_index() == 1
    assert not replicas.is_chief
    # Eight cores for three processes.
    assert choices == [2]


def test_takes_the_gpu_of_its_number(install, machine):
    install(FakeHorovod())
    choices = machine(4)
    horovod_replication.start({"HOROVOD_RANK": "1"})
    assert choices == [["GPU 1"], ("GPU 1", True)]


def test_takes_the_only_gpu_that_it_is_shown(install, machine):
    install(FakeHorovod())
    choices = machine(1)
    horovod_replication.start({"HOROVOD_RANK": "1"})
    assert choices == [("GPU 0", True)]


def test_refuses_more_processes_than_gpus(install, machine):
    install(FakeHorovod())
    machine(2)
    with pytest.raises(errors.InputError, match="Received: 3 processes, 2 GPUs"):
        horovod_replication.start({"HOROVOD_RANK": "1"})


def test_adds_up_the_values_of_a_type_at_once():
    fake = FakeHorovod()
    replicas = horovod_replication.Horovod(fake)
    values = [
        tf.constant([1.0, 2.0]),
        tf.constant(5),
        tf.constant(7.0),
        tf.constant([[0.5]]),
    ]
    totals = replicas.sum(values)
    assert [total.numpy().tolist() for total in totals] == [[3, 6], 15, 21, [[1.5]]]
    assert fake.groups == [[tf.float32] * 3, [tf.int32]]


def test_gathers_objects_of_any_length():
    replicas = horovod_replication.Horovod(FakeHorovod())
    value = {"scores": [0.25, None], "text": "β" * 1000}
    assert replicas.gather_objects(value) == [value] * 3
