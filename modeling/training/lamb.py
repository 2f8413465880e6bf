# SPDX-License-Identifier: Apache-2.0
"""LAMB, which trains with batches of thousands of sequences where Adam diverges."""

from collections.abc import Sequence

import tensorflow as tf

from modeling.training import optimizers

# Not in the paper: that of the implementations the class names, and of BERT's Adam.
_EPSILON = 1e-6


class Lamb(optimizers.Optimizer):
    """Adam whose update of each variable is as long as the variable times the rate.

    With gradient g of a variable w, at the t-th update:
    m = 0.9 m + 0.1 g; v = 0.999 v + 0.001 g^2;
    r = m / (1 - 0.9^t) / (sqrt(v / (1 - 0.999^t)) + 1e-6) + 0.01 w;
    w -= rate * |w| / |r| * r, where |.| is the Euclidean norm over the whole
    variable and the ratio is 1 if one of the two is 0. LayerNorm's variables and
    biases have no decay and the ratio 1.

    The slots are those of `optimizers.AdamWeightDecay`, so a run may go on with
    the other optimizer.

    Source:
        You et al. 2020, algorithm 2, https://arxiv.org/abs/1904.00962, with the
        identity for phi, and betas of 0.9 and 0.999 as in its section 4. Epsilon,
        the decay of 0.01 and the variables without ratio are those of
        `LAMBOptimizer` in google-research/albert, lamb_optimizer.py, and in
        NVIDIA/DeepLearningExamples, TensorFlow/LanguageModeling/BERT,
        optimization.py; the former has no bias correction.
    """

    def apply(
        self,
        gradients: Sequence[optimizers.Gradient],
        *,
        scale: tf.Tensor,
        rate: tf.Tensor,
        step: tf.Tensor,
    ) -> None:
        """Updates all variables and slots; see `optimizers.Optimizer.apply`."""
        corrections = [
            _one_minus_power(beta, step)
            for beta in (optimizers.BETA_1, optimizers.BETA_2)
        ]
        for variable, gradient in zip(self.variables, gradients, strict=True):
            mean, square = self._new_means(
                variable, optimizers.to_dense(gradient) * scale
            )
            root = tf.sqrt(square / corrections[1])
            update = mean / corrections[0] / (root + _EPSILON)
            if optimizers.is_decayed(variable):
                weights = tf.convert_to_tensor(variable)
                update += optimizers.WEIGHT_DECAY * weights
                update *= _trust_ratio(weights, update)
            optimizers.decrease(variable, rate * update)

    def _new_means(
        self, variable: tf.Variable, gradient: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Updates the slots of a variable and returns their values."""
        beta_1, beta_2 = optimizers.BETA_1, optimizers.BETA_2
        slots = self.slots_of(variable)
        mean = beta_1 * slots[0] + (1.0 - beta_1) * gradient
        square = beta_2 * slots[1] + (1.0 - beta_2) * tf.square(gradient)
        for slot, value in zip(slots, (mean, square), strict=True):
            tf.raw_ops.AssignVariableOp(resource=slot.handle, value=value)
        return mean, square


def _one_minus_power(beta: float, step: tf.Tensor) -> tf.Tensor:
    """Returns float32[], 1 - beta^(step + 1), without losing digits to the 1."""
    logarithm = tf.math.log(tf.constant(beta, tf.float64))
    power = tf.cast(step + 1, tf.float64) * logarithm
    return tf.cast(-tf.math.expm1(power), tf.float32)


def _trust_ratio(weights: tf.Tensor, update: tf.Tensor) -> tf.Tensor:
    """Returns float32[], the length of the weights over that of the update."""
    of_weights, of_update = tf.norm(weights), tf.norm(update)
    both = tf.logical_and(of_weights > 0.0, of_update > 0.0)
    return tf.where(both, tf.math.divide_no_nan(of_weights, of_update), 1.0)
