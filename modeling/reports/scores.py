# SPDX-License-Identifier: Apache-2.0
"""Precision, recall and F1 with intervals, as tables, charts and a headline.

Knows numbers of gold, predicted and correct items of each unit, and not what is
counted: mentions, relations and answers look alike here.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np

from modeling.reports import bootstrap, charts, html

NAMES = {
    bootstrap.PRECISION: "Precision",
    bootstrap.RECALL: "Recall",
    bootstrap.F1: "F1",
}


@dataclasses.dataclass(frozen=True)
class Score:
    """What a group's counts make.

    Attributes:
        num_gold: Items in the gold data.
        num_predicted: Items that were predicted.
        num_correct: Items in both.
        values: "precision", "recall" and "f1" in [0, 1]; NaN without anything to
            divide by.
        intervals: Ends of each one's 95% interval.
    """

    num_gold: int
    num_predicted: int
    num_correct: int
    values: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, counts: np.ndarray) -> Self:
        """Scores one group.

        Args:
            counts: int[N, 3], gold, predicted and correct items of each unit.
        """
        totals = counts.sum(axis=0)
        gold, predicted, correct = map(int, totals)
        divisors = {
            bootstrap.PRECISION: predicted,
            bootstrap.RECALL: gold,
            bootstrap.F1: gold + predicted,
        }
        values = {
            name: float(value) if divisors[name] else math.nan
            for name, value in bootstrap.scores(totals).items()
        }
        return cls(gold, predicted, correct, values, bootstrap.intervals(counts))


def headline(score: Score) -> html.Html:
    """Returns the three scores in large figures."""
    cards = [
        html.element(
            "div",
            html.element("span", NAMES[name]),
            html.element("strong", percent(score.values[name])),
            html.element("small", "95%: " + _interval(score, name)),
        )
        for name in NAMES
    ]
    return html.element("div", *cards, attributes={"class": "cards"})


def table(
    group: str, scores: Mapping[str, Score], *, total: Score | None = None
) -> html.Html:
    """Returns a row of numbers for each group.

    Args:
        group: What a group is, for the head of the first column.
        scores: Scores by the name of the group.
        total: Scores of all groups together, for a last row.
    """
    return html.table(
        [group, *NAMES.values(), "Gold", "Predicted", "Right"],
        [[html.element("bdi", name), *_cells(s)] for name, s in scores.items()],
        total=["All", *_cells(total)] if total else (),
    )


def chart(title: str, scores: Mapping[str, Score]) -> html.Html:
    """Draws the F1 of each group that has one, with its interval."""
    bars = [
        charts.Bar(
            name,
            score.values[bootstrap.F1],
            percent(score.values[bootstrap.F1]),
            score.intervals[bootstrap.F1],
        )
        for name, score in scores.items()
        if not math.isnan(score.values[bootstrap.F1])
    ]
    return charts.bar_chart(title, bars, maximum=1.0)


def percent(share: float) -> str:
    """Returns a share in percent, or a dash for NaN.

    Example:
        >>> percent(0.87654), percent(float("nan"))
        ('87.65', '–')
    """
    return "–" if math.isnan(share) else f"{100 * share:.2f}"


def _cells(score: Score) -> Sequence[html.Cell]:
    counts = (score.num_gold, score.num_predicted, score.num_correct)
    shares = []
    for name, value in score.values.items():
        interval = html.element("small", _interval(score, name))
        shares.append(html.Cell(html.join([percent(value), " ", interval]), value))
    return [*shares, *map(html.number, counts)]


def _interval(score: Score, name: str) -> str:
    if math.isnan(score.values[name]):
        return ""
    low, high = score.intervals[name]
    return f"{100 * low:.1f}–{100 * high:.1f}"
