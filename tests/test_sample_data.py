# SPDX-License-Identifier: Apache-2.0
"""Tests for the files of sample_data/: structure, and the counts in its README."""

import collections
import itertools
import json
import pathlib
import re

import pytest

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "sample_data"
LABELS = {"O", "B-Disease", "I-Disease", "B-Chemical", "I-Chemical"}
SPLITS = ("train", "devel", "test")
# One run of letters and digits, or one other character.
WORD = re.compile(r"[^\W_]+|\S")


def read_text(name):
    return (FOLDER / name).read_text(encoding="utf-8")


def read_sentences(split):
    """Returns the sentences of a split, each a list of (word, label)."""
    blocks = read_text(f"ner/{split}.tsv").split("\n\n")
    assert blocks.pop() == "", "No blank line after the last sentence."
    return [[tuple(line.split("\t")) for line in block.split("\n")] for block in blocks]


def read_abstracts():
    return [json.loads(line) for line in read_text("abstracts.jsonl").splitlines()]


def read_vocabulary():
    return read_text("vocab.txt").removesuffix("\n").split("\n")


def mentions(sentence):
    """Returns the (type, words) of each mention, words joined by spaces."""
    found = []
    for word, label in sentence:
        if label.startswith("B-"):
            found.append((label[2:], [word]))
        elif label.startswith("I-"):
            found[-1][1].append(word)
    return [(kind, " ".join(words)) for kind, words in found]


def split_word(word, vocabulary):
    """Returns the WordPieces of a word, longest match first."""
    pieces, start = [], 0
    while start < len(word):
        prefix = "##" if start else ""
        for end in range(len(word), start, -1):
            if prefix + word[start:end] in vocabulary:
                break
        else:
            return ["[UNK]"]
        pieces.append(prefix + word[start:end])
        start = end
    return pieces


def all_sentences():
    return [sentence for split in SPLITS for sentence in read_sentences(split)]


@pytest.mark.parametrize("split", [*SPLITS, "train_dev"])
def test_lines_hold_a_word_and_a_legal_label(split):
    for sentence in read_sentences(split):
        before = "O"
        for row in sentence:
            assert len(row) == 2, row
            word, label = row
            assert WORD.fullmatch(word), row
            assert label in LABELS, row
            if label.startswith("I-"):
                assert before[2:] == label[2:], sentence
            before = label


def test_train_dev_is_train_then_devel():
    assert read_text("ner/train_dev.tsv") == (
        read_text("ner/train.tsv") + read_text("ner/devel.tsv")
    )


def test_there_are_enough_sentences():
    assert len(all_sentences()) >= 300


def test_sentences_end_with_a_mark():
    assert {sentence[-1] for sentence in all_sentences()} == {(".", "O"), ("?", "O")}


def test_no_two_sentences_are_nearly_the_same():
    bags = [frozenset(w.lower() for w, _ in s) for s in all_sentences()]
    near = [
        (sorted(a), sorted(b))
        for a, b in itertools.combinations(bags, 2)
        if len(a & b) > 0.7 * len(a | b)
    ]
    assert near == []


def test_a_name_has_one_type():
    kinds = collections.defaultdict(set)
    for sentence in all_sentences():
        for kind, words in mentions(sentence):
            kinds[words.lower()].add(kind)
    assert {name: k for name, k in kinds.items() if len(k) > 1} == {}


def test_test_part_holds_seen_and_unseen_names():
    seen = {
        (kind, name.lower())
        for sentence in read_sentences("train_dev")
        for kind, name in mentions(sentence)
    }
    test = [
        (kind, name.lower())
        for sentence in read_sentences("test")
        for kind, name in mentions(sentence)
    ]
    unseen = [mention for mention in test if mention not in seen]
    assert {kind for kind, _ in unseen} == {"Disease", "Chemical"}
    assert 0.2 < len(unseen) / len(test) < 0.3  # "About a quarter" in the README.


def test_ambiguous_words_occur_labelled_and_unlabelled():
    labels = collections.defaultdict(set)
    for sentence in all_sentences():
        for word, label in sentence:
            labels[word.lower()].add(label)
    for word in ("lead", "gold", "pd", "ms", "cold", "stroke", "depression"):
        assert {"O"} < labels[word], word


def test_abstracts():
    abstracts = read_abstracts()
    assert len(abstracts) >= 12
    assert f"{len(abstracts)} abstracts" in read_text("README.md")
    assert len({abstract["id"] for abstract in abstracts}) == len(abstracts)
    for abstract in abstracts:
        assert list(abstract) == ["id", "title", "text"]
        sentences = re.split(r"(?<=[.?]) (?=[A-Z0-9])", abstract["text"])
        assert 7 <= len(sentences) <= 10, abstract["id"]


def test_vocabulary_is_cased_and_fits_the_configuration():
    pieces = read_vocabulary()
    assert pieces[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert len(set(pieces)) == len(pieces)
    assert all(pieces)
    assert any(re.fullmatch(r"[A-Z][a-z]+", piece) for piece in pieces)
    config = json.loads(read_text("bert_config.json"))
    assert config["vocab_size"] == len(pieces)
    assert config["hidden_size"] % config["num_attention_heads"] == 0


def test_no_word_is_unknown_and_some_are_split():
    vocabulary = set(read_vocabulary())
    words = [word for sentence in all_sentences() for word, _ in sentence]
    for abstract in read_abstracts():
        words += WORD.findall(abstract["title"] + " " + abstract["text"])
    pieces = [split_word(word, vocabulary) for word in words]
    assert [w for w, p in zip(words, pieces, strict=True) if p == ["[UNK]"]] == []
    assert any(len(p) > 1 for p in pieces)


def test_sentences_fit_the_longest_sequence():
    vocabulary = set(read_vocabulary())
    config = json.loads(read_text("bert_config.json"))
    for sentence in all_sentences():
        size = sum(len(split_word(word, vocabulary)) for word, _ in sentence)
        assert size + 2 <= config["max_position_embeddings"]  # [CLS] and [SEP].


@pytest.mark.parametrize("split", [*SPLITS, "train_dev"])
def test_counts_in_the_readme(split):
    sentences = read_sentences(split)
    kinds = collections.Counter(kind for s in sentences for kind, _ in mentions(s))
    row = (
        f"| {split} | {len(sentences)} | {sum(map(len, sentences))} "
        f"| {kinds['Disease']} | {kinds['Chemical']} |"
    )
    assert row in read_text("README.md").splitlines()
