# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.reports.scores."""

import math

import numpy as np

from modeling.reports import bootstrap, scores

COUNTS = np.array([[3, 2, 2], [1, 2, 0], [0, 0, 0]])


def test_scores_the_sums_and_not_the_means():
    score = scores.Score.of(COUNTS)
    assert (score.num_gold, score.num_predicted, score.num_correct) == (4, 4, 2)
    assert score.values == {"precision": 0.5, "recall": 0.5, "f1": 0.5}
    assert score.intervals == bootstrap.intervals(COUNTS)


def test_what_cannot_be_divided_is_a_dash(parse):
    score = scores.Score.of(np.array([[0, 2, 0]]))
    assert math.isnan(score.values["recall"])
    assert score.values["precision"] == 0
    tree = parse(scores.table("Type", {"Gene": score}))
    assert tree.rows()[1][:4] == ["Gene", "0.00 0.0–0.0", "– ", "0.00 0.0–0.0"]
    assert tree.rows()[1][4:] == ["0", "2", "0"]


def test_table_has_a_row_per_group_and_a_total(parse):
    score = scores.Score.of(COUNTS)
    tree = parse(scores.table("Type", {"b": score, "a": score}, total=score))
    assert [row[0] for row in tree.rows()] == ["Type", "b", "a", "All"]


def test_chart_leaves_out_groups_without_a_score(parse):
    groups = {"x": scores.Score.of(COUNTS), "y": scores.Score.of(0 * COUNTS)}
    tree = parse(scores.chart("F1", groups))
    assert [text.text for text in tree.all("text")] == ["x", "50.00"]


def test_headline_gives_percent_with_intervals(parse):
    tree = parse(scores.headline(scores.Score.of(np.array([[3, 2, 2]]))))
    assert [x.text for x in tree.all("strong")] == ["100.00", "66.67", "80.00"]
    assert [x.text for x in tree.all("small")][1] == "95%: 66.7–66.7"
