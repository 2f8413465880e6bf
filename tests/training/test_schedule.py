# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.schedule."""

import numpy as np
import pytest
import tensorflow as tf

from modeling.training import schedule


def rates(steps, **options):
    return [
        float(schedule.learning_rate(tf.constant(step, tf.int64), **options))
        for step in steps
    ]


def test_warms_up_from_zero_then_jumps_onto_the_line_to_zero():
    assert rates(
        range(12), peak=2.0, num_train_steps=10, num_warmup_steps=4
    ) == pytest.approx([0.0, 0.5, 1.0, 1.5, 1.2, 1.0, 0.8, 0.6, 0.4, 0.2, 0.0, 0.0])


def test_starts_at_the_peak_without_warm_up():
    assert rates(
        [0, 1, 7, 8, 100], peak=2.0, num_train_steps=8, num_warmup_steps=0
    ) == pytest.approx([2.0, 1.75, 0.25, 0.0, 0.0])


def test_warm_up_may_be_as_long_as_the_run():
    assert rates(
        [0, 1, 2, 3, 4, 5], peak=2.0, num_train_steps=4, num_warmup_steps=4
    ) == pytest.approx([0.0, 0.5, 1.0, 1.5, 0.0, 0.0])


def test_a_run_without_steps_is_finite():
    assert rates([0, 1], peak=2.0, num_train_steps=0, num_warmup_steps=0) == [2.0, 2.0]


def test_is_float32_and_traces_once_for_all_steps():
    function = tf.function(
        lambda step: schedule.learning_rate(
            step, peak=5e-5, num_train_steps=1_000_000, num_warmup_steps=10_000
        ),
        input_signature=[tf.TensorSpec([], tf.int64)],
    )
    steps = [0, 1, 9_999, 10_000, 999_999]
    expected = [0, 5e-9, 4.9995e-5, 4.95e-5, 5e-11]
    values = [function(step) for step in steps]
    assert {value.dtype for value in values} == {tf.float32}
    # One minus a float32 near one keeps few digits at the very end.
    np.testing.assert_allclose(values, expected, rtol=1e-6, atol=5e-12)
    assert function.experimental_get_tracing_count() == 1
