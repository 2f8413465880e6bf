# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.trial."""

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from modeling import errors
from modeling.training import calls, replication, steps, trial

FIXED, PER_EXAMPLE, SECONDS = 1000, 70, 0.5
B = 6  # Rows of an update.


class Machine:
    """A clock, a memory, and updates that take their time and their room."""

    def __init__(self, monkeypatch, *, available=100_000):
        self.made = []  # (first step, number of updates, rows of each)
        self.lengths = []  # Of the rows, for each update.
        self.now = self.peak = 0
        self.is_finite = True
        monkeypatch.setattr(calls.time, "monotonic", lambda: self.now)
        for name, function in (
            ("forget_peak", self.forget_peak),
            ("peak_bytes", lambda: self.peak),
            ("available_bytes", lambda num_processes: available // num_processes),
        ):
            monkeypatch.setattr(trial.memory, name, function)

    def forget_peak(self):
        self.peak = FIXED

    def make_runner(self):
        """Does what `steps.Updater.make_runner` does."""
        return self.advance

    def advance(self, iterator, first, count):
        first, count = int(first), int(count)
        batches = [next(iterator)["rows"] for _ in range(count)]
        self.lengths += [batch.shape[1] for batch in batches]
        self.made.append((first, count, batches[0].shape[0]))
        # The first call of all traces.
        self.now += SECONDS * count if len(self.made) > 1 else 100.0
        # An example takes the more, the longer it is than three.
        sizes = [batch.shape[0] * max(1, batch.shape[1] / 3) for batch in batches]
        self.peak = max(self.peak, FIXED + PER_EXAMPLE * max(sizes))
        values = tf.fill([count], 1.0 if self.is_finite else np.nan)
        return steps.StepLog(values, values, values, tf.zeros([count]))


def make_batches(first, count):
    """Returns rows of one length."""
    rows = tf.data.Dataset.from_tensors({"rows": tf.zeros([B, 3])})
    return rows.repeat(count)


def make_ragged_batches(first, count):
    """Returns rows of other lengths in each batch."""
    return tf.data.Dataset.range(count).map(lambda i: {"rows": tf.zeros([B, i + 1])})


def run(machine, batches=make_batches, replicas=None, **options):
    """Tries a machine with one micro-batch of all rows."""
    options = {"first_step": 40, "micro_batch": B, "num_parts": 1, **options}
    return trial.run(
        machine, batches, replicas or replication.SingleProcess(), **options
    )


def test_twenty_updates_are_timed(monkeypatch):
    machine = Machine(monkeypatch)
    assert run(machine).seconds == SECONDS
    # Two to warm up, two of another size, one to fetch data; then those that count,
    # three seconds' worth in each call.
    assert machine.made == [
        (40, 1, B),
        (40, 1, B),
        (40, 1, 2 * B),
        (40, 1, 2 * B),
        (40, 1, B),
        (40, 6, B),
        (46, 6, B),
        (52, 6, B),
        (58, 2, B),
    ]


def test_memory_is_of_two_sizes(monkeypatch):
    tried = run(Machine(monkeypatch))
    assert tried.peak_bytes == FIXED + PER_EXAMPLE * B
    assert tried.available_bytes == 100_000
    assert tried.max_examples == (90_000 - FIXED) // PER_EXAMPLE


def test_each_part_is_resized(monkeypatch):
    machine = Machine(monkeypatch)
    tried = run(machine, micro_batch=2, num_parts=3)
    assert machine.made[2][2] == 2 * 2 * 3
    # The machine adds up over the parts.
    assert tried.max_examples == (90_000 - FIXED) // (3 * PER_EXAMPLE)


def test_the_other_size_is_smaller_where_memory_is_short(monkeypatch):
    available = 2 * (FIXED + PER_EXAMPLE * B)
    machine = Machine(monkeypatch, available=available)
    tried = run(machine)
    assert machine.made[2][2] == B // 2
    assert tried.max_examples == int((0.9 * available - FIXED) / PER_EXAMPLE)


def test_nothing_is_said_of_a_size_that_cannot_be_varied(monkeypatch):
    machine = Machine(monkeypatch, available=1500)
    assert run(machine, micro_batch=1, num_parts=B).max_examples is None
    assert {rows for *_, rows in machine.made} == {B}


def test_nothing_is_said_where_memory_is_unknown(monkeypatch):
    machine = Machine(monkeypatch)
    monkeypatch.setattr(trial.memory, "available_bytes", lambda _: None)
    tried = run(machine)
    assert (tried.available_bytes, tried.max_examples) == (None, None)
    assert tried.seconds == SECONDS


def test_shapes_are_compiled_before_they_are_timed(monkeypatch):
    for is_compiled, passes in ((True, 2), (False, 1)):
        machine = Machine(monkeypatch)
        run(machine, make_ragged_batches, is_compiled=is_compiled)
        assert machine.lengths[-21 * passes :] == [*range(1, 22)] * passes
        assert len(machine.lengths) == 4 + 21 * passes
    machine = Machine(monkeypatch)
    run(machine, is_compiled=True)
    assert len(machine.lengths) == 4 + 21


def test_sizes_are_compared_on_the_longest_rows(monkeypatch):
    machine = Machine(monkeypatch)
    tried = run(machine, make_ragged_batches)
    # The first two are short; both sizes are of rows of 21.
    assert machine.lengths[:4] == [1, 2, 21, 21]
    assert tried.peak_bytes == FIXED + PER_EXAMPLE * B * 7
    assert tried.max_examples == (90_000 - FIXED) // (7 * PER_EXAMPLE)


class Chief(replication.SingleProcess):
    """The first of two processes of one machine; the other is slower and fuller."""

    num_processes = 2

    def __init__(self, other):
        self._other = other

    def gather_objects(self, value):
        return [value, self._other(value)]


def test_processes_share_the_memory_and_the_fullest_counts(monkeypatch):
    machine = Machine(monkeypatch)
    replicas = Chief(lambda x: x if isinstance(x, str) else x + x / 2)
    tried = run(machine, replicas=replicas)
    assert tried.available_bytes == 50_000
    assert tried.peak_bytes == 1.5 * (FIXED + PER_EXAMPLE * B)
    # What depends on clocks is the chief's.
    assert tried.seconds == SECONDS
    assert machine.made[5][1] == 6


def test_processes_of_other_machines_share_nothing(monkeypatch):
    replicas = Chief(lambda x: "elsewhere" if isinstance(x, str) else x)
    assert run(Machine(monkeypatch), replicas=replicas).available_bytes == 100_000


def test_numbers_that_are_not_finite_are_refused(monkeypatch):
    machine = Machine(monkeypatch)
    machine.is_finite = False
    expected = r"Step 40: .* must be finite\. Received: loss nan.* like its plan\."
    with pytest.raises(errors.InputError, match=expected):
        run(machine)


def test_real_updates_are_tried(linear_model, make_updater, batches):
    updater = make_updater(linear_model())
    tried = trial.run(
        updater,
        batches,
        replication.SingleProcess(),
        first_step=3,
        micro_batch=5,
        num_parts=1,
    )
    assert 0 < tried.seconds < 5
    assert tried.peak_bytes > 0


@hypothesis.given(
    fixed=st.integers(1, 10**6),
    per_example=st.integers(1, 10**5),
    sizes=st.sets(st.integers(1, 100), min_size=2, max_size=2),
    available=st.integers(1, 10**8),
)
def test_estimate_is_exact_on_a_line_and_never_more(
    fixed, per_example, sizes, available
):
    peaks = {size: fixed + per_example * size for size in sizes}
    estimate = trial.estimate_max_examples(peaks, available)
    exact = max(*sizes, int((0.9 * available - fixed) // per_example))
    assert max(sizes) <= estimate <= exact + 1  # By rounding.
    rise = max(peaks.values()) - min(peaks.values())
    if rise >= 0.01 * max(peaks.values()):
        assert estimate >= exact - 1


def test_sizes_that_hardly_differ_are_estimated_with_care():
    # A hundredth of the peak for each four examples.
    assert trial.estimate_max_examples({4: 1000, 8: 999}, 2000) == 8 + int(800 / 2.5)
