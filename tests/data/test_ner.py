# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.ner; the golden files are in goldens/."""

import re

import hypothesis
import pytest
from absl import logging
from hypothesis import strategies as st

from modeling import errors
from modeling.data import ner
from modeling.text import lines as lines_lib

readers = pytest.mark.parametrize("reader", ner.READERS)


def read(text, reader="original"):
    """Reads sentences from a text as if it were the file test.tsv."""
    lines = enumerate(text.splitlines(), start=1)
    return ner.read_sentences(lines, path="test.tsv", reader=reader)


def write_out(labels, ends_blank=True):
    """Returns the text of one sentence, its words w0, w1, ..."""
    rows = "".join(f"w{i}\t{label}\n" for i, label in enumerate(labels))
    return rows + ("\n" if ends_blank else "")


@pytest.fixture
def warnings(monkeypatch):
    """Collects what is logged as a warning."""
    messages = []
    monkeypatch.setattr(
        logging, "warning", lambda text, *args: messages.append(text % args)
    )
    return messages


def test_first_column_is_the_word_and_last_one_the_label():
    (sentence,) = read("BRCA1 NN\t x  B-Gene \n\tis\u00a0O\n")
    assert sentence.words == ("BRCA1", "is")
    assert sentence.labels == ("B-Gene", "O")


@readers
def test_blank_lines_separate_and_lines_are_remembered(reader):
    sentences = read("\n \nA B\nb O\n\t\n\n \nC B\n\n", reader)
    assert [(s.words, s.line) for s in sentences] == [(("A", "b"), 3), (("C",), 8)]


def test_last_sentence_needs_no_blank_line():
    assert [s.words for s in read("A B\n\nC B\nd O")] == [("A",), ("C", "d")]
    assert [s.line for s in read("A B\n\nC B\nd O")] == [1, 3]


def test_papers_reader_drops_a_last_sentence_without_blank_line(warnings):
    assert [s.words for s in read("A B\n\nC B\nd O", "paper")] == [("A",)]
    expected = (
        "test.tsv:3: The paper's reader drops a last sentence without a blank line "
        "behind it: 2 words."
    )
    assert warnings == [expected]


def test_papers_reader_says_nothing_of_a_whole_file(warnings):
    read("A B\n\n", "paper")
    assert warnings == []


@pytest.mark.parametrize(
    ("labels", "lengths"),
    [
        (["O"] * 30, [30]),  # Not over 30.
        (["O"] * 31, [30, 1]),
        (["O"] * 61, [30, 30, 1]),
        (["O"] * 20 + ["B"] + ["I"] * 10, [20, 11]),  # A mention over the limit.
        (["O"] + ["B"] * 30, [1, 30]),
        (["B"] + ["I"] * 31, [1, 1, 30]),  # No "O": after the first word.
        (["B"] + ["I"] * 29 + ["O"], [1, 30]),  # The "O" is the 31st word.
        (["B"] + ["I"] * 29 + ["O"] * 2, [1, 30, 1]),
    ],
)
def test_papers_reader_cuts_after_an_outside_word(labels, lengths):
    sentences = read("\n" + write_out(labels), "paper")
    assert [len(s.words) for s in sentences] == lengths
    assert [s.line for s in sentences] == [
        2 + sum(lengths[:i]) for i in range(len(lengths))
    ]


@hypothesis.given(st.lists(st.lists(st.sampled_from("BIO"), min_size=1, max_size=99)))
def test_no_reader_loses_words(labels):
    text = "\n".join(map(write_out, labels))
    hypothesis.assume(labels)
    expected = [label for sentence in labels for label in sentence]
    rows = text.splitlines()
    for reader in ner.READERS:
        sentences = read(text, reader)
        assert [label for s in sentences for label in s.labels] == expected
        for sentence in sentences:
            for i, word in enumerate(sentence.words):
                assert rows[sentence.line - 1 + i].split()[0] == word
        if reader == "paper":
            assert max(len(s.words) for s in sentences) <= 30
        else:
            assert [list(s.labels) for s in sentences] == labels


