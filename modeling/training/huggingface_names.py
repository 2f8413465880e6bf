# SPDX-License-Identifier: Apache-2.0
"""TF1 names of the tensors in a Hugging Face BERT.

Only names: reading is left to `huggingface`.
"""

import re
from collections.abc import Iterable

# Heads: tensor name to TF1 name. The token and the sentence classifier share
# their names there as here.
_HEADS = {
    "cls.predictions.bias": "cls/predictions/output_bias",
    "cls.seq_relationship.weight": "cls/seq_relationship/output_weights",
    "cls.seq_relationship.bias": "cls/seq_relationship/output_bias",
    "classifier.weight": "output_weights",
    "classifier.bias": "output_bias",
    "qa_outputs.weight": "cls/squad/output_weights",
    "qa_outputs.bias": "cls/squad/output_bias",
}

# Modules whose tensors have a TF1 name that follows from their own.
_MODULES = re.compile(
    r"embeddings\.(?:(?:word|position|token_type)_embeddings|LayerNorm)"
    r"|encoder\.layer\.\d+\.(?:attention\.self\.(?:query|key|value)"
    r"|(?:attention\.)?output\.(?:dense|LayerNorm)|intermediate\.dense)"
    r"|pooler\.dense|cls\.predictions\.transform\.(?:dense|LayerNorm)"
)

# Tensors that count 0, 1, 2, ...: no weights.
_COUNTERS = ("embeddings.position_ids", "embeddings.token_type_ids")

_DECODER_BIAS = "cls.predictions.decoder.bias"

# What repeats another array in most files, both named as `translate` does.
TIED = {
    "cls.predictions.decoder.weight": "bert/embeddings/word_embeddings",
    _DECODER_BIAS: "cls/predictions/output_bias",
}

# Two generations of LayerNorm: gamma and beta, later weight and bias.
_LAYER_NORM = {"weight": "gamma", "bias": "beta", "gamma": "gamma", "beta": "beta"}
_DENSE = {"weight": "kernel", "bias": "bias"}


def translate(tensors: Iterable[str]) -> dict[str, str | None]:
    """Gives tensors their TF1 names.

    Args:
        tensors: All names in a model, with the prefix `bert.` or without it.

    Returns:
        For each tensor its TF1 name; its own name where it has none; None for
        tensors that are no weights.

    Example:
        >>> names = translate(["bert.encoder.layer.3.output.dense.weight"])
        >>> list(names.values())
        ['bert/encoder/layer_3/output/dense/kernel']
    """
    names = {tensor: _translate_one(tensor) for tensor in tensors}
    if _DECODER_BIAS in names and "cls.predictions.bias" not in names:
        names[_DECODER_BIAS] = "cls/predictions/output_bias"
    return names


def is_kernel(name: str) -> bool:
    """Tells whether the array of this TF1 name is transposed in PyTorch."""
    return name.endswith("/kernel")


def _translate_one(tensor: str) -> str | None:
    """Returns the TF1 name of one tensor; see `translate`."""
    if tensor in _HEADS:
        return _HEADS[tensor]
    body = tensor.removeprefix("bert.")
    if body in _COUNTERS:
        return None
    module, _, kind = body.rpartition(".")
    if not _MODULES.fullmatch(module):
        return tensor
    path = re.sub(r"\.layer\.(\d+)", r".layer_\1", module).replace(".", "/")
    path = path if path.startswith("cls/") else f"bert/{path}"
    part = path.rpartition("/")[2]
    if part.endswith("_embeddings"):
        return path if kind == "weight" else tensor
    kinds = _LAYER_NORM if part == "LayerNorm" else _DENSE
    return f"{path}/{kinds[kind]}" if kind in kinds else tensor
