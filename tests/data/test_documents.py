# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.documents."""

import dataclasses
import json
import re

import hypothesis
import pytest
from hypothesis import strategies as st

from modeling import errors
from modeling.data import documents


def number(*texts):
    """Lines with their numbers."""
    return enumerate(texts, start=1)


def fail(message):
    raise errors.InputError(message)


def read_objects(*texts, fail=fail):
    return list(documents.read_objects(number(*texts), path="a.jsonl", fail=fail))


def read_columns(*texts):
    return list(documents.read_columns(number(*texts), path="a.tsv", stem="a"))


def test_a_line_that_is_not_blank_is_a_document():
    lines = number("", "One. Two.", " \t", " x ")
    assert list(documents.read_texts(lines, path="d/a.txt", stem="a")) == [
        documents.Document("a:2", "One. Two.", "d/a.txt", 2),
        documents.Document("a:4", " x ", "d/a.txt", 4),
    ]


def test_all_lines_are_one_document_with_their_places():
    lines = number("One", "", " two", "")
    assert list(documents.read_whole(lines, path="a.txt", stem="a")) == [
        documents.Document("a", "One\n\n two\n", "a.txt", 1)
    ]
    assert list(documents.read_whole([], path="a.txt", stem="a")) == [
        documents.Document("a", "", "a.txt", 1)
    ]


def test_a_sentence_of_words_is_a_document():
    assert read_columns("", "IL", " - \t", "2", "", " ", "乙") == [
        documents.Document("a:2", "IL - 2", "a.tsv", 2),
        documents.Document("a:7", "乙", "a.tsv", 7),
    ]
    assert read_columns("", " ") == []


def test_words_are_of_one_column():
    expected = (
        "a.tsv:3: A line must hold one word alone. Received: 'BRCA1\\tB'. A labelled "
        "test.tsv is read from --data_dir."
    )
    with pytest.raises(errors.InputError, match=f"^{re.escape(expected)}$"):
        read_columns("", "The", "BRCA1\tB")


def test_reads_objects_with_an_id_and_a_text():
    lines = ['{"text": "a\\nb", "id": "x", "title": 7}', "", ' {"id": 12, "text": ""} ']
    assert read_objects(*lines) == [
        documents.Document("x", "a\nb", "a.jsonl", 1),
        documents.Document("12", "", "a.jsonl", 3),
    ]


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@hypothesis.given(ANY_TEXT, ANY_TEXT.filter(bool), st.booleans())
def test_any_object_is_read_back(text, name, ensure_ascii):
    line = json.dumps({"id": name, "text": text}, ensure_ascii=ensure_ascii)
    (document,) = read_objects(line)
    assert dataclasses.astuple(document) == (name, text, "a.jsonl", 1)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '{"id": "x", "text": "a}',
            "A line must be a JSON object. Received: "
            """'{"id": "x", "text": "a}'; Unterminated string starting at at """
            "character 20.",
        ),
        ("[1, 2]", "A line must be a JSON object. Received: [1, 2]."),
        ("null", "A line must be a JSON object. Received: None."),
        (
            '{"id": "x"}',
            "A JSON object must have \"text\", a string. Received: the keys ['id'].",
        ),
        (
            '{"id": "x", "text": null}',
            'A JSON object must have "text", a string. Received: None.',
        ),
        (
            '{"id": "x", "text": ["a"]}',
            "A JSON object must have \"text\", a string. Received: ['a'].",
        ),
        (
            '{"text": "a"}',
            'A JSON object must have "id", a string or an integer. Received: the keys '
            "['text'].",
        ),
        (
            '{"text": "a", "id": true}',
            'A JSON object must have "id", a string or an integer. Received: True.',
        ),
        (
            '{"text": "a", "id": 1.5}',
            'A JSON object must have "id", a string or an integer. Received: 1.5.',
        ),
        ('{"text": "a", "id": ""}', '"id" must not be empty. Received: "".'),
        (
            '{"text": "ab\\ud800", "id": "x"}',
            '"text" must be whole characters. Received: half of a surrogate pair, '
            "\\ud800, at character 2.",
        ),
        (
            '{"text": "a", "id": "\\udc00"}',
            '"id" must be whole characters. Received: half of a surrogate pair, '
            "\\udc00, at character 0.",
        ),
    ],
)
def test_refuses_what_is_no_document(line, message):
    expected = f"^{re.escape(f'a.jsonl:2: {message}')}$"
    with pytest.raises(errors.InputError, match=expected):
        read_objects("", line)


@pytest.mark.parametrize(
    "line", ["[" * 100_000, '{"id": ' + "9" * 5000 + ', "text": ""}']
)
def test_refuses_what_the_parser_gives_up_on(line):
    with pytest.raises(errors.InputError, match=r"^a\.jsonl:1: A line must be a JSON"):
        read_objects(line)


def test_a_pair_of_surrogates_is_a_character():
    (document,) = read_objects('{"text": "\\ud83d\\ude00", "id": "x"}')
    assert document.text == "\U0001f600"


def test_goes_on_behind_a_bad_line_where_told_to():
    messages = []
    found = read_objects("{", '{"id": 1, "text": "a"}', "7", fail=messages.append)
    assert [document.id for document in found] == ["1"]
    assert [message.split(": ")[0] for message in messages] == [
        "a.jsonl:1",
        "a.jsonl:3",
    ]


@pytest.mark.parametrize("read", [documents.read_whole, documents.read_columns])
def test_a_document_of_several_lines_has_a_limit(read, monkeypatch):
    monkeypatch.setattr(documents, "MAX_DOCUMENT_SIZE", 8)
    (document,) = read(number("abc", "def"), path="a", stem="a")
    assert len(document.text) == 7
    expected = "^a:3: A document must not be over 8 characters. Received: a longer one"
    with pytest.raises(errors.InputError, match=expected):
        list(read(number("abc", "def", "g"), path="a", stem="a"))
