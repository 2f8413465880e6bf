# SPDX-License-Identifier: Apache-2.0
"""Some updates of a training, made to learn how long they take and what fits.

The updates are those that the run would make, as it would make them. What else a
training takes, and how all of it is told, is in `planning.py`.
"""

import dataclasses
import socket
from collections.abc import Callable, Mapping

import tensorflow as tf

from modeling.training import calls, memory, metrics, replication, steps

# Updates that are timed, and those before them: the first traces the graph, the
# second makes room.
NUM_UPDATES = 20
_NUM_WARM_UP = 2

# Of the memory: blocks of all sizes fill none of it wholly.
_USABLE_SHARE = 0.9
# Of the peak: smaller differences may be of something else.
_NOISE_SHARE = 0.01


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """What some updates have shown.

    Attributes:
        seconds: Of an update, in the mean.
        peak_bytes: The most that was used at a time, of the fullest device.
        available_bytes: What there is, of the smallest device; None if unknown.
        max_examples: The largest micro-batch that is likely to fit; None if that
            cannot be told.
    """

    seconds: float
    peak_bytes: int
    available_bytes: int | None
    max_examples: int | None


def run(
    updater: steps.Updater,
    make_batches: Callable[[int, int], tf.data.Dataset],
    replicas: replication.Replication,
    *,
    first_step: int,
    micro_batch: int,
    num_parts: int,
    is_compiled: bool = False,
) -> Trial:
    """Makes updates and returns what they take. Every process must call it.

    Args:
        updater: Makes the updates, which change the weights.
        make_batches: See `loop.Trainer`.
        replicas: Where it runs.
        first_step: Updates made before.
        micro_batch: Examples that a device computes at a time.
        num_parts: Micro-batches of an update, over all replicas.
        is_compiled: Whether XLA compiles, anew for each shape.

    Raises:
        errors.InputError: If a loss or a gradient is not finite.
    """
    updates = _Updates(updater, replicas, first_step)
    hosts = replicas.gather_objects(socket.gethostname())
    num_here = hosts.count(hosts[replicas.process_index])
    # One more than are timed: what prepares batches begins with the first.
    batches = make_batches(first_step, 1 + NUM_UPDATES)
    iterator = iter(batches)
    for _ in range(_NUM_WARM_UP):
        updates.make(iterator)
    peak = updates.gather_peak()
    available = _least(replicas.gather_objects(memory.available_bytes(num_here)))
    # The other size is traced before both peaks are taken: what that leaves behind
    # is in both.
    peaks = {}
    other = _choose_other(micro_batch, peak, available)
    if other:
        # The largest, as the most of all batches is what it is compared with.
        largest = _largest(batches) if _has_unknown_sizes(batches) else batches
        peaks[other] = updates.peak_of(_resized(largest, other * num_parts))
    if is_compiled and _has_unknown_sizes(batches):
        # Each shape is compiled when it first comes: let it come before.
        updates.time(batches)
    memory.forget_peak()
    seconds = updates.time(batches)
    peaks[micro_batch] = updates.gather_peak()
    return Trial(
        seconds=seconds,
        peak_bytes=max(peak, peaks[micro_batch]),
        available_bytes=available,
        max_examples=estimate_max_examples(peaks, available),
    )


def _least(values: list[int | None]) -> int | None:
    """Returns the smallest, None if one is unknown."""
    return None if None in values else min(values)


def _choose_other(micro_batch: int, peak: int, available: int | None) -> int:
    """Returns another micro-batch to try, 0 for none.

    Twice as many examples take at most twice the memory. They say more of larger
    ones than half as many, whose memory that of the weights may hide.
    """
    if available is None:
        return 0
    if 2 * peak <= _USABLE_SHARE * available:
        return 2 * micro_batch
    return micro_batch // 2


def _largest(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Returns the batch with the most numbers, again and again."""
    sizes = [sum(int(tf.size(rows)) for rows in batch.values()) for batch in batches]
    return batches.skip(sizes.index(max(sizes))).take(1).repeat()


def _resized(batches: tf.data.Dataset, num_rows: int) -> tf.data.Dataset:
    """Returns the batches with at most twice as many rows, some of them again."""

    def resize(batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {
            name: tf.concat([rows, rows], 0)[:num_rows] for name, rows in batch.items()
        }

    return batches.map(resize)


def _has_unknown_sizes(batches: tf.data.Dataset) -> bool:
    """Returns whether batches may differ in their shapes."""
    return any(None in spec.shape for spec in batches.element_spec.values())


def estimate_max_examples(
    peaks: Mapping[int, int], available: int | None
) -> int | None:
    """Estimates the largest micro-batch that fits, by a straight line.

    Memory is taken to be a part for weights, gradients and slots and an equal part
    for each example.

    Args:
        peaks: Examples of a micro-batch to the most bytes used with it.
        available: Bytes that there are; a tenth of them is left free.

    Returns:
        Examples, at least as many as the largest of `peaks`; None if it cannot be
        told. Where sizes hardly differ, an example counts as the least difference
        that is not noise, so that it is no overestimate.

    Example:
        >>> estimate_max_examples({4: 1800, 8: 2600}, 10_000)
        40
    """
    if available is None or len(peaks) < 2:
        return None
    (small, small_peak), (large, large_peak) = sorted(peaks.items())
    difference = max(large_peak - small_peak, _NOISE_SHARE * large_peak)
    per_example = difference / (large - small)
    left = _USABLE_SHARE * available - large_peak
    return max(large, large + int(left // per_example))


class _Updates:
    """Makes updates, and looks at the clock and the memory."""

    def __init__(
        self,
        updater: steps.Updater,
        replicas: replication.Replication,
        first_step: int,
    ) -> None:
        """Remembers the parts."""
        self._calls = calls.Calls(
            updater,
            batch_size=1,  # What it tells of speed is not needed.
            explain=lambda _: ". The training would end like its plan.",
        )
        self._replicas, self._first_step = replicas, first_step

    def make(self, iterator: object, done: int = 0, count: int = 1) -> None:
        """Makes updates after those that are done."""
        self._calls.make(iterator, self._first_step + done, count)

    def time(self, batches: tf.data.Dataset) -> float:
        """Returns the seconds of an update, of those that are timed.

        Args:
            batches: One more than are timed.
        """
        iterator = iter(batches)
        self.make(iterator)
        progress = metrics.Progress("planning", total=NUM_UPDATES, unit="update")
        done, seconds = 0, 0.0
        while done < NUM_UPDATES:
            # Clocks differ: all do what the chief's says.
            fitting = self._replicas.gather_objects(self._calls.num_fitting)[0]
            count = min(fitting, NUM_UPDATES - done)
            self.make(iterator, done, count)
            seconds += count * self._calls.seconds_per_step
            done += count
            progress.update(done, {})
        return self._replicas.gather_objects(seconds / NUM_UPDATES)[0]

    def peak_of(self, batches: tf.data.Dataset) -> int:
        """Returns the most memory used for an update on other batches."""
        iterator = iter(batches)
        self.make(iterator)
        memory.forget_peak()
        self.make(iterator)
        return self.gather_peak()

    def gather_peak(self) -> int:
        """Returns the peak of the fullest process."""
        return max(self._replicas.gather_objects(memory.peak_bytes()))
