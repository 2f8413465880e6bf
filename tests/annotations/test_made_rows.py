# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.annotations.made_rows."""

import json

import pytest

from modeling import errors
from modeling.annotations import candidates, made_rows, outputs, records

GENE = records.Mention(start=2, end=4, text="TP", type="G", keys=("T1",))
FLU = records.Mention(start=7, end=8, text="f", type="D", ids=("D1", "D2"))
PAIR = candidates.Pair(first=FLU, second=GENE, start=0, end=9)
DOCUMENT = records.Document(id="x", source="a:1", text="", parts=(), mentions=())


@pytest.fixture
def make(tmp_path):
    """Writes three rows as make_re_data.py does; returns their path."""

    def call(form, label="1"):
        path = tmp_path / "a.tsv"
        with outputs.writing(path, form) as writer:
            for sentence in ("one", "two", "three"):
                writer.write(sentence, label, DOCUMENT, PAIR)
        return path

    return call


def read(path, on_error="stop"):
    problems = records.Problems(on_error)
    return list(made_rows.read(str(path), problems=problems)), problems


@pytest.mark.parametrize("form", outputs.FORMS)
def test_what_was_written_is_read(make, form):
    found, problems = read(make(form))
    expected = [outputs.describe(i, DOCUMENT, PAIR) for i in range(3)]
    assert found == list(zip(("one", "two", "three"), expected, strict=True))
    assert problems.counts == {"labels of rows, passed over": 3}


def test_rows_without_labels_and_empty_lines(make):
    path = make(outputs.TEST, label="")
    path.write_text("\n" + path.read_text().replace("\t\n", "\r\n") + "  \n")
    found, problems = read(path)
    assert [sentence for sentence, _ in found] == ["one", "two", "three"]
    assert problems.counts == {"empty lines": 2}


# What is replaced in the rows and in the mentions, and what is said of it.
BAD = [
    ("1\ttwo\t", "two\t", "", "", r"a\.tsv:3: A row must be the index 1, a sentence"),
    ("1\ttwo", "7\ttwo", "", "", r"a\.tsv:3: A row must be the index 1"),
    ("two", "two\tx", "", "", r"a\.tsv:3: A row must be the index 1"),
    ("", "", '"index": 1', '"index": 2', r"jsonl:2: A line must be .* of row 1, as"),
    ("", "", '{"index": 1', '["index": 1', r"a\.mentions\.jsonl:2: A line must be"),
    ("", "", '{"index": 1, "id": "x"', '{"index": 1, "id": 4', "jsonl:2: A line must"),
    ("", "", '{"index": 1, "id": "x", "start": 0', '{"index": 1, "id": "x"', ":2: A"),
    ("", "", '{"index": 1, "id": "x"', '{"index": 1, "id": "\\ud800"', "be Unicode"),
]


@pytest.mark.parametrize(("old", "new", "old_beside", "new_beside", "message"), BAD)
def test_bad_lines(make, old, new, old_beside, new_beside, message):
    path = make(outputs.TEST)
    beside = outputs.path_of_mentions(path)
    path.write_text(path.read_text().replace(old or "\0", new))
    beside.write_text(beside.read_text().replace(old_beside or "\0", new_beside))
    with pytest.raises(errors.InputError, match=message):
        read(path)
    found, problems = read(path, "skip")
    # The others keep their own mentions.
    assert [(text, record["index"]) for text, record in found] == [
        ("one", 0),
        ("three", 2),
    ]
    assert problems.num_skipped == 1


@pytest.mark.parametrize(
    "change",
    [
        {"start": "2"},
        {"start": True},
        {"end": 5},
        {"text": None},
        {"keys": [1]},
        {"ids": "D1"},
    ],
)
def test_bad_mentions(make, change):
    path = make(outputs.TRAIN)
    beside = outputs.path_of_mentions(path)
    lines = [json.loads(line) for line in beside.read_text().splitlines()]
    lines[2]["first"] |= change
    beside.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(errors.InputError, match="jsonl:3: A line must be a JSON obj"):
        read(path)


@pytest.mark.parametrize("on_error", records.ON_ERROR)
def test_files_that_do_not_fit(make, on_error):
    path = make(outputs.TRAIN)
    rows, beside = path.read_text(), outputs.path_of_mentions(path)
    path.write_text(rows + "four\t0\n")
    with pytest.raises(errors.InputError, match=r"more than 3 in .*a\.tsv, and 3 in"):
        read(path, on_error)
    path.write_text(rows[:6])
    with pytest.raises(errors.InputError, match=r"more than 1 in .*jsonl, and 1 in"):
        read(path, on_error)
    path.write_text("")
    with pytest.raises(errors.InputError, match=r"more than 0 in .*jsonl"):
        read(path, on_error)
    beside.unlink()
    with pytest.raises(errors.InputError, match=r"no such file; --do_predict reads"):
        read(path, on_error)
