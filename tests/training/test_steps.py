# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.steps; that updates are right is in the goldens."""

import numpy as np
import pytest
import tensorflow as tf

from modeling.nn import dropout
from modeling.tasks import losses
from modeling.training import loss_scaling, optimizers, replication, steps

FIRST, COUNT = 4, 5


def count(number):
    return tf.constant(number, tf.int64)


def values(model, updater):
    """Returns all weights and slots."""
    variables = [*model.trained_variables, *updater.optimizer.slots.values()]
    return [variable.numpy() for variable in variables]


def with_target(dataset, index, target):
    """Changes the targets of one batch."""

    def change(i, batch):
        replaced = tf.where(i == index, target, batch["target"])
        return {**batch, "target": replaced}

    return dataset.enumerate().map(change)


def test_runner_makes_the_same_updates_as_one_by_one(
    linear_model, batches, make_updater
):
    dataset = batches(FIRST, COUNT)
    alone, together = linear_model(), linear_model()
    one, many = make_updater(alone), make_updater(together)
    update = tf.function(one.update)
    logs = [update(batch, count(FIRST + i)) for i, batch in enumerate(dataset)]
    log = many.make_runner()(iter(dataset), count(FIRST), count(COUNT))
    for name in ("loss", "gradient_norm", "learning_rate"):
        expected = [getattr(row, name).numpy() for row in logs]
        np.testing.assert_array_equal(getattr(log, name), expected)
        assert len(set(expected)) == COUNT
    np.testing.assert_array_equal(log.skipped, np.zeros(COUNT))
    for expected, found in zip(values(alone, one), values(together, many), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("parts", [[7], [1, 6], [3, 2, 2]])
def test_calls_of_any_size_give_the_same_weights(
    parts, linear_model, batches, make_updater
):
    def train(parts):
        model = linear_model()
        updater = make_updater(model)
        runner, iterator, step = updater.make_runner(), iter(batches(0, 7)), 0
        for size in parts:
            runner(iterator, count(step), count(size))
            step += size
        return values(model, updater)

    for expected, found in zip(train([1] * 7), train(parts), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_runner_is_traced_once_and_takes_no_batch_too_many(
    linear_model, batches, make_updater
):
    runner = make_updater(linear_model()).make_runner()
    iterator = iter(batches(0, 6))
    for step, size in ((0, 1), (1, 3), (4, 2)):
        assert runner(iterator, count(step), count(size)).loss.shape == [size]
    assert runner.experimental_get_tracing_count() == 1
    with pytest.raises(StopIteration):
        next(iterator)


@pytest.mark.parametrize("target", [np.nan, np.inf, 1e30])
def test_runner_stops_where_the_loss_is_not_finite(
    target, linear_model, batches, make_updater
):
    model = linear_model()
    dataset = with_target(batches(0, 5), 2, np.float32(target))
    iterator = iter(dataset)
    log = make_updater(model).make_runner()(iterator, count(0), count(5))
    assert {len(row) for row in log} == {3}
    assert np.isfinite(log.loss[:2]).all()
    assert not np.isfinite(log.loss[2])
    # What is wrong is not hidden: no NaN is taken for a weight of before.
    assert not np.isfinite(model.bias.numpy()).any()
    assert len(list(iterator)) == 2


def test_runner_stops_where_only_the_rate_is_not_finite(
    linear_model, batches, make_updater
):
    updater = make_updater(
        linear_model(), rate=lambda step: tf.where(step == 1, np.inf, 0.0)
    )
    log = updater.make_runner()(iter(batches(0, 4)), count(0), count(4))
    assert np.isfinite(log.loss).all()
    np.testing.assert_array_equal(log.learning_rate, [0.0, np.inf])


def test_loss_is_of_before_the_update_and_divides_by_the_weight(
    linear_model, batches, make_updater
):
    model = linear_model()
    (batch,) = batches(0, 1)
    terms = model.loss_terms(batch, seed=dropout.step_seed(3, 0))
    (errors, size, _), (rest, *_) = terms
    expected = errors / (size + 0.5) + rest
    log = make_updater(model).update(batch, count(0))
    np.testing.assert_allclose(log.loss, expected, rtol=1e-6)


def test_rate_and_seed_are_those_of_the_step(linear_model, batches, make_updater):
    (batch,) = batches(0, 1)

    def log(step):
        return make_updater(linear_model()).update(batch, count(step))

    assert log(2).learning_rate == np.float32(0.01 + 0.001 * 2)
    assert log(2).loss == log(2).loss
    assert log(2).loss != log(3).loss


def test_norm_counts_rows_of_a_look_up_one_by_one(linear_model, make_updater):
    # Four times the same row: its gradient has the norm 2 sqrt(D) |error|
    # counted by rows, and 4 sqrt(D) |error| if they were added up before.
    model = linear_model()
    batch = {"ids": tf.fill([4], 2), "target": tf.zeros([4])}
    with tf.GradientTape() as tape:
        loss = losses.value(model.loss_terms(batch, seed=dropout.step_seed(3, 0)))
    rows, bias = tape.gradient(loss, model.trained_variables)
    expected = np.sqrt(np.sum(rows.values.numpy() ** 2) + np.sum(bias.numpy() ** 2))
    summed = np.sqrt(np.sum(np.sum(rows.values, 0) ** 2) + np.sum(bias.numpy() ** 2))
    log = make_updater(model).update(batch, count(0))
    np.testing.assert_allclose(log.gradient_norm, expected, rtol=1e-6)
    assert summed > 1.5 * expected


def test_update_is_clipped_by_that_norm(linear_model, batches, make_updater):
    (batch,) = with_target(batches(0, 1), 0, np.float32(100.0))
    model = linear_model()
    updater = make_updater(model)
    log = updater.update(batch, count(0))
    assert log.gradient_norm > 100
    slots = updater.optimizer.slots
    # After one update, adam_m is a tenth of the clipped gradient. Rows that
    # occur twice make the norm of the sums a little more than 1.
    squares = sum(
        np.sum((10 * slots[f"linear/{name}/adam_m"].numpy()) ** 2)
        for name in ("table", "bias")
    )
    assert 1 <= np.sqrt(squares) < 1.5


def test_only_trained_variables_change(linear_model, batches, make_updater):
    model = linear_model()
    make_updater(model).update(next(iter(batches(0, 1))), count(1))
    assert model.unused.numpy() == 1.0
    assert model.bias.numpy() != 0.5


def scaled(model):
    """Makes an updater that scales the loss, with its scale."""
    loss_scale = loss_scaling.DynamicLossScale()
    updater = steps.Updater(
        model,
        optimizers.AdamWeightDecay(model.trained_variables),
        learning_rate=lambda _: tf.constant(0.01),
        step_seed=lambda *_: None,
        replicas=replication.SingleProcess(),
        loss_scale=loss_scale,
    )
    return updater, loss_scale


def test_an_update_that_overflows_is_left_out_and_the_scale_halved(
    linear_model, batches
):
    model, other = linear_model(), linear_model()
    updater, loss_scale = scaled(model)
    overflows = with_target(batches(0, 3), 1, np.float32(1e17))
    log = updater.make_runner()(iter(overflows), count(0), count(3))
    np.testing.assert_array_equal(log.skipped, [0, 1, 0])
    assert loss_scale.value() == loss_scaling.INITIAL_SCALE / 2
    # As if the step in the middle had not been.
    updater, _ = scaled(other)
    first, _, last = batches(0, 3)
    updater.update(first, count(0))
    updater.update(last, count(2))
    np.testing.assert_allclose(model.table, other.table, rtol=1e-6)
    np.testing.assert_allclose(model.bias, other.bias, rtol=1e-6)


def test_what_overflows_at_the_least_scale_stops_the_run(linear_model, batches):
    updater, loss_scale = scaled(linear_model())
    loss_scale.state["loss_scale/scale"].assign(loss_scaling.MIN_SCALE)
    dataset = with_target(batches(0, 3), 1, np.float32(np.inf))
    log = updater.make_runner()(iter(dataset), count(0), count(3))
    np.testing.assert_array_equal(log.skipped, [0, 0])
    assert not np.isfinite(log.loss[1])


def test_a_scaled_loss_is_told_as_it_is(linear_model, batches):
    (batch,) = batches(0, 1)
    updater, _ = scaled(linear_model())
    model = linear_model()
    log = updater.update(batch, count(0))
    np.testing.assert_allclose(
        log.loss, losses.value(model.loss_terms(batch)), rtol=1e-6
    )
