# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.relation."""

import hypothesis
import pytest
from hypothesis import strategies as st

from modeling import errors
from modeling.data import relation, relation_headers, relation_tasks

GAD, CHEMPROT = relation_tasks.TASKS["gad"], relation_tasks.TASKS["chemprot"]
CUSTOM = relation_tasks.TASKS["custom"]
HEADER = "index\tsentence\tlabel"

cells = st.text(st.characters(exclude_characters="\t\r\n", codec="utf-8"))


def read(lines, task=GAD, part="train"):
    return relation.read_rows(enumerate(lines, 1), path="f.tsv", task=task, part=part)


def facts(rows):
    return [(row.line, row.first, row.second, row.label) for row in rows]


@hypothesis.given(st.lists(st.tuples(cells, st.sampled_from(["0", "1"]))))
@pytest.mark.parametrize("has_header", [False, True])
def test_rows_out_are_rows_in(has_header, pairs):
    lines = [f"{i}\t{text}\t{label}" for i, (text, label) in enumerate(pairs)]
    rows = read([HEADER] * has_header + lines, part="test")
    assert facts(rows) == [
        (i + 1 + has_header, text, None, label) for i, (text, label) in enumerate(pairs)
    ]


@pytest.mark.parametrize("part", ["train", "dev", "test"])
def test_two_columns_are_sentence_and_label(part):
    assert facts(read(['He said "x.\t1', "\t0"], part=part)) == [
        (1, 'He said "x.', None, "1"),
        (2, "", None, "0"),
    ]


def test_header_names_the_columns(caplog):
    rows = read(["Label\tid\tText\tsource", "1\t7\ta b\tx"])
    assert facts(rows) == [(2, "a b", None, "1")]
    assert (
        "f.tsv: There is a header; sentence in column 3, label in column 1."
        in caplog.messages
    )


@pytest.mark.parametrize("name", relation_headers.LABEL_NAMES)
def test_headers_may_call_labels_many_names(name):
    for header in (f"sentence\t{name}", f"Text\t{name.title()}"):
        assert facts(read([header, "a\tup"], CUSTOM)) == [(2, "a", None, "up")]
    # The surest name counts, wherever it stands.
    lines = [f"id\t{name}\tsentence\tlabel", "7\tx\ta\tup"]
    expected = "x" if name == "label" else "up"
    assert facts(read(lines, CUSTOM)) == [(2, "a", None, expected)]


def test_other_columns_of_a_test_set_are_no_labels():
    lines = ["id\tsentence\ttype", "1\ta\ttitle"]
    assert facts(read(lines, CUSTOM, part="test")) == [(2, "a", None, None)]
    lines = ["id\tsentence\ttype\tlabel", "1\ta\ttitle\tup"]
    assert facts(read(lines, CUSTOM, part="test")) == [(2, "a", None, "up")]


@pytest.mark.parametrize("line", ["sentence\tstance", "Text\tanswer", "0\ttext\tx"])
def test_a_header_of_unknown_names_is_no_row(line):
    width = line.count("\t")
    rows = ["0\t" * (width - 1) + "a\tup", "0\t" * (width - 1) + "b\tdown"]
    with pytest.raises(errors.InputError) as caught:
        read([line, *rows], CUSTOM)
    first, label = line.split("\t")[-2:]
    assert str(caught.value) == (
        "f.tsv:1: A header must name the column of labels label, labels, gold_label, "
        "quality, relation, relation_type, class, category, target, type; a row must "
        f"have a label that others have, too. Received: {first!r} and {label!r}."
    )
    # Such a word may be a sentence, and labels that are given are checked later.
    assert len(read([line, *rows, line], CUSTOM)) == 4
    assert len(read([line, *rows], GAD)) == 3
    assert len(read([line, *rows], CUSTOM, part="test")) == 3


def test_header_may_name_two_sentences():
    lines = ["sentence1\tsentence2\tlabel", "a\tb\tyes"]
    assert facts(read(lines, CUSTOM)) == [(2, "a", "b", "yes")]


@pytest.mark.parametrize("first", ["sentence\t1", "text\t0", "label\t1"])
def test_a_word_that_could_be_a_name_makes_no_header(first):
    assert len(read([first, "a\t1"])) == 2


def test_test_file_without_header_loses_no_row(caplog):
    assert len(read(["0\ta\t1", "1\tb\t0"], part="test")) == 2
    assert "f.tsv: The first line is read as a row" in caplog.text


@pytest.mark.parametrize(
    "lines",
    [
        ["index\tsentence", "0\ta", "1\tb"],
        [HEADER, "0\ta", "1\tb"],
        [HEADER, "0\ta\t", "1\tb\t "],
    ],
)
def test_test_files_may_have_no_labels(lines):
    assert facts(read(lines, part="test")) == [
        (2, "a", None, None),
        (3, "b", None, None),
    ]


def test_labels_of_chemprot_are_compared_in_lower_case():
    rows = read(["a\tCPR:3", "b\tFalse ", "c\tcpr:9"], CHEMPROT)
    assert [row.label for row in rows] == ["cpr:3", "false", "cpr:9"]
    assert [row.label for row in read(["a\tB"], CUSTOM)] == ["B"]


