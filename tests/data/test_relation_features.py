# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.relation_features; the original's are in goldens/."""

import numpy as np
import pytest

from modeling.data import relation, relation_features
from modeling.text import tokenization

PIECES = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *"abc@$",
    "GENE",
    "##d",
    *"</>",
    "e1",
    "e2",
    "BC6ENTC",
    "BC6ENTG",
    "BC6OTHER",
]


@pytest.fixture(scope="module")
def featurize():
    tokenizer = tokenization.BertTokenizer(PIECES, do_lower_case=False)

    def call(*texts, max_seq_length=9, labels=None, **options):
        labels = labels or ["y"] * len(texts)
        rows = [
            relation.Row(i, *(text if isinstance(text, tuple) else (text, None)), label)
            for i, (text, label) in enumerate(zip(texts, labels, strict=True), 1)
        ]
        return relation_features.featurize_all(
            rows,
            tokenizer,
            label_ids={"x": 0, "y": 1},
            max_seq_length=max_seq_length,
            **options,
        )

    return call


def test_worked_by_hand(featurize):
    arrays = featurize("ad c", ("a b", "c"), ("a", "\u0007"), "").arrays
    assert arrays["input_ids"].tolist() == [
        [2, 5, 11, 7, 3, 0, 0, 0, 0],
        [2, 5, 6, 3, 7, 3, 0, 0, 0],
        [2, 5, 3, 0, 0, 0, 0, 0, 0],
        [2, 3, 0, 0, 0, 0, 0, 0, 0],
    ]
    assert arrays["segment_ids"].sum(axis=1).tolist() == [0, 2, 0, 0]
    assert arrays["input_mask"].tolist() == (arrays["input_ids"] > 0).tolist()
    assert arrays["is_real_example"].tolist() == [[1]] * 4
    assert {values.dtype for values in arrays.values()} == {np.dtype(np.int32)}


def test_labels_are_ids(featurize):
    arrays = featurize("a", "b", "c", labels=["y", "x", "y"]).arrays
    assert arrays["label_ids"].tolist() == [[1], [0], [1]]


def test_no_rows_give_empty_arrays(featurize):
    arrays = featurize().arrays
    assert arrays["input_ids"].shape == (0, 9)
    assert arrays["label_ids"].shape == (0, 1)


def test_long_rows_are_cut_and_counted(featurize, caplog):
    texts = ["a " * 10_000, "a b c b a @GENE$", "@GENE$ " + "b " * 9, "a b c a b c a"]
    data = featurize(*texts, ("a " * 9, "@GENE$"), ("@GENE$ a", "a " * 9 + "@GENE$"))
    assert data.arrays["input_mask"].sum(axis=1).tolist() == [9] * 6
    # The first and the fourth have none, the fourth is whole, and the third and
    # the fifth keep theirs, as the sixth does the one of its first sentence.
    assert (data.num_cut_rows, data.num_cut_mentions) == (5, 2)
    relation_features.log_cuts(data, "f.tsv", 9)
    assert "f.tsv: 5 of 6 rows were cut at 9 WordPieces, and with them 2" in caplog.text


def pieces_of(data):
    return [
        " ".join(PIECES[i] for i in row if i)
        .removeprefix("[CLS] ")
        .removesuffix(" [SEP]")
        for row in data.arrays["input_ids"]
    ]


GENE = "@ GENE $"


@pytest.mark.parametrize(
    ("text", "kept", "num_lost"),
    [
        # Short enough; nothing to keep; all in front: as without the option.
        ("a @GENE$ b", f"a {GENE} b", 0),
        ("a " * 4 + "b " * 9, "a a a a b b b b", 0),
        ("a b @GENE$ " + "c " * 9, f"a b {GENE} c c c", 0),
        # In the middle, at the end, and two that fit.
        ("a " * 9 + "@GENE$ " + "c " * 9, f"a a {GENE} c c c", 0),
        ("a " * 9 + "@GENE$ b", f"a a a a {GENE} b", 0),
        ("a " * 9 + "@GENE$ b @GENE$ " + "c " * 9, f"{GENE} b {GENE} c", 0),
        # Too far from each other, and one between.
        ("a @GENE$ b " + "c " * 9 + "@GENE$ a", f"{GENE} b c {GENE}", 0),
        ("@GENE$ b c b @GENE$ c c @GENE$", f"{GENE} c c {GENE}", 1),
        # The pair is of two kinds, and others may be lost.
        ("@c1$ b @c1$ " + "c " * 9 + "@GENE$ a", f"@ [UNK] $ c c {GENE}", 1),
        # It is the only two that are shown as no other is.
        ("@a$ " + "c " * 9 + "@b$ c @b$ @GENE$ a", f"@ a $ c $ {GENE}", 2),
    ],
)
def test_the_part_around_mentions_may_be_kept(featurize, text, kept, num_lost):
    options = {"long_sentences": "mentions", "max_seq_length": 10}
    data = featurize(text, **options)
    assert pieces_of(data) == [kept]
    assert data.num_cut_mentions == num_lost
    # Pairs are cut as ever.
    pair = featurize(("a", text), **options).arrays["input_ids"]
    cut = featurize(("a", text), max_seq_length=10).arrays["input_ids"]
    np.testing.assert_array_equal(pair, cut)


@pytest.mark.parametrize(
    ("text", "kept", "num_lost"),
    [
        ("a " * 9 + "<e1>b</e1> " + "c " * 9, "a < e1 > b < / e1 > c c", 0),
        ("<e1>b</e1> c <e2>a</e2>", "< e1 > b < / a < / e2 >", 2),
        # What is neither of the two; as the released ChemProt shows them.
        (
            f"@OTHER$ {'c ' * 12} @GENE$ @c1$ @OTHER$",
            f"c c {GENE} @ [UNK] $ @ [UNK] $",
            0,
        ),
        ("a " * 20 + "BC6ENTC b BC6ENTG", "a a a a a a a a BC6ENTC b BC6ENTG", 0),
        ("BC6OTHER a " + "c " * 20 + "BC6ENTC", "c c c c c c c c c c BC6ENTC", 0),
    ],
)
def test_marked_mentions_are_kept_and_counted(featurize, text, kept, num_lost):
    data = featurize(text, long_sentences="mentions", max_seq_length=13)
    assert pieces_of(data) == [kept]
    assert data.num_cut_mentions == num_lost


def test_other_mentions_may_be_lost_whatever_stands_for_them(featurize):
    options = {"long_sentences": "mentions", "max_seq_length": 10}
    text = f"@a$ {'c ' * 20} @b$ @GENE$ c"
    data = featurize(text, **options)
    assert (pieces_of(data), data.num_cut_mentions) == ([f"c @ b $ {GENE} c"], 1)
    data = featurize(text, other_blind="@b$", **options)
    assert (pieces_of(data), data.num_cut_mentions) == ([f"@ a $ c $ {GENE}"], 0)
    # Those at the end are not counted as lost, either.
    text = f"@a$ @GENE$ {'c ' * 20} @b$"
    for blind, num_lost in (("", 1), ("@b$", 0)):
        data = featurize(text, max_seq_length=10, other_blind=blind)
        assert (data.num_cut_rows, data.num_cut_mentions) == (1, num_lost)
