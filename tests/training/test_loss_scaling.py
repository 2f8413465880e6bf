# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.loss_scaling."""

import numpy as np
import pytest
import tensorflow as tf

from modeling.training import loss_scaling, optimizers


@pytest.fixture
def scale():
    return loss_scaling.DynamicLossScale()


@pytest.fixture
def update(scale):
    """Notes steps, finite or not, in one graph."""

    def note(outcomes):
        for outcome in outcomes:  # A loop in the graph, one at a time.
            scale.update(outcome)

    graph = tf.function(note, input_signature=[tf.TensorSpec([None], tf.bool)])
    return lambda *outcomes: graph(tf.constant(outcomes))


def state(scale):
    return [variable.numpy() for variable in scale.state.values()]


def test_starts_at_2_to_the_15(scale):
    assert float(scale.value()) == 32768
    assert state(scale) == [32768, 0]
    assert [v.dtype for v in scale.state.values()] == [tf.float32, tf.int64]


def test_doubles_after_2000_finite_steps_in_a_row(scale, update):
    update(*[True] * 1999)
    assert state(scale) == [32768, 1999]
    update(True)
    assert state(scale) == [65536, 0]
    update(*[True] * 2000)
    assert state(scale) == [131072, 0]


def test_a_step_that_is_not_finite_halves_and_begins_the_count_anew(scale, update):
    update(*[True] * 1999, False)
    assert state(scale) == [16384, 0]
    update(*[True] * 1999)
    assert state(scale) == [16384, 1999]
    update(False, False)
    assert state(scale) == [4096, 0]


def test_stays_between_one_and_2_to_the_24(scale, update):
    update(*[False] * 15)
    assert state(scale) == [1, 0]
    update(False)
    assert state(scale) == [1, 0]
    scale.state["loss_scale/scale"].assign(2.0**24)
    update(*[True] * 2000)
    assert state(scale) == [2**24, 0]


def test_what_is_saved_goes_on(scale, update):
    scale.state["loss_scale/scale"].assign(8.0)
    scale.state["loss_scale/finite_steps"].assign(1998)
    update(True, True)
    assert state(scale) == [16, 0]


def test_variables_have_their_names_in_a_checkpoint(scale):
    assert list(scale.state) == ["loss_scale/scale", "loss_scale/finite_steps"]
    for name, variable in scale.state.items():
        assert optimizers.name_of(variable) == name
        assert not variable.trainable


def test_keeps_gradients_that_float16_would_lose(scale):
    weight = tf.Variable(1.0)

    def gradient(factor):
        with tf.GradientTape() as tape:
            loss = tf.cast(tf.cast(weight, tf.float16), tf.float32) * 1e-9 * factor
        return tape.gradient(loss, weight) / factor

    assert float(gradient(1.0)) == 0
    assert float(gradient(scale.value())) == pytest.approx(1e-9, rel=1e-2)


def test_each_replica_keeps_its_copy():
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        scale = loss_scaling.DynamicLossScale()

    def step(is_finite):
        before = scale.value()
        scale.update(is_finite)
        return before

    run = tf.function(lambda x: strategy.run(step, args=(x,)))
    for is_finite in (False, True, False):
        values = run(tf.constant(is_finite)).values
    assert [float(value) for value in values] == [16384, 16384]
    for variable, expected in zip(scale.state.values(), (8192, 0), strict=True):
        np.testing.assert_array_equal(
            [copy.numpy() for copy in variable.values], expected
        )
