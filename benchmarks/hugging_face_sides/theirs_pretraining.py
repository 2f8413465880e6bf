# SPDX-License-Identifier: Apache-2.0
"""Hugging Face's side of pre-training: BertForPreTraining on PyTorch."""

from collections.abc import Mapping
from typing import Any

import commands
import theirs
import torch
import transformers

# What its loss leaves out.
_NO_LABEL = -100


class Side(theirs.Side):
    """BERT with both heads of pre-training."""

    def _make_model(self, setup: Mapping[str, Any]) -> torch.nn.Module:
        return transformers.BertForPreTraining(
            transformers.BertConfig(**setup["config"])
        )

    def _labels(self, rows: torch.Tensor) -> dict[str, torch.Tensor]:
        """Returns a label for each position, as its data collators make them."""
        labels = torch.full_like(self._arrays["input_ids"][rows], _NO_LABEL)
        labels.scatter_(
            1,
            self._arrays["masked_lm_positions"][rows],
            self._arrays["masked_lm_ids"][rows],
        )
        pairs = self._arrays["next_sentence_labels"][rows, 0]
        return {"labels": labels, "next_sentence_label": pairs}


if __name__ == "__main__":
    commands.serve(Side)
