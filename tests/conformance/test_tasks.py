# SPDX-License-Identifier: Apache-2.0
"""What every model of `modeling.tasks` must do."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest
import tensorflow as tf

from modeling import config as config_lib
from modeling import tasks
from modeling.nn import dropout
from modeling.tasks import (
    joint_question,
    losses,
    ner,
    pretraining,
    question,
    relation,
    yes_no,
)

# Dimensions are pairwise different, so that a swapped axis cannot pass.
B, T, D, P, V, C = 5, 9, 12, 3, 30, 4
CONFIG = config_lib.BertConfig(
    vocab_size=V,
    hidden_size=D,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=7,
    max_position_embeddings=11,
    type_vocab_size=2,
    initializer_range=0.5,
)
POOLER = {"bert/pooler/dense/kernel:0", "bert/pooler/dense/bias:0"}

# Model: how to make a small one; what its loss reads beside BERT's inputs, with
# the number of values and the shape; the variables that have no gradient, as in
# the original.
TASKS = {
    ner.NerModel: (
        lambda: ner.NerModel(CONFIG, C),
        {"label_ids": (C, [B, T])},
        POOLER,
    ),
    relation.RelationModel: (
        lambda: relation.RelationModel(CONFIG, C),
        {"label_ids": (C, [B])},
        set(),
    ),
    yes_no.YesNoModel: (
        lambda: yes_no.YesNoModel(CONFIG),
        {"label_ids": (2, [B])},
        set(),
    ),
    question.QuestionModel: (
        lambda: question.QuestionModel(CONFIG),
        {"start_positions": (T, [B]), "end_positions": (T, [B])},
        POOLER,
    ),
    joint_question.JointModel: (
        lambda: joint_question.JointModel(CONFIG),
        {"start_positions": (T, [B]), "end_positions": (T, [B]), "label_ids": (2, [B])},
        set(),
    ),
    pretraining.PretrainingModel: (
        lambda: pretraining.PretrainingModel(CONFIG),
        {
            "masked_lm_positions": (T, [B, P]),
            "masked_lm_ids": (V, [B, P]),
            "masked_lm_weights": (2, [B, P]),
            "next_sentence_labels": (2, [B, 1]),
        },
        set(),
    ),
}

every_task = pytest.mark.parametrize(
    ("make", "labels", "unused"), TASKS.values(), ids=[cls.__name__ for cls in TASKS]
)


@pytest.fixture
def make_batch(rng):
    """Makes a random batch with these labels, its sequences of five lengths."""

    def make_batch(labels):
        lengths = np.array([[9], [4], [6], [2], [8]])
        batch = {
            "input_ids": rng.integers(V, size=[B, T]),
            "input_mask": np.arange(T) < lengths,
            "segment_ids": rng.integers(2, size=[B, T]),
        }
        for key, (bound, shape) in labels.items():
            batch[key] = rng.integers(bound, size=shape)
        return {
            key: tf.cast(values, tf.float32 if "weights" in key else tf.int32)
            for key, values in batch.items()
        }

    return make_batch


def test_table_is_complete():
    defined = set()
    for info in pkgutil.iter_modules(tasks.__path__, "modeling.tasks."):
        for _, cls in inspect.getmembers(importlib.import_module(info.name)):
            if (
                inspect.isclass(cls)
                and issubclass(cls, tf.Module)
                and cls.__module__ == info.name
            ):
                defined.add(cls)
    assert set(TASKS) == defined


@every_task
def test_trained_variables_are_those_with_a_gradient(make, labels, unused, make_batch):
    model = make()
    with tf.GradientTape() as tape:
        loss = losses.value(model.loss_terms(make_batch(labels)))
    everything = model.trainable_variables
    reached = {
        variable.name
        for variable, gradient in zip(
            everything, tape.gradient(loss, everything), strict=True
        )
        if gradient is not None
    }
    trained = [variable.name for variable in model.trained_variables]
    assert len(trained) == len(set(trained))
    assert set(trained) == reached == {v.name for v in everything} - unused


@every_task
def test_names_are_unique_and_those_of_a_second_instance(
    make, labels, unused, make_batch
):
    names = [variable.name for variable in make().variables]
    assert len(names) == len(set(names))
    assert names == [variable.name for variable in make().variables]


@every_task
def test_dropout_is_a_function_of_the_seed(make, labels, unused, make_batch):
    model, batch = make(), make_batch(labels)

    def loss(seed=None):
        return float(losses.value(model.loss_terms(batch, seed=seed)))

    step_2 = loss(dropout.step_seed(1, 2))
    assert step_2 == loss(dropout.step_seed(1, 2))
    others = [loss(), loss(dropout.step_seed(1, 3)), loss(dropout.step_seed(2, 2))]
    assert len({step_2, *others}) == 4
    assert loss() == others[0]


@every_task
def test_every_place_of_dropout_has_its_own_seed(
    monkeypatch, make, labels, unused, make_batch
):
    seeds = []

    def record(values, rate, seed):
        seeds.append(tuple(seed.numpy()))
        return values

    monkeypatch.setattr(dropout, "apply", record)
    model = make()
    model.loss_terms(make_batch(labels), seed=dropout.step_seed(1, 2))
    # In the original, heads of labels drop too, and the others do not.
    with_label_head = (ner.NerModel, relation.RelationModel, joint_question.JointModel)
    has_label_head = isinstance(model, with_label_head)
    assert len(seeds) == 1 + 3 * CONFIG.num_hidden_layers + has_label_head
    assert len(set(seeds)) == len(seeds)


@every_task
def test_parts_of_a_batch_add_up(make, labels, unused, make_batch):
    model, batch = make(), make_batch(labels)
    whole = model.loss_terms(batch)
    first = model.loss_terms({key: values[:2] for key, values in batch.items()})
    second = model.loss_terms({key: values[2:] for key, values in batch.items()})
    parts = [
        term.loss(weight)
        for terms in (first, second)
        for term, weight in zip(terms, model.loss_weights(batch), strict=True)
    ]
    np.testing.assert_allclose(sum(parts), losses.value(whole), rtol=1e-5)


@every_task
def test_weights_are_known_without_the_terms(make, labels, unused, make_batch):
    model, batch = make(), make_batch(labels)
    weights = model.loss_weights(batch)
    for term, weight in zip(model.loss_terms(batch), weights, strict=True):
        assert (term.weight is None) == (weight is None)
        assert weight is None or float(term.weight) == float(weight) > 1


@every_task
def test_loss_traces_once_with_unknown_sizes(make, labels, unused, make_batch):
    model, batch = make(), make_batch(labels)
    specs = {
        key: tf.TensorSpec([None] * len(values.shape), values.dtype)
        for key, values in batch.items()
    }
    specs["next_sentence_labels"] = tf.TensorSpec([None, 1], tf.int32)
    step = tf.function(
        lambda batch: losses.value(model.loss_terms(batch)),
        input_signature=[{key: specs[key] for key in batch}],
    )
    for size in (B, 2):
        part = {key: values[:size] for key, values in batch.items()}
        np.testing.assert_allclose(
            step(part), losses.value(model.loss_terms(part)), rtol=1e-5
        )
    assert step.experimental_get_tracing_count() == 1
