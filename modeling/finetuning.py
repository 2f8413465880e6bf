# SPDX-License-Identifier: Apache-2.0
"""Training as all fine-tuning programs do it: start or resume, train, draw.

Used by the programs at the top level only. The loop itself is in
`training/loop.py`; here a run's settings are turned into its parts.
"""

import dataclasses
import functools
import json
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf
from absl import logging

from modeling import config as config_lib
from modeling import errors, files, runs
from modeling import settings as settings_lib
from modeling.nn import dropout
from modeling.training import (
    loop,
    optimizers,
    plots,
    replication,
    saver,
    schedule,
    steps,
    weights,
)

RUN_FILE = "run.json"
_STEP = "global_step"
_HOLDS_MODEL = "model"
_HOLDS_TRAINING = "training"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Length:
    """How long a run trains.

    Attributes:
        num_examples: Examples of one pass.
        num_train_steps: Updates.
        num_warmup_steps: Updates in which the learning rate rises.
    """

    num_examples: int
    num_train_steps: int
    num_warmup_steps: int

    def __str__(self) -> str:
        """Returns the plan in words."""
        return f"{self.num_train_steps} steps, warm-up {self.num_warmup_steps}"


def plan_length(num_examples: int, settings: settings_lib.FinetuneSettings) -> Length:
    """Counts the updates of a run, as the original does.

    Args:
        num_examples: Examples of one pass.
        settings: Batch size, passes and warm-up.

    Returns:
        The counts.

    Raises:
        InputError: If there is not one update to make.
    """
    num_train_steps = int(
        num_examples / settings.train_batch_size * settings.num_train_epochs
    )
    if num_train_steps < 1:
        raise errors.InputError(
            "Training needs at least one whole batch: examples x "
            "--num_train_epochs must be at least --train_batch_size. Received: "
            f"{num_examples} examples, --num_train_epochs="
            f"{settings.num_train_epochs}, --train_batch_size="
            f"{settings.train_batch_size}."
        )
    return Length(
        num_examples=num_examples,
        num_train_steps=num_train_steps,
        num_warmup_steps=int(num_train_steps * settings.warmup_proportion),
    )


def newest_checkpoint(settings: settings_lib.FinetuneSettings) -> str | None:
    """Returns the checkpoint in --output_dir that the run is to go on from.

    Args:
        settings: Names the folder and says, with --resume, what to do.

    Returns:
        Its prefix, or None to start from --init_checkpoint.

    Raises:
        InputError: If --resume=must and there is none.
    """
    if settings.resume == "never":
        return None
    newest = saver.Saver(settings.output_dir, read_only=True).latest()
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


def check_same_run(
    output_dir: str | os.PathLike[str], record: Mapping[str, Mapping[str, Any]]
) -> None:
    """Checks that the folder's checkpoints are of the run that is asked for.

    What is recorded under "model" must be equal; what differs under
    "training" is warned of.

    Args:
        output_dir: Folder with checkpoints; one of the original release,
            without our record, passes.
        record: What `run_record` says of the run that is asked for.

    Raises:
        InputError: If a value of "model" differs.
    """
    path = pathlib.Path(output_dir) / RUN_FILE
    if not path.exists():
        return
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        before, trained = found[_HOLDS_MODEL], found[_HOLDS_TRAINING]
    except (ValueError, KeyError, TypeError) as error:
        raise errors.InputError(
            f"{path}: The record of a run must be the JSON that this program "
            f"wrote. Received: {error}."
        ) from None
    for name, value in record[_HOLDS_MODEL].items():
        if before.get(name) != value:
            raise errors.InputError(
                f"{output_dir}: --output_dir holds another run, whose {name} "
                f"differs. There: {_short(before.get(name))}. Received: "
                f"{_short(value)}. Use another --output_dir, or --resume=never "
                "to delete its checkpoints and start over."
            )
    for name, value in record[_HOLDS_TRAINING].items():
        if trained.get(name) != value:
            logging.warning(
                "The run goes on with another %s: %s before, %s now.",
                name,
                _short(trained.get(name)),
                _short(value),
            )


def _short(value: Any) -> str:  # noqa: ANN401
    """Returns a value as JSON, cut to what can be read."""
    text = json.dumps(value)
    return text if len(text) <= 200 else f"{text[:197]}..."


