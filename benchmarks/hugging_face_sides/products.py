# SPDX-License-Identifier: Apache-2.0
"""What the machine can do at most: matrix products, and nothing else, by TensorFlow."""

from collections.abc import Mapping
from typing import Any

import commands
import numpy as np
import tensorflow as tf


class Side:
    """A chain of products of square matrices, each as large as the caches are not."""

    def __init__(self, setup: Mapping[str, Any]) -> None:
        """Makes the matrices.

        Args:
            setup: With "threads", "precision", and "product_size", the rows of a
                matrix.
        """
        tf.config.set_visible_devices([], "GPU")
        tf.config.threading.set_intra_op_parallelism_threads(setup["threads"])
        size, dtype = setup["product_size"], tf.as_dtype(setup["precision"])
        # Of this deviation, products stay as large as their factors.
        draw = tf.random.stateless_normal([2, size, size], [1, 2], stddev=size**-0.5)
        self._left, self._right = tf.unstack(tf.cast(draw, dtype))
        self._multiply = tf.function(self._chain, autograph=False)

    def _chain(self, count: tf.Tensor) -> tf.Tensor:
        """Multiplies again and again, the last product by the same matrix."""
        _, product = tf.while_loop(
            lambda index, _: index < count,
            lambda index, left: (index + 1, tf.matmul(left, self._right)),
            (tf.constant(0), self._left),
            parallel_iterations=1,
        )
        return tf.reduce_sum(tf.cast(product, tf.float32))

    def multiply(self, count: int) -> None:
        """Computes some products."""
        assert np.isfinite(self._multiply(tf.constant(count)).numpy())

    def describe(self) -> dict[str, Any]:
        """Returns the version of TensorFlow."""
        return {"versions": f"TensorFlow {tf.__version__}"}


if __name__ == "__main__":
    commands.serve(Side)
