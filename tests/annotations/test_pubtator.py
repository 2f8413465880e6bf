# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.annotations.pubtator."""

import pytest

from modeling import errors
from modeling.annotations import pubtator, records

TEXT = """1|t|BRCA1 and cancer.
1|a|The gene BRCA1 | causes breast and ovarian cancer.
1\t0\t5\tBRCA1\tGene\t672
1\t10\t16\tcancer\tDisease\tMESH:D009369
1\t27\t32\tBRCA1\tGene\t672
1\t42\t67\tbreast and ovarian cancer\tDisease\tD1|D2\tbreast cancer|ovarian cancer
1\tCID\t672\tD1

2|t|No mentions.
2|a|
"""


def read(text, problems=None):
    numbered = enumerate(text.split("\n"), 1)
    problems = problems or records.Problems()
    return list(pubtator.read(numbered, path="a.txt", problems=problems))


def test_worked_by_hand():
    first, second = read(TEXT)
    assert first.text == (
        "BRCA1 and cancer. The gene BRCA1 | causes breast and ovarian cancer."
    )
    assert first.parts == ((0, 17), (18, 68))
    assert [(m.start, m.end, m.text, m.type, m.ids) for m in first.mentions] == [
        (0, 5, "BRCA1", "Gene", ("672",)),
        (10, 16, "cancer", "Disease", ("MESH:D009369",)),
        (27, 32, "BRCA1", "Gene", ("672",)),
        (42, 67, "breast and ovarian cancer", "Disease", ("D1", "D2")),
    ]
    assert first.relations == (
        records.Relation(type="CID", first="672", second="D1", of_mentions=False),
    )
    assert (first.id, first.source, second.id, second.source) == (
        "1",
        "a.txt:1",
        "2",
        "a.txt:9",
    )
    assert (second.text, second.mentions) == ("No mentions. ", ())


def test_relations_may_have_a_fifth_column_and_mentions_no_identifier():
    (found,) = read(
        "1|t|BRCA1.\n1\t0\t5\tBRCA1\tGene\n1\t0\t5\tBRCA1\tDrug\t-1\n"
        "1\tAssociation\t672\tD1\tNovel"
    )
    assert [mention.ids for mention in found.mentions] == [(), ()]
    assert found.relations[0].type == "Association"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1\t0\t4\tBRCA1\tGene\t1", "a.txt:2: The offsets of a mention must be"),
        ("1\t0\t99\tBRCA1\tGene\t1", "'BRCA1' at 0-99, where the text of 7 char"),
        ("1\t5\t0\tBRCA1\tGene\t1", "a.txt:2: The offsets of a mention must be"),
        ("1\t0\t5\tBRCA1\t \t1", "a.txt:2: A mention must have a type"),
        ("2\t0\t5\tBRCA1\tGene\t1", "a.txt:2: A line must have the PMID of its"),
        ("1\t0\t5\tBRCA1", "a.txt:2: A line must be a mention"),
        (f"1\t0\t{'5' * 5000}\tBRCA1\tGene\t1", "a.txt:2: A line must be a mention"),
        (f"1\t{'5' * 5000}\t5\tBRCA1\tGene\t1", "a.txt:2: A line must be a mention"),
        ("1\tCID\tD1", "a.txt:2: A line must be a mention .* or a relation"),
        ("1|t|again", "a.txt:2: A line must"),
    ],
)
def test_bad_lines_are_refused_or_counted(line, message):
    text = f"1|t|BRCA1.\n{line}\n1\t0\t5\tBRCA1\tGene\t672"
    with pytest.raises(errors.InputError, match=message):
        read(text)
    problems = records.Problems("skip")
    (found,) = read(text, problems)
    assert (problems.num_skipped, len(found.mentions)) == (1, 1)


def test_a_document_needs_a_text():
    with pytest.raises(errors.InputError, match=r"a.txt:1: A document must begin"):
        read("1\t0\t5\tBRCA1\tGene\t672")


def test_types_before_identifiers_are_passed_over():
    (found,) = read(
        "1|t|BRCA1 V600E.\n1\t0\t5\tBRCA1\tGene\t672\n"
        "1\t6\t11\tV600E\tVariant\tp|SUB|V|600|E\n"
        "1\tCause\tGene|672\tVariant|p|SUB|V|600|E\n1\tCause\tGene@672\tDrug|D1"
    )
    assert [(r.first, r.second) for r in found.relations] == [
        ("672", "p|SUB|V|600|E"),
        ("672", "Drug|D1"),
    ]
    assert [mention.ids for mention in found.mentions] == [
        ("672",),
        ("p|SUB|V|600|E",),
    ]
