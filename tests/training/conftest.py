# SPDX-License-Identifier: Apache-2.0
"""A model small enough to train in milliseconds, for the tests of the loop."""

import functools
import json

import numpy as np
import pytest
import tensorflow as tf
from absl import logging

from modeling.nn import dropout
from modeling.tasks import losses
from modeling.training import loop, optimizers, replication, saver, steps

ROWS, D, B = 7, 3, 5
TOTAL = 11


class LinearModel(tf.Module):
    """Predicts numbers from looked-up rows; its sparse gradient is BERT's kind.

    The seed adds noise to the targets, as dropout would to the outputs.
    """

    def __init__(self):
        super().__init__(name="linear")
        rng = np.random.default_rng(1)
        self.table = tf.Variable(
            rng.standard_normal([ROWS, D]), dtype=tf.float32, name="linear/table"
        )
        self.bias = tf.Variable([0.5], dtype=tf.float32, name="linear/bias")
        self.unused = tf.Variable([1.0], dtype=tf.float32, name="linear/unused")

    @property
    def trained_variables(self):
        return [self.table, self.bias]

    def predictions(self, batch):
        return tf.reduce_sum(tf.gather(self.table, batch["ids"]), axis=1) + self.bias

    def loss_terms(self, batch, *, seed=None):
        target = batch["target"]
        if seed is not None:
            target += 0.1 * tf.random.stateless_normal(tf.shape(target), seed)
        errors = (self.predictions(batch) - target) ** 2
        squares = 0.002 * tf.reduce_sum(self.bias**2) * losses.count(target)
        return [
            losses.Term(tf.reduce_sum(errors), losses.count(target), offset=0.5),
            losses.Term(squares),
        ]

    def loss_weights(self, batch):
        return [losses.count(batch["target"]), None]


def make_batches(first, count):
    """Returns the batches of some steps; those of a step are always the same."""

    def generate():
        for step in range(first, first + count):
            rng = np.random.default_rng(step)
            yield {
                "ids": rng.integers(ROWS, size=[B]).astype(np.int32),
                "target": rng.standard_normal([B]).astype(np.float32),
            }

    spec = {
        "ids": tf.TensorSpec([B], tf.int32),
        "target": tf.TensorSpec([B], tf.float32),
    }
    return tf.data.Dataset.from_generator(generate, output_signature=spec)


@pytest.fixture
def linear_model():
    """Makes models that start with the same weights."""
    return LinearModel


@pytest.fixture
def batches():
    """(first step, number of steps) to a data set, as `loop.Trainer` wants it."""
    return make_batches


@pytest.fixture
def make_updater():
    """Makes an updater, with its optimizer, for a model."""

    def make(model, *, rate=lambda step: 0.01 + 0.001 * tf.cast(step, tf.float32)):
        return steps.Updater(
            model,
            optimizers.AdamWeightDecay(model.trained_variables),
            learning_rate=rate,
            step_seed=functools.partial(dropout.step_seed, 3),
            replicas=replication.SingleProcess(),
        )

    return make


@pytest.fixture
def log_lines(monkeypatch):
    """Collects what is logged, one text per call."""
    lines = []

    def collect(text, *args):
        lines.append(text % args if args else text)

    for name in ("info", "warning"):
        monkeypatch.setattr(logging, name, collect)
    return lines


@pytest.fixture
def make_trainer(tmp_path, linear_model, batches, make_updater):
    """Makes a trainer with a new model, as a new process would."""

    def make(folder="run", *, change=None, replicas=None, rate=0.01, **options):
        plan = {"num_train_steps": TOTAL, "batch_size": 5, "save_every": 4}
        evaluate = options.pop("evaluate", None)
        plan |= {"best_metric": "score", **options}
        model = linear_model()
        updater = make_updater(model, rate=lambda _: tf.constant(rate))
        replicas = replicas or replication.SingleProcess()
        return loop.Trainer(
            model,
            updater.optimizer,
            updater,
            output_dir=tmp_path / folder,
            checkpoints=saver.Saver(tmp_path / folder),
            plan=loop.Plan(**plan),
            make_batches=lambda *place: (
                change(batches(*place)) if change else batches(*place)
            ),
            describe_batch=lambda step: f"the examples of step {step}",
            evaluate=evaluate,
            replicas=replicas,
        )

    return make


@pytest.fixture
def resume(tmp_path, make_trainer):
    """Trains to the end from the newest checkpoint of a folder."""

    def resume(folder="run", **options):
        trainer = make_trainer(folder, **options)
        newest = saver.Saver(tmp_path / folder).latest()
        first_step = trainer.restore(newest)
        trainer.train(first_step)
        return first_step

    return resume


@pytest.fixture
def read_run(tmp_path):
    """Reads what a run of `make_trainer` has left in its folder."""

    class Reader:
        def final_bytes(self, folder="run"):
            """Returns the files of the last checkpoint."""
            paths = sorted((tmp_path / folder).glob(f"model.ckpt-{TOTAL}.*"))
            assert len(paths) == 2
            return [path.read_bytes() for path in paths]

        def records(self, folder="run"):
            """Returns the lines of metrics.jsonl."""
            lines = (tmp_path / folder / "metrics.jsonl").read_text().splitlines()
            return [json.loads(line) for line in lines]

        def steps(self, folder="run"):
            """Returns the steps of the checkpoints."""
            return saver.Saver(tmp_path / folder).steps()

    return Reader()


@pytest.fixture
def scripted():
    """Makes an evaluation that gives these scores one after the other."""

    def make(*scores):
        left = list(scores)
        return lambda: {"score": left.pop(0), "loss": 2.0}

    return make
