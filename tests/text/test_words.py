# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.text.words."""

import sys
import unicodedata

import hypothesis
import pytest
from hypothesis import strategies as st

from modeling.data import ner
from modeling.text import lines, tokenization, words


def split(text):
    """The texts of the words, joined by spaces."""
    return " ".join(word.text for word in words.split_words(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IL-2", "IL - 2"),
        ("p53-dependent", "p53 - dependent"),
        ("(DMD)", "( DMD )"),
        ("5'-UTR", "5 ' - UTR"),
        ("10mg/kg", "10mg / kg"),
        ("95%", "95 %"),
        ("Na+/K+-ATPase", "Na + / K + - ATPase"),
        ("p<0.05", "p < 0 . 05"),
        ("patients' CD4+", "patients ' CD4 +"),
        ("α-synuclein", "α - synuclein"),
        ("TNF-α/β", "TNF - α / β"),
        ("a_b`c", "a _ b ` c"),
    ],
)
def test_splits_as_the_corpora_do(text, expected):
    assert split(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IL\u22122 \u226410\xb5M", "IL \u2212 2 \u2264 10\xb5M"),
        ("5\u2032\u2013UTR", "5 \u2032 \u2013 UTR"),
        ("37\xb0C \xb1 2", "37 \xb0 C \xb1 2"),
        ("Ca\xb2\u207a", "Ca\xb2 \u207a"),
        ("p53\u2192MDM2", "p53 \u2192 MDM2"),
        ("\U0001f600flu", "\U0001f600 flu"),
        ("乙肝x", "乙 肝 x"),
        ("مرض، كبد", "مرض ، كبد"),
    ],
)
def test_sets_every_sign_of_unicode_apart(text, expected):
    assert split(text) == expected


def test_marks_stay_with_what_they_combine_with():
    assert split("Sjo\u0308gren") == "Sjo\u0308gren"
    assert split("-\u0308a \u0308 \u2764\ufe0f") == "-\u0308 a \u0308 \u2764\ufe0f"


def test_dropped_characters_are_inside_words_or_in_none():
    # A soft hyphen, a zero-width space, a private one and U+FFFD.
    assert split("dis\xadease\u200b \uf061 \ufffd-") == "dis\xadease -"
    assert split("a\x00\x00\u0308b") == "a\x00\x00\u0308b"


def test_all_white_space_of_python_ends_words():
    space = "".join(filter(str.isspace, map(chr, range(sys.maxunicode + 1))))
    assert {" ", "\n", "\x0b", "\x1c", "\x85", "\xa0", "\u2028", "\u3000"} <= set(space)
    text = "".join(f"a{character}" for character in space)
    assert split(text) == " ".join("a" * len(space))


def test_gives_places_in_the_whole_text():
    assert words.split_words("\u20ac IL-2 \U0001f600", 2, 6) == [
        words.Word("IL", 2, 4),
        words.Word("-", 4, 5),
        words.Word("2", 5, 6),
    ]
    assert words.split_words("a \U0001f600b", 2)[-1] == words.Word("b", 3, 4)


@pytest.mark.parametrize("text", ["", " \n\t\u2028", "\x00\x01\ufeff\ue000\ud800"])
def test_a_text_may_have_no_words(text):
    assert words.split_words(text) == []


def check(text):
    """Raises unless the words of a text are what they must be."""
    found = words.split_words(text)
    position = 0
    for word in found:
        assert position <= word.start < word.end <= len(text)
        assert text[word.start : word.end] == word.text
        assert not any(map(str.isspace, word.text))
        position = word.end

    def kept(part):
        return "".join(tokenization.basic_tokenize(part, do_lower_case=False))

    # What the model reads is in the words, and nothing of it is between them.
    assert [*map(kept, (word.text for word in found))].count("") == 0
    assert "".join(kept(word.text) for word in found) == kept(text)


ANY_TEXT = st.text(
    st.one_of(
        st.characters(),  # Surrogates too.
        st.sampled_from("aZ09 .-/+'(\n\r\t\x00\x0b\x85\xad\u0301\u200d\u2028\ufeff"),
        st.sampled_from("α乙م\u05d0\U0001f600\U0001f3fd\ufe0f\ue000\ufffd"),
    ),
    max_size=60,
)


@hypothesis.given(ANY_TEXT)
def test_any_text_is_split_into_exact_places(text):
    check(text)


@hypothesis.given(ANY_TEXT, st.integers(0, 60), st.integers(0, 60))
def test_a_part_is_split_as_if_alone(text, start, end):
    start, end = min(start, len(text)), min(end, len(text))
    alone = words.split_words(text[start:end])
    assert words.split_words(text, start, end) == [
        words.Word(word.text, word.start + start, word.end + start) for word in alone
    ]


@pytest.mark.parametrize("num_words", [1, 7, 20_000])
def test_words_are_found_again_in_any_number(rng, num_words):
    vocabulary = ["IL2", "-", "(", "α", "\u2264", "cafe\u0301", "乙", "\U0001f600", "+"]
    chosen = [vocabulary[i] for i in rng.integers(len(vocabulary), size=num_words)]
    text = " ".join(chosen)
    assert [word.text for word in words.split_words(text)] == chosen
    check(text)


def test_ascii_words_are_those_of_the_tokenizer(rng):
    printable = [chr(i) for i in range(0x20, 0x7F)] + [" "] * 20
    text = "".join(rng.choice(printable, size=20_000))
    assert split(text).split() == tokenization.basic_tokenize(text, do_lower_case=False)


def test_only_signs_beyond_ascii_split_words_of_the_tokenizer():
    for code_point in (
        *range(0x3100),
        *range(0xD7F0, 0xE010),
        *range(0x1F300, 0x1F700),
    ):
        character = chr(code_point)
        text = f"a{character}b"
        if split(text).split() != tokenization.basic_tokenize(
            text, do_lower_case=False
        ):
            category = unicodedata.category(character)
            assert category[0] in "SCM" or character.isspace()
            if category[0] == "C" and not character.isspace():
                assert len(split(text).split()) == 1  # Inside, though not read.


@pytest.mark.parametrize(
    "corpus", ["NCBI-disease", "BC5CDR-disease", "BC5CDR-chem", "BC2GM", "JNLPBA"]
)
def test_finds_the_words_of_a_corpus_again(shared, corpus):
    path = str(shared / "data" / "ner" / corpus / "test.tsv")
    if not (shared / "data").is_dir():
        pytest.skip(f"No corpora: {shared / 'data'} is absent.")
    for sentence in ner.read_sentences(lines.read_lines(path), path=path):
        text = " ".join(sentence.words)
        found = tuple(word.text for word in words.split_words(text))
        assert found == sentence.words, f"line {sentence.line}"
        # Nor do spaces beside marks matter.
        assert split(text.replace(" - ", "-").replace(" .", ".")).split() == [*found]
