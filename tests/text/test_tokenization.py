# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.text.tokenization."""

import gzip
import hashlib
import itertools
import json
import pickle
import re
import sys
import unicodedata

import hypothesis
import pytest
from hypothesis import strategies as st

from modeling import errors
from modeling.text import tokenization, vocabulary

# Pieces that random text meets often: letters in both cases, an accent apart
# and in one character, marks, ideographs, a final sigma, longer matches that
# overlap.
PIECES = [
    "[UNK]",
    *"aAbB\u00e9<;\u4e2d\u03c3\u03c2-.",
    *("ab", "aba", "A\u00e9"),
    *("##a", "##b", "##A", "##B", "##ab", "##\u00e9", "##\u0301", "##\u03c2", "##bab"),
]

# White space, and what only `str.split` takes for it; dropped characters;
# marks, among them two that decomposition makes or changes (U+226E, U+037E);
# combining, enclosing and compatibility characters; capitals that lower-case
# to two characters or by their neighbours.
ODD = (
    " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2003\u2028\u2029\u202f\u3000"
    "\x00\x7f\xad\u200b\u200d\u2060\ufeff\ufffd\ue000\u0378\U0010fffd"
    "-.$^`\u226e\u037e\u1fef\u2014\u00a7"
    "\u0301\u0327\u20dd\u0903\u00e9\u00c5\u1e9b\ufb01\u0130\u03a3\u0345\u212b"
    "\u4e2d\u3400\uf900\U0002f800\u3042\uac00#\u2160\U0001d400"
)

texts = st.text(
    st.sampled_from("abAB")
    | st.sampled_from(ODD)
    | st.characters(exclude_categories=["Cs"]),
    max_size=60,
)
both_cases = pytest.mark.parametrize("do_lower_case", [False, True])


def slow_clean(text):
    """Cleans text and sets ideographs apart, one character at a time."""
    output = ""
    for c in text:
        number = ord(c)
        if c in (" ", "\t", "\n", "\r") or unicodedata.category(c) == "Zs":
            output += " "
        elif number in (0, 0xFFFD) or unicodedata.category(c).startswith("C"):
            pass
        elif (
            0x4E00 <= number <= 0x9FFF
            or 0x3400 <= number <= 0x4DBF
            or 0x20000 <= number <= 0x2A6DF
            or 0x2A700 <= number <= 0x2B73F
            or 0x2B740 <= number <= 0x2B81F
            or 0x2B820 <= number <= 0x2CEAF
            or 0xF900 <= number <= 0xFAFF
            or 0x2F800 <= number <= 0x2FA1F
        ):
            output += " " + c + " "
        else:
            output += c
    return output


def slow_split(token):
    """Splits a token at its punctuation."""
    words, word = [], ""
    for c in token:
        number = ord(c)
        if (
            33 <= number <= 47
            or 58 <= number <= 64
            or 91 <= number <= 96
            or 123 <= number <= 126
            or unicodedata.category(c).startswith("P")
        ):
            words += [word, c]
            word = ""
        else:
            word += c
    return [*words, word]


def slow_basic(text, do_lower_case):
    """The rules for words and marks, token by token."""
    words = []
    for token in slow_clean(text).split():
        if do_lower_case:
            decomposed = unicodedata.normalize("NFD", token.lower())
            kept = [c for c in decomposed if unicodedata.category(c) != "Mn"]
            words += slow_split("".join(kept))
        else:
            words += slow_split(token)
    return " ".join(words).split()


def slow_wordpiece(word, pieces):
    """The longest piece that fits, again and again."""
    if len(word) > 200:
        return ["[UNK]"]
    output = []
    start = 0
    while start < len(word):
        prefix = "##" if start else ""
        end = len(word)
        while end > start and prefix + word[start:end] not in pieces:
            end -= 1
        if end == start:
            return ["[UNK]"]
        output.append(prefix + word[start:end])
        start = end
    return output


