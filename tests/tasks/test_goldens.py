# SPDX-License-Identifier: Apache-2.0
"""The four tasks against what the original computed and learned.

Without a seed no value is dropped, as when these files were made.
"""

import dataclasses
import functools
import json
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from modeling import config as config_lib
from modeling.tasks import losses, ner, pretraining, question, relation
from modeling.training import optimizers, replication, schedule, steps

STEPS = 20
# Random numbers agree to fewer digits the more steps they went through.
FORWARD = {"rtol": 1e-5, "atol": 1e-5}
TRAINED = {"rtol": 1e-4, "atol": 1e-4}


def pretraining_outputs(model, batch):
    words, pairs = model.logits(batch)
    word_terms, pair_terms = model.loss_terms(batch)
    rows = tf.reshape(words, [-1, words.shape[-1]])
    ids = tf.reshape(batch["masked_lm_ids"], [-1])
    return {
        "masked_lm_log_probs": tf.nn.log_softmax(rows),
        "masked_lm_example_loss": losses.negative_log_likelihood(rows, ids),
        "masked_lm_loss": losses.value([word_terms]),
        "next_sentence_log_probs": tf.nn.log_softmax(pairs),
        "next_sentence_loss": losses.value([pair_terms]),
    }


def ner_outputs(model, batch):
    logits = model.logits(batch)
    evaluated = model.evaluate(batch)
    np.testing.assert_array_equal(
        model.predict(batch)["predictions"], evaluated["predictions"]
    )
    return {
        "logits": logits,
        "per_token_loss": losses.negative_log_likelihood(logits, batch["label_ids"]),
        "predictions": evaluated["predictions"],
        "loss": evaluated["loss"],
    }


def relation_outputs(model, batch):
    logits = model.logits(batch)
    return {
        "logits": logits,
        "probabilities": model.predict(batch)["probabilities"],
        "per_example_loss": losses.negative_log_likelihood(logits, batch["label_ids"]),
    }


def question_outputs(model, batch):
    return model.predict(batch)


# Name in the files: the model, its outputs, and the key of its labels.
TASKS = {
    "pretraining": (pretraining.PretrainingModel, pretraining_outputs, None),
    "ner": (lambda config: ner.NerModel(config, 7), ner_outputs, "token_labels"),
    "re": (
        lambda config: relation.RelationModel(config, 2),
        relation_outputs,
        "class_labels",
    ),
    "qa": (question.QuestionModel, question_outputs, None),
}


@dataclasses.dataclass(frozen=True)
class Case:
    """One task's model with the original's first weights, and its batches."""

    task: str
    model: tf.Module
    batches: list[dict[str, tf.Tensor]]
    training: dict
    forward: dict[str, np.ndarray]
    trained: Any


@pytest.fixture(scope="module", params=TASKS)
def case(request, shared):
    folder = shared / "golden" / "model"
    make, _, label_key = TASKS[request.param]
    model = make(config_lib.read_config(folder / "bert_config.json"))
    reader = tf.train.load_checkpoint(str(folder / f"{request.param}_init/model.ckpt"))
    variables = optimizers.by_name(model.variables)
    assert set(variables) == set(reader.get_variable_to_shape_map())
    for name, variable in variables.items():
        variable.assign(reader.get_tensor(name))

    with np.load(folder / "batches.npz") as file:
        arrays = {("label_ids" if k == label_key else k): v for k, v in file.items()}
    batches = [
        {key: tf.constant(values[i]) for key, values in arrays.items()}
        for i in range(STEPS)
    ]
    with np.load(folder / f"{request.param}_forward.npz") as file:
        forward = dict(file)
    training = json.loads((folder / f"{request.param}_training.json").read_text())
    trained = tf.train.load_checkpoint(
        str(folder / f"{request.param}_trained/model.ckpt-{STEPS}")
    )
    return Case(request.param, model, batches, training, forward, trained)


@pytest.fixture(scope="module")
def forward(case):
    """All outputs on the first batch, under the names of the files."""
    model, batch = case.model, case.batches[0]
    outputs = model.bert(
        *(batch[key] for key in ("input_ids", "input_mask", "segment_ids"))
    )
    _, task_outputs, _ = TASKS[case.task]
    return {
        "embedding_output": outputs.embeddings,
        **{f"layer_{i}": layer for i, layer in enumerate(outputs.layers)},
        "sequence_output": outputs.sequence,
        "pooled_output": model.bert.pool(outputs.sequence),
        "loss": losses.value(model.loss_terms(batch)),
        **task_outputs(model, batch),
    }


@dataclasses.dataclass(frozen=True)
class Run:
    """What training did: the log, and all state by checkpoint name."""

    log: list[steps.StepLog]
    state: dict[str, np.ndarray]


@pytest.fixture(scope="module")
def run(case, forward):
    """Trains for all steps; `forward` comes first, as weights change here."""
    rate = functools.partial(
        schedule.learning_rate,
        peak=case.training["learning_rate"],
        num_train_steps=case.training["num_train_steps"],
        num_warmup_steps=case.training["num_warmup_steps"],
    )
    updater = steps.Updater(
        case.model,
        optimizers.AdamWeightDecay(case.model.trained_variables),
        learning_rate=rate,
        step_seed=lambda *_: None,
        replicas=replication.SingleProcess(),
    )
    update = tf.function(updater.update)
    log = [
        update(batch, tf.constant(step, tf.int64))
        for step, batch in enumerate(case.batches)
    ]
    state = {**optimizers.by_name(case.model.variables), **updater.optimizer.slots}
    return Run(log, {name: variable.numpy() for name, variable in state.items()})


def test_forward_pass_equals_the_original(case, forward):
    assert set(case.forward) <= set(forward)
    for name, expected in case.forward.items():
        np.testing.assert_allclose(forward[name], expected, err_msg=name, **FORWARD)


def test_loss_of_every_step_equals_the_original(case, run):
    assert len(case.training["losses"]) == STEPS == case.training["num_train_steps"]
    received = [float(entry.loss) for entry in run.log]
    np.testing.assert_allclose(received, case.training["losses"], rtol=1e-4)


def test_learning_rates_are_those_of_the_schedule(case, run):
    assert case.training["num_warmup_steps"] == 4
    warming = [0, 1 / 4, 2 / 4, 3 / 4]
    decaying = [1 - step / STEPS for step in range(4, STEPS)]
    expected = case.training["learning_rate"] * np.array(warming + decaying)
    received = [float(entry.learning_rate) for entry in run.log]
    np.testing.assert_allclose(received, expected, rtol=1e-6)


def test_trained_weights_and_slots_equal_the_original(case, run):
    for name, values in run.state.items():
        expected = case.trained.get_tensor(name)
        np.testing.assert_allclose(values, expected, err_msg=name, **TRAINED)


def test_state_has_the_names_of_the_original(case, run):
    names = set(case.trained.get_variable_to_shape_map())
    assert names == {*run.state, "global_step"}
    num_slots = sum(name.endswith(("/adam_m", "/adam_v")) for name in names)
    pooler_slots = {name for name in names if "pooler" in name and "adam" in name}
    if case.task in ("ner", "qa"):
        assert num_slots == 78
        assert not pooler_slots
    else:
        assert len(pooler_slots) == 4
    assert case.trained.get_tensor("global_step") == STEPS
