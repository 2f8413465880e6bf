# SPDX-License-Identifier: Apache-2.0
"""Calls of the graph that makes updates: how many at a time, and their numbers."""

import time
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from absl import logging

from modeling import errors
from modeling.training import steps

# Seconds of work between two looks at the clock and at signals.
_CALL_SECONDS = 3.0


class Calls:
    """Makes updates, a few seconds' worth in each call of the graph.

    Attributes:
        seconds_per_step: Of the last call; infinite before the first.
    """

    def __init__(
        self,
        updater: steps.Updater,
        *,
        batch_size: int,
        explain: Callable[[int], str],
    ) -> None:
        """Makes the graph, which is traced when it is first called.

        Args:
            updater: Makes the updates.
            batch_size: Examples per update, to tell the speed.
            explain: Step to what the error for a loss that is not finite says
                besides the numbers.
        """
        self._runner = updater.make_runner()
        self._batch_size, self._explain = batch_size, explain
        self.seconds_per_step = float("inf")

    @property
    def num_fitting(self) -> int:
        """How many updates fit into one call; one as long as that is not known."""
        return max(1, int(_CALL_SECONDS / max(self.seconds_per_step, 1e-6)))

    def make(self, iterator: object, step: int, count: int) -> dict[str, float]:
        """Makes updates and returns their numbers.

        Args:
            iterator: Over batches; the next one is that of `step`.
            step: Updates made before.
            count: Updates to make.

        Returns:
            "learning_rate" of the last update, "examples_per_second", and the means
            of "loss" and "gradient_norm" over all updates that were not skipped;
            without these two if all were.

        Raises:
            errors.InputError: If a loss, a gradient or a rate is not finite.
        """
        start = time.monotonic()
        log = self._runner(
            iterator, tf.constant(step, tf.int64), tf.constant(count, tf.int64)
        )
        losses = log.loss.numpy()
        seconds = time.monotonic() - start
        norms, rates = log.gradient_norm.numpy(), log.learning_rate.numpy()
        skipped = log.skipped.numpy() > 0
        fine = np.isfinite([losses, norms, rates]).all(axis=0) | skipped
        if not fine.all():
            failed = step + int(np.argmin(fine))
            raise errors.InputError(
                f"Step {failed}: the loss and its gradient must be finite. Received: "
                f"loss {losses[-1]}, gradient norm {norms[-1]}, learning rate "
                f"{rates[-1]}{self._explain(failed)}"
            )
        if skipped.any():
            logging.info(
                "float16 overflowed in %d updates, which were left out. The loss is "
                "scaled by less from now on.",
                skipped.sum(),
            )
        # The first call also traces the graph, so its time says nothing.
        is_first = self.seconds_per_step == float("inf")
        self.seconds_per_step = seconds if is_first else seconds / count
        means = {"loss": losses[~skipped], "gradient_norm": norms[~skipped]}
        return {
            **{name: float(x.mean()) for name, x in means.items() if x.size},
            "learning_rate": float(rates[-1]),
            "examples_per_second": count * self._batch_size / seconds,
        }
