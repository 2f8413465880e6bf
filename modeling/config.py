# SPDX-License-Identifier: Apache-2.0
"""BERT's sizes, as they stand in bert_config.json.

Reads the files of Google's and BioBERT's releases and Hugging Face's
config.json, which use the same keys. Settings of a run are in `settings.py`.
"""

import dataclasses
import json
import os
import pathlib
from typing import Any

from modeling import errors

ACTIVATIONS = ("gelu", "relu", "tanh", "linear")


_HEAD_DROPOUT_PROB = 0.1


@dataclasses.dataclass(frozen=True, kw_only=True)
class BertConfig:
    """Sizes and rates of one BERT model.

    Attributes:
        vocab_size: V, rows of the word embeddings.
        hidden_size: D, width of every layer's output.
        num_hidden_layers: L, encoder layers.
        num_attention_heads: H; divides `hidden_size`.
        intermediate_size: I, width inside the feed-forward part.
        hidden_act: Activation of the feed-forward part and of the masked-word
            head: one of `ACTIVATIONS`. "gelu" is the exact form, with erf.
        hidden_dropout_prob: Share of hidden values dropped in training.
        attention_probs_dropout_prob: Share of attention weights dropped.
        max_position_embeddings: The longest sequence, in WordPieces.
        type_vocab_size: Number of segments.
        initializer_range: Standard deviation of new kernels.

    Source:
        Devlin et al. 2019, section 3, https://arxiv.org/abs/1810.04805;
        keys and defaults of `BertConfig` in dmis-lab/biobert, modeling.py at
        e283eaa.
    """

    vocab_size: int
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    hidden_act: str = "gelu"
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    max_position_embeddings: int = 512
    type_vocab_size: int = 16
    initializer_range: float = 0.02

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            self._check_field(field, getattr(self, field.name))
        if self.hidden_size % self.num_attention_heads:
            raise errors.InputError(
                "`hidden_size` must be a multiple of `num_attention_heads`. "
                f"Received: hidden_size={self.hidden_size}, "
                f"num_attention_heads={self.num_attention_heads}."
            )

    def _check_field(self, field: dataclasses.Field, value: Any) -> None:  # noqa: ANN401
        """Raises where one value cannot be that of a BERT model."""
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if field.type is int:
            is_fine = isinstance(value, int) and is_number and value >= 1
            need = "a whole number of at least 1"
        elif field.name == "initializer_range":
            is_fine = is_number and 0 < value < float("inf")
            need = "above 0 and finite"
        elif field.type is float:
            is_fine, need = is_number and 0 <= value < 1, "in [0, 1)"
        else:
            is_fine, need = value in ACTIVATIONS, f"one of {', '.join(ACTIVATIONS)}"
        if not is_fine:
            raise errors.InputError(
                f"`{field.name}` must be {need}. Received: {value!r}."
            )

    @property
    def head_dropout_prob(self) -> float:
        """Share of a label head's inputs dropped in training.

        The original's is always 0.1. Here a model whose sizes say that nothing is
        dropped is trained without dropout, so that its runs can be compared.
        """
        drops = self.hidden_dropout_prob or self.attention_probs_dropout_prob
        return _HEAD_DROPOUT_PROB if drops else 0.0

    def to_dict(self) -> dict[str, int | float | str]:
        """Returns the sizes as they are written to bert_config.json."""
        return dataclasses.asdict(self)


def read_config(path: str | os.PathLike[str]) -> BertConfig:
    """Reads bert_config.json, or a Hugging Face folder's config.json.

    Keys that do not change the model's output are ignored.

    Args:
        path: The JSON file.

    Returns:
        The sizes.

    Raises:
        InputError: If the file is missing, is not a JSON object, lacks
            `vocab_size`, holds an impossible value, or asks for something
            that this model does not compute (relative positions, another
            LayerNorm epsilon).
    """
    try:
        values = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise errors.InputError(
            f"{path}: The model's sizes (bert_config.json) must be a readable "
            f"file. Received: {error.strerror}."
        ) from None
    except ValueError as error:
        raise errors.InputError(
            f"{path}: bert_config.json must hold one JSON object. Received: {error}."
        ) from None
    return _from_json(values, path)


def _from_json(values: Any, path: str | os.PathLike[str]) -> BertConfig:  # noqa: ANN401
    """Checks what the JSON file holds and makes a config of it."""
    if not isinstance(values, dict) or "vocab_size" not in values:
        raise errors.InputError(
            f"{path}: bert_config.json must be a JSON object with `vocab_size`. "
            f"Received: {str(values)[:80]}."
        )
    for key, only in (
        ("layer_norm_eps", 1e-12),
        ("position_embedding_type", "absolute"),
        ("embedding_size", values.get("hidden_size", BertConfig.hidden_size)),
    ):
        if values.get(key, only) != only:
            raise errors.InputError(
                f"{path}: `{key}` must be {only}, as in BERT. "
                f"Received: {values[key]!r}."
            )
    known = {field.name for field in dataclasses.fields(BertConfig)}
    try:
        return BertConfig(**{key: values[key] for key in values.keys() & known})
    except errors.InputError as error:
        raise errors.InputError(f"{path}: {error}") from None
