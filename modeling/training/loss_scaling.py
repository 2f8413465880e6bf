# SPDX-License-Identifier: Apache-2.0
"""Loss scaling, without which small gradients are lost in float16.

Holds the scale and says how it changes. The training step multiplies the loss by
it, divides the gradients by it and skips an update that is not finite.
"""

import tensorflow as tf

INITIAL_SCALE = 2.0**15
MIN_SCALE = 1.0
# Ours: 16 times what float16 can hold. A scale without bound would take a run
# of skipped steps to come back from.
MAX_SCALE = 2.0**24
# Finite steps in a row after which the scale is doubled.
STEPS_TO_DOUBLE = 2000


class DynamicLossScale:
    """A scale that is as large as the gradients allow.

    It is halved at each step whose gradients are not finite, and doubled after
    2,000 finite steps in a row, always a power of two between 1 and 2^24. Where
    gradients are not finite at scale 1, a smaller one cannot help: the caller
    must refuse.

    Attributes:
        state: Checkpoint name to variable: "loss_scale/scale", float32[], and
            "loss_scale/finite_steps", int64[], those in a row so far.

    Source:
        Micikevicius et al. 2018, sections 3.2 and 5,
        https://arxiv.org/abs/1710.03740.
    """

    def __init__(self) -> None:
        """Creates the two variables."""
        self._scale = tf.Variable(
            INITIAL_SCALE, trainable=False, dtype=tf.float32, name="loss_scale/scale"
        )
        self._finite_steps = tf.Variable(
            0, trainable=False, dtype=tf.int64, name="loss_scale/finite_steps"
        )
        self.state = {
            "loss_scale/scale": self._scale,
            "loss_scale/finite_steps": self._finite_steps,
        }

    def value(self) -> tf.Tensor:
        """Returns float32[], by which to multiply the loss."""
        return tf.convert_to_tensor(self._scale)

    def update(self, is_finite: tf.Tensor) -> None:
        """Notes how a step went.

        Where replicas run, each calls it with the same value.

        Args:
            is_finite: bool[], whether all gradients were finite.
        """
        scale, steps = self.value(), tf.convert_to_tensor(self._finite_steps)
        steps = tf.where(is_finite, steps + 1, 0)
        is_due = steps >= STEPS_TO_DOUBLE
        grown = tf.where(is_due, tf.minimum(scale * 2.0, MAX_SCALE), scale)
        shrunk = tf.maximum(scale / 2.0, MIN_SCALE)
        # Not `assign`: see `optimizers.decrease`.
        tf.raw_ops.AssignVariableOp(
            resource=self._scale.handle, value=tf.where(is_finite, grown, shrunk)
        )
        tf.raw_ops.AssignVariableOp(
            resource=self._finite_steps.handle,
            value=tf.where(is_due, tf.zeros_like(steps), steps),
        )
