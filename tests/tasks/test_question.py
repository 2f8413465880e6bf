# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.tasks.question and joint_question: which answers count."""

import numpy as np
import pytest
import tensorflow as tf

from modeling import config as config_lib
from modeling.tasks import joint_question, losses, question, yes_no

B, T = 3, 7
CONFIG = config_lib.BertConfig(
    vocab_size=30,
    hidden_size=12,
    num_hidden_layers=1,
    num_attention_heads=3,
    intermediate_size=10,
    max_position_embeddings=11,
    initializer_range=0.5,
)


@pytest.fixture(scope="module")
def model():
    return question.QuestionModel(CONFIG)


@pytest.fixture
def batch(rng):
    return {
        "input_ids": tf.constant(rng.integers(30, size=[B, T]), tf.int32),
        "input_mask": tf.ones([B, T], tf.int32),
        "segment_ids": tf.zeros([B, T], tf.int32),
    }


def loss_of(model, batch, starts, ends):
    positions = {"start_positions": starts, "end_positions": ends}
    given = {key: tf.constant(value, tf.int32) for key, value in positions.items()}
    return float(losses.value(model.loss_terms(batch | given)))


def test_loss_is_that_of_the_answers_probabilities_added_up(model, batch):
    starts = [[1, 4, 1], [0, 0, 0], [2, 3, 5]]
    ends = [[2, 4, 2], [0, 0, 0], [6, 6, 6]]
    total = 0.0
    for logits, right in zip(model.logits(batch), (starts, ends), strict=True):
        shares = np.exp(logits.numpy().astype(float))
        shares /= shares.sum(axis=1, keepdims=True)
        # A position counts once, however often it is given.
        total -= sum(np.log(shares[b, sorted({*right[b]})].sum()) for b in range(B))
    assert loss_of(model, batch, starts, ends) == pytest.approx(total / 2 / B, rel=1e-5)


def test_one_answer_given_twice_is_one_answer(model, batch):
    one = loss_of(model, batch, [1, 0, 5], [2, 0, 6])
    twice = loss_of(model, batch, [[1, 1], [0, 0], [5, 5]], [[2, 2], [0, 0], [6, 6]])
    assert one == pytest.approx(twice, rel=1e-5)


def test_all_positions_right_is_no_loss(model, batch):
    everything = [list(range(T))] * B
    assert loss_of(model, batch, everything, everything) == pytest.approx(0, abs=1e-6)


def test_joint_loss_is_that_of_each_type_by_its_own_model(batch):
    joint = joint_question.JointModel(CONFIG)
    alone = {}
    for model in (question.QuestionModel(CONFIG), yes_no.YesNoModel(CONFIG)):
        values = {variable.name: variable for variable in joint.variables}
        for variable in model.variables:
            variable.assign(values[variable.name])
        alone[type(model)] = model
    of_span, of_label = alone.values()
    targets = {
        "start_positions": [1, 0, 5],
        "end_positions": [2, 0, 6],
        "label_ids": [-1, 1, -1],
    }
    batch |= {key: tf.constant(value, tf.int32) for key, value in targets.items()}
    rows = {
        kind: {key: tf.gather(value, i) for key, value in batch.items()}
        for kind, i in (("span", [0, 2]), ("label", [1]))
    }
    spans = losses.value(of_span.loss_terms(rows["span"]))
    label = losses.value(of_label.loss_terms(rows["label"]))
    found = losses.value(joint.loss_terms(batch))
    assert float(found) == pytest.approx(
        (2 * float(spans) + float(label)) / 3, rel=1e-5
    )
    # The positions of a yes/no question do not count.
    batch["start_positions"] = tf.constant([1, 4, 5], tf.int32)
    assert float(losses.value(joint.loss_terms(batch))) == float(found)


def test_joint_variables_are_those_of_both_models():
    names = [
        {variable.name for variable in make(CONFIG).variables}
        for make in (
            joint_question.JointModel,
            question.QuestionModel,
            yes_no.YesNoModel,
        )
    ]
    assert names[0] == names[1] | names[2]
