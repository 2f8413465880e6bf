# SPDX-License-Identifier: Apache-2.0
"""Several processes of one program: who they are, and starting them on this machine.

Imports no TensorFlow: how the processes meet is in `distribution.py`.
"""

import contextlib
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from absl import logging

from modeling import errors

# What TensorFlow reads the cluster from.
TF_CONFIG = "TF_CONFIG"
# Set for processes that `launch` started: number on this machine, and how many.
_LOCAL = "BIOBERT_LOCAL_PROCESS"

# Exit status of a run that is unfinished and may be started again; see
# `training/signals.py`.
RESTARTABLE = 75

# Seconds in which processes end by themselves once one of them has failed.
_PATIENCE = 60.0
_POLL_SECONDS = 0.1
_JOBS = ("chief", "worker")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cluster:
    """The processes of a run, seen from one of them.

    Attributes:
        tf_config: What TensorFlow reads it from, as JSON.
        process_index: Which one this is; 0 is the chief.
        num_processes: How many there are.
        local_index: Its number among those of this machine; None if whoever started
            it has to deal out GPUs.
        num_local: Processes of this machine, as far as is known.
    """

    tf_config: str
    process_index: int
    num_processes: int
    local_index: int | None = None
    num_local: int = 1


def read_cluster(environment: Mapping[str, str]) -> Cluster | None:
    """Reads the cluster that TF_CONFIG describes.

    Args:
        environment: The process's environment.

    Returns:
        The cluster, or None if TF_CONFIG is not set.

    Raises:
        errors.InputError: If it does not describe one with this process in it.
    """
    text = environment.get(TF_CONFIG)
    if not text:
        return None
    try:
        config = json.loads(text)
        tasks = [
            (job, index)
            for job in _JOBS
            for index in range(len(config["cluster"].get(job, [])))
        ]
        mine = config["task"]["type"], int(config["task"]["index"])
        process_index = tasks.index(mine)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise errors.InputError(
            'TF_CONFIG must be JSON like {"cluster": {"worker": ["HOST:PORT", ...]}, '
            '"task": {"type": "worker", "index": 0}}, and name this process\'s task in '
            f"the cluster. Received: {text} ({error})."
        ) from None
    local = environment.get(_LOCAL, "").split("/")
    is_local = len(local) == 2
    return Cluster(
        tf_config=text,
        process_index=process_index,
        num_processes=len(tasks),
        local_index=int(local[0]) if is_local else None,
        num_local=int(local[1]) if is_local else 1,
    )


def is_started(environment: Mapping[str, str]) -> bool:
    """Returns whether this is one of several processes already."""
    return bool(environment.get(TF_CONFIG))


def launch(num_processes: int, command: Sequence[str]) -> int:
    """Starts processes of one program on this machine and waits for their end.

    Where one fails, the others are given a minute to say so and end, and are then
    ended. SIGTERM, SIGINT and SIGHUP are handed on.

    Args:
        num_processes: How many.
        command: Program and arguments of each.

    Returns:
        The exit status: 0 if all ended well, `RESTARTABLE` if one was killed, else
        that of the first that failed.
    """
    with contextlib.ExitStack() as stack:
        addresses = stack.enter_context(_free_addresses(num_processes))
        configs = [
            {
                TF_CONFIG: json.dumps(
                    {
                        "cluster": {"worker": addresses},
                        "task": {"type": "worker", "index": index},
                    }
                ),
                _LOCAL: f"{index}/{num_processes}",
            }
            for index in range(num_processes)
        ]
    logging.info("Starting %d processes on this machine.", num_processes)
    processes = [
        # In groups of their own, as the terminal would send them Ctrl-C, too.
        subprocess.Popen(  # noqa: S603
            list(command), env=os.environ | config, process_group=0
        )
        for config in configs
    ]
    with _handing_on_signals(processes):
        return _wait(processes)


@contextlib.contextmanager
def _free_addresses(count: int) -> Iterator[list[str]]:
    """Yields addresses of this machine that are free while it lasts."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("localhost", 0))
        yield [f"localhost:{one.getsockname()[1]}" for one in sockets]


@contextlib.contextmanager
def _handing_on_signals(processes: Sequence[subprocess.Popen]) -> Iterator[None]:
    """Sends signals that end a run on to the processes that still run."""

    def hand_on(number: int, _: Any) -> None:  # noqa: ANN401
        for process in processes:
            if process.poll() is None:
                process.send_signal(number)

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, hand_on) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
        for process in processes:
            process.kill()
            process.wait()


def _wait(processes: Sequence[subprocess.Popen]) -> int:
    """Returns the exit status of all; see `launch`."""
    failed: int | None = None
    deadline = float("inf")
    while time.monotonic() < deadline:
        statuses = [process.poll() for process in processes]
        if failed is None:
            found = [i for i, status in enumerate(statuses) if status]
            if found:
                failed = found[0]
                deadline = time.monotonic() + _PATIENCE
                _report(failed, statuses[failed])
        if None not in statuses:
            break
        time.sleep(_POLL_SECONDS)
    if failed is None:
        return 0
    status = processes[failed].returncode
    return RESTARTABLE if status < 0 else status


def _report(index: int, status: int) -> None:
    """Logs how a process ended."""
    how = f"ended with status {status}"
    if status < 0:
        how = f"was ended by {signal.Signals(-status).name}"
    logging.error("Process %d %s. The others end, too.", index, how)


def this_command() -> list[str]:
    """Returns the command that this process was started with."""
    return [sys.executable, *sys.argv]
