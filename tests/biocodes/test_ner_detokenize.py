# SPDX-License-Identifier: Apache-2.0
"""Tests for biocodes.ner_detokenize."""

import hashlib
import json
import unicodedata

import hypothesis
import pytest
from hypothesis import strategies as st

from biocodes import conlleval, ner_detokenize

# What the toy tokenizer of these tests does with each character of a word:
# None drops it, False makes it a token of its own.
CHARACTERS = {
    "a": "a",
    "B": "b",
    "é": "e",
    "7": "7",
    "-": False,
    "/": False,
    "中": False,
    "\u200b": None,
}


def detokenize(pieces, labels, gold, reader="original"):
    """Detokenizes one text: pieces and labels by blanks, gold words by lines."""
    predicted = ner_detokenize.join_pieces(pieces.split(), labels.split())
    gold = ner_detokenize.read_gold(gold.split("\n"), reader=reader)
    return ner_detokenize.detokenize(predicted, gold)


@pytest.mark.parametrize("split", ["train_dev", "devel", "test"])
@pytest.mark.parametrize("data", ["NCBI-disease", "BC2GM"])
def test_paper_reader_makes_as_many_parts(shared, data, split):
    expected = json.loads(
        (shared / "golden" / "ner_features_paper_reader.json").read_bytes()
    )
    split_name = {"train_dev": "train", "devel": "dev"}.get(split, split)
    with open(shared / "data" / "ner" / data / f"{split}.tsv") as lines:
        parts = ner_detokenize.read_gold(lines, reader="paper")
    assert len(parts) == expected[f"{data}/{split_name}"]["records"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "lower_case"), [("basic_cased", False), ("basic_lower", True)]
)
def test_basic_tokens_equal_golden(shared, name, lower_case):
    if unicodedata.unidata_version != "14.0.0":
        pytest.skip("The golden digest is over the characters of Unicode 14.")
    tokenize = ner_detokenize.basic_tokens.__wrapped__  # Not to fill the cache.
    digest = hashlib.sha256()
    for char in map(chr, range(1, 0x110000)):
        if unicodedata.category(char) in ("Cn", "Cs"):
            continue
        # Words come without white space, which is all that is left out here.
        text = f"a{char}B {char}".translate(dict.fromkeys(b"\t\n\r", " "))
        tokens = list(tokenize(text, lower_case=lower_case))
        digest.update((json.dumps(tokens) + "\n").encode())
    golden = json.loads((shared / "golden" / "tokenization.json").read_bytes())
    assert digest.hexdigest() == golden[name]["sha256"]


def toy_tokens(word, *, lower_case):
    """Basic tokens of a word over CHARACTERS, character by character."""
    tokens, is_open = [], False
    for char in word:
        kind = CHARACTERS[char]
        if kind is None:
            continue
        shown = char if kind is False or not lower_case else kind
        if kind is False or not is_open:
            tokens.append(shown)
        else:
            tokens[-1] += shown
        is_open = kind is not False
    return tokens


def toy_pieces(token, size):
    """Cuts a token every `size` characters; size 0 stands for an unknown word."""
    if not size:
        return ["[UNK]"]
    cuts = [token[i : i + size] for i in range(0, len(token), size)]
    return [cuts[0], *(f"##{rest}" for rest in cuts[1:])]


words = st.text(st.sampled_from(list(CHARACTERS)), min_size=1, max_size=6)
labels_of_words = st.sampled_from(["B", "I", "O"])


@hypothesis.given(
    text=st.lists(
        st.lists(
            st.tuples(words, labels_of_words, labels_of_words), min_size=1, max_size=5
        ),
        min_size=1,
        max_size=3,
    ),
    max_pieces=st.integers(1, 30),
    size=st.integers(0, 3),
    lower_case=st.booleans(),
)
def test_every_word_has_the_label_of_its_first_piece(
    text, max_pieces, size, lower_case
):
    pieces, labels, gold, expected, expected_cut = [], [], [], [], []
    for sentence in text:
        room = max_pieces
        pieces.append("[CLS]")
        labels.append("[CLS]")
        rows, num_lost = [], 0
        for word, label, predicted in sentence:
            tokens = toy_tokens(word, lower_case=lower_case)
            own = [piece for token in tokens for piece in toy_pieces(token, size)]
            own = own[:room]
            room -= len(own)
            pieces += own
            labels += [predicted, *["X"] * (len(own) - 1)][: len(own)]
            spelled = "".join(piece.removeprefix("##") for piece in own)
            rows.append((spelled or word, label, predicted if own else "O"))
            num_lost += bool(tokens) and not own
            gold.append(f"{word}\t{label}")
        pieces.append("[SEP]")
        labels.append("[SEP]")
        gold.append("")
        expected.append(rows)
        expected_cut.append(num_lost)

    result, num_cut = ner_detokenize.detokenize(
        ner_detokenize.join_pieces(pieces, labels), ner_detokenize.read_gold(gold)
    )
    assert result == expected
    assert num_cut == expected_cut


