# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.reports.mentions."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from biocodes import conlleval
from modeling.reports import mentions

# IOB1, IOB2, IOBES, BILOU, labels without a type, and those of pieces.
TYPED = [f"{tag}-{kind}" for tag in "BIESLU" for kind in ("Gene", "Cell-line")]
UNTYPED = ["B", "I", "E", "S", "X", "[PAD]", "[CLS]", "O-MISC"]
LABELS = st.sampled_from(["O", "O", *TYPED, *UNTYPED])
BARE = st.sampled_from(["O", "Gene", "Cell"])


def sentences_of(labels):
    return st.lists(st.lists(st.tuples(labels, labels), max_size=9), max_size=5)


def columns(pairs_of_sentences):
    """Words, gold and predicted labels of sentences of pairs of labels."""
    words = [[f"w{i}" for i, _ in enumerate(pairs)] for pairs in pairs_of_sentences]
    gold = [[left for left, _ in pairs] for pairs in pairs_of_sentences]
    return words, gold, [[right for _, right in pairs] for pairs in pairs_of_sentences]


def compare(gold, predicted):
    """Kind, gold and predicted bounds of each outcome; labels by their letters."""

    def bounds(mention):
        return mention and (mention.start, mention.end)

    def labels(text):
        return ["O" if c == "." else f"{'BI'[c.islower()]}-{c.upper()}" for c in text]

    (sentence,) = mentions.compare_sentences(
        [["w"] * len(gold)], [labels(gold)], [labels(predicted)]
    )
    return [(x.kind, bounds(x.gold), bounds(x.predicted)) for x in sentence.outcomes]


@hypothesis.given(sentences_of(LABELS) | sentences_of(BARE))
def test_counts_what_conlleval_counts(pairs_of_sentences):
    words, gold, predicted = columns(pairs_of_sentences)
    compared = mentions.compare_sentences(words, gold, predicted)
    found = mentions.count(compared, lambda _, mention: mention.type)
    expected = conlleval.score_labels(gold, predicted)
    assert {kind: counts.sum(axis=0).tolist() for kind, counts in found.items()} == {
        kind: [x.num_gold, x.num_predicted, x.num_correct]
        for kind, x in expected.types.items()
    }


@hypothesis.given(sentences_of(LABELS))
def test_each_mention_is_in_one_outcome(pairs_of_sentences):
    words, gold, predicted = columns(pairs_of_sentences)
    compared = mentions.compare_sentences(words, gold, predicted)
    for sentence, left, right in zip(compared, gold, predicted, strict=True):
        outcomes = sentence.outcomes
        assert [x.gold for x in outcomes if x.gold] == mentions.find_mentions(left)
        found = sorted(x.predicted for x in outcomes if x.predicted)
        assert found == mentions.find_mentions(right)


@hypothesis.given(sentences_of(LABELS), st.randoms(use_true_random=False))
def test_outcomes_do_not_depend_on_the_order_of_mentions(pairs_of_sentences, random):
    _, gold, predicted = columns(pairs_of_sentences)
    for labels in zip(gold, predicted, strict=True):
        left, right = map(mentions.find_mentions, labels)
        expected = mentions.compare(left, right)
        random.shuffle(left)
        random.shuffle(right)
        assert mentions.compare(left, right) == expected


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ("Aaa.", "Aaa.", [("right", (0, 3), (0, 3))]),
        ("Aaa.", "Bbb.", [("wrong type", (0, 3), (0, 3))]),
        ("Aaa.", ".Aaa", [("wrong boundary", (0, 3), (1, 4))]),
        ("Aa..", "..Aa", [("missed", (0, 2), None), ("spurious", None, (2, 4))]),
        # Other words and another type: two errors.
        ("Aaa.", ".Bbb", [("missed", (0, 3), None), ("spurious", None, (1, 4))]),
        # Of two that overlap it, the one with more words in common.
        (
            "Aaaaa",
            "AaAaa",
            [("wrong boundary", (0, 5), (2, 5)), ("spurious", None, (0, 2))],
        ),
        # As many words in common: the first.
        (
            "AaAa.",
            ".Aa..",
            [("wrong boundary", (0, 2), (1, 3)), ("missed", (2, 4), None)],
        ),
        # Neither steals a mention that is right.
        (
            "Aa.A.",
            "A..A.",
            [("wrong boundary", (0, 2), (0, 1)), ("right", (3, 4), (3, 4))],
        ),
    ],
)
def test_outcomes_by_hand(gold, predicted, expected):
    assert sorted(compare(gold, predicted), key=str) == sorted(expected, key=str)


def test_outcomes_are_in_order_of_the_text():
    outcomes = compare("..Aa..A", "A....A.")
    assert [kind for kind, _, _ in outcomes] == [
        "spurious",
        "missed",
        "spurious",
        "missed",
    ]


def test_counts_by_sentence_and_group():
    compared = mentions.compare_sentences(
        [["Breast", "cancer"], ["none"], ["flu", "virus"]],
        [["B", "I"], ["O"], ["B", "O"]],
        [["B", "I"], ["O"], ["B", "I"]],
    )
    found = mentions.count(compared, lambda s, mention: str(len(s.form(mention))))
    assert list(found) == ["1", "2"]
    np.testing.assert_array_equal(found["1"], [[0, 0, 0], [0, 0, 0], [1, 0, 0]])
    np.testing.assert_array_equal(found["2"], [[1, 1, 1], [0, 0, 0], [0, 1, 0]])


def test_forms_keep_case_and_borders():
    words = [["Flu", "flu", "A", "B"], ["Flu"]]
    labels = [["B-Dis", "B-Dis", "I-Dis", "O"], ["B-Sym"]]
    assert mentions.forms(words, labels) == {("Flu",), ("flu", "A")}


def test_refuses_labels_of_other_sentences():
    with pytest.raises(ValueError, match=r"Received: \[2, 1, 2\] sentences"):
        mentions.compare_sentences([["a"], ["b"]], [["O"]], [["O"], ["O"]])
    with pytest.raises(ValueError, match=r"Sentence 2 .* 1 words, 1 gold, 2 predicted"):
        mentions.compare_sentences([["a"], ["b"]], [["O"], ["O"]], [["O"], ["O", "O"]])
