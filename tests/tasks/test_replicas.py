# SPDX-License-Identifier: Apache-2.0
"""Every task trained on several devices and in parts, against one device.

The devices are parts of the CPU, or GPUs where there are some; several processes are in
tests/scripts.
"""

import functools

import numpy as np
import pytest
import tensorflow as tf

from modeling import config as config_lib
from modeling.nn import dropout
from modeling.tasks import joint_question, ner, pretraining, question, relation
from modeling.tasks import yes_no as yes_no_task
from modeling.training import (
    lamb,
    loss_scaling,
    optimizers,
    replication,
    steps,
    strategies,
)

# All different; 4 divides the batch.
B, T, P, V = 8, 11, 3, 17
STEPS = 20
SIZES = {
    "vocab_size": V,
    "hidden_size": 12,
    "num_hidden_layers": 1,
    "num_attention_heads": 3,
    "intermediate_size": 20,
    "max_position_embeddings": 14,
    "type_vocab_size": 2,
}
WITHOUT_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
LABELS = {
    "label_ids": (4, [B, T], np.int32),
    "class_ids": (2, [B, 1], np.int32),
    "start_positions": (T, [B], np.int32),
    "end_positions": (T, [B], np.int32),
    "masked_lm_positions": (T, [B, P], np.int32),
    "masked_lm_ids": (V, [B, P], np.int32),
    "masked_lm_weights": (2, [B, P], np.float32),
    "next_sentence_labels": (2, [B, 1], np.int32),
}
TASKS = {
    "ner": lambda config: ner.NerModel(config, 4),
    "ner, masked mean": lambda config: ner.NerModel(config, 4, loss="masked_mean"),
    "relation": lambda config: relation.RelationModel(config, 2),
    "relation, class weights": lambda config: relation.RelationModel(
        config, 2, class_weights=(0.3, 2.0)
    ),
    "question": question.QuestionModel,
    "yes or no": yes_no_task.YesNoModel,
    "question, joint": joint_question.JointModel,
    "pretraining": pretraining.PretrainingModel,
}

# The one with several terms in its loss; the others are in the slow lane.
FAST = ("pretraining",)


def mirrored(count, kind="CPU"):
    """Returns replicas on the first devices of a kind."""
    devices = tf.config.list_logical_devices(kind)
    return strategies.Strategy.mirrored([device.name for device in devices[:count]])


def batch_of(step, task):
    """Returns the arrays of a step's global batch, its rows of different lengths."""
    rng = np.random.default_rng(step)
    lengths = rng.integers(3, T + 1, size=[B, 1])
    batch = {
        "input_ids": rng.integers(V, size=[B, T]).astype(np.int32),
        "input_mask": (np.arange(T) < lengths).astype(np.int32),
        "segment_ids": rng.integers(2, size=[B, T]).astype(np.int32),
    }
    for name, (end, shape, dtype) in LABELS.items():
        batch[name] = rng.integers(end, size=shape).astype(dtype)
    if not task.startswith("ner"):
        batch["label_ids"] = batch["class_ids"]
    if task == "question, joint":
        batch["label_ids"] = rng.integers(-1, 2, size=[B, 1]).astype(np.int32)
    return batch


def train(task, replicas, *, accumulate=1, dropped=False, num_steps=STEPS, **options):
    """Trains from the same weights; returns losses, norms and all state by name."""
    config = config_lib.BertConfig(**SIZES, **({} if dropped else WITHOUT_DROPOUT))
    make_optimizer = options.pop("make_optimizer", optimizers.AdamWeightDecay)
    scales = options.pop("scales", False)
    with replicas.scope():
        model = TASKS[task](config)
        rng = np.random.default_rng(7)
        for variable in model.variables:
            variable.assign(0.2 * rng.standard_normal(variable.shape))
        optimizer = make_optimizer(model.trained_variables)
        loss_scale = loss_scaling.DynamicLossScale() if scales else None
    updater = steps.Updater(
        model,
        optimizer,
        learning_rate=lambda _: tf.constant(1e-4),
        step_seed=functools.partial(dropout.step_seed, 3),
        replicas=replicas,
        accumulate_steps=accumulate,
        loss_scale=loss_scale,
        **options,
    )
    # A plain generator keeps one trace for all steps.
    spec = {k: tf.TensorSpec(v.shape, v.dtype) for k, v in batch_of(0, task).items()}
    batches = tf.data.Dataset.from_generator(
        lambda: (batch_of(step, task) for step in range(num_steps)),
        output_signature=spec,
    )
    log = updater.make_runner()(
        iter(batches), tf.constant(0, tf.int64), tf.constant(num_steps, tf.int64)
    )
    state = {**optimizers.by_name(model.variables), **optimizer.slots}
    return log, {name: value.numpy() for name, value in state.items()}


