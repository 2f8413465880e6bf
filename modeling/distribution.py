# SPDX-License-Identifier: Apache-2.0
"""From flags to replicas: which way to replicate, and whether all processes agree.

How replicas compute and meet is in `training/replication.py` and its neighbours;
how processes are started on this machine is in `launcher.py`.
"""

import dataclasses
import hashlib
import json
import os
import signal
import zlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import tensorflow as tf
from absl import logging

from modeling import cores, errors, files, launcher, settings
from modeling.training import horovod_replication, replication, strategies

ResultT = TypeVar("ResultT")

# What TensorFlow raises in a process whose peer is gone.
PEER_ERRORS = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
    tf.errors.UnavailableError,
    tf.errors.UnknownError,
)


# What this process computes on, once it is set up: there is no second time.
_started: list[replication.Replication] = []


def obtain(of_run: settings.TrainSettings) -> replication.Replication:
    """Returns what a run computes on; the first call of a process sets it up.

    Must come before anything is computed: processes can only meet at the start.

    Args:
        of_run: The settings.

    Raises:
        errors.InputError: If there is no such way here.
    """
    if not _started:
        _started.append(_start(of_run))
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
        return _start_multi_worker(_find_cluster())
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    if way == "none" or (way == "auto" and len(gpus) < 2):
        return replication.SingleProcess()
    devices = tf.config.list_logical_devices("GPU" if gpus else "CPU")
    return strategies.Strategy.mirrored([device.name for device in devices])


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
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
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
        share = max(1, cores.count() // cluster.num_local)
        tf.config.threading.set_intra_op_parallelism_threads(share)


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


def check_alike(
    replicas: replication.Replication,
    of_run: settings.TrainSettings,
    record: Mapping[str, Mapping[str, Any]],
    state: Mapping[str, Any],
) -> None:
    """Checks that all processes do the same with the same data and weights.

    Args:
        replicas: Where it runs; every process must call it.
        of_run: The settings.
        record: What `run_record.make` says of the run, with digests of its data.
        state: The weights and all else that is trained from, by name.

    Raises:
        errors.InputError: If a process differs from the first, in all of them.
    """
    if replicas.num_processes == 1:
        return
    facts = {f"--{name}": x for name, x in dataclasses.asdict(of_run).items()}
    # One process may see a folder under another path than the others.
    facts = {name: x for name, x in facts.items() if not _is_path(name)}
    for part in record.values():
        facts |= {name: _digest(value) for name, value in part.items()}
    facts["weights"] = _checksum(state)
    for index, other in enumerate(gathered := replicas.gather_objects(facts)):
        for name, value in other.items():
            if gathered[0].get(name) != value:
                raise errors.InputError(
                    "All processes must have the same flags, data and weights. "
                    f"Received of process {index}: {name} {value}, of process 0: "
                    f"{gathered[0].get(name)}."
                )


def _is_path(name: str) -> bool:
    """Returns whether a flag names files, whose content is compared instead."""
    return name.endswith(("_dir", "_file", "_checkpoint"))


def _digest(value: Any) -> str:  # noqa: ANN401
    """Returns a short digest of a value of JSON's kinds; short texts as they are."""
    text = json.dumps(value, sort_keys=True)
    return text if len(text) < 80 else hashlib.sha256(text.encode()).hexdigest()[:16]


def _checksum(state: Mapping[str, Any]) -> int:
    """Returns a number that depends on all values by name."""
    total = 0
    for name in sorted(state):
        total = zlib.crc32(name.encode(), total)
        total = zlib.crc32(tf.convert_to_tensor(state[name]).numpy().tobytes(), total)
    return total


def ending_with_peers(run: Callable[[], ResultT]) -> ResultT:
    """Runs a program, and says so if another process of it died.

    Args:
        run: The program.

    Raises:
        errors.PeerLostError: In place of the error that TensorFlow raises then.
    """
    try:
        return run()
    except PEER_ERRORS as error:
        if not any(replicas.num_processes > 1 for replicas in _started):
            raise
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
