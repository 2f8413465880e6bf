# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.config."""

import dataclasses
import json
import re

import pytest

from modeling import config, errors


@pytest.fixture
def write(tmp_path):
    """Writes a value as JSON, or text as it stands, and gives the path."""

    def write(content):
        path = tmp_path / "bert_config.json"
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refusal(message):
    """Expects an `InputError` whose whole message is `message`."""
    return pytest.raises(errors.InputError, match=f"^{re.escape(message)}$")


def test_reads_the_released_biobert(shared):
    assert config.read_config(
        shared / "data" / "biobert_v1.1" / "bert_config.json"
    ) == config.BertConfig(vocab_size=28996, type_vocab_size=2)


def test_reads_a_file_with_keys_of_other_models(shared):
    path = shared / "data" / "checkpoint_toy" / "bert_config.json"
    assert "pooler_type" in json.loads(path.read_text())
    assert config.read_config(path) == config.BertConfig(
        vocab_size=15,
        hidden_size=4,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=16,
        max_position_embeddings=16,
        type_vocab_size=2,
    )


def test_reads_a_hugging_face_config(write):
    sizes = config.BertConfig(
        vocab_size=31,
        hidden_size=12,
        num_hidden_layers=5,
        num_attention_heads=3,
        intermediate_size=17,
        hidden_act="relu",
        hidden_dropout_prob=0.25,
        attention_probs_dropout_prob=0,
        max_position_embeddings=64,
        type_vocab_size=2,
        initializer_range=0.5,
    )
    others = {
        "architectures": ["BertModel"],
        "embedding_size": 12,
        "id2label": {"0": "O"},
        "layer_norm_eps": 1e-12,
        "model_type": "bert",
        "pad_token_id": 0,
        "position_embedding_type": "absolute",
        "transformers_version": "4.57.1",
    }
    assert config.read_config(write({**others, **sizes.to_dict()})) == sizes


def test_missing_keys_have_the_defaults_of_the_original(write):
    assert config.read_config(write({"vocab_size": 7})).to_dict() == {
        "vocab_size": 7,
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 3072,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "max_position_embeddings": 512,
        "type_vocab_size": 16,
        "initializer_range": 0.02,
    }


def test_embedding_size_may_be_the_default_hidden_size(write):
    path = write({"vocab_size": 7, "embedding_size": 768})
    assert config.read_config(path).hidden_size == 768


def test_a_config_cannot_be_changed():
    sizes = config.BertConfig(vocab_size=7)
    with pytest.raises(dataclasses.FrozenInstanceError):
        sizes.vocab_size = 8


def test_refuses_a_missing_file(tmp_path):
    path = tmp_path / "absent.json"
    with refusal(
        f"{path}: The model's sizes (bert_config.json) must be a readable file. "
        "Received: No such file or directory."
    ):
        config.read_config(path)


def test_refuses_a_folder(tmp_path):
    with pytest.raises(errors.InputError, match=r"Received: Is a directory\.$"):
        config.read_config(tmp_path)


@pytest.mark.parametrize("content", ["vocab_size: 7", "", '{"vocab_size": 7,}'])
def test_refuses_what_is_not_json(write, content):
    path = write(content)
    expected = f"{path}: bert_config.json must hold one JSON object. Received: "
    with pytest.raises(errors.InputError, match=f"^{re.escape(expected)}.* line 1"):
        config.read_config(path)


def test_refuses_bytes_that_are_not_utf8(tmp_path):
    path = tmp_path / "bert_config.json"
    path.write_bytes(b'{"vocab_size": 7, "model": "\xe9"}')
    with pytest.raises(
        errors.InputError, match=r"JSON object\. Received: 'utf-8' codec"
    ):
        config.read_config(path)


@pytest.mark.parametrize(
    ("content", "received"),
    [
        ([1, 2], "[1, 2]"),
        ("7", "7"),
        ("null", "None"),
        ({"hidden_size": 12}, "{'hidden_size': 12}"),
    ],
)
def test_refuses_what_is_no_object_with_vocab_size(write, content, received):
    path = write(content)
    with refusal(
        f"{path}: bert_config.json must be a JSON object with `vocab_size`. "
        f"Received: {received}."
    ):
        config.read_config(path)


def test_a_long_wrong_value_is_cut_in_the_message(write):
    with pytest.raises(errors.InputError) as raised:
        config.read_config(write(list(range(10_000))))
    assert len(str(raised.value).split("Received: ")[1]) == 81


def test_refuses_heads_that_do_not_divide_the_hidden_size(write):
    path = write({"vocab_size": 7, "hidden_size": 10, "num_attention_heads": 4})
    with refusal(
        f"{path}: `hidden_size` must be a multiple of `num_attention_heads`. "
        "Received: hidden_size=10, num_attention_heads=4."
    ):
        config.read_config(path)


@pytest.mark.parametrize(
    "key", [f.name for f in dataclasses.fields(config.BertConfig) if f.type is int]
)
@pytest.mark.parametrize("value", [0, -4, 12.0, "12", True, None, [12]])
def test_refuses_sizes_that_are_no_positive_whole_number(write, key, value):
    path = write({"vocab_size": 7, key: value})
    with refusal(
        f"{path}: `{key}` must be a whole number of at least 1. Received: {value!r}."
    ):
        config.read_config(path)


@pytest.mark.parametrize("key", ["hidden_dropout_prob", "attention_probs_dropout_prob"])
@pytest.mark.parametrize("value", [1, 1.0, -0.1, float("nan"), "0.1", True, None])
def test_refuses_dropout_rates_out_of_range(write, key, value):
    path = write({"vocab_size": 7, key: value})
    with refusal(f"{path}: `{key}` must be in [0, 1). Received: {value!r}."):
        config.read_config(path)


@pytest.mark.parametrize("value", [0, -0.02, float("nan"), float("inf"), "0.02"])
def test_refuses_an_impossible_initializer_range(write, value):
    path = write({"vocab_size": 7, "initializer_range": value})
    with refusal(
        f"{path}: `initializer_range` must be above 0 and finite. Received: {value!r}."
    ):
        config.read_config(path)


@pytest.mark.parametrize("value", ["gelu_new", "GELU", "", None, ["gelu"]])
def test_refuses_unknown_activations(write, value):
    path = write({"vocab_size": 7, "hidden_act": value})
    with refusal(
        f"{path}: `hidden_act` must be one of gelu, relu, tanh, linear. "
        f"Received: {value!r}."
    ):
        config.read_config(path)


@pytest.mark.parametrize(
    ("key", "value", "only"),
    [
        ("layer_norm_eps", 1e-05, "1e-12"),
        ("position_embedding_type", "relative_key", "absolute"),
        ("embedding_size", 128, "768"),
    ],
)
def test_refuses_what_another_architecture_asks_for(write, key, value, only):
    path = write({"vocab_size": 7, key: value})
    with refusal(f"{path}: `{key}` must be {only}, as in BERT. Received: {value!r}."):
        config.read_config(path)


def test_refusals_without_a_file_name_no_file():
    with refusal("`vocab_size` must be a whole number of at least 1. Received: -1."):
        config.BertConfig(vocab_size=-1)
