# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.text.sentences."""

import random

import hypothesis
import pytest
from hypothesis import strategies as st

from modeling.text import sentence_rules, sentences, words


def split(text, **options):
    return [
        text[start:end] for start, end in sentences.split_sentences(text, **options)
    ]


def check(text, max_characters=sentences.MAX_CHARACTERS):
    """Raises unless the sentences of a text are what they must be."""
    spans = sentences.split_sentences(text, max_characters=max_characters)
    position = 0
    for start, end in spans:
        assert position <= start < end <= len(text)
        assert not text[position:start].strip()  # Nothing is left out.
        assert text[start:end] == text[start:end].strip()
        assert end - start <= max_characters or len(text[start:end].split()) == 1
        position = end
    assert not text[position:].strip()
    # No word is cut.
    parts = [word for span in spans for word in words.split_words(text, *span)]
    assert parts == words.split_words(text)


@pytest.mark.parametrize("text", ["", " ", "\n", " \r\n\n\u2028\t\x0b "])
def test_white_space_has_no_sentences(text):
    assert sentences.split_sentences(text) == []


def test_gives_places_in_characters():
    text = "\ufeff \U0001f600 Sjo\u0308gren's.\u00a0 \tIt is.\r\n"
    assert split(text) == ["\ufeff \U0001f600 Sjo\u0308gren's.", "It is."]


def test_the_library_moves_no_place_by_what_it_drops_or_normalises():
    text = "A\u030a\u0301 was \x00\ud800low.\u2028\x1cIt\u200b was \ufb01ne. So\x85 it."
    assert " ".join(split(text)).split() == text.split()
    check(text)


def test_a_blank_line_ends_a_sentence():
    assert split("Aims\n\nto see\n \t\nAll.\r\n\r\nNo") == [
        "Aims",
        "to see",
        "All.",
        "No",
    ]


def test_a_wrapped_line_ends_none():
    text = (
        "We found a mutation in the gene of Wilson\n"
        "Disease in 12 patients with a chronic non-\n"
        "small cell lung cancer. None had a\n"
        "Li-Fraumeni syndrome.\n"
    )
    one, two = split(text)
    assert one.endswith("lung cancer.")
    assert two == "None had a\nLi-Fraumeni syndrome."


def test_a_heading_ends_with_its_line():
    text = (
        "Mutations of BRCA1\n"
        "Many families with breast cancer carry mutations of this gene. We\n"
        "looked for others.\n"
        "Methods\n"
        "in brief: none were used that had not been used before by others.\n"
    )
    assert [sentence.split()[0] for sentence in split(text)] == [
        "Mutations",
        "Many",
        "We",
        "Methods",
    ]


def test_long_sentences_are_cut_at_white_space():
    assert split("aa bb  cc dddd e", max_characters=5) == ["aa bb", "cc", "dddd", "e"]
    assert split("a" * 9 + " b " + "c" * 9, max_characters=5) == ["a" * 9, "b", "c" * 9]
    text = "word " * 2000
    assert [len(sentence) for sentence in split(text)] == [3999, 3999, 1999]


@pytest.mark.parametrize(
    "unit",
    [
        "acgt",
        "word ",
        "A. ",
        "( a ",
        "()",
        "'",
        "`",
        "“a” ",
        "乙。",
        "\n",
        "a\n",
        " ",
        "e.g. ",
        "x. The ",
        "[1] (a. ",
        "x" * 9000 + " ",
        ". " * 5000 + "a",
    ],
)
def test_reads_long_texts_in_small_windows(unit, monkeypatch):
    sizes = []
    find_starts = sentence_rules.find_starts

    def record(masked):
        sizes.append(len(masked))
        return find_starts(masked)

    monkeypatch.setattr(sentence_rules, "find_starts", record)
    text = unit * (2**18 // len(unit))
    spans = sentences.split_sentences(text)
    assert max(sizes, default=0) <= 2 * sentences.MAX_CHARACTERS
    assert sum(sizes) <= 3 * len(text)
    for start, end in spans:
        length = end - start
        assert length <= sentences.MAX_CHARACTERS or " " not in text[start:end]


def test_a_word_of_a_megabyte_is_one_sentence():
    text = "Sequence: " + "acgt" * 2**18 + ". It is long."
    assert [len(sentence) for sentence in split(text)] == [9, 2**20 + 1, 11]


ANY_TEXT = st.text(
    st.one_of(
        st.characters(),  # Surrogates too.
        st.sampled_from("aB1 .?!,;:()[]'\"<>\n\r\t\x00\x0b\x85\xad\u2028\u2029"),
        st.sampled_from("。乙؟م\u05d0\u0301\u200d\U0001f600\ufe0f\ufeff\u2026’“•–"),
    ),
    max_size=120,
)


@hypothesis.given(ANY_TEXT, st.sampled_from([1, 2, 7, sentences.MAX_CHARACTERS]))
def test_any_text_is_covered(text, max_characters):
    check(text, max_characters)


@pytest.mark.parametrize("num_words", [1, 3, 200, 20_000])
def test_any_number_of_words_is_covered(num_words):
    vocabulary = [
        *("The", "gene", "BRCA1.", "(Fig.", "2)", "et", "al.", "E.", "coli", "5'-UTR."),
        *(
            "<",
            "“x”.",
            "乙。很",
            "\U0001f600.",
            "\n",
            "\n\n",
            "cafe\u0301.",
            "[1].",
            "h.",
        ),
    ]
    text = " ".join(random.Random(num_words).choices(vocabulary, k=num_words))
    check(text)


def test_official_sentences_stay_whole(shared):
    path = shared / "data" / "ner" / "NCBI-disease" / "test.tsv"
    if not path.is_file():
        pytest.skip(f"No corpus: {path} is absent.")
    blocks = path.read_text(encoding="utf-8").strip().split("\n\n")
    for block in blocks:
        text = " ".join(line.split("\t")[0] for line in block.split("\n"))
        assert split(text) == [text]
