# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.tasks.ner_scores, worked by hand."""

import numpy as np
import pytest

from modeling.data import ner
from modeling.tasks import ner_scores

PAD, B, I, O, X, CLS, SEP = range(7)  # noqa: E741

GOLD = np.array(
    [[CLS, B, I, O, B, X, SEP, PAD], [CLS, B, O, I, SEP, PAD, PAD, PAD]], np.int32
)


def score(predictions, gold=GOLD, labels=ner.LEGACY_LABELS):
    return ner_scores.legacy_scores(gold, np.array(predictions, np.int32), labels)


def test_all_right():
    assert score(GOLD) == {"eval_f": 1.0, "eval_precision": 1.0, "eval_recall": 1.0}


def test_worked_by_hand():
    scores = score([[CLS, B, B, O, B, X, SEP, PAD], [CLS, I, O, I, SEP, PAD, PAD, B]])
    # B: 3 gold, 4 predicted (one on padding), 2 right: 2/4, 2/3, F 4/7.
    # I: 2 gold, 2 predicted, 1 right: 1/2 each.
    assert scores["eval_precision"] == pytest.approx((2 / 4 + 1 / 2) / 2)
    assert scores["eval_recall"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert scores["eval_f"] == pytest.approx((4 / 7 + 1 / 2) / 2)


def test_f_is_the_mean_of_fs_and_not_of_the_means():
    scores = score([[CLS, B, O, O, O, X, SEP, PAD], [CLS, O, I, I, SEP, I, PAD, PAD]])
    # B: 1 of 1 predicted, 1 of 3 gold: F 1/2. I: 1 of 3, 1 of 2: F 2/5.
    precision, recall = (1 + 1 / 3) / 2, (1 / 3 + 1 / 2) / 2
    assert scores["eval_precision"] == pytest.approx(precision)
    assert scores["eval_recall"] == pytest.approx(recall)
    assert scores["eval_f"] == pytest.approx((1 / 2 + 2 / 5) / 2)
    of_means = 2 * precision * recall / (precision + recall)
    assert scores["eval_f"] != pytest.approx(of_means)


@pytest.mark.parametrize("wrong", [O, X, CLS, SEP, PAD])
def test_labels_without_a_prediction_count_zero(wrong):
    assert score(np.full_like(GOLD, wrong)) == {
        "eval_f": 0.0,
        "eval_precision": 0.0,
        "eval_recall": 0.0,
    }


def test_labels_outside_of_mentions_do_not_count():
    """Neither O, X and the special ones as such, nor padding among them."""
    shuffled = GOLD.copy()
    for label, other in ((O, X), (X, O), (CLS, SEP), (SEP, PAD), (PAD, CLS)):
        shuffled[other == GOLD] = label
    assert score(shuffled) == score(GOLD)


def test_prediction_on_padding_costs_precision_alone():
    predictions = GOLD.copy()
    predictions[1, 5:] = B  # 3 more, beside 3 right ones.
    scores = score(predictions)
    assert scores["eval_precision"] == pytest.approx((3 / 6 + 1) / 2)
    assert scores["eval_recall"] == 1.0


def test_types_are_classes_of_their_own():
    labels = ("[PAD]", "B-A", "B-C", "I-A", "O", "X", "[CLS]", "[SEP]")
    gold = np.array([[6, 1, 3, 2, 4, 7]], np.int32)
    scores = score([[6, 1, 4, 1, 4, 7]], gold, labels)
    # B-A: 1 of 2 predicted, 1 of 1 gold: F 2/3. B-C and I-A: never found.
    assert scores == pytest.approx(
        {
            "eval_f": (2 / 3) / 3,
            "eval_precision": (1 / 2) / 3,
            "eval_recall": 1 / 3,
        }
    )


def test_equals_counting_one_by_one(rng):
    gold, predicted = rng.integers(7, size=[2, 30, 11])
    precisions, recalls, fs = [], [], []
    for label in (B, I):
        right = sum(
            g == p == label for g, p in zip(gold.flat, predicted.flat, strict=True)
        )
        precisions.append(right / list(predicted.flat).count(label))
        recalls.append(right / list(gold.flat).count(label))
        fs.append(2 * right / ((predicted == label).sum() + (gold == label).sum()))
    assert score(predicted, gold) == pytest.approx(
        {
            "eval_f": np.mean(fs),
            "eval_precision": np.mean(precisions),
            "eval_recall": np.mean(recalls),
        }
    )