def slow_tokenize(text, pieces, do_lower_case):
    words = slow_basic(text, do_lower_case)
    return [piece for word in words for piece in slow_wordpiece(word, pieces)]


@pytest.fixture(scope="module")
def golden(shared):
    """What the original computed; its characters are those of Unicode 14."""
    path = shared / "golden/tokenization.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    if unicodedata.unidata_version != values["unicode"]:
        pytest.skip(f"This Python's Unicode is not {values['unicode']}.")
    return values


@both_cases
def test_basic_equals_original_over_all_of_unicode(golden, do_lower_case):
    digest, count = hashlib.sha256(), 0
    for character in map(chr, range(1, sys.maxunicode + 1)):
        if unicodedata.category(character) in ("Cn", "Cs"):
            continue
        words = tokenization.basic_tokenize(
            f"a{character}B {character}", do_lower_case=do_lower_case
        )
        digest.update(json.dumps(words).encode() + b"\n")
        count += 1
    expected = golden["basic_lower" if do_lower_case else "basic_cased"]
    assert expected == {"code_points": count, "sha256": digest.hexdigest()}


@both_cases
def test_wordpiece_equals_original_on_articles(golden, shared, do_lower_case):
    name = "uncased" if do_lower_case else "cased"
    pieces = vocabulary.read_vocabulary(
        shared / f"data/vocab/bert_base_{name}_vocab.txt"
    ).pieces
    tokenizer = tokenization.BertTokenizer(pieces, do_lower_case=do_lower_case)
    digest, num_paragraphs, num_pieces = hashlib.sha256(), 0, 0
    path = shared / "data/corpus/pmc_fulltext/pmc-00007-of-00008.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in itertools.islice(file, 60):
            for paragraph in json.loads(line)["text"].split("\n"):
                ids = tokenizer.tokenize_ids(paragraph)
                digest.update((" ".join(map(str, ids)) + "\n").encode())
                num_paragraphs += 1
                num_pieces += len(ids)
    assert golden[f"wordpiece_{name}"] == {
        "paragraphs": num_paragraphs,
        "pieces": num_pieces,
        "sha256": digest.hexdigest(),
    }


@both_cases
@hypothesis.settings(max_examples=400, deadline=None)
@hypothesis.given(text=texts)
def test_equals_slow_version(do_lower_case, text):
    words = tokenization.basic_tokenize(text, do_lower_case=do_lower_case)
    assert words == slow_basic(text, do_lower_case)
    tokenizer = tokenization.BertTokenizer(PIECES, do_lower_case=do_lower_case)
    expected = slow_tokenize(text, set(PIECES), do_lower_case)
    assert tokenizer.tokenize(text) == expected
    assert tokenizer.tokenize(text) == expected  # From the memo.
    assert tokenizer.tokenize_ids(text) == tokenizer.piece_ids(expected)


@both_cases
@pytest.mark.parametrize("memo_size", [0, 1, 2, 5])
@hypothesis.given(many=st.lists(texts, max_size=8))
def test_a_full_memo_changes_nothing(do_lower_case, memo_size, many):
    tokenizer = tokenization.BertTokenizer(
        PIECES, do_lower_case=do_lower_case, memo_size=memo_size
    )
    for text in many:
        expected = slow_tokenize(text, set(PIECES), do_lower_case)
        assert tokenizer.tokenize(text) == expected


@both_cases
@hypothesis.given(text=texts)
def test_text_equals_its_chunks(do_lower_case, text):
    tokenizer = tokenization.BertTokenizer(PIECES, do_lower_case=do_lower_case)
    # The white space of the rules, which is less than that of `str.split`.
    separators = "[ \t\n\r\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
    chunks = [tokenizer.tokenize(chunk) for chunk in re.split(separators, text)]
    assert tokenizer.tokenize(text) == list(itertools.chain.from_iterable(chunks))


