# SPDX-License-Identifier: Apache-2.0
"""From flags to replicas: which way to replicate.

How replicas compute and meet is in `training/replication.py` and its neighbours;
how processes are started on this machine is in `launcher.py`.
"""

import json
import os
import re
import signal
from collections.abc import Callable, Mapping
from typing import TypeVar

import tensorflow as tf
from absl import logging

from modeling import agreement, cores, errors, files, launcher, settings
from modeling.training import (
    horovod_replication,
    inference,
    replication,
    strategies,
)

ResultT = TypeVar("ResultT")

# What TensorFlow raises in a process whose peer is gone.
_PEER_ERRORS = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.UnavailableError,
)
# What it raises then, too, and where something fails in this process itself; only the
# words tell which.
_AMBIGUOUS_ERRORS = (tf.errors.InternalError, tf.errors.UnknownError)
_OF_PEERS = re.compile(
    r"collective|horovod|gloo|nccl|socket|connection|peer|heartbeat|coordination|task",
    re.IGNORECASE,
)
# How many processes were started together, as launchers tell each of them.
_NUM_STARTED = (
    "HOROVOD_SIZE",
    "OMPI_COMM_WORLD_SIZE",
    "PMI_SIZE",
    "SLURM_STEP_NUM_TASKS",
)

# What this process computes on, once it is set up: there is no second time.
_started: list[replication.Replication] = []


def obtain(of_run: settings.TrainSettings) -> replication.Replication:
    """Returns what a run computes on; the first call of a process sets it up.

    Must come before anything is computed: processes can only meet at the start.

    Args:
        of_run: The settings.

    Raises:
        errors.InputError: If there is no such way here, or the processes do not do
            the same.
    """
    if not _started:
        _started.append(_start(of_run))
        if has_peers():  # One that is alone need not read all files for it.
            agreement.check(_started[0], agreement.flags_and_files(of_run))
    (replicas,) = _started
    if replicas.num_processes > 1 and getattr(of_run, "predict_file", None) == "-":
        raise errors.InputError(
            "--predict_file=- has one reader, so it needs one process. Received: "
            f"{replicas.num_processes} processes."
        )
    if not replicas.is_chief:
        # All processes would say the same.
        logging.set_verbosity(logging.WARNING)
    if not replicas.is_chief or of_run.plan:
        files.write_nothing()
    return replicas


def _start(of_run: settings.ReplicationSettings) -> replication.Replication:
    """Sets the replicas up; see `obtain`."""
    way = of_run.distribution
    if way == "horovod":
        return horovod_replication.start()
    if way == "multi_worker" or of_run.num_processes > 1:
        cluster = _find_cluster()
        if of_run.num_processes not in (1, cluster.num_processes):
            raise errors.InputError(
                "--num_processes starts processes of its own: TF_CONFIG must not be "
                f"set then. Received: --num_processes={of_run.num_processes}, and "
                f"{cluster.num_processes} processes in TF_CONFIG."
            )
        return _start_multi_worker(cluster)
    if way == "auto":
        _check_is_alone(os.environ)
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    if way == "none" or (way == "auto" and len(gpus) < 2):
        return replication.SingleProcess()
    devices = tf.config.list_logical_devices("GPU" if gpus else "CPU")
    return strategies.Strategy.mirrored([device.name for device in devices])


def _check_is_alone(environment: Mapping[str, str]) -> None:
    """Raises if this is one of several processes that do not know of each other.

    All of them would do the whole work, and write the same files.
    """
    found = {
        name: int(environment[name])
        for name in _NUM_STARTED
        if environment.get(name, "").isdecimal()
    }
    cluster = launcher.read_cluster(environment)
    if cluster is not None:
        found[launcher.TF_CONFIG] = cluster.num_processes
    for name, number in found.items():
        if number > 1:
            raise errors.InputError(
                "One of several processes must know how they meet: "
                "--distribution=multi_worker or horovod; or none, if each has an "
                f"--output_dir of its own. Received: --distribution=auto and {name}, "
                f"of {number} processes."
            )


def _find_cluster() -> launcher.Cluster:
    """Returns the processes of this run, from TF_CONFIG or Slurm."""
    cluster = launcher.read_cluster(os.environ)
    if cluster is not None:
        return cluster
    if "SLURM_STEP_NUM_TASKS" not in os.environ:
        raise errors.InputError(
            "--distribution=multi_worker needs TF_CONFIG, srun of Slurm, or "
            "--num_processes above 1. Received: none."
        )
    gpus = len(tf.config.list_physical_devices("GPU"))
    num_local = int(os.environ["SLURM_STEP_NUM_TASKS"])
    # Without the number of GPUs, the resolver would ask a tool that may be missing;
    # visible ones are chosen below, as TensorFlow has looked at them already.
    resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
        gpus_per_node=num_local, gpus_per_task=1, auto_set_gpu=False
    )
    spec = resolver.cluster_spec().as_dict()
    job, index = resolver.get_task_info()
    hosts = [address.rpartition(":")[0] for address in spec[job]]
    num_here = hosts.count(hosts[index])
    # Slurm may show each task its own GPUs only.
    deals_out = gpus > 1 and num_here > 1
    return launcher.Cluster(
        tf_config=json.dumps({"cluster": spec, "task": {"type": job, "index": index}}),
        process_index=index,
        num_processes=len(hosts),
        local_index=int(os.environ["SLURM_LOCALID"]) if deals_out else None,
        num_local=num_here,
    )


