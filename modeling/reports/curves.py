# SPDX-License-Identifier: Apache-2.0
"""Curves of a training run, from the records of its metrics.jsonl."""

import math
from collections.abc import Mapping, Sequence

from modeling.reports import charts, html

Record = Mapping[str, float]

# What the names of an evaluation's scores begin with in a record.
_SCORE = "eval/"
_MAX_POINTS = 300
# Name in a record, title, label of the axis, whether that is logarithmic.
_PANELS = (
    ("loss", "Loss", "loss of a batch", True),
    ("learning_rate", "Learning rate", "learning rate", False),
    ("gradient_norm", "Norm of the gradient, before clipping", "norm", True),
)


def draw(records: Sequence[Record]) -> html.Html:
    """Draws loss, learning rate, norm of the gradient, and scores over the steps.

    Args:
        records: Numbers by name, "step" among them, in order of steps. Scores are
            named "eval/<name>".

    Returns:
        A chart for each kind of number that a record has; a sentence instead of
        them if there is none.
    """
    figures = []
    for name, title, label, log in _PANELS:
        points = [(r["step"], r[name]) for r in records if name in r]
        thinned, stride = thin(points)
        if points:
            means = f" (means of {stride} records)" if stride > 1 else ""
            figures.append(
                charts.line_chart(
                    title + means,
                    {label: thinned},
                    x_label="training step",
                    y_label=label,
                    log=log,
                )
            )
    scores = _shares(records)
    if scores:
        figures.append(
            charts.line_chart(
                "Scores in training, on the evaluation set",
                scores,
                x_label="training step",
                y_label="score",
                bounds=(0.0, 1.0),
            )
        )
    if not figures:
        return html.paragraph("This run has no record of a training.")
    return html.element("div", *figures, attributes={"class": "figures"})


def thin(points: Sequence[charts.Point]) -> tuple[list[charts.Point], int]:
    """Replaces neighbours by their mean until few enough points are left to draw.

    Args:
        points: Points from left to right.

    Returns:
        The points, at the last x of those that each stands for, and how many that
        is. Values that are not finite make the point that holds them NaN, so that
        they show as a gap.
    """
    stride = -(-len(points) // _MAX_POINTS) or 1
    thinned = []
    for start in range(0, len(points), stride):
        part = points[start : start + stride]
        mean = math.fsum(y for _, y in part if math.isfinite(y)) / len(part)
        is_whole = all(math.isfinite(y) for _, y in part)
        thinned.append((part[-1][0], mean if is_whole else math.nan))
    return thinned, stride


def _shares(records: Sequence[Record]) -> dict[str, list[charts.Point]]:
    """Returns the curves of scores in [0, 1], by name.

    Counts and losses would need another axis, and one type's scores
    ("entity_f1/Disease") another chart: they are left out.
    """
    curves: dict[str, list[charts.Point]] = {}
    for record in records:
        for name, value in record.items():
            short = name.removeprefix(_SCORE)
            if short != name and "/" not in short:
                curves.setdefault(short, []).append((record["step"], value))
    return {
        name: points
        for name, points in sorted(curves.items())
        if all(0 <= value <= 1 for _, value in points)
    }