@pytest.mark.parametrize("separator", "\x0b\x0c\x1c\x1d\x1e\x1f\x85\x00\xad\ufffd")
def test_dropped_characters_join_their_neighbours(separator):
    tokenizer = tokenization.BertTokenizer(PIECES)
    assert tokenizer.tokenize(f"ab b a{separator}b") == ["ab", "b", "ab"]


@pytest.mark.parametrize("separator", " \t\n\r\xa0\u2028\u2029\u3000")
def test_white_space_parts_its_neighbours(separator):
    tokenizer = tokenization.BertTokenizer(PIECES)
    assert tokenizer.tokenize(f"a{separator}b") == ["a", "b"]


def test_special_pieces_in_text_are_text():
    tokenizer = tokenization.BertTokenizer(["[UNK]", "[CLS]", "[", "]", "CLS"])
    assert tokenizer.tokenize("[CLS]") == ["[", "CLS", "]"]


def test_lower_casing_comes_before_punctuation():
    assert tokenization.basic_tokenize("a\u226eb", do_lower_case=True) == [
        "a",
        "<",
        "b",
    ]
    assert tokenization.basic_tokenize("a\u226eb", do_lower_case=False) == ["a\u226eb"]
    # A sigma is final, and so another letter, only at the end of its stretch.
    assert tokenization.basic_tokenize(
        "\u0391\u03a3.\u0391 \u0391\u03a3.", do_lower_case=True
    ) == ["\u03b1\u03c3", ".", "\u03b1", "\u03b1\u03c2", "."]


def test_words_of_over_200_characters_are_unknown():
    tokenizer = tokenization.BertTokenizer(["[UNK]", "a", "##a"])
    assert tokenizer.tokenize("a" * 200) == ["a"] + ["##a"] * 199
    assert tokenizer.tokenize("a" * 201) == ["[UNK]"]
    # The limit is on words, not on what stands between white space.
    assert tokenizer.tokenize("a" * 150 + "-" + "a" * 150).count("##a") == 298


def test_a_word_with_a_rest_is_unknown_as_a_whole():
    tokenizer = tokenization.BertTokenizer(["[UNK]", "gene", "##s", "-"])
    assert tokenizer.tokenize("genes-genex") == ["gene", "##s", "-", "[UNK]"]


def test_the_unknown_piece_is_needed_only_when_it_is_used():
    tokenizer = tokenization.BertTokenizer(["gene", "##s"])
    assert tokenizer.tokenize("genes gene") == ["gene", "##s", "gene"]
    with pytest.raises(errors.InputError, match=r"hold \[UNK\] .*the word 'protein'"):
        tokenizer.tokenize("gene protein")


def test_the_later_of_two_equal_pieces_wins():
    tokenizer = tokenization.BertTokenizer(["a", "##b", "a", "##b"])
    assert tokenizer.tokenize_ids("ab") == [2, 3]


def test_refuses_ids_of_pieces_it_does_not_know():
    tokenizer = tokenization.BertTokenizer(["gene", "##s"])
    assert tokenizer.piece_ids(["##s", "gene"]) == [1, 0]
    with pytest.raises(errors.InputError, match=r"the vocabulary's 2. Received: 'x'."):
        tokenizer.piece_ids(["gene", "x"])


def test_memo_is_bounded():
    tokenizer = tokenization.BertTokenizer(PIECES, memo_size=3)
    tokenizer.tokenize("a b ab ba " + "a" * 1000)
    assert len(tokenizer._chunk_memo) <= 3
    assert "a" * 1000 not in tokenizer._chunk_memo


def test_pickles_without_its_memo():
    tokenizer = tokenization.BertTokenizer(PIECES, do_lower_case=True)
    empty = len(pickle.dumps(tokenizer))
    tokenizer.tokenize(" ".join("ab" * i for i in range(40)))
    pickled = pickle.dumps(tokenizer)
    assert len(pickled) == empty
    assert pickle.loads(pickled).tokenize("ABA") == ["aba"]
