# SPDX-License-Identifier: Apache-2.0
"""Tests for biocodes.bioasq2squad."""

import json
import re
import subprocess
import sys

import hypothesis
import pytest
from hypothesis import strategies as st

from biocodes import bioasq2squad, squad_eval, transform_nbset2bioasqform

Q1, Q2, Q3 = "1" * 24, "2" * 24, "3" * 24
FILES = ["7B5_golden.json", "9B5_golden.json"]


def question(name, kind, answer, *snippets, **fields):
    """A question of a BioASQ file."""
    texts = [{"text": text} for text in snippets]
    value = {"id": name, "type": kind, "body": f"{name[0]}?", "snippets": texts}
    return value | {"exact_answer": answer} | fields


def convert(*questions, **options):
    """Returns the paragraphs or examples, and the report."""
    settings = bioasq2squad.Options(**options)
    data, report = bioasq2squad.convert(questions, settings)
    if settings.question_type == "yesno":
        return data["data"], report
    return data["data"][0]["paragraphs"], report


def places(paragraphs):
    """The id, start and text of each answer."""
    entries = [entry for paragraph in paragraphs for entry in paragraph["qas"]]
    for entry in entries:
        (answer,) = entry["answers"]
        yield entry["id"], answer["answer_start"], answer["text"]


def slow_spans(context, synonyms, partial_words):
    """Tries each start and each end, the longest first."""
    forms = {synonym.lower() for synonym in synonyms if synonym}
    spans, start = [], 0
    while start < len(context):
        for end in range(len(context), start, -1):
            edges = [context[max(i - 1, 0) : i + 1] for i in (start, end)]
            inside = [len(re.findall(r"\w", edge)) == 2 for edge in edges]
            whole = partial_words or not any(inside)
            if whole and context[start:end].lower() in forms:
                spans.append((start, context[start:end]))
                start = end - 1
                break
        start += 1
    return spans


def run(root, *arguments):
    program = [sys.executable, "biocodes/bioasq2squad.py", *map(str, arguments)]
    return subprocess.run(
        program, capture_output=True, text=True, cwd=root, check=False
    )


@pytest.mark.parametrize("kind", ["factoid", "list"])
@pytest.mark.parametrize("answers", ["first", "all"])
def test_command_converts_golden_files(shared, root, tmp_path, kind, answers):
    paths = [shared / "data/qa/BioASQ-golden-7b-11b" / name for name in FILES]
    options = [f"--question_type={kind}", f"--answers={answers}"]
    done = run(root, *paths, f"--output_path={tmp_path / 'x.json'}", *options)
    assert (done.returncode, done.stderr) == (0, "")
    data = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    report = json.loads((tmp_path / "x_report.json").read_text(encoding="utf-8"))

    golden = [q for path in paths for q in json.loads(path.read_text())["questions"]]
    golden = {q["id"]: q for q in golden if q["type"] == kind}
    assert report["counts"][f"{kind} questions read"] == len(golden)
    seen = set()
    for paragraph in data["data"][0]["paragraphs"]:
        for name, start, text in places([paragraph]):
            assert paragraph["context"][start : start + len(text)] == text
            source = golden[name[:24]]
            assert paragraph["context"] in [s["text"] for s in source["snippets"]]
            forms = [form for entry in source["exact_answer"] for form in entry]
            plain = {" ".join(form.lower().split()) for form in forms}
            assert " ".join(text.lower().split()) in plain
            seen.add(name)
    # All ids are different, and a question is written or named as left out.
    assert len(seen) == report["counts"]["questions and passages written"]
    left_out = [name for names in report["unanswered"].values() for name in names]
    assert sorted([*left_out, *{name[:24] for name in seen}]) == sorted(golden)
    assert left_out
    assert set(report["unanswered"]) == {"answer in no snippet or abstract"}
    assert f"{len(left_out)} left out: answer in no snippet" in done.stdout


@hypothesis.given(
    st.text("aAb- .", max_size=12),
    st.lists(st.text("aAb-.", max_size=3), max_size=3),
    st.booleans(),
)
def test_spans_equal_trying_all(context, synonyms, partial_words):
    found = bioasq2squad.find_spans(context, synonyms, partial_words=partial_words)
    assert found == slow_spans(context, synonyms, partial_words)


