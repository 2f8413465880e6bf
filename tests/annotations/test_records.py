# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.annotations.records."""

import logging

import pytest

from modeling import errors
from modeling.annotations import records


def make(text, pieces, received):
    return records.make_mention(
        text,
        pieces,
        received,
        kind="Gene",
        where="a:1",
        problems=records.Problems(),
    )


def test_white_space_is_white_space():
    assert make("a\nb c", [(0, 3)], "a b").text == "a\nb"
    assert make("a\nb c", [(0, 1), (4, 5)], "a c").text == "a\nb c"
    assert make("a\nb c", [(0, 1), (4, 5)], "a b c").text == "a\nb c"


@pytest.mark.parametrize(
    ("pieces", "received"),
    [([(0, 3)], "a  b"), ([(1, 2)], " "), ([], ""), ([(0, 0)], ""), ([(-1, 5)], "")],
)
def test_mentions_that_are_not_there(pieces, received):
    with pytest.raises(errors.InputError, match=r"^a:1: The offsets of a mention"):
        make("a\nb c", pieces, received)


def test_problems_stop_or_are_counted(caplog):
    error = errors.InputError("a:1: bad")
    with pytest.raises(errors.InputError, match="a:1: bad"):
        records.Problems().report(error)
    problems = records.Problems("skip")
    caplog.set_level(logging.WARNING)
    for _ in range(50):
        problems.report(error)
    assert problems.num_skipped == 50
    assert caplog.text.count("Skipped: a:1: bad") == 20
    assert caplog.text.count("Further ones are counted only.") == 1


def of(key, start=0, kind="Gene", **names):
    return records.Mention(
        start=start, end=start + 1, text="a", type=kind, keys=(key,), **names
    )


def test_names_of_one_place_are_joined():
    both = [of("T1", ids=("1",)), of("T1", ids=("2", "1"), fields=("2|1",))]
    (found,) = records.merge(both, records.Problems())
    assert (found.keys, found.ids, found.fields) == (("T1",), ("1", "2"), ("2|1",))


def test_keys_are_those_of_one_mention():
    mentions = [("a:1", of("T1")), ("a:2", of("T2", 3)), ("a:3", of("T1", 5))]
    with pytest.raises(errors.InputError) as caught:
        records.check_keys(mentions, records.Problems())
    assert str(caught.value) == (
        "a:3: An id must be that of one mention. Received: T1 again."
    )
    related = records.Relation(type="x", first="T1", second="T2", of_mentions=True)
    merged = [mention for _, mention in mentions]
    with pytest.raises(errors.InputError) as caught:
        records.check_relations([("a:4", related)], merged, records.Problems())
    assert str(caught.value) == (
        "a:4: An id in a relation must be that of one mention. Received: T1, that of 2."
    )
    # Nothing is unclear where one mention stands twice.
    records.check_keys([*mentions[:2], ("a:3", of("T1"))], records.Problems())
    # Which of the two was meant is not guessed.
    problems = records.Problems("skip")
    records.check_keys(mentions, problems)
    assert records.check_relations([("a:4", related)], merged, problems) == ()
    assert problems.num_skipped == 2


def test_fields_of_several_identifiers_are_kept_whole():
    mention = records.make_mention(
        "flu",
        [(0, 3)],
        "flu",
        kind="Disease",
        where="a:1",
        problems=records.Problems(),
        ids=["D1|D2", "D1", "-1"],
    )
    assert (mention.ids, mention.fields) == (("D1", "D2"), ("D1|D2",))


def test_values_too_deep_are_shown():
    value = []
    for _ in range(2000):
        value = [value]
    assert records.shorten(value) == "values in values, too deep to show"
    assert records.shorten("x" * 99) == "x" * 80
