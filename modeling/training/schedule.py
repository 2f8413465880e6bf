# SPDX-License-Identifier: Apache-2.0
"""The learning rate as a function of the step."""

import tensorflow as tf


def learning_rate(
    step: tf.Tensor, *, peak: float, num_train_steps: int, num_warmup_steps: int
) -> tf.Tensor:
    """Returns the rate of one update.

    It rises from 0 to about `peak` while `step` is below `num_warmup_steps`
    and lies on the line from `peak` at step 0 to 0 at `num_train_steps`
    afterwards, so it jumps down a little where the warm-up ends.

    Args:
        step: int64[], updates made before this one.
        peak: The rate the decay line starts from.
        num_train_steps: Updates of the whole run.
        num_warmup_steps: Updates of the warm-up; 0 for none.

    Returns:
        float32[].

    Example:
        >>> options = {"peak": 1.0, "num_train_steps": 8, "num_warmup_steps": 2}
        >>> [float(learning_rate(tf.constant(s), **options)) for s in range(4)]
        [0.0, 0.5, 0.75, 0.625]

    Source:
        `create_optimizer` in dmis-lab/biobert, optimization.py at e283eaa.
        There the increment of the step races with this read; here a step
        always reads the number of updates before it.
    """
    done = tf.cast(tf.minimum(step, num_train_steps), tf.float32)
    decayed = peak * (1.0 - done / float(max(num_train_steps, 1)))
    if not num_warmup_steps:
        return decayed
    warming = peak * (tf.cast(step, tf.float32) / float(num_warmup_steps))
    return tf.where(step < num_warmup_steps, warming, decayed)
