# SPDX-License-Identifier: Apache-2.0
"""Batches of rows of similar length, so that little padding is computed.

For inference the order does not matter and results are put back; for
training the order stays a pure function of (seed, step). Making tensors of
the rows is left to `batching`.
"""

import functools
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import tensorflow as tf

from modeling.data import batching

# Lengths are rounded up to a multiple of this: tensor cores of GPUs are made for
# multiples of eight, and there are fewer shapes.
_MULTIPLE = 8

# WordPieces of an inference batch: enough to keep the cores busy, and small
# enough that its activations stay in the cache.
INFERENCE_PIECES = 1024

# Training batches that are put together from one pool of examples.
_POOL_BATCHES = 64

_PREFETCHED_BATCHES = 2


def row_lengths_of(input_mask: np.ndarray) -> np.ndarray:
    """Returns the pieces of each row, int64[N], of an int32[N, T] mask."""
    return input_mask.sum(axis=1, dtype=np.int64)


def round_up(length: int, longest: int) -> int:
    """Returns the padded length of a batch.

    Args:
        length: Pieces of its longest row.
        longest: T, which is never exceeded.
    """
    return min(-(-length // _MULTIPLE) * _MULTIPLE, longest)


def group(
    lengths: np.ndarray,
    max_pieces: int = INFERENCE_PIECES,
    *,
    multiple: int = _MULTIPLE,
) -> list[np.ndarray]:
    """Groups rows of similar length into batches of about equal work.

    Args:
        lengths: int[N], pieces of each row.
        max_pieces: Most pieces of a batch, padding included; a longer row is
            a batch of its own.
        multiple: What the padded length of a batch is a multiple of.

    Returns:
        Indices of rows, int64[B], each row in one batch, longest first: what
        does not fit into memory fails at once.
    """
    order = np.argsort(-lengths, kind="stable")
    batches = []
    start = 0
    while start < len(order):
        padded = -(-int(lengths[order[start]]) // multiple) * multiple
        size = max(1, max_pieces // max(padded, 1))
        batches.append(order[start : start + size])
        start += size
    return batches


def trim(
    arrays: Mapping[str, np.ndarray], rows: np.ndarray, lengths: np.ndarray
) -> dict[str, np.ndarray]:
    """Takes rows of arrays, without the padding that all of them have.

    Args:
        arrays: Features by name; those of shape [N, T] are trimmed.
        rows: int64[B], indices.
        lengths: int[N], pieces of each row.

    Returns:
        The same features, [B, T'] or [B, ...].
    """
    longest = max(array.shape[1] for array in arrays.values() if array.ndim > 1)
    end = round_up(int(lengths[rows].max()), longest)
    return {
        name: array[rows, :end]
        if array.ndim > 1 and array.shape[1] == longest
        else array[rows]
        for name, array in arrays.items()
    }


class BucketedOrder(batching.TrainingOrder):
    """A training order whose batches hold examples of similar length.

    Passes are shuffled and chained as in `TrainingOrder`. Pools of 64
    batches of that order are then sorted by length, cut into batches, and
    these are shuffled. So every example is still seen once per pass, batches
    still come in random order, and any step can be found without the steps
    before it.
    """

    def __init__(
        self, num_examples: int, batch_size: int, seed: int, lengths: np.ndarray
    ) -> None:
        """Remembers the lengths; draws nothing yet.

        Args:
            num_examples: Examples in one pass.
            batch_size: Examples in a step.
            seed: Any number of at most 64 bits that is not negative.
            lengths: int[num_examples], pieces of each example.
        """
        super().__init__(num_examples, batch_size, seed)
        self._lengths = lengths
        self._pool = functools.lru_cache(maxsize=2)(self._sort)

    def indices(self, step: int) -> np.ndarray:
        """Returns the examples of one step.

        Args:
            step: The step, from 0.

        Returns:
            int64[batch_size], indices of examples.
        """
        pool, place = divmod(step, _POOL_BATCHES)
        return self._pool(pool)[place]

    def _sort(self, pool: int) -> np.ndarray:
        """Returns the batches of a pool, int64[64, batch_size]."""
        first = pool * _POOL_BATCHES
        examples = np.concatenate(
            [
                super(BucketedOrder, self).indices(first + i)
                for i in range(_POOL_BATCHES)
            ]
        )
        by_length = examples[np.argsort(self._lengths[examples], kind="stable")]
        batches = by_length.reshape(_POOL_BATCHES, self.batch_size)
        # The largest number of 64 bits: no pass has it, so this stream is
        # not one of those that shuffle examples.
        bits = np.random.Philox(key=np.array([self.seed, 2**64 - 1 - pool], np.uint64))
        return np.random.Generator(bits).permutation(batches)


def order_training(
    arrays: Mapping[str, np.ndarray],
    *,
    batch_size: int,
    seed: int,
    by_length: bool,
) -> tuple[batching.TrainingOrder, Callable[[int, int], tf.data.Dataset]]:
    """Returns the order of examples in training, and what makes batches of it.

    Args:
        arrays: Features [N, ...] by name, "input_mask" among them.
        batch_size: Examples in a step.
        seed: Decides the order.
        by_length: Whether batches hold examples of similar length, and are trimmed.

    Returns:
        The order; and (first step, number of steps) to the batches of these steps.
    """
    num_examples = len(arrays["input_mask"])
    if by_length:
        row_lengths = row_lengths_of(arrays["input_mask"])
        order = BucketedOrder(num_examples, batch_size, seed, row_lengths)
        make = functools.partial(training_batches, arrays, order)
    else:
        order = batching.TrainingOrder(num_examples, batch_size, seed)
        make = functools.partial(batching.training_batches, arrays, order)
    return order, lambda first, count: make(first_step=first, num_steps=count)


def training_batches(
    arrays: Mapping[str, np.ndarray],
    order: BucketedOrder,
    *,
    first_step: int,
    num_steps: int,
) -> tf.data.Dataset:
    """Makes the trimmed batches of some training steps.

    Args:
        arrays: Features int32[N, T] by name, "input_mask" among them.
        order: Which examples each step sees.
        first_step: The step of the first batch, from 0.
        num_steps: The number of batches.

    Returns:
        Dicts of int32[B, T'], where T' is at least the longest row of a batch.
    """
    row_lengths = row_lengths_of(arrays["input_mask"])

    def generate() -> Iterator[dict[str, np.ndarray]]:
        for step in range(first_step, first_step + num_steps):
            yield trim(arrays, order.indices(step), row_lengths)

    spec = {
        name: tf.TensorSpec([order.batch_size, None], array.dtype, name=name)
        for name, array in arrays.items()
    }
    dataset = tf.data.Dataset.from_generator(generate, output_signature=spec)
    return dataset.prefetch(_PREFETCHED_BATCHES)
