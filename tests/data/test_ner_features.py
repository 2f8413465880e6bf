# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.ner_features; the golden files are in goldens/."""

import hypothesis
import numpy as np
import pytest
from absl import logging
from hypothesis import strategies as st

from modeling import errors
from modeling.data import ner, ner_features
from modeling.text import tokenization

PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "##a", "##b", ",")
LABELS = ner.LEGACY_LABELS
# The soft hyphen is a format character: such words have no pieces.
EMPTY = "\u00ad"


@pytest.fixture
def warnings(monkeypatch):
    """Collects what is logged as a warning."""
    messages = []
    monkeypatch.setattr(
        logging, "warning", lambda text, *args: messages.append(text % args)
    )
    return messages


@pytest.fixture(scope="module")
def tokenizer():
    """A tokenizer of words of the letters a and b."""
    return tokenization.BertTokenizer(PIECES, do_lower_case=False)


def sentence_of(*rows):
    """Makes a sentence of strings "word label"; an empty word is `EMPTY`."""
    columns = [row.rpartition(" ") for row in rows]
    return ner.Sentence(
        words=tuple(word or EMPTY for word, _, _ in columns),
        labels=tuple(label for _, _, label in columns),
    )


def label_ids(labels):
    """Ids of labels, given with spaces between."""
    return [LABELS.index(label) for label in labels.split()]


def test_first_pieces_carry_the_labels(tokenizer):
    features = ner_features.featurize(
        sentence_of("ab,b B", "a I", "bab O"),
        tokenizer,
        labels=LABELS,
        max_seq_length=11,
    )
    assert " ".join(features.pieces) == "[CLS] a ##b , b a b ##a ##b [SEP]"
    expected = {
        "input_ids": [2, 4, 7, 8, 5, 4, 5, 6, 7, 3, 0],
        "input_mask": [1] * 10 + [0],
        "segment_ids": [0] * 11,
        "label_ids": label_ids("[CLS] B X X X I O X X [SEP] [PAD]"),
    }
    assert {key: a.tolist() for key, a in features.arrays.items()} == expected
    assert {a.dtype for a in features.arrays.values()} == {np.dtype(np.int32)}
    assert features.word_starts.tolist() == [1, 5, 6]


def test_words_without_pieces_keep_their_place(tokenizer):
    dataset = ner_features.featurize_all(
        [sentence_of("a B", " I", "b O", " O"), sentence_of(" B")],
        tokenizer,
        labels=LABELS,
        max_seq_length=5,
    )
    assert dataset.arrays["label_ids"].tolist() == [
        label_ids("[CLS] B O [SEP] [PAD]"),
        label_ids("[CLS] [SEP] [PAD] [PAD] [PAD]"),
    ]
    assert [s.tolist() for s in dataset.word_starts] == [[1, -1, 2, -1], [-1]]
    assert (dataset.num_empty_words, dataset.num_cut_sentences) == (3, 0)


@pytest.mark.parametrize(
    ("max_seq_length", "starts", "cuts"),
    [
        (9, [1, 2, 4, -1, 6, 7], (0, 0, 0)),
        (8, [1, 2, 4, -1, 6, -1], (1, 1, 1)),
        (7, [1, 2, 4, -1, -1, -1], (1, 2, 2)),
        (6, [1, 2, 4, -1, -1, -1], (1, 2, 2)),  # The third word loses a piece.
        (5, [1, 2, -1, -1, -1, -1], (1, 3, 2)),
        (4, [1, 2, -1, -1, -1, -1], (1, 3, 2)),  # So does the second.
        (3, [1, -1, -1, -1, -1, -1], (1, 4, 3)),
    ],
)
def test_counts_what_is_cut(tokenizer, max_seq_length, starts, cuts):
    dataset = ner_features.featurize_all(
        [
            sentence_of("a B", "ab I", "ba O", " O", "a B", "b B"),
            sentence_of("a O"),
        ],
        tokenizer,
        labels=LABELS,
        max_seq_length=max_seq_length,
    )
    assert dataset.word_starts[0].tolist() == starts
    assert len(dataset.pieces[0]) == min(9, max_seq_length)
    assert cuts == (
        dataset.num_cut_sentences,
        dataset.num_cut_words,
        dataset.num_cut_mentions,
    )


WORDS = st.text(st.sampled_from(["a", "b", ",", EMPTY]), min_size=1, max_size=5)
SENTENCES = st.lists(
    st.tuples(WORDS, st.sampled_from(["B", "I", "O"])), min_size=1, max_size=8
).map(lambda rows: ner.Sentence(*(tuple(column) for column in zip(*rows, strict=True))))


