# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.batching."""

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from modeling import errors
from modeling.data import batching

N, T = 11, 3


@pytest.fixture
def arrays():
    return {
        "input_ids": np.arange(N * T, dtype=np.int32).reshape(N, T),
        "weight": np.linspace(0, 1, N, dtype=np.float32),
    }


def chain(order, num_steps):
    """The examples of the first steps, one after the other."""
    return np.concatenate([order.indices(step) for step in range(num_steps)])


@hypothesis.given(st.integers(1, 20), st.integers(1, 50), st.integers(0, 2**64 - 1))
def test_each_pass_has_every_example_once(num_examples, batch_size, seed):
    order = batching.TrainingOrder(num_examples, batch_size, seed)
    num_passes = batch_size  # Ends where a batch ends.
    examples = chain(order, num_examples).reshape(num_passes, num_examples)
    assert (np.sort(examples) == np.arange(num_examples)).all()


@hypothesis.given(
    st.integers(1, 20), st.integers(1, 50), st.lists(st.integers(0, 30), max_size=9)
)
def test_a_step_depends_on_nothing_before_it(num_examples, batch_size, steps):
    one_by_one = batching.TrainingOrder(num_examples, batch_size, 5)
    expected = chain(one_by_one, 31).reshape(31, batch_size)
    jumping = batching.TrainingOrder(num_examples, batch_size, 5)
    for step in steps:
        assert jumping.indices(step).tolist() == expected[step].tolist()


def test_batch_size_does_not_change_the_order():
    small = batching.TrainingOrder(num_examples=100, batch_size=5, seed=3)
    large = batching.TrainingOrder(num_examples=100, batch_size=30, seed=3)
    assert chain(small, 60).tolist() == chain(large, 10).tolist()


def test_passes_and_seeds_differ():
    orders = [
        chain(batching.TrainingOrder(100, 100, seed), 3) for seed in (0, 1, 2**64 - 1)
    ]
    passes = {tuple(examples) for order in orders for examples in order.reshape(3, -1)}
    assert len(passes) == 9
    assert tuple(range(100)) not in passes


def test_order_stays_the_same_over_releases():
    # A resumed run relies on it. NumPy may change `permutation` in a release.
    order = batching.TrainingOrder(num_examples=7, batch_size=4, seed=12345)
    assert [order.indices(step).tolist() for step in range(3)] == [
        [6, 3, 1, 5],
        [4, 2, 0, 6],
        [2, 1, 3, 4],
    ]
    assert order.indices(0).dtype == np.int64


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((0, 1, 1), "`num_examples` must be at least 1 and below .* Received: 0."),
        ((1, 0, 1), "`batch_size` must be at least 1 and below .* Received: 0."),
        ((1, 1, -1), "`seed` must be at least 0 and below .* Received: -1."),
        ((1, 1, 2**64), "`seed` must be .* below 18446744073709551616. Received: 18"),
    ],
)
def test_refuses_sizes_out_of_range(sizes, message):
    with pytest.raises(errors.InputError, match=message):
        batching.TrainingOrder(*sizes)


@pytest.mark.parametrize("batch_size", [4, 2 * N + 1])
def test_training_batches_are_those_of_their_steps(arrays, batch_size):
    order = batching.TrainingOrder(N, batch_size, seed=1)
    dataset = batching.training_batches(arrays, order, first_step=2, num_steps=5)
    batches = list(dataset.as_numpy_iterator())
    assert len(batches) == len(dataset) == 5
    for step, batch in enumerate(batches, start=2):
        assert batch.keys() == arrays.keys()
        for key, array in arrays.items():
            np.testing.assert_array_equal(batch[key], array[order.indices(step)])
            assert batch[key].dtype == array.dtype


def test_training_batches_can_be_read_again(arrays):
    order = batching.TrainingOrder(N, 4, seed=1)
    dataset = batching.training_batches(arrays, order, first_step=0, num_steps=3)
    first, second = (
        [batch["input_ids"].tolist() for batch in dataset.as_numpy_iterator()]
        for _ in range(2)
    )
    assert first == second


def test_training_batches_have_a_static_size(arrays):
    order = batching.TrainingOrder(N, 4, seed=1)
    dataset = batching.training_batches(arrays, order, first_step=0, num_steps=1)
    assert {key: tuple(s.shape) for key, s in dataset.element_spec.items()} == {
        "input_ids": (4, T),
        "weight": (4,),
    }


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(4, [4, 4, 3]), (11, [11]), (20, [11]), (1, [1] * 11)]
)
def test_inference_batches_are_all_examples_in_order(arrays, batch_size, sizes):
    dataset = batching.inference_batches(arrays, batch_size)
    batches = list(dataset.as_numpy_iterator())
    assert [len(batch["weight"]) for batch in batches] == sizes
    assert len(dataset) == len(sizes)
    for key, array in arrays.items():
        whole = np.concatenate([batch[key] for batch in batches])
        np.testing.assert_array_equal(whole, array)
    spec = dataset.element_spec["input_ids"]
    assert spec == tf.TensorSpec([None, T], tf.int32, name=spec.name)


def test_nothing_to_infer_is_no_batch(arrays):
    empty = {key: array[:0] for key, array in arrays.items()}
    assert list(batching.inference_batches(empty, 4)) == []


def test_refuses_batches_without_examples(arrays):
    with pytest.raises(errors.InputError, match=r"`batch_size` .* Received: 0\."):
        batching.inference_batches(arrays, 0)


def test_refuses_arrays_of_other_lengths(arrays):
    arrays["weight"] = arrays["weight"][:-1]
    received = r"11 rows. Received: \{'input_ids': 11, 'weight': 10\}"
    order = batching.TrainingOrder(N, 4, seed=1)
    with pytest.raises(ValueError, match=received):
        batching.training_batches(arrays, order, first_step=0, num_steps=1)
    with pytest.raises(ValueError, match=received):
        batching.inference_batches(arrays, 4)
