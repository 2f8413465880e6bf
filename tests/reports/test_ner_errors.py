# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.reports.ner_errors."""

import pytest

from modeling.reports import mentions, ner_errors

WORDS = [["flu", "and", "flu"], ["the", "flu", "virus"], ["flu", "is", "CO2"]]
GOLD = [["B-Dis", "O", "B-Dis"], ["O", "B-Dis", "O"], ["B-Dis", "O", "B-Chem"]]
FOUND = [["O", "O", "O"], ["O", "B-Dis", "I-Dis"], ["O", "B-Dis", "B-Dis"]]


@pytest.fixture
def errors():
    return ner_errors.collect(mentions.compare_sentences(WORDS, GOLD, FOUND))


def test_collects_errors_on_the_same_words_most_frequent_first(errors):
    assert [(*error.key, error.num, error.sentences) for error in errors.values()] == [
        ("missed", ("flu",), "Dis", 3, [1, 3]),
        ("spurious", ("is",), "Dis", 1, [3]),
        ("wrong boundary", ("flu",), "Dis", 1, [2]),
        ("wrong type", ("CO2",), "Chem", 1, [3]),
    ]


def test_says_what_was_predicted_instead(errors):
    others = [dict(error.others) for error in errors.values()]
    assert others == [{}, {}, {"flu virus": 1}, {"Dis": 1}]


def test_table_links_to_sentences(errors, parse):
    tree = parse(ner_errors.table(list(errors.values()), max_rows=3))
    assert len(tree.rows()) == 1 + 3
    assert tree.rows()[1] == ["flu", "Dis", "missed", "3", "", "1 3"]
    assert [x.attributes["href"] for x in tree.all("a")][:2] == ["#s1", "#s3"]
    assert tree.all("caption")[0].text == "The 3 most frequent of 4 different errors"
    button = tree.all("button")[2]
    assert button.attributes["data-find"] == "flu"
    assert button.attributes["data-kind"] == "wrong-boundary"


def test_table_without_types_and_without_errors(errors, parse):
    tree = parse(ner_errors.table(list(errors.values()), has_types=False))
    assert "Type" not in tree.rows()[0]
    assert parse(ner_errors.table([])).text == "There is no error."


def test_chart_counts_outcomes(parse):
    tree = parse(ner_errors.kinds_chart(mentions.compare_sentences(WORDS, GOLD, FOUND)))
    texts = [text.text for text in tree.all("text")]
    assert dict(zip(texts[::2], texts[1::2], strict=True)) == {
        "right": "0 (0.0%)",
        "missed": "3 (50.0%)",
        "spurious": "1 (16.7%)",
        "wrong boundary": "1 (16.7%)",
        "wrong type": "1 (16.7%)",
    }
