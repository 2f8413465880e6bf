# SPDX-License-Identifier: Apache-2.0
"""Replication by Horovod: processes that horovodrun or mpirun started.

Imports Horovod only where it is used. What to say when a process is lost is left to
`distribution.py`: as for other ways, TensorFlow raises one of its own errors then.
"""

import importlib.util
import os
import pickle
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import tensorflow as tf
from absl import logging

from modeling import cores, errors
from modeling.training import replication

ObjectT = TypeVar("ObjectT")

# What horovodrun tells the processes it starts itself, and what MPI's launchers do:
# Open MPI, MPICH and Intel MPI, MVAPICH2, and Slurm through PMIx.
_HOROVOD_RANK = "HOROVOD_RANK"
_MPI_RANKS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK", "PMIX_RANK")


class Horovod(replication.SingleProcess):
    """The replica of this process, one of those that Horovod connects.

    It computes as one process does, and meets the others only where values are
    added up or gathered.

    Attributes:
        num_replicas: Over all processes.
        num_local_replicas: 1.
        num_processes: As many as replicas.
        process_index: Horovod's rank, from 0.
    """

    def __init__(self, hvd: types.ModuleType) -> None:
        """Asks who this process is.

        Args:
            hvd: `horovod.tensorflow`, already initialized.
        """
        self._hvd = hvd
        self.num_replicas = self.num_processes = hvd.size()
        self.process_index = hvd.rank()

    @property
    def is_chief(self) -> bool:
        """Whether this process is the first."""
        return self.process_index == 0

    @property
    def device(self) -> str:
        """How many replicas, and on what."""
        return replication.describe_devices(self.num_replicas, self.num_processes)

    def replica_index(self) -> int:
        """Returns which replica of all this is."""
        return self.process_index

    def sum(self, values: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Adds values up over all processes, within a step.

        One all-reduce for each type among them, as Horovod takes only values of
        one type at a time.

        Args:
            values: Of the same types and shapes in every process.
        """
        totals = list(values)
        for dtype in dict.fromkeys(value.dtype for value in values):
            places = [i for i, value in enumerate(values) if value.dtype == dtype]
            added = self._hvd.grouped_allreduce(
                [values[i] for i in places], op=self._hvd.Sum
            )
            for place, total in zip(places, added, strict=True):
                totals[place] = total
        return totals

    def gather_objects(self, value: ObjectT) -> list[ObjectT]:
        """Returns the values of all processes, by their index, to all of them.

        Horovod's own `allgather_object` takes some five times as long.
        """
        content = np.frombuffer(pickle.dumps(value), np.uint8)
        lengths = self._gather(np.array([len(content)], np.int64), "lengths")
        ends = np.cumsum(lengths)
        contents = self._gather(content, "contents")
        # What is read was made by another process of this very run.
        return [
            pickle.loads(contents[end - length : end].tobytes())  # noqa: S301
            for length, end in zip(lengths, ends, strict=True)
        ]

    def _gather(self, values: np.ndarray, name: str) -> np.ndarray:
        """Returns the arrays of all processes, one after the other."""
        # Named, because a process finds its peers' values by the name.
        return self._hvd.allgather(tf.constant(values), name=f"gather_{name}").numpy()

    def broadcast(self, variables: Iterable[tf.Variable]) -> None:
        """Gives variables the values that they have in the first process.

        Args:
            variables: The same ones in every process.
        """
        self._hvd.broadcast_variables(list(variables), root_rank=0)


def start(environment: Mapping[str, str] = os.environ) -> Horovod:
    """Connects this process with the others, and waits for them.

    Must come before anything is computed: each process takes one GPU of its
    machine, or its share of the cores.

    Args:
        environment: Of the process.

    Raises:
        errors.InputError: If Horovod is not installed, or if nothing that Horovod
            knows started this process.
    """
    hvd = _import_horovod()
    _check_launcher(hvd, environment)
    hvd.init()
    _take_share_of_machine(hvd.local_rank(), hvd.local_size())
    logging.info("Horovod: process %d of %d.", hvd.rank(), hvd.size())
    return Horovod(hvd)


def _import_horovod() -> types.ModuleType:
    """Returns `horovod.tensorflow`."""
    if importlib.util.find_spec("tf_keras") is None:
        # Horovod has a Keras layer: it needs the Keras that programs do without.
        os.environ.pop("TF_USE_LEGACY_KERAS", None)
    try:
        import horovod.tensorflow as hvd  # noqa: PLC0415
    except ImportError as error:
        raise errors.InputError(
            "--distribution=horovod needs Horovod, compiled for the TensorFlow that "
            "is installed. ./set_up.sh requirements-horovod.txt makes an environment "
            f"with both, .venv-horovod. Received: {error}."
        ) from None
    return hvd


def _check_launcher(hvd: types.ModuleType, environment: Mapping[str, str]) -> None:
    """Raises unless this is one of several processes that can find each other."""
    if _HOROVOD_RANK in environment:
        return
    started_by = [name for name in _MPI_RANKS if name in environment]
    if not started_by:
        raise errors.InputError(
            "--distribution=horovod must be started by horovodrun or mpirun, for "
            "example: horovodrun -np 2 --gloo python run_ner.py ... Received: a "
            f"process without {_HOROVOD_RANK} or MPI's {', '.join(_MPI_RANKS)}."
        )
    if not hvd.mpi_built():
        # Each process would take itself for the only one.
        raise errors.InputError(
            "MPI can start the processes only if Horovod was compiled with it: "
            "HOROVOD_WITH_MPI=1 ./set_up.sh requirements-horovod.txt; or start them "
            f"with horovodrun --gloo. Received: {started_by[0]}, without MPI in "
            "Horovod."
        )


def _take_share_of_machine(local_index: int, num_local: int) -> None:
    """Leaves the other processes of this machine their GPUs and cores."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        share = cores.share(num_local, may_be_bound=True)
        tf.config.threading.set_intra_op_parallelism_threads(share)
        return
    # A scheduler may show each process its own GPU only.
    if len(gpus) > 1:
        if num_local > len(gpus):
            raise errors.InputError(
                "A machine must have a GPU for each of its processes. Received: "
                f"{num_local} processes, {len(gpus)} GPUs."
            )
        gpus = [gpus[local_index]]
        tf.config.set_visible_devices(gpus, "GPU")
    tf.config.experimental.set_memory_growth(gpus[0], True)
