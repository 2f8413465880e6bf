# SPDX-License-Identifier: Apache-2.0
"""Hugging Face's side: BertForTokenClassification on PyTorch.

In bfloat16, training is under `torch.autocast`, which casts weights in each step;
for prediction alone the model is cast once.
"""

import statistics
import time
from collections.abc import Mapping
from typing import Any

import commands
import numpy as np
import torch
import transformers

# The ways in which PyTorch can apply AdamW on a CPU; the fastest is taken.
_VARIANTS: tuple[dict[str, bool], ...] = (
    {"foreach": False},
    {"foreach": True},
    {"fused": True},
)


class Side:
    """The model, its optimizer and its data."""

    def __init__(self, setup: Mapping[str, Any]) -> None:
        """Makes the model with random weights and chooses the optimizer.

        Args:
            setup: See `hugging_face.make_setup`.
        """
        torch.set_num_threads(setup["threads"])
        with np.load(setup["arrays"]) as file:
            self._arrays = {
                name: torch.from_numpy(values).long() for name, values in file.items()
            }
        self._train_batch_size = setup["train_batch_size"]
        self._predict_batch_size = setup["predict_batch_size"]
        self._model = self._make_model(setup)
        self._dtype = getattr(torch, setup["precision"])
        self._autocasts = self._dtype != torch.float32 and not setup["predicts_only"]
        if setup["predicts_only"]:
            self._model.to(self._dtype)
        self._generator = torch.Generator().manual_seed(1)
        self._order = torch.zeros(0, dtype=torch.long)
        self._seconds = {
            str(options): self._time_updates(setup["learning_rate"], options)
            for options in _VARIANTS
        }
        fastest = min(_VARIANTS, key=lambda options: self._seconds[str(options)])
        self._optimizer = self._make_optimizer(setup["learning_rate"], fastest)

    def train(self, first: int, count: int) -> None:
        """Makes some steps: forward, loss, backward, clipping, AdamW."""
        del first  # Dropout draws from PyTorch's own state.
        self._model.train()
        for _ in range(count):
            rows = self._next_rows()
            with self._autocast():
                loss = self._model(**self._features(rows), **self._labels(rows)).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
            assert np.isfinite(loss.item())

    def predict(self, first: int, end: int) -> None:
        """Labels sentences in batches of equal size, padded to equal length."""
        self._model.eval()
        labels = []
        with torch.inference_mode(), self._autocast():
            for start in range(first, end, self._predict_batch_size):
                rows = slice(start, min(start + self._predict_batch_size, end))
                logits = self._model(**self._features(rows)).logits
                labels.append(logits.argmax(-1).numpy())
        length = self._arrays["input_ids"].shape[1]
        assert np.concatenate(labels).shape == (end - first, length)

    def describe(self) -> dict[str, Any]:
        """Returns versions, and what was chosen among what there is."""
        return {
            "versions": f"PyTorch {torch.__version__}, transformers "
            f"{transformers.__version__}",
            "attention": self._model.config._attn_implementation,
            "adamw_seconds": self._seconds,
        }

    def _make_model(self, setup: Mapping[str, Any]) -> torch.nn.Module:
        """Returns the task's model."""
        return transformers.BertForTokenClassification(
            transformers.BertConfig(**setup["config"], num_labels=setup["num_labels"])
        )

    def _autocast(self) -> torch.autocast:
        """Returns a context in which products are computed in the shorter type."""
        return torch.autocast("cpu", torch.bfloat16, enabled=self._autocasts)

    def _features(self, rows: slice | torch.Tensor) -> dict[str, torch.Tensor]:
        """Returns the arguments of the model for some sentences."""
        return {
            "input_ids": self._arrays["input_ids"][rows],
            "attention_mask": self._arrays["input_mask"][rows],
            "token_type_ids": self._arrays["segment_ids"][rows],
        }

    def _labels(self, rows: torch.Tensor) -> dict[str, torch.Tensor]:
        """Returns what the loss needs besides."""
        return {"labels": self._arrays["label_ids"][rows]}

    def _next_rows(self) -> torch.Tensor:
        """Returns the sentences of the next step, shuffled in each pass."""
        while len(self._order) < self._train_batch_size:
            shuffled = torch.randperm(
                len(self._arrays["input_ids"]), generator=self._generator
            )
            self._order = torch.cat([self._order, shuffled])
        rows, self._order = self._order.split(
            [self._train_batch_size, len(self._order) - self._train_batch_size]
        )
        return rows

    def _make_optimizer(
        self, learning_rate: float, options: Mapping[str, bool]
    ) -> torch.optim.AdamW:
        return torch.optim.AdamW(
            self._model.parameters(),
            lr=learning_rate,
            eps=1e-6,
            weight_decay=0.01,
            **options,
        )

    def _time_updates(self, learning_rate: float, options: Mapping[str, bool]) -> float:
        """Returns the median seconds of one update of all weights."""
        optimizer = self._make_optimizer(learning_rate, options)
        for parameter in self._model.parameters():
            parameter.grad = torch.full_like(parameter, 1e-3)
        seconds = []
        for _ in range(4):
            start = time.perf_counter()
            optimizer.step()
            seconds.append(time.perf_counter() - start)
        optimizer.zero_grad(set_to_none=True)
        return statistics.median(seconds[1:])  # The first one makes the slots.


if __name__ == "__main__":
    commands.serve(Side)
