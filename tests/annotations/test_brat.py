# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.annotations.brat."""

import pytest

from modeling import errors
from modeling.annotations import brat, records

TEXT = "Breast or lung\r\ncancer and BRCA1."


def read(annotations, problems=None):
    return brat.read(
        TEXT,
        enumerate(annotations.split("\n"), 1),
        name="a",
        path="a.ann",
        problems=problems or records.Problems(),
    )


def test_worked_by_hand():
    problems = records.Problems()
    found = read(
        "T1\tDisease 0 6;16 22\tBreast cancer\n"
        "T2\tGene 27 32\tBRCA1\n"
        "T3\tDisease 10 22\tlung  cancer\n"
        "R1\tCauses Arg1:T2 Arg2:T1\t\n"
        "#1\tAnnotatorNotes T1\tsure\nE1\tBinding:T2\n*\tEquiv T1 T3\n",
        problems,
    )
    assert [(m.start, m.end, m.keys) for m in found.mentions] == [
        (0, 22, ("T1",)),
        (10, 22, ("T3",)),
        (27, 32, ("T2",)),
    ]
    assert found.relations == (
        records.Relation(type="Causes", first="T2", second="T1", of_mentions=True),
    )
    assert problems.counts == {
        "lines of brat other than T and R": 3,
        "mentions in several pieces, taken as one from end to end": 1,
    }


def test_mentions_at_one_place_become_one_with_both_keys():
    found = read(
        "T1\tGene 27 32\tBRCA1\nT2\tGene 27 32\tBRCA1\nT3\tDrug 27 32\tBRCA1\n"
        "R1\tSame Arg1:T2 Arg2:T3"
    )
    assert [m.keys for m in found.mentions] == [("T3",), ("T1", "T2")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("T1\tGene 27 32\tBRCA2", r"a.ann:1: The offsets .* 'BRCA2' at 27-32, where"),
        ("T1\tGene 27 99\tBRCA1", r"a.ann:1: The offsets of a mention must be"),
        ("T1\tGene 27\tBRCA1", r"a.ann:1: A line must be a mention as T1"),
        ("T1\tGene -6 32\tBRCA1", r"a.ann:1: The offsets of a mention must be"),
        ("T1 Gene 27 32 BRCA1", r"a.ann:1: A line must be a mention as T1"),
        ("R1\tCauses Arg1:T2", r"a.ann:1: A line must be a mention as T1"),
        ("R1\tCauses Arg1:T2 Arg2:T9", r"a.ann:1: A relation must be .*T2, T9"),
        ("what", r"a.ann:1: A line must be a mention as T1"),
    ],
)
def test_bad_lines_are_refused_or_counted(line, message):
    with pytest.raises(errors.InputError, match=message):
        read(line)
    problems = records.Problems("skip")
    found = read(line, problems)
    assert (problems.num_skipped, found.mentions, found.relations) == (1, (), ())


@pytest.mark.parametrize(
    "line",
    [
        "R1\tPart-of Arg1:T1 Arg2:E1",
        "R1\tInhibits Arg1:T1 Arg2:T2 Site:T2",
        "R1\tCauses Arg1:E2 Arg2:E1",
    ],
)
def test_relations_of_events_or_of_more_than_two_are_passed_over(line):
    problems = records.Problems()
    found = read(
        "T1\tGene 27 32\tBRCA1\nT2\tDisease 0 6\tBreast\nE1\tBinding:T1\n"
        f"{line}\nR2\tCauses Arg1:T1 Arg2:T2",
        problems,
    )
    assert [relation.type for relation in found.relations] == ["Causes"]
    passed = "relations of events or of more than two, passed over"
    assert problems.counts[passed] == 1


def test_ids_are_those_of_one_mention():
    text = (
        "T1\tGene 27 32\tBRCA1\nT2\tDisease 0 6\tBreast\nT1\tDisease 10 14\tlung\n"
        "R1\tCauses Arg1:T1 Arg2:T2"
    )
    with pytest.raises(errors.InputError, match=r"a\.ann:3: An id must .* T1 again"):
        read(text)
    problems = records.Problems("skip")
    found = read(text, problems)
    assert (len(found.mentions), found.relations) == (3, ())
    assert problems.num_skipped == 2