def test_spans_by_hand():
    def find(*synonyms, **options):
        context = "PD, not PDGF; (pd)\nBCR-ABL and bcr -abl: p53+ IL\u00a02 Ⅱ."
        return bioasq2squad.find_spans(context, synonyms, **options)

    assert find("pd") == [(0, "PD"), (15, "pd")]
    assert len(find("pd", partial_words=True)) == 3
    assert find("(pd) bcr-abl", "bcr") == [(14, "(pd)\nBCR-ABL"), (31, "bcr")]
    assert find("p53+") == [(41, "p53+")]
    assert find("il 2") == [(46, "IL\u00a02")]
    assert find("", " ") == find() == find("BC", "gene") == []


def test_factoid_gets_a_question_per_passage():
    paragraphs, report = convert(
        question(Q1, "factoid", [["dmd", "Duchenne"]], "No.", "DMD. Duchenne.", "dmd"),
        question(Q2, "list", [["x"]], "x"),
    )
    assert paragraphs == [
        {
            "context": "DMD. Duchenne.",
            "qas": [
                {
                    "id": f"{Q1}_000",
                    "question": "1?",
                    "answers": [{"text": "DMD", "answer_start": 0}],
                }
            ],
        },
        {
            "context": "dmd",
            "qas": [
                {
                    "id": f"{Q1}_001",
                    "question": "1?",
                    "answers": [{"text": "dmd", "answer_start": 0}],
                }
            ],
        },
    ]
    assert report.counts == {
        "factoid questions read": 1,
        "list questions read": 1,
        "passages read": 3,
        "passages absent, blank or repeated": 0,
        "passages without the answer": 1,
        "questions and passages written": 2,
        "questions written": 1,
    }


@pytest.mark.parametrize("answer", [[["a", "b"]], ["a", "b"], [["a"], ["b"]]])
def test_all_places_of_a_factoid_in_any_form(answer):
    paragraphs, _ = convert(question(Q1, "factoid", answer, "b a", "B"), answers="all")
    assert list(places(paragraphs)) == [
        (f"{Q1}_000", 0, "b"),
        (f"{Q1}_001", 2, "a"),
        (f"{Q1}_002", 0, "B"),
    ]
    assert [len(paragraph["qas"]) for paragraph in paragraphs] == [2, 1]


def test_each_entry_of_a_list_is_searched():
    answer = [["a", "b"], ["c"], ["b"], ["gone", "lost"]]
    asked = question(Q1, "list", answer, "c b c", "x")
    paragraphs, report = convert(asked, question_type="list")
    # Two entries share "b", which is one place.
    expected = [(f"{Q1}_000", 0, "c"), (f"{Q1}_001", 2, "b")]
    assert list(places(paragraphs)) == expected
    assert report.missing_entries == {Q1: ["gone"]}
    paragraphs, _ = convert(asked, question_type="list", answers="all")
    assert [start for _, start, _ in places(paragraphs)] == [0, 2, 4]
    # Synonyms have the number of their entry, and a place that of the first.
    found = [qa["answers"][0] for paragraph in paragraphs for qa in paragraph["qas"]]
    assert [answer["entry"] for answer in found] == [1, 0, 1]


def test_yes_or_no_becomes_a_labelled_pair():
    examples, report = convert(
        question(Q1, "yesno", "Yes", "one", "two"),
        question(Q2, "yesno", "perhaps", "one"),
        question_type="yesno",
    )
    assert examples[1] == {
        "id": f"{Q1}_001",
        "question": "1?",
        "context": "two",
        "label": "yes",
    }
    assert len(examples) == 2
    assert report.unanswered == {"exact answer is neither yes nor no": [Q2]}


def test_reasons_are_given():
    _, report = convert(
        question(Q1, "factoid", [["a"]]),
        question(Q2, "factoid", [[" "]], "b"),
        question(Q3, "factoid", [["a"]], "b", " ", "b"),
        question(Q3, "factoid", [["b"]], "b"),
        question("4" * 24, "factoid", None, "b"),
    )
    assert report.unanswered == {
        "no snippet or abstract": [Q1],
        "no exact answer": [Q2, "4" * 24],
        "answer in no snippet or abstract": [Q3],
        "id was in the input before": [Q3],
    }
    assert report.counts["passages absent, blank or repeated"] == 2


