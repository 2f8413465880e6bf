# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.inference."""

import itertools
import threading

import numpy as np
import pytest
import tensorflow as tf

from modeling import cores
from modeling.nn import encoder
from modeling.training import inference, replication, strategies

N, T = 7, 3
SPEC = {"ids": tf.TensorSpec([None, None], tf.int32)}


@pytest.fixture
def ids(rng):
    return rng.integers(100, size=[N, T]).astype(np.int32)


def make_dataset(ids, batch_size):
    return tf.data.Dataset.from_tensor_slices({"ids": ids}).batch(batch_size)


class Traced:
    """Computes something of a batch, and counts how often it was traced."""

    def __init__(self):
        self.traces = 0

    def __call__(self, batch):
        self.traces += 1
        ids = batch["ids"]
        return {"doubled": 2 * ids, "sum": tf.reduce_sum(ids)}


@pytest.fixture
def function():
    return Traced()


@pytest.fixture
def graph(function):
    return inference.Graph(function, replication.SingleProcess())


@pytest.mark.parametrize("batch_size", [1, 3, 7, 10])
def test_outputs_come_in_order_and_are_complete(graph, function, ids, batch_size):
    dataset = make_dataset(ids, batch_size)
    outputs = list(graph.infer(dataset, len(dataset), spec=dataset.element_spec))
    np.testing.assert_array_equal(
        np.concatenate([output["doubled"] for output in outputs]), 2 * ids
    )
    sums = [int(output["sum"]) for output in outputs]
    assert sums == [ids[i : i + batch_size].sum() for i in range(0, N, batch_size)]
    assert function.traces == 1  # A smaller last batch included.


def test_second_pass_is_not_traced_again(graph, function, ids):
    for rows in (7, 5):
        dataset = make_dataset(ids[:rows], 2)
        list(graph.infer(dataset, spec=dataset.element_spec))
    assert function.traces == 1


def test_collect_joins_the_batches(graph, ids):
    outputs = graph.collect(make_dataset(ids, 3))
    np.testing.assert_array_equal(outputs["doubled"], 2 * ids)
    np.testing.assert_array_equal(
        outputs["sum"], [ids[0:3].sum(), ids[3:6].sum(), ids[6:].sum()]
    )


def test_arrays_of_any_iterable_are_taken(graph, function):
    batches = [{"ids": np.ones([2, 4], np.int32)}, {"ids": np.ones([1, 9], np.int32)}]
    outputs = list(graph.infer(iter(batches), spec=SPEC))
    assert [output["sum"] for output in outputs] == [8, 9]
    assert function.traces == 1


def test_an_error_comes_as_it_is_after_what_was_before_it(graph):
    def batches():
        yield {"ids": np.ones([1, 1], np.int32)}
        yield {"ids": np.ones([1, 2], np.int32)}
        raise ZeroDivisionError

    outputs = graph.infer(batches(), spec=SPEC)
    assert [next(outputs)["sum"] for _ in range(2)] == [1, 2]
    with pytest.raises(ZeroDivisionError):
        next(outputs)


@pytest.mark.parametrize(("num_cores", "num_at_once"), [(1, 1), (2, 2), (8, 2)])
def test_two_batches_are_computed_at_once(ids, num_cores, num_at_once, monkeypatch):
    monkeypatch.setattr(cores, "count", lambda: num_cores)
    both = threading.Barrier(num_at_once)

    def wait():
        return both.wait(timeout=60)  # Breaks if fewer come.

    def function(batch):
        return {"ids": batch["ids"], "place": tf.numpy_function(wait, [], tf.int64)}

    graph = inference.Graph(function, replication.SingleProcess())
    outputs = graph.collect(make_dataset(ids[:6], 1))
    np.testing.assert_array_equal(outputs["ids"], ids[:6])
    assert sorted(outputs["place"]) == sorted(
        [*range(num_at_once)] * (6 // num_at_once)
    )


@pytest.mark.parametrize(
    ("num_processes", "num_cores", "num_threads", "num_at_once"),
    [
        (1, 2, 1, 2),  # A core for each.
        (1, 8, 0, 2),
        (1, 8, 1, 1),  # As many as somebody chose.
        (2, 2, 1, 1),
        (2, 8, 4, 2),
    ],
)
def test_as_many_are_computed_at_once_as_there_are_cores(
    num_processes, num_cores, num_threads, num_at_once, monkeypatch
):
    monkeypatch.setattr(
        tf.config.threading, "get_intra_op_parallelism_threads", lambda: num_threads
    )
    monkeypatch.setattr(cores, "count", lambda: num_cores)
    replicas = replication.SingleProcess()
    replicas.num_processes = num_processes
    assert inference._num_at_once(replicas) == num_at_once


def test_few_batches_are_taken_before_their_turn(graph):
    taken = itertools.count()

    def batches():
        while next(taken) < 10:
            yield {"ids": np.ones([1, 1], np.int32)}

    outputs = graph.infer(batches(), spec=SPEC)
    next(outputs)
    assert next(taken) <= 2
    outputs.close()


def test_weights_are_read_when_the_graph_runs(ids):
    weight = tf.Variable(2)
    graph = inference.Graph(
        lambda batch: {"product": weight * batch["ids"]}, replication.SingleProcess()
    )
    dataset = make_dataset(ids, 4)
    np.testing.assert_array_equal(graph.collect(dataset)["product"], 2 * ids)
    weight.assign(5)
    np.testing.assert_array_equal(graph.collect(dataset)["product"], 5 * ids)


def test_progress_names_what_goes_on(graph, ids, log_lines):
    graph.collect(make_dataset(ids, 3), verb="evaluating")
    (line,) = log_lines
    assert line.startswith("evaluating batch 3/3  ")
    assert "took 0:00:0" in line
    assert line.endswith(replication.SingleProcess().device)


def test_without_a_number_of_batches_there_is_no_progress(graph, ids, log_lines):
    dataset = make_dataset(ids, 3)
    assert len(list(graph.infer(dataset, spec=dataset.element_spec))) == 3
    assert log_lines == []


@pytest.mark.parametrize("num_replicas", [2, 3, 4])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 7])
def test_replicas_give_the_bytes_of_one_device(num_replicas, batch_size, rng):
    devices = [device.name for device in tf.config.list_logical_devices("CPU")]
    replicas = strategies.Strategy.mirrored(devices[:num_replicas])
    inputs = rng.standard_normal([N, 5, 8]).astype(np.float32)
    dataset = tf.data.Dataset.from_tensor_slices({"x": inputs}).batch(batch_size)

    def outputs(where):
        tf.random.set_seed(1)
        with where.scope():
            stack = encoder.Encoder(2, 8, num_heads=2, intermediate_size=16)

        def compute(batch):
            mask = tf.ones(tf.shape(batch["x"])[:2], tf.int32)
            return {"last": stack(batch["x"], mask)[-1]}

        return inference.Graph(compute, where).collect(dataset)["last"]

    found = outputs(replicas)
    assert found.shape == (N, 5, 8)
    np.testing.assert_array_equal(found, outputs(replication.SingleProcess()))
