# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.text.vocabulary."""

import json
import re

import pytest

from modeling import errors
from modeling.text import vocabulary

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.fixture
def write(tmp_path):
    """Writes pieces to a file, one on each line, and gives its path."""

    def write(pieces, end="\n"):
        path = tmp_path / "vocab.txt"
        path.write_bytes("".join(piece + end for piece in pieces).encode())
        return path

    return write


def make(*pieces):
    return vocabulary.Vocabulary((*SPECIAL, "[unused1]", *pieces), "some/vocab.txt")


@pytest.mark.parametrize(
    ("file", "size", "cased"),
    [
        ("vocab/bert_base_cased_vocab.txt", 28996, True),
        ("vocab/bert_base_uncased_vocab.txt", 30522, False),
        ("checkpoint_toy/vocab.txt", 15, False),
    ],
)
def test_released_vocabularies_load(shared, file, size, cased):
    path = shared / "data" / file
    read = vocabulary.read_vocabulary(path)
    assert read.pieces == tuple(path.read_text(encoding="utf-8").strip().split("\n"))
    assert len(read) == size
    assert read.path == str(path)
    assert vocabulary.is_cased(read) is cased


def test_size_of_a_release_fits_its_configuration(shared):
    path = shared / "data/checkpoint_toy/bert_config.json"
    read = vocabulary.read_vocabulary(path.with_name("vocab.txt"))
    config = json.loads(path.read_text(encoding="utf-8"))
    vocabulary.check_size(read, config["vocab_size"], path)


def test_id_is_the_number_of_the_line_from_zero(write):
    read = vocabulary.read_vocabulary(write([*SPECIAL, "gene", "##s"]))
    assert read.ids == {
        "[PAD]": 0,
        "[UNK]": 1,
        "[CLS]": 2,
        "[SEP]": 3,
        "[MASK]": 4,
        "gene": 5,
        "##s": 6,
    }


def test_white_space_around_pieces_is_dropped(write):
    read = vocabulary.read_vocabulary(write([*SPECIAL, " a\t", "\u3000b"], end="\r\n"))
    assert read.pieces == (*SPECIAL, "a", "b")


def test_a_line_of_white_space_keeps_its_id(write):
    read = vocabulary.read_vocabulary(write([*SPECIAL, "\u2028", "a"]))
    assert read.ids["a"] == 6
    assert len(read) == 7


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ([*SPECIAL, "a", "b", "a "], ":8: .*Received: 'a', which is on line 6 too."),
        ([*SPECIAL, "", "a", ""], ":8: .*an empty line, which is on line 6 too."),
        ([], ": A vocabulary must hold .* Received: an empty file."),
        (
            ["[PAD]", "[UNK]", "[CLS]", "a"],
            r": A vocabulary must hold \[PAD\], \[UNK\], \[CLS\], \[SEP\], \[MASK\]. "
            r"Received: 4 pieces without \[SEP\], \[MASK\].",
        ),
        (
            ["a", *SPECIAL],
            r":2: \[PAD\] must be the first piece, with id 0. Received: id 1.",
        ),
    ],
)
def test_refuses(write, pieces, message):
    path = write(pieces)
    with pytest.raises(errors.InputError, match=f"^{re.escape(str(path))}{message}$"):
        vocabulary.read_vocabulary(path)


@pytest.mark.parametrize(
    ("pieces", "cased"),
    [
        (["gene", "##A"], True),
        (["Gene"], True),
        (["\u00c9"], True),
        (["gene", "\u211d"], False),  # The sign for the real numbers.
        (["##s"], False),
        (["1", "##2", "\u7dda", "\u05d0"], None),
        ([], None),
    ],
)
def test_casing_is_told_by_capitals_outside_brackets(pieces, cased):
    assert vocabulary.is_cased(make(*pieces)) is cased


def test_accepts_the_casing_that_fits():
    vocabulary.check_casing(make("A"), do_lower_case=False)
    vocabulary.check_casing(make("a"), do_lower_case=True)


@pytest.mark.parametrize("do_lower_case", [False, True])
def test_accepts_any_casing_without_letters_or_when_forced(do_lower_case):
    vocabulary.check_casing(make("1"), do_lower_case=do_lower_case)
    for pieces in ("A", "a"):
        vocabulary.check_casing(
            make(pieces), do_lower_case=do_lower_case, force_case=True
        )


@pytest.mark.parametrize(
    ("piece", "do_lower_case", "message"),
    [
        (
            "A",
            True,
            "some/vocab.txt: A vocabulary with capitals is for text as it is: set "
            "--do_lower_case=false, or --force_case=true if this is meant. "
            "Received: --do_lower_case=true.",
        ),
        (
            "a",
            False,
            "some/vocab.txt: A vocabulary without capitals is for lower-cased text: "
            "set --do_lower_case=true, or --force_case=true if this is meant. "
            "Received: --do_lower_case=false.",
        ),
    ],
)
def test_refuses_the_wrong_casing(piece, do_lower_case, message):
    with pytest.raises(errors.InputError, match=f"^{re.escape(message)}$"):
        vocabulary.check_casing(make(piece), do_lower_case=do_lower_case)


def test_refuses_the_size_of_another_model():
    message = (
        'some/vocab.txt: A vocabulary must have as many pieces as "vocab_size" in '
        "other/bert_config.json says, 9. Received: 8 pieces. Probably these are files "
        "of two different models."
    )
    with pytest.raises(errors.InputError, match=f"^{re.escape(message)}$"):
        vocabulary.check_size(make("a", "b"), 9, "other/bert_config.json")


def test_tells_an_empty_last_line_from_another_model():
    with pytest.raises(errors.InputError, match=r"8 pieces. Its last line is empty;"):
        vocabulary.check_size(make("a", ""), 7, "bert_config.json")
    for last, size in (("", 6), ("b", 7)):
        with pytest.raises(errors.InputError, match=r"8 pieces. Probably"):
            vocabulary.check_size(make("a", last), size, "bert_config.json")
