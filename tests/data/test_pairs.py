# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.pairs."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from modeling.data import pairs
from modeling.text import tokenization

WORDS = st.lists(st.sampled_from(["a", "b", "##c"]), max_size=9)


def slow_cut(first, second, max_seq_length):
    """The original's rule, one piece at a time; no second text needs no place."""
    first, second = list(first), list(second)
    room = max_seq_length - (3 if second else 2)
    while len(first) + len(second) > room:
        (first if len(first) > len(second) else second).pop()
    return first, second


@hypothesis.given(WORDS, WORDS, st.integers(3, 22))
def test_pairs_are_cut_as_by_the_slow_rule(first, second, max_seq_length):
    joined = pairs.join(first, second, max_seq_length=max_seq_length)
    left, right = slow_cut(first, second, max_seq_length)
    last = ("[SEP]",) if right else ()
    assert joined.pieces == ("[CLS]", *left, "[SEP]", *right, *last)
    zeros, ones = len(left) + 2, len(right) + len(last)
    assert joined.segment_ids == (0,) * zeros + (1,) * ones


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (3, ("[CLS]", "a", "[SEP]")),
        (4, ("[CLS]", "a", "b", "[SEP]")),
        (9, ("[CLS]", "a", "b", "##c", "[SEP]")),
    ],
)
def test_one_text_is_cut_at_its_end(length, expected):
    joined = pairs.join(["a", "b", "##c"], None, max_seq_length=length)
    assert joined.pieces == expected
    assert set(joined.segment_ids) == {0}


def test_pads_to_the_longest_row():
    tokenizer = tokenization.BertTokenizer(["[PAD]", "[CLS]", "[SEP]", "a", "b"])
    rows = [
        pairs.join(["a"], ["b", "a"], max_seq_length=8),
        pairs.join(["b"], None, max_seq_length=8),
    ]
    arrays = pairs.pad(rows, tokenizer)
    np.testing.assert_array_equal(
        arrays["input_ids"], [[1, 3, 2, 4, 3, 2], [1, 4, 2, 0, 0, 0]]
    )
    np.testing.assert_array_equal(
        arrays["input_mask"], [[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]]
    )
    np.testing.assert_array_equal(
        arrays["segment_ids"], [[0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0]]
    )
