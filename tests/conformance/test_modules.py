# SPDX-License-Identifier: Apache-2.0
"""What every module of `modeling.nn` must do."""

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Callable

import pytest
import tensorflow as tf

from modeling import config as config_lib
from modeling import nn
from modeling.nn import attention, bert, dropout, embeddings, encoder, heads, layers

# Dimensions are pairwise different, so that a swapped axis cannot pass.
D, H, I, V = 12, 3, 7, 30  # noqa: E741
CONFIG = config_lib.BertConfig(
    vocab_size=V,
    hidden_size=D,
    num_hidden_layers=2,
    num_attention_heads=H,
    intermediate_size=I,
    max_position_embeddings=11,
    type_vocab_size=5,
)

FLOATS = tf.TensorSpec([None, None, D], tf.float32)
INNER = tf.TensorSpec([None, None, I], tf.float32)
POOLED = tf.TensorSpec([None, D], tf.float32)
WORDS = tf.TensorSpec([V, D], tf.float32)
IDS = tf.TensorSpec([None, None], tf.int32)


@dataclasses.dataclass(frozen=True)
class Case:
    """How to make a small module, what it is called with, and how."""

    make: Callable[[], tf.Module]
    specs: list[tf.TensorSpec]
    call: Callable = lambda module, *inputs, **options: module(*inputs, **options)
    # Whether it drops values in training, so that it takes a seed.
    drops: bool = False
    # A part of the names of variables that the call leaves alone.
    unused: str | None = None


def call_bert(module, *inputs, **options):
    """`bert.Outputs` is no structure that a graph can return."""
    return module(*inputs, **options).layers


def call_bert_and_pool(module, *inputs, **options):
    outputs = module(*inputs, **options)
    return [*outputs.layers, module.pool(outputs.sequence)]


CASES = {
    "Dense": Case(lambda: layers.Dense(D, I), [FLOATS]),
    "LayerNorm": Case(lambda: layers.LayerNorm(D), [FLOATS]),
    "SelfAttention": Case(
        lambda: attention.SelfAttention(D, H, dropout_rate=0.5),
        [FLOATS, IDS],
        drops=True,
    ),
    "Embeddings": Case(
        lambda: embeddings.Embeddings(
            V, D, max_length=11, num_segments=5, dropout_rate=0.5
        ),
        [IDS, IDS],
        drops=True,
    ),
    "ResidualDense": Case(
        lambda: encoder.ResidualDense(I, D, dropout_rate=0.5),
        [INNER, FLOATS],
        drops=True,
    ),
    "TransformerLayer": Case(
        lambda: encoder.TransformerLayer(D, H, I, hidden_dropout_rate=0.5),
        [FLOATS, IDS],
        drops=True,
    ),
    "Encoder": Case(
        lambda: encoder.Encoder(2, D, H, I, hidden_dropout_rate=0.5),
        [FLOATS, IDS],
        drops=True,
    ),
    "Bert": Case(
        lambda: bert.Bert(CONFIG),
        [IDS, IDS, IDS],
        call_bert,
        drops=True,
        unused="pooler",
    ),
    "Bert and pool": Case(
        lambda: bert.Bert(CONFIG), [IDS, IDS, IDS], call_bert_and_pool, drops=True
    ),
    "LabelHead": Case(lambda: heads.LabelHead(D, 4), [FLOATS], drops=True),
    "MaskedWordHead": Case(lambda: heads.MaskedWordHead(CONFIG), [FLOATS, IDS, WORDS]),
    "NextSentenceHead": Case(lambda: heads.NextSentenceHead(D), [POOLED]),
    "SpanHead": Case(lambda: heads.SpanHead(D), [FLOATS]),
}

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
cases_that_drop = pytest.mark.parametrize(
    "case",
    [case for case in CASES.values() if case.drops],
    ids=[name for name, case in CASES.items() if case.drops],
)


def examples(case, unknown=(2, 4)):
    """Returns one input per spec: random floats, or ones where ids are asked."""
    generator = tf.random.Generator.from_seed(0)
    inputs = []
    for spec in case.specs:
        sizes = zip(spec.shape, [*unknown, None], strict=False)
        shape = [size or other for size, other in sizes]
        floats = spec.dtype.is_floating
        inputs.append(generator.normal(shape) if floats else tf.ones(shape, tf.int32))
    return inputs


