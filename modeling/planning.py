# SPDX-License-Identifier: Apache-2.0
"""What a training would take: time, memory and disk, for --plan.

Learns it from some updates, see `training/trial.py`. Nothing is kept of them.
"""

import dataclasses
import math
import os
import pathlib
import shutil
from collections.abc import Callable, Mapping
from typing import NoReturn

import numpy as np
import tensorflow as tf
from absl import logging

from modeling import distribution
from modeling import settings as settings_lib
from modeling.training import metrics, replication, steps, trial


class Planned(SystemExit):
    """A run that has said what it would take, and ended."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """The training to plan.

    Attributes:
        first_step: Updates made before.
        num_train_steps: Updates of the whole run.
        batch_size: Examples of an update, over all replicas.
        accumulate_steps: Micro-batches of each replica in an update.
        checkpoint_bytes: Size of one checkpoint.
        num_checkpoints: The most that there will be.
        output_dir: Where they would go.
    """

    first_step: int
    num_train_steps: int
    batch_size: int
    accumulate_steps: int
    checkpoint_bytes: int
    num_checkpoints: int
    output_dir: str | os.PathLike[str]


def run(
    settings: settings_lib.TrainSettings,
    updater: steps.Updater,
    make_batches: Callable[[int, int], tf.data.Dataset],
    replicas: replication.Replication,
    *,
    state: Mapping[str, tf.Variable | np.ndarray | np.generic],
    num_train_steps: int,
    save_every: int,
    max_checkpoints: int,
) -> NoReturn:
    """Makes some updates, says what the training would take, and ends the run.

    Every process must call it.

    Args:
        settings: How to train.
        updater: Makes the updates.
        make_batches: See `loop.Trainer`.
        replicas: Where it runs.
        state: What a checkpoint holds, by name, with "global_step".
        num_train_steps: Updates of the whole run.
        save_every: Updates between two checkpoints, at most.
        max_checkpoints: How many are kept, with the best one.

    Raises:
        errors.InputError: If a loss or a gradient is not finite.
        Planned: Always otherwise, with status 0.
    """
    planned = Run(
        first_step=int(state["global_step"]),
        num_train_steps=num_train_steps,
        batch_size=settings.train_batch_size,
        accumulate_steps=distribution.accumulate_steps(settings, replicas),
        checkpoint_bytes=state_bytes(state),
        # One is written before the first update, and one after the last.
        num_checkpoints=min(max_checkpoints, 1 + -(-num_train_steps // save_every)),
        output_dir=settings.output_dir,
    )
    num_parts = replicas.num_replicas * planned.accumulate_steps
    tried = trial.run(
        updater,
        make_batches,
        replicas,
        first_step=planned.first_step,
        micro_batch=planned.batch_size // num_parts,
        num_parts=num_parts,
        is_compiled=settings.xla,
    )
    if replicas.is_chief:
        rows = describe(planned, tried, replicas)
        told = "; ".join(f"{name}: {value}" for name, value in rows)
        logging.info("Planned from %d updates. %s.", trial.NUM_UPDATES, told)
        print(format_table(rows), flush=True)
    raise Planned(0)


def describe(
    planned: Run, tried: trial.Trial, replicas: replication.Replication
) -> list[tuple[str, str]]:
    """Says what a plan found, in words.

    Args:
        planned: The training.
        tried: What some updates have shown.
        replicas: Where it runs.

    Returns:
        Names and values, to read one below the other.
    """
    left = planned.num_train_steps - planned.first_step
    batch, num_parts = planned.batch_size, planned.accumulate_steps
    micro_batch = batch // (replicas.num_replicas * num_parts)
    one, num_kept = planned.checkpoint_bytes, planned.num_checkpoints
    parts = f", {num_parts} times in an update" if num_parts > 1 else ""
    eta = metrics.format_seconds(left * tried.seconds)
    peak, there_is = map(_format_bytes, (tried.peak_bytes, tried.available_bytes))
    free = _format_bytes(_free_disk(planned.output_dir))
    return [
        ("Device", replicas.device),
        ("Replicas", f"{replicas.num_replicas}"),
        ("Examples of an update", f"{batch}"),
        ("Examples of a device", f"{micro_batch} at a time{parts}"),
        ("Examples per second", f"{batch / tried.seconds:.4g}"),
        ("Time of an update", f"{tried.seconds:.4g} s"),
        ("Updates left", f"{left} of {planned.num_train_steps}"),
        ("ETA", f"{eta}, without evaluations and checkpoints"),
        ("Peak memory of a device", f"{peak} of {there_is}"),
        ("Largest that may fit", _describe_fit(tried)),
        ("Size of a checkpoint", _format_bytes(one)),
        (
            "Disk for checkpoints",
            f"{_format_bytes(num_kept * one)} for {num_kept} of them, and "
            f"{_format_bytes(one)} while one is written, of {free} that are free",
        ),
    ]


def format_table(rows: list[tuple[str, str]]) -> str:
    """Returns names and values in two columns.

    Example:
        >>> print(format_table([("one", "1"), ("three", "3")]))
        one    1
        three  3
    """
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:{width}}  {value}" for name, value in rows)


def _describe_fit(tried: trial.Trial) -> str:
    """Says how many examples may fit into a device."""
    if tried.max_examples is None:
        return "unknown, as the memory of the device or of an example is"
    return (
        f"about {tried.max_examples} at a time, an estimate: "
        f"--max_examples_per_device={tried.max_examples}"
    )


def _format_bytes(count: int | None) -> str:
    """Returns bytes for people to read.

    Example:
        >>> _format_bytes(3 * 2**29)
        '1.5 GiB'
    """
    if count is None:
        return "unknown"
    for unit, size in (("GiB", 2**30), ("MiB", 2**20)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count / 2**10:.3g} KiB"


def _free_disk(output_dir: str | os.PathLike[str]) -> int:
    """Returns the bytes that are free where a folder is or would be."""
    folder = pathlib.Path(output_dir).absolute()
    while not folder.is_dir():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def state_bytes(state: Mapping[str, tf.Variable | np.ndarray | np.generic]) -> int:
    """Returns the size of a checkpoint of these values, without its index.

    Args:
        state: Value by name.
    """
    return sum(
        math.prod(value.shape) * tf.as_dtype(value.dtype).size
        for value in state.values()
    )
