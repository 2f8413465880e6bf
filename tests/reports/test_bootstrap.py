# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.reports.bootstrap."""

import itertools

import numpy as np
import pytest

from modeling.reports import bootstrap


def random_counts(rng, size):
    """Sentences with a few gold and predicted mentions, most of them right."""
    gold = rng.poisson(1.5, size)
    correct = rng.binomial(gold, 0.7)
    return np.stack([gold, correct + rng.poisson(0.4, size), correct], axis=1)


def f1(counts):
    gold, predicted, correct = (sum(column) for column in zip(*counts, strict=True))
    return 2 * correct / (gold + predicted) if gold + predicted else 0.0


def test_equals_a_loop_over_drawn_sentences(rng):
    counts = random_counts(rng, 70)
    drawn = [f1(counts[rng.integers(0, 70, 70)].tolist()) for _ in range(4000)]
    found = bootstrap.intervals(counts, num_samples=4000)["f1"]
    np.testing.assert_allclose(found, np.quantile(drawn, [0.025, 0.975]), atol=0.008)


def test_equals_all_draws_of_three_sentences():
    counts = [[2, 1, 1], [0, 1, 0], [1, 1, 1]]
    every = sorted(f1(draw) for draw in itertools.product(counts, repeat=3))
    # Between jumps of the 27 values, so that chance cannot decide.
    found = bootstrap.intervals(np.array(counts), num_samples=20000, level=2 / 3)
    assert found["f1"] == pytest.approx((every[4], every[22]))


def test_covers_the_true_recall_about_as_often_as_it_says(rng):
    hits = 0
    for _ in range(300):
        gold = rng.poisson(1.5, 80)
        correct = rng.binomial(gold, 0.8)
        counts = np.stack([gold, correct, correct], axis=1)
        low, high = bootstrap.intervals(counts, num_samples=300)["recall"]
        hits += low <= 0.8 <= high
    assert 0.90 <= hits / 300 <= 0.985


def test_is_narrower_with_more_sentences_and_a_lower_level(rng):
    def width(counts, level=0.95):
        low, high = bootstrap.intervals(counts, level=level)["precision"]
        return high - low

    counts = random_counts(rng, 100)
    assert width(np.tile(counts, [4, 1])) == pytest.approx(width(counts) / 2, rel=0.15)
    assert width(counts, level=0.5) < width(counts) / 2


def test_depends_on_the_seed_alone_and_not_on_the_order(rng):
    counts = random_counts(rng, 50)
    shuffled = rng.permutation(counts)
    assert bootstrap.intervals(counts) == bootstrap.intervals(shuffled)
    assert bootstrap.intervals(counts) != bootstrap.intervals(counts, seed=1)


@pytest.mark.parametrize("size", [0, 3])
def test_without_mentions_both_ends_are_zero(size):
    found = bootstrap.intervals(np.zeros([size, 3], np.int64))
    assert found == dict.fromkeys(["precision", "recall", "f1"], (0.0, 0.0))


def test_one_mention_tells_nothing():
    # A third of the drawn test sets lacks the one sentence that has a mention.
    found = bootstrap.intervals(np.array([[0, 0, 0], [1, 1, 1]]))
    assert found["f1"] == (0.0, 1.0)


def test_scores_are_those_of_conlleval_for_groups_at_once():
    counts = np.array([[4, 2, 1], [0, 0, 0], [0, 3, 0]])
    found = bootstrap.scores(counts)
    np.testing.assert_allclose(found["precision"], [1 / 2, 0, 0])
    np.testing.assert_allclose(found["recall"], [1 / 4, 0, 0])
    np.testing.assert_allclose(found["f1"], [1 / 3, 0, 0])


@pytest.mark.parametrize(
    ("counts", "options", "received"),
    [
        (np.zeros([2, 4], np.int64), {}, r"int64 of shape \[2, 4\]"),
        (np.zeros([2, 3]), {}, "float64"),
        (np.array([[1, 1, 1], [2, 1, 2]]), {}, r"\[2, 1, 2\] in unit 1"),
        (np.array([[-1, 1, -1]]), {}, "in unit 0"),
        (np.zeros([2, 3], np.int64), {"num_samples": 0}, "num_samples=0"),
        (np.zeros([2, 3], np.int64), {"level": 1.0}, "level=1.0"),
    ],
)
def test_refuses_what_are_no_counts(counts, options, received):
    with pytest.raises(ValueError, match=f"Received: .*{received}"):
        bootstrap.intervals(counts, **options)
