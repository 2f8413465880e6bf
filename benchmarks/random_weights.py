# SPDX-License-Identifier: Apache-2.0
"""Random weights in a Hugging Face folder, which both sides of a comparison load."""

import dataclasses
import json
import pathlib

import numpy as np
from safetensors import numpy as safetensors_numpy

from modeling import config as config_lib

BERT_BASE = config_lib.BertConfig(vocab_size=28996, type_vocab_size=2)


@dataclasses.dataclass(frozen=True)
class Head:
    """What stands on BERT.

    Attributes:
        architecture: Hugging Face's class.
        name: Its dense layer.
        size: The outputs of that.
    """

    architecture: str
    name: str
    size: int


def make_model(
    folder: pathlib.Path, config: config_lib.BertConfig, head: Head, seed: int
) -> None:
    """Writes a Hugging Face folder with random weights.

    Args:
        folder: Where to; it is made.
        config: The sizes.
        head: What it predicts with.
        seed: The weights are a function of it.
    """
    rng = np.random.default_rng(seed)
    tensors: dict[str, np.ndarray] = {}

    def draw(name: str, *shape: int) -> None:
        values = rng.standard_normal(shape, dtype=np.float32)
        tensors[name] = np.float32(config.initializer_range) * values

    def dense(name: str, num_inputs: int, num_outputs: int) -> None:
        draw(f"{name}.weight", num_outputs, num_inputs)
        tensors[f"{name}.bias"] = np.zeros(num_outputs, np.float32)

    def layer_norm(name: str) -> None:
        tensors[f"{name}.weight"] = np.ones(size, np.float32)
        tensors[f"{name}.bias"] = np.zeros(size, np.float32)

    size, inner = config.hidden_size, config.intermediate_size
    embeddings = "bert.embeddings"
    draw(f"{embeddings}.word_embeddings.weight", config.vocab_size, size)
    draw(
        f"{embeddings}.position_embeddings.weight", config.max_position_embeddings, size
    )
    draw(f"{embeddings}.token_type_embeddings.weight", config.type_vocab_size, size)
    layer_norm(f"{embeddings}.LayerNorm")
    for number in range(config.num_hidden_layers):
        layer = f"bert.encoder.layer.{number}"
        for part in ("query", "key", "value"):
            dense(f"{layer}.attention.self.{part}", size, size)
        dense(f"{layer}.attention.output.dense", size, size)
        layer_norm(f"{layer}.attention.output.LayerNorm")
        dense(f"{layer}.intermediate.dense", size, inner)
        dense(f"{layer}.output.dense", inner, size)
        layer_norm(f"{layer}.output.LayerNorm")
    dense(head.name, size, head.size)
    _write_model(folder, config, head, tensors)


def _write_model(
    folder: pathlib.Path,
    config: config_lib.BertConfig,
    head: Head,
    tensors: dict[str, np.ndarray],
) -> None:
    """Writes the two files of a Hugging Face folder."""
    folder.mkdir(parents=True)
    path = folder / "model.safetensors"
    safetensors_numpy.save_file(tensors, path, metadata={"format": "pt"})
    names = {str(i): f"LABEL_{i}" for i in range(head.size)}
    values = config.to_dict() | {
        "model_type": "bert",
        "layer_norm_eps": 1e-12,
        "id2label": names,
        "label2id": {name: int(i) for i, name in names.items()},
        "architectures": [head.architecture],
    }
    (folder / "config.json").write_text(json.dumps(values), encoding="utf-8")
