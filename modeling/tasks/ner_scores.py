# SPDX-License-Identifier: Apache-2.0
"""NER scores as numbers by name: the original's, and those of mentions.

The original's count positions, padding included, so they are no measure of
how many mentions are found. Mentions are counted in `biocodes/conlleval.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from modeling.data import ner


def legacy_scores(
    label_ids: np.ndarray, predictions: np.ndarray, labels: Sequence[str]
) -> dict[str, float]:
    """Returns macro means over the labels of mentions (B and I).

    Args:
        label_ids: int32[N, T], gold label ids, 0 at padding.
        predictions: int32[N, T], predicted label ids.
        labels: The model's labels in the order of ids.

    Returns:
        "eval_precision", "eval_recall" and "eval_f", each in [0, 1]. A label
        that is never predicted, or never right, counts 0. "eval_f" is the
        mean of the labels' F1, not the F1 of the means.

    Source:
        `metric_fn` in dmis-lab/biobert, run_ner.py at e283eaa, with the
        macro averages of its `tf_metrics`.
    """
    size = len(labels)
    pairs = label_ids.astype(np.int64).ravel() * size + predictions.ravel()
    counts = np.bincount(pairs, minlength=size**2).reshape(size, size)
    ids = [
        i
        for i, label in enumerate(labels)
        if label != ner.OUTSIDE and label not in ner.RESERVED_LABELS
    ]
    right = counts.diagonal()[ids].astype(np.float64)
    precision = _divide(right, counts.sum(axis=0)[ids])
    recall = _divide(right, counts.sum(axis=1)[ids])
    f1 = _divide(2 * precision * recall, precision + recall)
    return {
        "eval_f": float(f1.mean()),
        "eval_precision": float(precision.mean()),
        "eval_recall": float(recall.mean()),
    }


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divides, with 0 where the denominator is 0."""
    return np.divide(
        numerator,
        denominator,
        out=np.zeros_like(numerator),
        where=denominator != 0,
    )


class Mentions(Protocol):
    """Numbers of mentions, as conlleval counts them."""

    num_gold: int
    num_predicted: int
    num_correct: int
    precision: float
    recall: float
    f1: float


class Counts(Mentions, Protocol):
    """Numbers of mentions of all types together, and of each."""

    types: Mapping[str, Mentions]


def entity_scores(counts: Counts) -> dict[str, float]:
    """Returns entity-level scores as one flat record.

    Args:
        counts: What conlleval counts.

    Returns:
        "entity_f1", "entity_precision" and "entity_recall" over all types
        together (micro), the same per type as "entity_f1/Disease", each in
        [0, 1], and the numbers of mentions they are made of.
    """
    scores: dict[str, float] = {}
    parts: dict[str, Mentions] = {"": counts}
    parts |= {f"/{name}": mentions for name, mentions in counts.types.items()}
    for suffix, part in parts.items():
        scores |= {
            f"entity_f1{suffix}": part.f1,
            f"entity_precision{suffix}": part.precision,
            f"entity_recall{suffix}": part.recall,
            f"entity_gold{suffix}": part.num_gold,
            f"entity_predicted{suffix}": part.num_predicted,
            f"entity_correct{suffix}": part.num_correct,
        }
    return scores
