# SPDX-License-Identifier: Apache-2.0
"""How far scores of found mentions would vary with another test set.

Whether one system is better than another is another question, left out here.
"""

import numpy as np

PRECISION, RECALL, F1 = "precision", "recall", "f1"


def scores(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the scores that numbers of mentions make.

    Args:
        counts: [..., 3], the numbers of gold, of predicted and of correct mentions.

    Returns:
        "precision", "recall" and "f1", each float64[...] in [0, 1]; 0 of none is
        0, as conlleval has it.

    Example:
        >>> {name: float(x) for name, x in scores(np.array([4, 2, 1])).items()}
        {'precision': 0.5, 'recall': 0.25, 'f1': 0.3333333333333333}
    """
    gold, predicted, correct = np.moveaxis(counts.astype(np.float64), -1, 0)
    return {
        PRECISION: correct / np.maximum(predicted, 1),
        RECALL: correct / np.maximum(gold, 1),
        F1: 2 * correct / np.maximum(gold + predicted, 1),
    }


def intervals(
    counts_per_unit: np.ndarray,
    *,
    num_samples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """Finds percentile bootstrap intervals of precision, recall and F1.

    Units are drawn with replacement, as many as there are, and scored; the
    interval holds the middle `level` of the scores. A unit should be what was
    sampled for the test set: sentences of one document resemble each other, so
    with sentences as units the intervals are somewhat too narrow.

    Args:
        counts_per_unit: int[N, 3], gold, predicted and correct mentions of each
            sentence or document. Units without mentions count, too.
        num_samples: Test sets drawn.
        seed: Of the draws; the order of the units does not matter.
        level: Share of the drawn scores that the interval holds, in (0, 1).

    Returns:
        The low and the high end for "precision", "recall" and "f1". Where a drawn
        set has nothing to divide by, its score is 0, as conlleval has it; so with
        very few mentions an interval reaches to 0, and without any both ends are 0.

    Raises:
        ValueError: If the numbers are no counts, or an option is out of range.

    Example:
        >>> intervals(np.array([[1, 1, 1], [1, 1, 1]]))["f1"]
        (1.0, 1.0)

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 13.3
        (percentile intervals); Berg-Kirkpatrick et al. 2012,
        https://aclanthology.org/D12-1091, for its use on NLP test sets. Unlike
        there, units with equal numbers are drawn together, which is the same
        distribution and far less work.
    """
    counts = _check(np.asarray(counts_per_unit), num_samples, level)
    if not len(counts):
        counts = np.zeros([1, 3], np.int64)
    kinds, repeats = np.unique(counts, axis=0, return_counts=True)  # [K, 3], [K]
    draws = np.random.default_rng(seed).multinomial(
        len(counts), repeats / len(counts), size=num_samples
    )  # [S, K]
    tails = [(1 - level) / 2, (1 + level) / 2]
    ends = {
        name: np.quantile(values, tails)
        for name, values in scores(draws @ kinds).items()
    }
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}


def _check(counts: np.ndarray, num_samples: int, level: float) -> np.ndarray:
    """Returns the counts if all is as `intervals` needs it."""
    if counts.ndim != 2 or counts.shape[1] != 3 or counts.dtype.kind not in "iu":
        raise ValueError(
            "`counts_per_unit` must be whole numbers of shape [N, 3]. "
            f"Received: {counts.dtype} of shape {list(counts.shape)}."
        )
    possible = (counts >= 0).all(axis=1) & (counts[:, :2].min(axis=1) >= counts[:, 2])
    if not possible.all():
        unit = int(np.argmin(possible))
        raise ValueError(
            "Gold, predicted and correct mentions must be at least 0, and no more be "
            f"correct than gold or predicted. Received: {counts[unit].tolist()} in "
            f"unit {unit}."
        )
    if num_samples < 1 or not 0 < level < 1:
        raise ValueError(
            "`num_samples` must be at least 1 and `level` between 0 and 1. "
            f"Received: num_samples={num_samples}, level={level}."
        )
    return counts.astype(np.int64)