@hypothesis.given(st.integers(2, 9), st.data())
def test_a_lost_word_is_refused_unless_it_is_the_last(num_words, data):
    lost = data.draw(st.integers(0, num_words - 2))
    gold = [f"w{i} O" for i in range(num_words)]
    pieces = ["[CLS]", *(f"w{i}" for i in range(num_words) if i != lost), "[SEP]"]
    predicted = ner_detokenize.join_pieces(pieces, ["O"] * len(pieces))
    with pytest.raises(ner_detokenize.InputError, match=f"'w{lost + 1}', word"):
        ner_detokenize.detokenize(predicted, ner_detokenize.read_gold(gold))


@pytest.mark.parametrize(
    ("pieces", "labels", "gold", "expected"),
    [
        pytest.param(
            "IL - 2 gene", "B X X O", "IL-2 B\ngene O", ["IL-2 B B", "gene O O"], id="-"
        ),
        pytest.param("IL - [UNK]", "B X X", "IL-é B", ["IL-[UNK] B B"], id="unknown"),
        pytest.param("a b", "O B", "a O\n\x07 O\nb B", ["a O O", "\x07 O O", "b B B"]),
        pytest.param("中 文", "B X", "中文 B", ["中文 B B"], id="ideographs"),
        pytest.param("cafe il", "B I", "Café B\nIL I", ["cafe B B", "il I I"]),
        pytest.param("[UNK] b", "B I", f"{'x' * 201} B\nb I", ["[UNK] B B", "b I I"]),
        pytest.param("gen", "B", "gene B\nX O", ["gen B B", "X O O"], id="cut word"),
        pytest.param("IL -", "B X", "IL-2 B\nX I", ["IL- B B", "X I O"], id="cut at -"),
        pytest.param("a b", "X [CLS]", "a B\nb B", ["a B O", "b B O"], id="no label"),
        pytest.param("a", "[PAD]", "a B", ["a B O"], id="padding"),
    ],
)
def test_words(pieces, labels, gold, expected):
    (rows,), _ = detokenize(f"[CLS] {pieces} [SEP]", f"O {labels} O", gold)
    assert [" ".join(row) for row in rows] == expected


def test_number_of_cut_words_leaves_out_words_without_pieces():
    pieces = "[CLS] a [SEP] [CLS] a [SEP]"
    _, num_cut = detokenize(
        pieces, "O O O O O O", "a O\n\x07 O\n\na O\nb O\n\x07 O\nc O"
    )
    assert num_cut == [0, 2]


def test_gold_takes_first_and_last_column_and_merges_blank_lines():
    lines = ["\n", "a NN B\n", " \t \n", "\n", "b\tI"]
    assert ner_detokenize.read_gold(lines) == [
        ner_detokenize.Sentence(("a",), ("B",), 1),
        ner_detokenize.Sentence(("b",), ("I",), 2),
    ]


@pytest.mark.parametrize(
    ("outside", "lengths"),
    [({4, 20}, [21, 14]), ({34}, [1, 1, 1, 1, 1, 30]), ({29}, [30, 5]), ({30}, None)],
)
def test_paper_reader_cuts_behind_the_last_o(outside, lengths):
    labels = ["O" if i in outside else "I" for i in range(35)]
    lines = [f"w{i} {label}" for i, label in enumerate(labels)]
    parts = ner_detokenize.read_gold([*lines, ""], reader="paper")
    # With word 31 the only O, single words go until it is among the first 30.
    lengths = lengths or [1, 30, 4]
    assert [len(part.words) for part in parts] == lengths
    assert {part.number for part in parts} == {1}
    assert [word for part in parts for word in part.words] == [
        f"w{i}" for i in range(35)
    ]


