# SPDX-License-Identifier: Apache-2.0
"""The training loop of all tasks: update, log, save, evaluate, stop well.

Knows models, batches and scores only by what it is given; what one update
computes is in `steps.py`.
"""

import dataclasses
import os
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf
from absl import logging

from modeling.training import (
    calls,
    metrics,
    optimizers,
    profiling,
    replication,
    restore,
    saver,
    signals,
    steps,
    weights,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """How long to train and when to do what; all counts are updates.

    Attributes:
        num_train_steps: Updates of the whole run.
        batch_size: Examples per update, to show the speed.
        save_every: Updates between checkpoints.
        eval_every: Updates between evaluations, 0 for none.
        best_metric: Which of the scores makes a checkpoint the best.
        patience: Evaluations without a better score after which to stop;
            None to go on to the end.
        max_steps_per_call: Upper bound on updates per call of the graph.
        profiled: First and last step to write a trace of, from 0.
    """

    num_train_steps: int
    batch_size: int
    save_every: int
    eval_every: int = 0
    best_metric: str = ""
    patience: int | None = None
    max_steps_per_call: int = 1000
    profiled: tuple[int, int] | None = None

    def next_stop(self, step: int) -> int:
        """Returns the next step at which something besides updates is due."""
        stops = [self.num_train_steps]
        stops += [
            (step // every + 1) * every
            for every in (self.save_every, self.eval_every)
            if every
        ]
        if self.profiled:
            first, last = self.profiled
            stops += [edge for edge in (first, last + 1) if edge > step]
        return min(stops)


class Trainer:
    """Trains a model from where its output folder stands to the end."""

    def __init__(
        self,
        model: tf.Module,
        optimizer: optimizers.Optimizer,
        updater: steps.Updater,
        *,
        output_dir: str | os.PathLike[str],
        checkpoints: saver.Saver,
        plan: Plan,
        make_batches: Callable[[int, int], tf.data.Dataset],
        describe_batch: Callable[[int], str],
        evaluate: Callable[[], Mapping[str, float]] | None = None,
        replicas: replication.Replication,
    ) -> None:
        """Remembers the parts; `train` does the work.

        Args:
            model: All its variables are saved.
            optimizer: Its slots are saved with them.
            updater: Makes the updates.
            output_dir: Folder of metrics and events.
            checkpoints: Where checkpoints go and come from.
            plan: How long, and when to do what.
            make_batches: (first step, number of steps) to the batches of
                these steps; the same step has the same batch in every call.
            describe_batch: Step to the names of its batch's examples, for
                the message when the loss is not finite.
            evaluate: Scores the model as it is; None for no evaluation.
            replicas: Where it runs.
        """
        self._model, self._optimizer = model, optimizer
        self._output_dir, self._checkpoints = output_dir, checkpoints
        self._plan = plan
        self._make_batches, self._describe_batch = make_batches, describe_batch
        self._evaluate, self._replicas = evaluate, replicas
        self._loss_scale = updater.loss_scale
        self._calls = calls.Calls(
            updater, batch_size=plan.batch_size, explain=self._explain
        )

    def state(self, step: int) -> dict[str, tf.Variable | np.ndarray]:
        """Returns what a checkpoint holds, by name."""
        return {
            **optimizers.by_name(self._model.variables),
            **self._optimizer.slots,
            **self._scale_state(),
            "global_step": np.int64(step),
        }

    def _scale_state(self) -> dict[str, tf.Variable]:
        """Returns the variables of float16's loss scale, by name."""
        return {} if self._loss_scale is None else self._loss_scale.state

    def restore(self, prefix: str) -> int:
        """Loads weights and slots of an interrupted run.

        Args:
            prefix: Its checkpoint.

        Returns:
            Updates made so far.
        """
        source = weights.open_weights(prefix)
        state = self.state(0)
        del state["global_step"]
        if not set(self._scale_state()) <= set(source.names()):
            # The run has been in another precision so far.
            state = {k: v for k, v in state.items() if k not in self._scale_state()}
        restore.restore_all(state, source)
        return int(source.read("global_step"))

    def train(self, first_step: int) -> int:
        """Makes the updates that are left.

        Args:
            first_step: Updates made so far.

        Returns:
            Updates made in the end: all, or fewer if the scores got no better.

        Raises:
            InputError: If a loss or a gradient is not finite. Nothing is
                saved then; the newest checkpoint is from before.
            signals.Stopped: After SIGTERM or SIGINT; a checkpoint is saved.
        """
        step = first_step
        is_unscored = self._is_unscored(step)
        if self.is_done(step) and not is_unscored:
            logging.info("Training is complete at step %d.", step)
            return step
        if step == 0:
            self._save(0)
        writer = metrics.MetricsWriter(self._output_dir, first_step=step)
        if is_unscored:
            self._note_scores(step, self._evaluate(), writer)
        if not self.is_done(step):
            step = self._make_updates(step, writer)
        writer.close()
        return step

    def is_done(self, step: int) -> bool:
        """Returns whether all updates are made, or more would not help.

        All processes must call it.

        What depends on files, the chief decides for all: it writes them.
        """
        return self._replicas.gather_objects(self._has_ended(step))[0]

    def _has_ended(self, step: int) -> bool:
        """Returns what `is_done` does, as this process sees it."""
        plan = self._plan
        if step >= plan.num_train_steps:
            return True
        best = self._checkpoints.best() if plan.patience and plan.eval_every else None
        is_stalled = best and step - best["step"] >= plan.patience * plan.eval_every
        if is_stalled:
            logging.info(
                "Step %d: %s was best at step %d, %d evaluations ago: stopping early.",
                step,
                plan.best_metric,
                best["step"],
                plan.patience,
            )
        return bool(is_stalled)

    def _make_updates(self, step: int, writer: metrics.MetricsWriter) -> int:
        """Makes the updates from `step` on and whatever is due in between."""
        total = self._plan.num_train_steps
        batches = self._make_batches(step, total - step)
        iterator = iter(batches)
        progress = metrics.Progress(
            "training",
            total=total,
            unit="step",
            first=step,
            device=self._replicas.device,
        )
        with signals.StopRequest() as stop:
            while not self.is_done(step):
                until_stop = self._plan.next_stop(step) - step
                most = min(until_stop, self._plan.max_steps_per_call)
                # The clocks of processes differ: all do what the chief does.
                count = self._replicas.gather_objects(
                    min(most, self._calls.num_fitting)
                )[0]
                with profiling.trace(self._output_dir, step, self._plan.profiled):
                    values = self._calls.make(iterator, step, count)
                step += count
                writer.write(step, values)
                progress.update(
                    step, _shown(values), f"{values['examples_per_second']:.4g} ex/s"
                )
                self._do_what_is_due(step, writer)
                if any(self._replicas.gather_objects(stop.requested)):
                    self._save(step)
                    writer.close()
                    # The first to end may have the others ended: not before all
                    # is saved.
                    self._replicas.gather_objects(None)
                    stop.exit(step)
        return step

    def _do_what_is_due(self, step: int, writer: metrics.MetricsWriter) -> None:
        """Evaluates and saves where the plan says so."""
        at_end = step == self._plan.num_train_steps
        evaluates = self._evaluates_at(step)
        scores = self._evaluate() if evaluates else None
        if step % self._plan.save_every == 0 or at_end or evaluates:
            self._save(step)
        if scores is not None:
            self._note_scores(step, scores, writer)

    def _evaluates_at(self, step: int) -> bool:
        """Returns whether an evaluation is due after so many updates."""
        every = self._plan.eval_every
        return bool(self._evaluate and every and step and step % every == 0)

    def _is_unscored(self, step: int) -> bool:
        """Returns whether a run was killed between saving and noting scores."""
        is_unscored = self._evaluates_at(step) and not any(
            record["step"] == step and metrics.score_names(record)
            for record in metrics.read_metrics(self._output_dir)
        )
        return self._replicas.gather_objects(is_unscored)[0]

    def _note_scores(
        self, step: int, scores: Mapping[str, float], writer: metrics.MetricsWriter
    ) -> None:
        """Keeps the checkpoint if it is the best, then writes the scores.

        In this order: scores that are written are never noted again.
        """
        score = scores[self._plan.best_metric]
        if self._replicas.is_chief and self._checkpoints.is_better(score):
            self._checkpoints.mark_best(step, score, self._plan.best_metric)
        writer.write(step, {f"{metrics.SCORE}{name}": x for name, x in scores.items()})

    def _save(self, step: int) -> None:
        """Writes a checkpoint, from the process that writes."""
        if self._replicas.is_chief:
            path = self._checkpoints.save(step, self.state(step))
            logging.info("Saved %s.", path)

    def _explain(self, step: int) -> str:
        """Returns where a loss is from that is not finite, and what helps."""
        return (
            f", on the batch of {self._describe_batch(step)}. A smaller "
            "--learning_rate or more warm-up usually helps. The last good "
            f"checkpoint is {self._checkpoints.latest()}."
        )


def _shown(values: Mapping[str, float]) -> dict[str, float]:
    """Returns the numbers of the progress line under their short names."""
    names = {"loss": "loss", "learning_rate": "lr", "gradient_norm": "|g|"}
    return {short: values[name] for name, short in names.items() if name in values}