@pytest.mark.parametrize("kind", ["factoid", "list", "yesno"])
def test_prediction_takes_all_passages(kind):
    found, report = convert(
        question(Q1, kind, None, "b", "c"),
        question(Q2, kind, None),
        question_type=kind,
        for_prediction=True,
    )
    assert [entry["context"] for entry in found] == ["b", "c"]
    qas = [entry["qas"][0] if kind != "yesno" else entry for entry in found]
    assert [entry["id"] for entry in qas] == [f"{Q1}_000", f"{Q1}_001"]
    assert not any({"answers", "label"} & entry.keys() for entry in qas)
    assert report.unanswered == {"no snippet or abstract": [Q2]}


def test_abstracts_take_the_place_of_snippets(root, tmp_path):
    documents = ["http://www.ncbi.nlm.nih.gov/pubmed/7", "x/8/", "x/7", "x/9"]
    asked = question(Q1, "factoid", [["a"]], "not a", documents=documents)
    (tmp_path / "q.json").write_text(json.dumps({"questions": [asked]}))
    (tmp_path / "a.json").write_text(json.dumps({"7": "an A.", "8": "b"}))
    flags = [f"--output_path={tmp_path}/o", f"--abstracts_path={tmp_path}/a.json"]
    (tmp_path / "o").symlink_to(tmp_path / "linked")  # A link stays.
    done = run(root, tmp_path / "q.json", *flags)
    assert "1 passages absent, blank or repeated" in done.stdout
    data = json.loads((tmp_path / "linked").read_text())
    assert list(places(data["data"][0]["paragraphs"])) == [(f"{Q1}_000", 3, "A")]
    (tmp_path / "a.json").write_text('{"7": 1}')
    done = run(root, tmp_path / "q.json", *flags)
    assert "whole characters for each id. Received: {'7': 1}." in done.stderr


def test_fits_the_other_programs():
    asked = question(Q1, "factoid", [["a"]], "a b", "b a")
    data, _ = bioasq2squad.convert([asked], bioasq2squad.Options())
    questions = squad_eval.read_questions(data)
    assert questions == [(f"{Q1}_000", ["a"]), (f"{Q1}_001", ["a"])]
    answers = {name: [("a", 0.5)] for name, _ in questions}
    joined = transform_nbset2bioasqform.join(answers)
    assert joined == {Q1: [("a", 0.5), ("a", 0.5)]}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{", "q.json: It must be JSON in UTF-8. Received: Expecting"),
        ("[" * 100_000, "must be JSON in UTF-8. Received: maximum recursion"),
        ([], "must hold an object. Received: []."),
        ({}, "must have questions, a list. Received: None."),
        ({"questions": []}, "must be a question of type 'factoid'. Received: {}."),
        ([{"type": "factoid"}], "q.json: A question must have a 'id', a string of w"),
        ([question("x", "factoid", ["a"], "a")], "q.json: An id must be 24 hexade"),
        ([question(Q1, "factoid", [[1]], "a")], f"n: Question '{Q1}': exact_answer "),
        ([question(Q1, "factoid", [["\ud835"]], "a")], "Received: [['\\ud835']]."),
        (
            [question(Q1, "factoid", [], "a") | {"snippets": ["a"]}],
            f"A snippet of {Q1} must have a 'text', a string of whole characters. R",
        ),
        (
            [question(Q1, "factoid", [], "a") | {"snippets": 5}],
            f"Question '{Q1}': snippets must be a list. Received: 5.",
        ),
        (
            [question(Q1, "factoid", ["a"], "a \ud835")],
            "a string of whole characters. Received: {'text': 'a \\ud835'}.",
        ),
        (
            [question(Q1, "factoid", ["a"], "a " * 1001)],
            f"at most 1000 passages or places. Received: '{Q1}' with 1001.",
        ),
    ],
)
def test_command_refuses_and_writes_nothing(root, tmp_path, value, message):
    if value and isinstance(value, list):
        value = {"questions": value}
    text = value if isinstance(value, str) else json.dumps(value)
    (tmp_path / "q.json").write_text(text)
    flags = ["--answers=all", f"--output_path={tmp_path}/o.json"]
    done = run(root, tmp_path / "q.json", *flags)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["q.json"]