def test_paper_reader_joins_parts_and_drops_an_unfinished_sentence():
    gold = "\n".join([*(f"w{i} O" for i in range(32)), "", "x B", "", "y B"])
    first = " ".join(f"w{i}" for i in range(29))  # The part's last word is cut.
    pieces = f"[CLS] {first} [SEP] [CLS] w30 w31 [SEP] [CLS] x [SEP]"
    labels = " ".join("I" for _ in pieces.split())
    rows, num_cut = detokenize(pieces, labels, gold, reader="paper")
    assert [len(words) for words in rows] == [32, 1]
    assert num_cut == [1, 0]
    assert rows[0][28:31] == [("w28", "O", "I"), ("w29", "O", "O"), ("w30", "O", "I")]


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([("a", "B", "O"), ("b", "O", "I")], ["a B-MISC O-MISC", "b O-MISC I-MISC"]),
        ([("a", "B-Gene", "O"), ("b", "O", "I")], ["a B-Gene O", "b O I-MISC"]),
    ],
)
def test_labels_without_a_type_get_one(rows, lines):
    assert "".join(ner_detokenize.conll_lines([rows, []])) == "\n".join(
        [*lines, "\n\n"]
    )


@pytest.mark.parametrize("kind", ["", "-Gene"])
def test_lists_of_labels_score_like_the_result(kind):
    labels = f"O B{kind} I{kind} B{kind} O"
    gold = f"a B{kind}\nb O\nc B{kind}"
    rows, _ = detokenize("[CLS] a b c [SEP]", labels, gold)
    gold, predicted = ([[row[i] for row in words] for words in rows] for i in (1, 2))
    from_file = conlleval.count("".join(ner_detokenize.conll_lines(rows)).splitlines())
    assert from_file == conlleval.score_labels(gold, predicted)
    assert (from_file.num_gold, from_file.num_correct) == (2, 1)


@pytest.mark.parametrize(
    ("pieces", "labels", "gold", "message"),
    [
        pytest.param(
            "[CLS] a [SEP] [CLS] b c [SEP]",
            "O O O O O O O",
            "a O\n\nb O\nd O\ne O",
            r"^Sentence 2: .*'c', word 2 of 'b c', for the gold 'b d e'",
            id="other word",
        ),
        pytest.param("[CLS] a b [SEP]", "O O O O", "a O", "Sentence 1: .*'b', word 2"),
        pytest.param("[CLS] [UNK] [SEP]", "O O O", "\x07 O", "Sentence 1: .*'.UNK.'"),
        pytest.param("[CLS] a [SEP]", "O O O", "A O\n\nB O", "Received: 2 and 1"),
        pytest.param("[CLS] a [SEP]", "O O", "a O", "step.*: 3 pieces, 2 labels"),
        pytest.param("a [SEP]", "O O", "a O", r"token_test:1: .*'a', labelled 'O'"),
        pytest.param("[CLS] a [CLS]", "O O O", "a O", "token_test:3: .*'.CLS.'"),
        pytest.param("[CLS] a", "O O", "a O", "last sentence must end with"),
        pytest.param("[CLS] a [SEP]", "O O O", "a O\nb", r"^input:2: .*Received: 'b'"),
        pytest.param(
            "[CLS] the cat [SEP] [CLS] a [SEP]",
            "O O O O O O O",
            "The O\nCat O\n\nB O",
            r"^Sentence 2: .*'a', word 1 of 'a', for the gold 'B'",
            id="lower case until there",
        ),
    ],
)
def test_rejects(pieces, labels, gold, message):
    with pytest.raises(ner_detokenize.InputError, match=message):
        detokenize(pieces, labels, gold)


@pytest.mark.parametrize("place", ["p", "l"])
def test_rejects_blank_lines(place):
    pieces, labels = ["[CLS]", "a", "[SEP]"], ["O", "O", "O"]
    (pieces if place == "p" else labels)[1] = ""
    with pytest.raises(ner_detokenize.InputError, match=r"token_test:2: .*blank"):
        ner_detokenize.join_pieces(pieces, labels)
