# SPDX-License-Identifier: Apache-2.0
"""Where a run starts: which checkpoint it goes on from, and its first weights.

Used by the programs only. The training itself is in `run_training.py`.
"""

import gc
import os
import pathlib
from collections.abc import Callable, Collection
from typing import TypeVar

import tensorflow as tf
from absl import logging

from modeling import errors, run_record, runs
from modeling import settings as settings_lib
from modeling.nn import encoder, layers
from modeling.training import checkpoint_folders, replication, saver, weights

_STEP = "global_step"

ModelT = TypeVar("ModelT", bound=tf.Module)


def newest_checkpoint(
    settings: settings_lib.TrainSettings, *, trains: bool
) -> str | None:
    """Returns the checkpoint in --output_dir that the run is to go on from.

    Args:
        settings: Names the folder and says, with --resume, what to do.
        trains: Whether the run trains, or uses what is trained.

    Returns:
        Its prefix, or None to start from --init_checkpoint.

    Raises:
        InputError: If --resume=must and there is none, or if --resume=never
            would delete the weights to start from.
    """
    if settings.resume == "never":
        if trains:
            _check_init_checkpoint_stays(settings)
        return None
    if trains:
        newest = _newest(settings.output_dir)
    else:
        newest = trained_checkpoint(settings.output_dir)
    if newest is None and settings.resume == "must":
        raise errors.InputError(
            f"{settings.output_dir}: --resume=must needs a checkpoint "
            "(model.ckpt-N) in --output_dir. Received: a folder without one."
        )
    if newest is not None:
        logging.info(
            "%s is in --output_dir, so it is used in place of --init_checkpoint "
            "(--resume=never starts over).",
            newest,
        )
    return newest


def trained_checkpoint(output_dir: str | os.PathLike[str]) -> str | None:
    """Returns the checkpoint of a run that its predictions are made with.

    Args:
        output_dir: The run's output folder.

    Returns:
        The prefix of the best checkpoint if the run selected by scores, else
        of the newest; None if there is none.
    """
    return _selected_checkpoint(output_dir) or _newest(output_dir)


def _newest(output_dir: str | os.PathLike[str]) -> str | None:
    """Returns the newest checkpoint of a folder; in the original's, as it says.

    The state file of the original's folders may be edited, to go on from another
    checkpoint. That of ours may be older than the files, when a run was killed.
    """
    if run_record.read(output_dir) is None:
        stated = checkpoint_folders.stated_newest(pathlib.Path(output_dir))
        if stated is not None:
            return str(stated)
    return saver.Saver(output_dir, read_only=True).latest()


def selected(init_checkpoint: str) -> str:
    """Returns the best checkpoint of a run's folder that selected by scores.

    Args:
        init_checkpoint: What --init_checkpoint may name.

    Returns:
        Its prefix; `init_checkpoint` itself if it is no such folder.
    """
    folder = pathlib.Path(init_checkpoint).expanduser()
    best = _selected_checkpoint(folder) if folder.is_dir() else None
    return best or init_checkpoint


def _selected_checkpoint(folder: str | os.PathLike[str]) -> str | None:
    """Returns the best checkpoint of a run that selected by scores."""
    record = run_record.read(folder)
    training = record[run_record.TRAINING] if record else {}
    if training.get("select_on", "none") == "none":
        return None
    best = saver.Saver(folder, read_only=True).best()
    return best and os.path.join(folder, best["checkpoint"])


def _check_init_checkpoint_stays(settings: settings_lib.TrainSettings) -> None:
    """Raises if starting over would delete what the run starts from."""
    if not settings.init_checkpoint:
        return
    output_dir = pathlib.Path(settings.output_dir).resolve()
    given = pathlib.Path(settings.init_checkpoint).expanduser().resolve()
    if output_dir in (given, given.parent):
        raise errors.InputError(
            f"{settings.output_dir}: With --resume=never, --init_checkpoint must "
            "not be in --output_dir, whose checkpoints are deleted. Received: "
            f"--init_checkpoint={settings.init_checkpoint}."
        )


def make_model(
    make: Callable[[], ModelT],
    settings: settings_lib.TrainSettings,
    *,
    trains: bool,
    resumed_from: str | None,
    replicas: replication.Replication,
    head: Collection[str],
    loads_head: bool = True,
) -> tuple[ModelT, int]:
    """Makes a model with the first weights of a run.

    Those of a training that is resumed are loaded when it begins.

    Args:
        make: Makes the model.
        settings: Names the weights to start from.
        trains: Whether the run trains, or uses what is trained.
        resumed_from: What `newest_checkpoint` says.
        replicas: Where it will run.
        head: Names of the head's variables; without training they must be there.
        loads_head: Whether training begins with the head of the weights.

    Returns:
        The model, and the updates that its weights have seen.

    Raises:
        InputError: If there are no weights, or they do not fit.
    """

    def make_everywhere() -> ModelT:
        with replicas.scope():
            model = make()
        layers.compute_in(model, tf.as_dtype(settings.precision))
        if settings.recompute:
            encoder.recompute(model)
        return model

    # The model of an earlier run in this process: it and its graphs refer to each
    # other, so they would stay.
    gc.collect()
    checkpoint = resumed_from or settings.init_checkpoint
    if not checkpoint:
        runs.check_random_start(trains=trains)
        return make_everywhere(), 0
    checkpoint = selected(checkpoint)
    if not trains:
        model = runs.load_model(make_everywhere, checkpoint, needed=head)
        replicas.broadcast(model.variables)
        return model, _step_of(checkpoint) if resumed_from else 0
    model = make_everywhere()
    if not resumed_from:
        runs.load_weights(model, checkpoint, skip=() if loads_head else head)
    return model, 0


def _step_of(checkpoint: str) -> int:
    """Returns the updates a checkpoint has seen, 0 if it does not say."""
    source = weights.open_weights(checkpoint)
    return int(source.read(_STEP)) if _STEP in source.names() else 0
