# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.question."""

import gzip
import json

import pytest

from modeling import errors
from modeling.data import question

QA = {
    "id": "q1",
    "question": "Which gene?",
    "answers": [{"text": "BRCA1", "answer_start": 4}],
}
CONTEXT = "The BRCA1 gene."


def squad(*qas, context=CONTEXT):
    return {"data": [{"title": "t", "paragraphs": [{"context": context, "qas": qas}]}]}


@pytest.fixture
def write(tmp_path):
    """Writes a file of questions and returns its path."""

    def write(value, name="questions.json"):
        path = tmp_path / name
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return str(path)

    return write


def test_reads_squads_form(write):
    path = write(squad(QA, {"id": 7, "question": "", "is_impossible": True}))
    assert question.read_file(path) == [
        question.Question(
            id="q1",
            text="Which gene?",
            context=CONTEXT,
            path=path,
            answers=(question.Answer("BRCA1", 4),),
        ),
        question.Question(
            id="7", text="", context=CONTEXT, path=path, is_impossible=True
        ),
    ]


def test_a_question_with_an_empty_list_of_answers_has_none(write):
    given = [QA, {**QA, "id": "b", "answers": []}, {**QA, "id": "c"}]
    del given[2]["answers"]
    read = question.read_file(write(squad(*given)))
    assert [one.is_impossible for one in read] == [False, True, False]
    assert [one.answers and len(one.answers) for one in read] == [1, (), None]


def test_reads_compressed_files_and_byte_order_marks(write):
    content = b"\xef\xbb\xbf" + json.dumps(squad(QA)).encode()
    (plain,) = question.read_file(write(content))
    (compressed,) = question.read_file(write(content, "q.json.gz"))
    assert plain.text == compressed.text == "Which gene?"


def test_yes_no_questions_stand_in_paragraphs_or_in_a_flat_list(write):
    nested = squad({"id": "a", "question": "Is it?", "answer": "Yes"})
    entry = {"id": "a", "question": "Is it?", "context": CONTEXT, "label": "yes"}
    one = question.read_file(write(nested), is_yes_no=True)
    flat = question.read_file(write({"data": [entry]}), is_yes_no=True)
    assert one == flat
    assert one[0].label == "yes"


def test_a_label_may_stand_under_either_name(write):
    path = write(squad({"id": "a", "question": "q", "answer": None, "label": "yes"}))
    assert question.read_file(path, is_yes_no=True)[0].label == "yes"


def test_labels_may_be_absent(write):
    path = write(squad({"id": "a", "question": "Is it?"}))
    assert question.read_file(path, is_yes_no=True)[0].label is None


# What a file holds: what is said of it, after its path.
BAD_FILES = {
    "ends early": (
        json.dumps(squad(QA))[:-9].encode(),
        ":1: Questions must be JSON. Received: a file that ends early, at character",
    ),
    "ends in a string": (
        json.dumps(squad(QA))[:45].encode(),
        ":1: Questions must be JSON. Received: a file that ends early, at character",
    ),
    "ends in a word": (
        b'{"data": tr',
        ":1: Questions must be JSON. Received: a file th",
    ),
    "half of a character": (
        squad({"id": "a", "question": "Is \ud835 it?"}),
        ": question 'a': Its texts must be Unicode. Received: '\\ud835', half of a ch",
    ),
    "entry": (
        squad({**QA, "answers": [{"text": "x", "entry": "1"}]}),
        "\"entry\" must be a whole number. Received: '1'.",
    ),
    "no JSON": (
        b'{"data":\n x}',
        ":2: Questions must be JSON. Received: Expecting value, at character 2 of the",
    ),
    "empty": (b"", ":1: Questions must be JSON. Received: a file that ends early"),
    "Latin 1": (b'{"a": "\xf8"}', ": Questions must be JSON in UTF-8. Received: "),
    "brackets": (b"[" * 100_000, ": Questions must be JSON in UTF-8. Received: "),
    "a list": ([], ": data: A file of questions must have SQuAD's form: data, a list"),
    "no paragraphs": ({"data": [{}]}, ": data[0].paragraphs: A file of questions must"),
    "no object": ({"data": [5]}, ": data[0].paragraphs: A file of questions must"),
    "no qas": (
        {"data": [{"paragraphs": [{"context": "x"}]}]},
        ": data[0].paragraphs[0].qas: A file of questions must have SQuAD's form",
    ),
    "no question": (squad(), ": At least one question is needed. Received: none."),
    "no id": (
        squad({"question": "x"}),
        ': data[0].paragraphs[0].qas[0]: A question must have an "id", a string that '
        "is not empty. Received: {'question': 'x'}.",
    ),
    "id": (squad({**QA, "id": ""}), '.qas[0]: A question must have an "id", a string'),
    "text": (
        squad({**QA, "question": None}),
        ": question 'q1': It must have a \"question\", a string. Received: None.",
    ),
    "blank context": (
        squad(QA, context=" \n"),
        ": question 'q1': Its passage must have a \"context\", a string that is not "
        r"blank. Received: ' \n'.",
    ),
    "no context": (squad(QA, context=None), "not blank. Received: None."),
    "answers": (
        squad({**QA, "answers": {"text": ["a"]}}),
        ": question 'q1': \"answers\" must be a list. Received: {'text': ['a']}.",
    ),
    "answer": (
        squad({**QA, "answers": ["a"]}),
        ": question 'q1': An answer must have a \"text\", a string. Received: 'a'.",
    ),
    "start": (
        squad({**QA, "answers": [{"text": "a", "answer_start": 1.5}]}),
        ": question 'q1': \"answer_start\" must be a whole number. Received: 1.5.",
    ),
    "impossible": (
        squad({**QA, "is_impossible": "false"}),
        ": question 'q1': \"is_impossible\" must be true or false. Received: 'false'.",
    ),
    "id again": (
        squad(QA, {**QA, "question": "Why?"}),
        ": question 'q1': An id must be that of one question, as answers are written "
        "under it. Received: 2 of it, and 1 such ids.",
    ),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_refuses(kind, write):
    content, message = BAD_FILES[kind]
    path = write(content)
    with pytest.raises(errors.InputError) as caught:
        question.read_file(path)
    assert str(caught.value).startswith(path)
    assert message in str(caught.value)


def test_refuses_a_file_that_is_not_there(tmp_path):
    with pytest.raises(errors.InputError, match="A file of questions is needed"):
        question.read_file(tmp_path / "absent.json")


@pytest.mark.parametrize("damage", [slice(None, -20), slice(20, None)])
def test_refuses_a_gz_that_is_damaged(write, tmp_path, damage):
    path = write(squad(QA), "q.json.gz")
    content = (tmp_path / "q.json.gz").read_bytes()
    head = b"" if damage.start is None else content[:12]
    (tmp_path / "q.json.gz").write_bytes(head + content[damage])
    with pytest.raises(errors.InputError, match="Questions must be JSON in UTF-8"):
        question.read_file(path)


def test_refuses_a_label_that_is_neither(write):
    path = write(squad({"id": "a", "question": "Is it?", "answer": "maybe"}))
    with pytest.raises(errors.InputError) as caught:
        question.read_file(path, is_yes_no=True)
    assert str(caught.value) == (
        f"{path}: question 'a': \"answer\" must be yes or no. Received: 'maybe'."
    )


def test_ids_may_repeat_where_no_answers_are_written(write, caplog):
    path = write(squad(QA, QA))
    assert len(question.read_file(path, unique_ids=False)) == 2
    assert f"{path}: 1 ids are of several questions, such as q1." in caplog.text