def train(
    model: tf.Module,
    settings: settings_lib.FinetuneSettings,
    *,
    length: Length,
    resumed_from: str | None,
    record: Mapping[str, Mapping[str, Any]],
    make_batches: Callable[[int, int], tf.data.Dataset],
    describe_batch: Callable[[int], str],
    evaluate: Callable[[], Mapping[str, float]] | None,
    best_metric: str,
    replicas: replication.Replication,
) -> int:
    """Trains a model to the end and draws the run's curves.

    Args:
        model: The task's module, with its first weights.
        settings: How to train.
        length: How long to train.
        resumed_from: Checkpoint to go on from, or None to start over.
        record: What `run_record` says of the run; written to the output
            folder.
        make_batches: See `loop.Trainer`.
        describe_batch: See `loop.Trainer`.
        evaluate: Scores the model as it is, for --eval_every_steps.
        best_metric: The score that chooses the best checkpoint.
        replicas: Where it runs.

    Returns:
        Updates made, in this process and before.
    """
    checkpoints = saver.Saver(settings.output_dir, read_only=not replicas.is_chief)
    optimizer = optimizers.AdamWeightDecay(
        model.trained_variables, bias_correction=settings.adam_bias_correction
    )
    updater = steps.Updater(
        model,
        optimizer,
        learning_rate=functools.partial(
            schedule.learning_rate,
            peak=settings.learning_rate,
            num_train_steps=length.num_train_steps,
            num_warmup_steps=length.num_warmup_steps,
        ),
        step_seed=functools.partial(dropout.step_seed, settings.seed),
        replicas=replicas,
    )
    trainer = loop.Trainer(
        model,
        optimizer,
        updater,
        output_dir=settings.output_dir,
        checkpoints=checkpoints,
        plan=loop.Plan(
            num_train_steps=length.num_train_steps,
            batch_size=settings.train_batch_size,
            save_every=settings.save_checkpoints_steps,
            eval_every=settings.eval_every_steps if evaluate else 0,
            best_metric=best_metric,
            max_steps_per_call=settings.iterations_per_loop,
        ),
        make_batches=make_batches,
        describe_batch=describe_batch,
        evaluate=evaluate,
        replicas=replicas,
    )
    first_step = trainer.restore(resumed_from) if resumed_from else 0
    if replicas.is_chief:
        if not resumed_from:
            checkpoints.discard_all()
        files.write_json(pathlib.Path(settings.output_dir) / RUN_FILE, record)
    trainer.train(first_step)
    if replicas.is_chief:
        plots.draw_training(settings.output_dir)
    return max(first_step, length.num_train_steps)


def step_of(checkpoint: str) -> int:
    """Returns the updates a checkpoint has seen, 0 if it does not say."""
    source = weights.open_weights(checkpoint)
    return int(source.read(_STEP)) if _STEP in source.names() else 0


def run_record(
    settings: settings_lib.FinetuneSettings,
    config: config_lib.BertConfig,
    *,
    task: str,
    labels: Sequence[str],
    length: Length | None = None,
    training_file: str | os.PathLike[str] | None = None,
) -> dict[str, dict[str, Any]]:
    """Returns what run.json says of a run.

    Args:
        settings: The run's settings.
        config: BERT's sizes.
        task: Name of the task.
        labels: The labels in the order of ids.
        length: How long it trains; None for a run without training.
        training_file: What it is trained on; None for no training.

    Returns:
        "model", what a resumed run must have in common with it, and
        "training", what it had better have.
    """
    model = {
        "task": task,
        "labels": list(labels),
        "sizes": config.to_dict(),
        "vocabulary_sha256": runs.sha256(settings.vocab_file),
        "do_lower_case": settings.do_lower_case,
    }
    training: dict[str, Any] = {}
    if length and training_file:
        names = (
            "train_batch_size",
            "learning_rate",
            "max_seq_length",
            "adam_bias_correction",
            "seed",
        )
        training = {name: getattr(settings, name) for name in names}
        training |= dataclasses.asdict(length)
        training["training_data_sha256"] = runs.sha256(training_file)
    return {_HOLDS_MODEL: model, _HOLDS_TRAINING: training}
