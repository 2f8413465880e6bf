# SPDX-License-Identifier: Apache-2.0
"""Training as all programs do it: go on or start over, train, draw.

Used by the programs at the top level only. The loop itself is in
`training/loop.py`; here a run's settings are turned into its parts.
"""

import dataclasses
import functools
import json
import pathlib
from collections.abc import Callable, Mapping

import tensorflow as tf
from absl import logging

from modeling import agreement, distribution, errors, planning, run_record, runs
from modeling import settings as settings_lib
from modeling.nn import dropout
from modeling.training import (
    lamb,
    loop,
    loss_scaling,
    optimizers,
    plots,
    replication,
    saver,
    schedule,
    steps,
)

# The newest that are kept; the best one is kept besides.
_NUM_CHECKPOINTS = 5

# (first step, number of steps) to the batches of these steps.
MakeBatches = Callable[[int, int], tf.data.Dataset]


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


def train(
    model: tf.Module,
    settings: settings_lib.TrainSettings,
    *,
    length: Length,
    resumed_from: str | None,
    record: run_record.Record,
    make_batches: MakeBatches,
    describe_batch: Callable[[int], str],
    evaluate: Callable[[], Mapping[str, float]] | None,
    eval_every: int,
    best_metric: str,
    patience: int | None,
    replicas: replication.Replication,
) -> int:
    """Trains a model to the end and draws the run's curves.

    Args:
        model: The task's module, with its first weights.
        settings: How to train.
        length: How long to train.
        resumed_from: Checkpoint to go on from, or None to start over.
        record: What `run_record.make` says of the run; written to the output
            folder.
        make_batches: See `loop.Trainer`.
        describe_batch: See `loop.Trainer`.
        evaluate: Scores the model as it is; None for no evaluation.
        eval_every: Updates between evaluations; 0 for none.
        best_metric: The score that chooses the best checkpoint.
        patience: See `loop.Plan`.
        replicas: Where it runs.

    Returns:
        Updates made, in this process and before.

    Raises:
        planning.Planned: With --plan.
    """
    writes = replicas.is_chief and not settings.plan
    checkpoints = saver.Saver(
        settings.output_dir, _NUM_CHECKPOINTS, read_only=not writes
    )
    with replicas.scope():
        optimizer = _make_optimizer(model.trained_variables, settings)
        is_float16 = settings.precision == "float16"
        loss_scale = loss_scaling.DynamicLossScale() if is_float16 else None
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
        accumulate_steps=distribution.accumulate_steps(settings, replicas),
        loss_scale=loss_scale,
        compiles=settings.xla,
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
            eval_every=eval_every if evaluate else 0,
            best_metric=best_metric,
            patience=patience,
            max_steps_per_call=settings.iterations_per_loop,
            profiled=settings.profiled,
        ),
        make_batches=make_batches,
        describe_batch=describe_batch,
        evaluate=evaluate,
        replicas=replicas,
    )
    first_step = trainer.restore(resumed_from) if resumed_from else 0
    agreement.check(replicas, agreement.of_training(record, first_step))
    state = trainer.state(first_step)
    replicas.broadcast(x for x in state.values() if isinstance(x, tf.Variable))
    if settings.plan:
        every = eval_every if evaluate and eval_every else length.num_train_steps
        planning.run(
            settings,
            updater,
            make_batches,
            replicas,
            state=state,
            num_train_steps=length.num_train_steps,
            save_every=min(settings.save_checkpoints_steps, every),
            max_checkpoints=_NUM_CHECKPOINTS + bool(evaluate and eval_every),
        )
    is_over = bool(resumed_from) and trainer.is_done(first_step)
    if replicas.is_chief:
        if not resumed_from:
            checkpoints.discard_all()
        _write_record(record, settings, is_over=is_over)
    last_step = trainer.train(first_step)
    if replicas.is_chief:
        plots.draw_training(settings.output_dir)
    replicas.gather_objects(None)  # All files are there before any process reads.
    return last_step


def _write_record(
    record: run_record.Record, settings: settings_lib.TrainSettings, *, is_over: bool
) -> None:
    """Writes the record of the run; where its training was over before, keeps that.

    What the weights are chosen by, to predict with, may change even then.

    Args:
        record: What `run_record.make` says of the run.
        settings: Names the output folder.
        is_over: Whether no update is left to make.
    """
    before = run_record.read(settings.output_dir) if is_over else None
    if before is None:
        run_record.write(record, settings)
        return
    choice = {"select_on": record[run_record.TRAINING]["select_on"]}
    kept = {**before, run_record.TRAINING: before[run_record.TRAINING] | choice}
    run_record.write(kept, settings)
    changed = run_record.changed_training(kept, record)
    if changed:
        logging.warning(
            "%s: Its training is over, so its weights stay those of the run before, "
            "with another %s. --resume=never trains anew.",
            settings.output_dir,
            ", ".join(changed),
        )


def _make_optimizer(
    variables: list[tf.Variable], settings: settings_lib.TrainSettings
) -> optimizers.Optimizer:
    """Makes the optimizer that the settings name."""
    if settings.optimizer == "lamb":
        return lamb.Lamb(variables)
    return optimizers.AdamWeightDecay(
        variables, bias_correction=settings.adam_bias_correction
    )


def load_best(model: tf.Module, settings: settings_lib.TrainSettings) -> int:
    """Loads the checkpoint with the best score of a run.

    Args:
        model: Its variables are assigned.
        settings: Names the output folder.

    Returns:
        The step of the checkpoint.

    Raises:
        InputError: If no checkpoint was marked as the best.
    """
    best = saver.Saver(settings.output_dir, read_only=True).best()
    if best is None:
        raise errors.InputError(
            f"{settings.output_dir}: A best checkpoint is needed to go on with. "
            "Received a folder in which none is marked."
        )
    logging.info("Going on with the best: %s", json.dumps(best))
    runs.load_weights(model, pathlib.Path(settings.output_dir) / best["checkpoint"])
    return int(best["step"])