def test_empty_lines_are_empty_sentences_where_rows_are_sentences_alone(caplog):
    lines = ["sentence\tlabel", "", "a", "", "  ", "b", "", ""]
    assert facts(read(lines, part="test")) == [
        (2, "", None, None),
        (3, "a", None, None),
        (4, "", None, None),
        (5, "", None, None),
        (6, "b", None, None),
    ]
    assert "f.tsv: 2 empty lines were skipped." in caplog.messages
    # Among rows with labels they are no rows.
    lines = ["sentence\tlabel", "a\t1", "", "b\t0"]
    assert [row.line for row in read(lines, part="test")] == [2, 4]


def test_empty_lines_are_counted_and_no_rows(caplog):
    assert [row.line for row in read(["", "a\t1", "  ", "b\t0", ""])] == [2, 4]
    assert "f.tsv: 3 empty lines were skipped." in caplog.messages


@pytest.mark.parametrize(
    ("part", "lines", "message"),
    [
        (
            "train",
            ["a\t1", "b\tc\t1"],
            "f.tsv:2: A row must hold 2 columns, with tabs between them, as the first "
            "line does. Received: 3, in 'b\\tc\\t1'.",
        ),
        (
            "test",
            [HEADER, "0\ta\t1", "1\tb"],
            "f.tsv:3: All rows must have a label, or none. Received: no label here, "
            "and 1 rows with one.",
        ),
        (
            "test",
            [HEADER, "0\ta\t1", "1"],
            "f.tsv:3: A row must hold 3 columns, with tabs between them, as the first "
            "line does. Received: 1, in '1'.",
        ),
        (
            "dev",
            ["a\t1", "b\t"],
            "f.tsv:2: A row must have a label. Received: none, in 'b\\t'.",
        ),
    ],
)
def test_refuses_bad_rows(part, lines, message):
    with pytest.raises(errors.InputError) as caught:
        read(lines, part=part)
    assert str(caught.value) == message


@pytest.mark.parametrize("line", ["just text", "a\tb\tc\td", "index\tsentence"])
def test_refuses_columns_that_are_not_known(line):
    with pytest.raises(errors.InputError, match=r"^f\.tsv:1: A row must be a sentence"):
        read([line])


def test_refuses_unknown_labels():
    rows = read(["a\t1", "b\t2"])
    relation.check_labels(rows, ["1", "2"], path="f.tsv")
    with pytest.raises(errors.InputError) as caught:
        relation.check_labels(rows, GAD.labels, path="f.tsv")
    assert str(caught.value) == "f.tsv:2: A label must be one of 0, 1. Received: '2'."


def test_labels_are_derived_and_counted():
    rows = read(["a\tb", "c\ta", "d\tb"], CUSTOM)
    assert relation.derive_labels(rows) == ("a", "b")
    assert relation.count_labels(rows, ["b", "x", "a"]) == {"b": 2, "x": 0, "a": 1}


# GLUE's files as they are released: name, part, header and a row, and what is read.
def columns(count, **at):
    row = [f"c{i}" for i in range(count)]
    for place, value in at.items():
        row[int(place.removeprefix("at"))] = value
    return "\t".join(row)


MRPC = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String"
MNLI_NAMES = {"at8": "sentence1", "at9": "sentence2"}


@pytest.mark.parametrize(
    ("name", "part", "lines", "expected"),
    [
        ("cola", "train", ["gj04\t0\t*\tA b."], ("A b.", None, "0")),
        ("cola", "test", ["index\tsentence", "0\tA b."], ("A b.", None, None)),
        ("mrpc", "dev", [MRPC, "1\t8\t9\tA\tB"], ("A", "B", "1")),
        ("mrpc", "test", [MRPC, "1\t8\t9\tA\tB"], ("A", "B", "1")),
        (
            "mrpc",
            "test",
            [MRPC.replace("Quality", "index"), "7\t8\t9\tA\tB"],
            ("A", "B", None),
        ),
        (
            "mnli",
            "train",
            [
                columns(12, **MNLI_NAMES, at11="gold_label"),
                columns(12, at8="A", at9="B", at11="neutral"),
            ],
            ("A", "B", "neutral"),
        ),
        (
            "mnli",
            "test",
            [columns(10, **MNLI_NAMES), columns(10, at8="A", at9="B")],
            ("A", "B", None),
        ),
        (
            "xnli",
            "train",
            ["premise\thypo\tlabel", "A\tB\tcontradictory"],
            ("A", "B", "contradiction"),
        ),
        (
            "xnli",
            "dev",
            [
                columns(9, at0="language", at6="sentence1", at7="sentence2"),
                columns(9, at0="fr", at1="neutral"),
                columns(9, at0="zh", at1="entailment", at6="A", at7="B"),
            ],
            ("A", "B", "entailment"),
        ),
    ],
)
def test_glue_has_columns_of_its_own(name, part, lines, expected):
    (row,) = read(lines, relation_tasks.TASKS[name], part)
    assert (row.first, row.second, row.label) == expected


def test_refuses_glue_rows_without_all_columns():
    with pytest.raises(errors.InputError, match="A row must hold 4 columns at least"):
        read(["a\t1"], relation_tasks.TASKS["cola"])