def test_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path):
    text = "Flu\tB\nis\tO\n\nbad\tO\n"
    sentences = []
    for name, content in (
        ("plain.tsv", text.encode()),
        ("windows.tsv", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        sentences.append(ner.read_sentences(lines_lib.read_lines(path), path=str(path)))
    assert sentences[0] == sentences[1] == read(text)


# What a file must hold, and what is received instead.
COLUMNS = "A line must hold a word and its label, separated by white space."
RESERVED = (
    "A label must not be one that is reserved for pieces, [PAD], X, [CLS], [SEP]."
)
SENTENCES = "A file of labelled words must hold at least one sentence."


@readers
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A\tB\n\nBRCA1\n", f"test.tsv:3: {COLUMNS} Received: 'BRCA1'."),
        ("\u00a0\tO\n", f"test.tsv:1: {COLUMNS} Received: '\\xa0\\tO'."),
        (
            "A\tB\nb\tX\n",
            f"test.tsv:2: {RESERVED} Received: 'X', on the word 'b'.",
        ),
        ("", f"test.tsv: {SENTENCES} Received: no lines, or only blank ones."),
        ("\n \n", f"test.tsv: {SENTENCES} Received: no lines, or only blank ones."),
    ],
)
def test_refuses_what_it_cannot_read(text, message, reader):
    with pytest.raises(errors.InputError, match=f"^{re.escape(message)}$"):
        read(text, reader)


@pytest.mark.parametrize("label", ner.RESERVED_LABELS)
def test_refuses_reserved_labels(label):
    with pytest.raises(errors.InputError, match=re.escape(f"Received: {label!r}")):
        read(f"A\t{label}\n")


def test_refuses_to_drop_the_only_sentence():
    received = (
        "Received: one without a blank line behind it, which reader 'paper' drops"
    )
    with pytest.raises(errors.InputError, match=f"{SENTENCES} {received}"):
        read("A\tB\n", "paper")


def test_parts_of_the_papers_reader_join_to_whole_sentences():
    labels = [["B"] * 40, ["O"] * 31, ["O"], ["I"] * 30 + ["O"] * 40]
    sentences = read("\n".join(map(write_out, labels)), "paper")
    assert len(sentences) > len(labels)
    assert ner.join_parts(sentences, [s.labels for s in sentences]) == labels


def test_refuses_unknown_readers():
    message = r"`ner_reader` must be one of original, paper. Received: 'old'."
    with pytest.raises(errors.InputError, match=message):
        read("A\tB\n", "old")


def test_refuses_sentences_with_a_label_missing():
    with pytest.raises(ValueError, match="2 words and 1 labels in 'A b'"):
        ner.Sentence(words=("A", "b"), labels=("B",))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["B", "I", "O"], ner.LEGACY_LABELS),
        (["O"], ner.LEGACY_LABELS),
        (["I"], ner.LEGACY_LABELS),
        (
            ["O", "I-b", "B-b", "B-A"],
            ("[PAD]", "B-A", "B-b", "I-b", "O", "X", "[CLS]", "[SEP]"),
        ),
        (["S", "B"], ("[PAD]", "B", "O", "S", "X", "[CLS]", "[SEP]")),
    ],
)
def test_derives_the_labels(labels, expected):
    sentences = read(write_out(labels[:1]) + write_out(labels))
    assert ner.derive_labels(sentences) == expected
    ner.check_labels(sentences, expected, path="test.tsv")


def test_refuses_labels_that_training_never_saw():
    sentences = read("\nA\tO\n\nb\tO\nBRCA1\tB-Gene\n\nC\tB-Drug\n")
    message = (
        "test.tsv:5: A label must be one that training saw: B, I, O (from "
        "label2id.json beside the weights; without it, the original's). Received: "
        "'B-Gene', a label that training never saw, on the word 'BRCA1'."
    )
    with pytest.raises(errors.InputError, match=f"^{re.escape(message)}$"):
        ner.check_labels(sentences, ner.LEGACY_LABELS, path="test.tsv")


def test_reserved_labels_are_not_labels_of_words():
    sentence = ner.Sentence(words=("A",), labels=("X",), line=7)
    with pytest.raises(errors.InputError, match=r"^test\.tsv:7: .*Received: 'X'"):
        ner.check_labels([sentence], ner.LEGACY_LABELS, path="test.tsv")


@pytest.mark.parametrize(
    ("labels", "num_mentions"),
    [
        ("B I I O", 1),
        ("B I B I", 2),  # IOB2
        ("I I B I", 2),  # IOB1
        ("I-x I-x I-y O", 2),
        ("B-x E-x S-x S-x", 3),  # IOBES
        ("B L U B", 3),  # BILOU
        ("Gene Gene Drug O", 2),  # Types alone
        ("B-x-1 I-x-1 O I-x-1", 2),
        ("O O", 0),
        ("B O I", 2),
    ],
)
def test_counts_mentions_in_all_schemes(labels, num_mentions):
    words = labels.split()
    assert ner.count_mentions(words, [True] * len(words)) == num_mentions


def test_counts_mentions_with_a_chosen_word():
    labels = ["B", "I", "O", "B", "I", "B"]
    for chosen, num_mentions in (([0], 1), ([0, 1], 1), ([2], 0), ([1, 4, 5], 3)):
        is_chosen = [i in chosen for i in range(len(labels))]
        assert ner.count_mentions(labels, is_chosen) == num_mentions
