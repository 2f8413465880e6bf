# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.ner_windows."""

import hypothesis
import pytest
from hypothesis import strategies as st

from modeling.data import ner, ner_windows
from modeling.text import tokenization

# A word of n letters "a" has n pieces; "b" is no piece, so [UNK]; a word of
# control characters has none.
TOKENIZER = tokenization.BertTokenizer(["[PAD]", "[CLS]", "[SEP]", "[UNK]", "a", "##a"])
WORDS = st.lists(
    st.one_of(st.integers(1, 9).map("a".__mul__), st.sampled_from(["b", "\x01"])),
    min_size=1,
    max_size=40,
)


def sentence(words):
    return ner.Sentence(tuple(words), tuple(["O"] * len(words)), 5)


def pieces(words):
    return sum(len(TOKENIZER.tokenize(word)) for word in words)


@hypothesis.given(st.lists(WORDS, min_size=1, max_size=4), st.integers(3, 20))
def test_every_word_comes_back_once_in_order(texts, max_seq_length):
    sentences = [sentence(words) for words in texts]
    windows = ner_windows.split(sentences, TOKENIZER, max_seq_length=max_seq_length)
    rows = [
        [(w.index, w.start + i) for i in range(len(w.sentence.words))] for w in windows
    ]
    assert ner_windows.merge(windows, rows) == [
        [(n, i) for i in range(len(words))] for n, words in enumerate(texts)
    ]


@hypothesis.given(WORDS, st.integers(3, 20))
def test_windows_fit_unless_they_are_one_word(words, max_seq_length):
    for window in ner_windows.split(
        [sentence(words)], TOKENIZER, max_seq_length=max_seq_length
    ):
        part = window.sentence
        assert part.words == tuple(words[window.start :][: len(part.words)])
        assert part.line == 5 + window.start
        assert len(part.words) == 1 or pieces(part.words) <= max_seq_length - 2


@hypothesis.given(WORDS, st.integers(3, 20))
def test_a_sentence_that_fits_is_one_window(words, max_seq_length):
    windows = ner_windows.split(
        [sentence(words)], TOKENIZER, max_seq_length=max_seq_length
    )
    if pieces(words) <= max_seq_length - 2:
        assert [window.sentence for window in windows] == [sentence(words)]
    else:
        assert len(windows) > 1 or len(words) == 1


def test_a_word_is_taken_from_where_its_context_is_largest():
    words = ["a"] * 10
    windows = ner_windows.split([sentence(words)], TOKENIZER, max_seq_length=8)
    spans = [(w.start, w.start + len(w.sentence.words)) for w in windows]
    assert spans == [(0, 6), (3, 9), (6, 10)]
    rows = [
        [name] * (end - start) for name, (start, end) in zip("xyz", spans, strict=True)
    ]
    # Words 4 and 7 have one word on their poorer side in both windows.
    assert "".join(ner_windows.merge(windows, rows)[0]) == "xxxxxyyyzz"


@pytest.mark.parametrize("num_words", [1, 20_000])
def test_takes_linear_time(num_words):
    windows = ner_windows.split(
        [sentence(["a"] * num_words)], TOKENIZER, max_seq_length=12
    )
    assert len(windows) == max(1, num_words // 5 - 1)