def randomize(module):
    """Sets all variables, so that none is zero or at the value of its kind."""
    generator = tf.random.Generator.from_seed(1)
    for variable in module.variables:
        variable.assign(generator.normal(variable.shape))
    return module


def names(module):
    return [variable.name for variable in module.variables]


def test_table_is_complete():
    defined = set()
    for info in pkgutil.iter_modules(nn.__path__, "modeling.nn."):
        for _, cls in inspect.getmembers(importlib.import_module(info.name)):
            if (
                inspect.isclass(cls)
                and issubclass(cls, tf.Module)
                and cls.__module__ == info.name
                and "__call__" in vars(cls)  # Or it is a mere base of others.
            ):
                defined.add(cls)
    assert {type(case.make()) for case in CASES.values()} == defined


@cases_that_drop
def test_table_says_who_drops(case):
    assert "seed" in inspect.signature(type(case.make()).__call__).parameters


@pytest.mark.slow
@every_case
def test_traces_once_with_unknown_sizes(case):
    module = case.make()
    function = tf.function(
        lambda *inputs: case.call(module, *inputs), input_signature=case.specs
    )
    for unknown in ((2, 4), (3, 6)):
        inputs = examples(case, unknown)
        for one, two in zip(
            tf.nest.flatten(function(*inputs)),
            tf.nest.flatten(case.call(module, *inputs)),
            strict=True,
        ):
            tf.debugging.assert_near(one, two, atol=1e-5)
    assert function.experimental_get_tracing_count() == 1


@every_case
def test_has_all_variables_before_the_first_call(case):
    module = case.make()
    before = [variable.ref() for variable in module.variables]
    assert before
    case.call(module, *examples(case))
    assert before == [variable.ref() for variable in module.variables]
    assert names(module) == [v.name for v in module.trainable_variables]


@every_case
def test_names_are_unique_and_those_of_a_second_instance(case):
    first, second = case.make(), case.make()
    assert len(set(names(first))) == len(names(first))
    assert names(first) == names(second)


@every_case
def test_restores_by_name(case, tmp_path):
    saved, restored = randomize(case.make()), case.make()
    path = str(tmp_path / "model.ckpt")
    # The name-based format: names and arrays, and nothing about objects.
    tf.raw_ops.SaveV2(
        prefix=path,
        tensor_names=[name.removesuffix(":0") for name in names(saved)],
        shape_and_slices=[""] * len(names(saved)),
        tensors=[variable.value() for variable in saved.variables],
    )
    reader = tf.train.load_checkpoint(path)
    for variable in restored.variables:
        variable.assign(reader.get_tensor(variable.name.removesuffix(":0")))
    inputs = examples(case)
    for one, two in zip(
        tf.nest.flatten(case.call(saved, *inputs)),
        tf.nest.flatten(case.call(restored, *inputs)),
        strict=True,
    ):
        tf.debugging.assert_equal(one, two)


@every_case
def test_gradient_reaches_every_variable(case):
    module = randomize(case.make())
    inputs = examples(case)
    with tf.GradientTape() as tape:
        outputs = tf.nest.flatten(case.call(module, *inputs))
        # A plain sum, or one of squares, does not depend on what LayerNorm
        # normalizes.
        loss = tf.add_n([tf.reduce_sum(output**3) for output in outputs])
    gradients = tape.gradient(loss, module.trainable_variables)
    reached, unused = set(), set()
    for name, gradient in zip(names(module), gradients, strict=True):
        if gradient is None:
            unused.add(name)
        elif tf.reduce_any(tf.convert_to_tensor(gradient) != 0):
            reached.add(name)
    # A score's softmax does not depend on the bias of the keys.
    reached |= {name for name in names(module) if name.endswith("key/bias:0")}
    assert unused == {
        name for name in names(module) if case.unused and case.unused in name
    }
    assert reached | unused == set(names(module))


@cases_that_drop
def test_a_seed_decides_what_is_dropped(case):
    module, inputs = randomize(case.make()), examples(case)

    def outputs(seed):
        return tf.nest.flatten(case.call(module, *inputs, seed=seed))[-1].numpy()

    first = outputs(dropout.step_seed(1, 2))
    assert (first == outputs(dropout.step_seed(1, 2))).all()
    assert (first != outputs(dropout.step_seed(1, 3))).any()
    assert (first != outputs(None)).any()