def _start_multi_worker(cluster: launcher.Cluster) -> strategies.Strategy:
    """Joins a cluster of processes, and waits for the others."""
    _take_share_of_machine(cluster)
    logging.info(
        "Process %d of %d waits for the others.",
        cluster.process_index,
        cluster.num_processes,
    )
    tf.get_logger().setLevel("WARNING")  # It reports every all-reduce.
    os.environ[launcher.TF_CONFIG] = cluster.tf_config
    ways = tf.distribute.experimental.CommunicationImplementation
    # Left to itself, it adds up GPUs' gradients in a ring of processes, too.
    has_gpus = tf.config.get_visible_devices("GPU")
    strategy = tf.distribute.MultiWorkerMirroredStrategy(
        communication_options=tf.distribute.experimental.CommunicationOptions(
            implementation=ways.NCCL if has_gpus else ways.RING
        )
    )
    # It takes SIGTERM for itself, and then nothing ends the process.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return strategies.Strategy(
        strategy,
        num_processes=cluster.num_processes,
        process_index=cluster.process_index,
    )


def _take_share_of_machine(cluster: launcher.Cluster) -> None:
    """Leaves the other processes of this machine their GPUs and cores."""
    gpus = tf.config.list_physical_devices("GPU")
    if cluster.local_index is not None and gpus:
        if cluster.num_local > len(gpus):
            raise errors.InputError(
                "--num_processes must be at most the number of GPUs, one for each. "
                f"Received: {cluster.num_local} processes, {len(gpus)} GPUs."
            )
        gpus = [gpus[cluster.local_index]]
        tf.config.set_visible_devices(gpus, "GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    if cluster.num_local > 1 and not gpus:
        is_bound = cluster.local_index is None
        share = cores.share(cluster.num_local, may_be_bound=is_bound)
        tf.config.threading.set_intra_op_parallelism_threads(share)


def give_batches_a_core_each(of_run: settings.TrainSettings) -> None:
    """Lets a program that only predicts compute each batch on one core.

    Where as many batches are computed at once as there are cores, no operation waits
    for its other half then. A batch that is alone takes longer. Holds for the whole
    process, so it is for programs only, before anything is computed.

    Args:
        of_run: The settings. One that trains, has --question or may be one of several
            processes keeps its threads, and so does one with a GPU.
    """
    is_alone = of_run.distribution in ("none", "auto") and of_run.num_processes == 1
    has_one_batch = getattr(of_run, "question", None) is not None
    if (
        is_alone
        and not (of_run.trains or has_one_batch)
        and cores.count() == inference.BATCHES_AT_ONCE
        and not tf.config.threading.get_intra_op_parallelism_threads()
        and not tf.config.list_physical_devices("GPU")
    ):
        tf.config.threading.set_intra_op_parallelism_threads(1)


def accumulate_steps(
    of_run: settings.TrainSettings, replicas: replication.Replication
) -> int:
    """Returns over how many parts each replica accumulates gradients.

    Args:
        of_run: Batch size, and either the number or the largest part.
        replicas: Where it runs.

    Raises:
        errors.InputError: If the batch does not divide into such parts.
    """
    batch, num_replicas = of_run.train_batch_size, replicas.num_replicas
    count = of_run.accumulate_steps
    if of_run.max_examples_per_device:
        most = of_run.max_examples_per_device
        count = max(1, -(-batch // (num_replicas * most)))
        while count < batch and batch % (num_replicas * count):
            count += 1
    if batch % (num_replicas * count):
        raise errors.InputError(
            "--train_batch_size must be a multiple of devices x --accumulate_steps. "
            f"Received: {batch}, {num_replicas} devices, {count} accumulated."
        )
    return count


def has_peers() -> bool:
    """Returns whether this process is one of several of a run."""
    return any(replicas.num_processes > 1 for replicas in _started)


def ending_with_peers(run: Callable[[], ResultT]) -> ResultT:
    """Runs a program, and says so if another process of it died.

    Args:
        run: The program.

    Raises:
        errors.PeerLostError: In place of the error that TensorFlow raises then.
    """
    try:
        return run()
    except (*_PEER_ERRORS, *_AMBIGUOUS_ERRORS) as error:
        is_peers = isinstance(error, _PEER_ERRORS) or _OF_PEERS.search(error.message)
        if not (has_peers() and is_peers):
            raise
        logging.debug("%s", error)
        raise errors.PeerLostError(
            "Another process of this run ended before its end, so this one does, too. "
            "What was saved is kept, and the same command goes on from it. "
            f"({_reason(error)})"
        ) from None


def _reason(error: tf.errors.OpError) -> str:
    """Returns the line of an error that says what happened, not where."""
    lines = [line.strip() for line in error.message.splitlines()]
    said = [line for line in lines if line and "[[" not in line]
    return said[-1] if said else type(error).__name__