def assert_same(found, expected, tolerance=1e-5):
    """Compares logs and states of two runs."""
    (log, state), (expected_log, expected_state) = found, expected
    np.testing.assert_allclose(log.loss, expected_log.loss, rtol=tolerance)
    np.testing.assert_allclose(
        log.gradient_norm, expected_log.gradient_norm, rtol=10 * tolerance
    )
    assert state.keys() == expected_state.keys()
    for name, value in expected_state.items():
        np.testing.assert_allclose(
            state[name], value, rtol=0, atol=tolerance, err_msg=name
        )


@pytest.fixture(scope="module")
def single():
    """Trains on one device, once per task and way."""
    return functools.cache(
        lambda task, **options: train(task, replication.SingleProcess(), **options)
    )


@pytest.mark.parametrize(
    "task",
    [
        pytest.param(name, marks=() if name in FAST else pytest.mark.slow)
        for name in TASKS
    ],
)
def test_replicas_that_accumulate_train_as_one_device(single, task):
    assert_same(train(task, mirrored(2), accumulate=2), single(task))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "num_replicas", "accumulate"),
    [("pretraining", 4, 1), ("ner", 2, 1), ("pretraining", 1, 2), ("ner", 1, 4)],
)
def test_replicas_and_parts_train_as_one_device(single, task, num_replicas, accumulate):
    one = replication.SingleProcess()
    replicas = mirrored(num_replicas) if num_replicas > 1 else one
    found = train(task, replicas, accumulate=accumulate)
    assert_same(found, single(task))


@pytest.mark.gpu
@pytest.mark.parametrize("task", TASKS)
def test_gpus_train_as_the_cpu_does(task):
    """On two of them, if there are two."""
    if not tf.config.list_logical_devices("GPU"):
        pytest.skip("No GPU.")
    with tf.device("CPU:0"):
        expected = train(task, replication.SingleProcess())
    tf.config.experimental.enable_tensor_float_32_execution(False)  # 10 bits.
    found = train(task, mirrored(2, "GPU"))
    tf.config.experimental.enable_tensor_float_32_execution(True)
    assert_same(found, expected, tolerance=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["ner, masked mean", "pretraining"])
def test_dropout_belongs_to_the_micro_batch(single, task):
    four_parts = single(task, dropped=True, accumulate=4)
    for num_replicas, accumulate in ((2, 2), (4, 1)):
        found = train(task, mirrored(num_replicas), accumulate=accumulate, dropped=True)
        assert_same(found, four_parts)
    # And masks are drawn: other parts have others.
    assert not np.allclose(single(task, dropped=True)[0].loss, four_parts[0].loss)


@pytest.mark.slow
def test_lamb_on_replicas_is_as_on_one_device(single):
    found = train("relation", mirrored(2), make_optimizer=lamb.Lamb)
    assert_same(found, single("relation", make_optimizer=lamb.Lamb))


@pytest.mark.slow
def test_xla_computes_the_same(single):
    assert_same(
        train("ner", mirrored(2), compiles=True, num_steps=5),
        single("ner", num_steps=5),
    )


@pytest.mark.slow
def test_a_scaled_loss_changes_nothing_where_it_does_not_overflow(single):
    found = train("question", mirrored(2), scales=True)
    assert not found[0].skipped.numpy().any()
    assert_same(found, single("question"))


def test_the_replicas_hold_the_same_weights():
    replicas = mirrored(2)
    with replicas.scope():
        variable = tf.Variable([1.0, 2.0])
    step = tf.function(
        lambda: replicas.run(
            lambda: (
                optimizers.decrease(variable, tf.constant([0.25, 0.5])),
                replicas.sum([tf.constant(3.0)]),
            )[1]
        )
    )
    (total,) = step()
    assert total == 6.0
    copies = variable.values
    assert len(copies) == 2
    for copy in copies:
        np.testing.assert_array_equal(copy.numpy(), [0.75, 1.5])


@pytest.mark.slow
def test_large_models_accumulate_call_after_call():
    """At such sizes, TensorFlow's rewriting of sums once broke the second call."""
    config = config_lib.BertConfig(
        vocab_size=V, hidden_size=384, num_hidden_layers=6, intermediate_size=1536
    )
    model = ner.NerModel(config, 4)
    updater = steps.Updater(
        model,
        optimizers.AdamWeightDecay(model.trained_variables),
        learning_rate=lambda _: tf.constant(1e-4),
        step_seed=functools.partial(dropout.step_seed, 3),
        replicas=replication.SingleProcess(),
        accumulate_steps=2,
    )
    row = np.ones([16, 128], np.int32)
    names = ("input_ids", "input_mask", "segment_ids", "label_ids")
    batch = dict.fromkeys(names, row) | {"segment_ids": 0 * row}
    batches = iter(tf.data.Dataset.from_tensors(batch).repeat())
    runner = updater.make_runner()
    logs = [
        runner(batches, tf.constant(step, tf.int64), tf.constant(1, tf.int64))
        for step in range(3)
    ]
    first, second, third = (float(log.loss[0]) for log in logs)
    assert first > second > third > 0