@hypothesis.given(st.lists(SENTENCES, min_size=1, max_size=4), st.integers(3, 20))
def test_every_word_is_where_its_start_says(tokenizer, sentences, max_seq_length):
    dataset = ner_features.featurize_all(
        sentences, tokenizer, labels=LABELS, max_seq_length=max_seq_length
    )
    labels = ner_features.word_labels(
        dataset.arrays["label_ids"], dataset.word_starts, LABELS
    )
    num_lost = 0
    for row, sentence in enumerate(sentences):
        pieces, starts = dataset.pieces[row], dataset.word_starts[row]
        mask = dataset.arrays["input_mask"][row]
        assert mask.tolist() == [1] * len(pieces) + [0] * (len(mask) - len(pieces))
        ids = dataset.arrays["input_ids"][row, : len(pieces)]
        assert [PIECES[i] for i in ids] == list(pieces)
        assert len(starts) == len(labels[row]) == len(sentence.words)
        # Every word's pieces are at its start, and nothing is in between.
        end = 1
        for word, start, label, gold in zip(
            sentence.words, starts, labels[row], sentence.labels, strict=True
        ):
            word_pieces = tokenizer.tokenize(word)
            if start < 0:
                num_lost += bool(word_pieces)
                assert label == "O"
                assert not word_pieces or end == max_seq_length - 1
                continue
            assert start == end
            end = min(start + len(word_pieces), max_seq_length - 1)
            assert list(pieces[start:end]) == word_pieces[: end - start]
            assert label == gold
        assert end == len(pieces) - 1
    assert dataset.num_cut_words == num_lost


def test_one_sentence_and_many_are_the_same(tokenizer):
    sentences = [sentence_of("ab B", "b O"), sentence_of("a O", "ba,ba B", "b I")]
    options = {"labels": LABELS, "max_seq_length": 6}
    dataset = ner_features.featurize_all(sentences, tokenizer, **options)
    for row, sentence in enumerate(sentences):
        features = ner_features.featurize(sentence, tokenizer, **options)
        for key in ner_features.FEATURE_KEYS:
            assert features.arrays[key].tolist() == dataset.arrays[key][row].tolist()
        assert features.pieces == dataset.pieces[row]
        assert features.word_starts.tolist() == dataset.word_starts[row].tolist()


def test_labels_of_several_types(tokenizer):
    sentence = sentence_of("ab B-x", "a I-x", "b B-y")
    labels = ner.derive_labels([sentence])
    features = ner_features.featurize(
        sentence, tokenizer, labels=labels, max_seq_length=7
    )
    names = " ".join(labels[i] for i in features.arrays["label_ids"])
    assert names == "[CLS] B-x X I-x B-y [SEP] [PAD]"


def test_labels_of_pieces_are_outside_for_words():
    predicted = [
        label_ids("[CLS] [PAD] X [CLS] [SEP] B I O"),
        label_ids("[CLS] I B B B B B B"),
    ]
    starts = [np.array([1, 2, 3, 4, -1, 5, 6, 7]), np.array([1, -1])]
    assert ner_features.word_labels(np.array(predicted), starts, LABELS) == [
        ["O", "O", "O", "O", "O", "B", "I", "O"],
        ["I", "O"],
    ]


@pytest.mark.parametrize(
    ("num_sentences", "cut", "empty"),
    [
        (1, "1 sentence was cut at 4 WordPieces: 1 word", "1 word has no WordPieces"),
        (
            3,
            "3 sentences were cut at 4 WordPieces: 3 words",
            "3 words have no WordPieces",
        ),
    ],
)
def test_logs_once_what_is_cut(tokenizer, warnings, num_sentences, cut, empty):
    sentences = [sentence_of("ab B", " O", "b B")] * num_sentences
    dataset = ner_features.featurize_all(
        [sentence_of("a B", "b O"), *sentences],
        tokenizer,
        labels=LABELS,
        max_seq_length=4,
    )
    ner_features.log_cuts(dataset, "t.tsv", 4)
    mentions = cut.partition(": ")[2].replace("word", "mention")
    assert len(warnings) == 2
    assert warnings[0] == f"t.tsv: {cut} and {mentions} are never seen."
    assert warnings[1].startswith(f"t.tsv: {empty}, ")


def test_logs_nothing_where_nothing_is_cut(tokenizer, warnings):
    dataset = ner_features.featurize_all(
        [sentence_of("a B", "b O")], tokenizer, labels=LABELS, max_seq_length=4
    )
    ner_features.log_cuts(dataset, "t.tsv", 4)
    assert warnings == []


def test_refuses_lengths_without_room_for_a_piece(tokenizer):
    message = (
        r"`max_seq_length` must be at least 3, to hold \[CLS\], \[SEP\] and one "
        r"WordPiece. Received: 2\."
    )
    with pytest.raises(errors.InputError, match=message):
        ner_features.featurize(
            sentence_of("a B"), tokenizer, labels=LABELS, max_seq_length=2
        )
