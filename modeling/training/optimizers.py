# SPDX-License-Identifier: Apache-2.0
"""Adam with weight decay as BERT's authors wrote it, and gradient clipping.

The learning rate comes from `schedule.py`; the training loop says when. For large
batches see `lamb.py`.
"""

import abc
from collections.abc import Iterable, Sequence

import tensorflow as tf

Gradient = tf.Tensor | tf.IndexedSlices

BETA_1 = 0.9
BETA_2 = 0.999
EPSILON = 1e-6
WEIGHT_DECAY = 0.01
_CLIP_NORM = 1.0

# Variables with one of these in their name are not decayed.
_NOT_DECAYED = ("LayerNorm", "layer_norm", "bias")


def name_of(variable: tf.Variable) -> str:
    """Returns the variable's name in a checkpoint, without ":0"."""
    return variable.name.removesuffix(":0")


def is_decayed(variable: tf.Variable) -> bool:
    """Returns whether weight decay applies: not to LayerNorm's and to biases."""
    name = name_of(variable)
    return not any(part in name for part in _NOT_DECAYED)


def decrease(variable: tf.Variable, amount: tf.Tensor) -> None:
    """Subtracts from a variable, or from this replica's copy of it.

    `assign_sub` of a variable that is mirrored on several devices is refused on
    a single one of them; its handle is that of the copy here.

    Args:
        variable: float32 of any shape.
        amount: float32 of the same shape.
    """
    tf.raw_ops.AssignSubVariableOp(resource=variable.handle, value=amount)


def squared_norm(gradient: Gradient) -> tf.Tensor:
    """Returns the sum of the squares of a gradient's values.

    A sparse gradient counts by its rows as the look-up produced them, before
    rows of the same id are added up. The original's losses come from this
    norm, which differs from the dense one by up to 14%.

    Args:
        gradient: Dense, or the slices of a `tf.gather`.

    Returns:
        float32[].
    """
    values = gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient
    return 2.0 * tf.nn.l2_loss(values)


def clip_scale(norm: tf.Tensor) -> tf.Tensor:
    """Returns float32[], what brings gradients of this norm to at most 1.

    A norm that is not finite gives NaN, so that no update hides it.

    Example:
        >>> float(clip_scale(tf.constant(4.0)))
        0.25
    """
    scale = _CLIP_NORM / tf.maximum(norm, _CLIP_NORM)
    return tf.where(tf.math.is_finite(norm), scale, float("nan"))


def to_dense(gradient: Gradient) -> tf.Tensor:
    """Adds up the rows of a sparse gradient; returns a dense one as it is."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    return tf.math.unsorted_segment_sum(
        gradient.values, gradient.indices, gradient.dense_shape[0]
    )


class Optimizer(abc.ABC):
    """What all optimizers have: running means of gradients and of their squares.

    Attributes:
        variables: What is trained; `apply` takes gradients in this order.
        slots: Checkpoint name ("<variable>/adam_m", "<variable>/adam_v") to
            variable, all zero at first.
    """

    def __init__(self, variables: Sequence[tf.Variable]) -> None:
        """Creates the slots.

        Args:
            variables: Variables that have a gradient, of distinct names.
        """
        self.variables = list(variables)
        self.slots: dict[str, tf.Variable] = {}
        for variable in self.variables:
            for slot in ("adam_m", "adam_v"):
                name = f"{name_of(variable)}/{slot}"
                self.slots[name] = tf.Variable(
                    tf.zeros_like(variable), trainable=False, name=name
                )

    @abc.abstractmethod
    def apply(
        self,
        gradients: Sequence[Gradient],
        *,
        scale: tf.Tensor,
        rate: tf.Tensor,
        step: tf.Tensor,
    ) -> None:
        """Updates all variables and slots.

        Where replicas run, each calls it with the same gradients and updates
        its own copy of the variables.

        Args:
            gradients: One per variable.
            scale: float32[], by which the gradients are multiplied first.
            rate: float32[], the learning rate.
            step: int64[], updates made before this one.
        """

    def slots_of(self, variable: tf.Variable) -> tuple[tf.Variable, tf.Variable]:
        """Returns the running means of the gradient and of its square."""
        name = name_of(variable)
        return self.slots[f"{name}/adam_m"], self.slots[f"{name}/adam_v"]


class AdamWeightDecay(Optimizer):
    """Adam without bias correction, with decay apart from the gradient.

    With gradient g of a weight w: m = 0.9 m + 0.1 g; v = 0.999 v + 0.001 g^2;
    w -= rate * (m / (sqrt(v) + 1e-6) + 0.01 w). LayerNorm's variables and
    biases are not decayed.

    Source:
        Kingma and Ba 2015, https://arxiv.org/abs/1412.6980; Loshchilov and
        Hutter 2019, https://arxiv.org/abs/1711.05101;
        `AdamWeightDecayOptimizer` in dmis-lab/biobert, optimization.py at
        e283eaa.
    """

    def __init__(
        self, variables: Sequence[tf.Variable], *, bias_correction: bool = False
    ) -> None:
        """Creates the slots.

        Args:
            variables: Variables that have a gradient, of distinct names.
            bias_correction: Whether to divide the running means by
                1 - beta^t, as the papers do and BERT does not. The 1e-6 is
                added to the root of v before that.
        """
        super().__init__(variables)
        self._bias_correction = bias_correction

    def apply(
        self,
        gradients: Sequence[Gradient],
        *,
        scale: tf.Tensor,
        rate: tf.Tensor,
        step: tf.Tensor,
    ) -> None:
        """Updates all variables and slots; see `Optimizer.apply`."""
        beta_powers = self._beta_powers(step)
        for variable, gradient in zip(self.variables, gradients, strict=True):
            if is_decayed(variable):
                decrease(variable, variable * (rate * WEIGHT_DECAY))
            mean, square = self.slots_of(variable)
            # One fused pass over weight, gradient and slots. A beta power of
            # 0 makes the kernel's bias correction 1.
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=mean.handle,
                v=square.handle,
                beta1_power=beta_powers[0],
                beta2_power=beta_powers[1],
                lr=rate,
                beta1=BETA_1,
                beta2=BETA_2,
                epsilon=EPSILON,
                grad=to_dense(gradient) * scale,
            )

    def _beta_powers(self, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns what the kernel corrects the two means by."""
        if not self._bias_correction:
            return tf.constant(0.0), tf.constant(0.0)
        updates = tf.cast(step + 1, tf.float32)
        return tf.pow(BETA_1, updates), tf.pow(BETA_2, updates)


def by_name(variables: Iterable[tf.Variable]) -> dict[str, tf.Variable]:
    """Returns checkpoint name to variable.

    Raises:
        ValueError: If two variables have the same name.
    """
    named: dict[str, tf.Variable] = {}
    for variable in variables:
        name = name_of(variable)
        if name in named:
            raise ValueError(f"Two variables are named {name!r}.")
        named[name] = variable
    return named
