# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.reports.curves."""

import math

from modeling.reports import curves


def titles(tree):
    return [caption.text for caption in tree.all("figcaption")]


def test_draws_what_there_is(parse):
    records = [
        {"step": 1, "loss": 5.0, "learning_rate": 0.0},
        {"step": 2, "loss": 4.0, "learning_rate": 1e-5},
        {"step": 2, "eval/entity_f1": 0.5, "eval/entity_f1/Gene": 0.4},
        {"step": 2, "eval/loss": 30.0, "eval/entity_gold": 7.0},
    ]
    tree = parse(curves.draw(records))
    assert titles(tree) == [
        "Loss",
        "Learning rate",
        "Scores in training, on the evaluation set",
    ]
    # Of the evaluations, what lies in [0, 1] and is of all types together.
    assert [x.text for x in tree.all("title")][2:] == ["entity_f1"]


def test_says_that_there_was_no_training(parse):
    assert "no record" in parse(curves.draw([])).text


def test_many_records_are_thinned_to_their_means(parse):
    points = [(i, float(i)) for i in range(1, 1001)]
    thinned, stride = curves.thin(points)
    assert stride == 4
    assert thinned[:2] == [(4, 2.5), (8, 6.5)]
    assert thinned[-1] == (1000, 998.5)
    records = [{"step": x, "loss": y} for x, y in points]
    assert titles(parse(curves.draw(records))) == ["Loss (means of 4 records)"]


def test_few_records_stay_as_they_are():
    points = [(1, 2.0), (2, 3.0)]
    assert curves.thin(points) == (points, 1)


def test_a_loss_that_is_not_finite_shows_as_a_gap():
    points = [(i, math.inf if i == 5 else 1.0) for i in range(600)]
    thinned, _ = curves.thin(points)
    assert [x for x, y in thinned if math.isnan(y)] == [5]
