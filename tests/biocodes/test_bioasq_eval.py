# SPDX-License-Identifier: Apache-2.0
"""Tests for biocodes.bioasq_eval."""

import json
import subprocess
import sys

import hypothesis
import pytest
from hypothesis import strategies as st

from biocodes import bioasq_eval

GOLDEN_FILES = {
    "4B1": "data/qa/BioASQ/4B1_golden.json",
    "5B3": "data/qa/BioASQ/5B3_golden.json",
    "6B2": "data/qa/BioASQ/6B2_golden.json",
    "8B1": "data/qa/BioASQ-golden-7b-11b/8B1_golden.json",
}
# Real runs: strict and lenient accuracy and reciprocal rank of the official program.
RUNS = {
    "4b": (0.28205128205128205, 0.48717948717948717, 0.3653846153846154),
    "5b": (0.28, 0.44, 0.34333333333333327),
    "6b": (0.12903225806451613, 0.25806451612903225, 0.1801075268817204),
}
ORDER = [
    *("YesNo Acc", "Factoid Strict Acc", "Factoid Lenient Acc", "Factoid MRR"),
    *("List Prec", "List Rec", "List F1"),
    *("YesNo macroF1", "YesNo F1 yes", "YesNo F1 no"),
]

entry = st.lists(st.sampled_from("abcdAB"), min_size=1, max_size=3)
entries = st.lists(entry, min_size=1, max_size=4)
golden_questions = st.lists(
    st.tuples(st.sampled_from(["factoid", "list"]), entries)
    | st.tuples(st.just("yesno"), st.sampled_from(["yes", "no"])),
    max_size=8,
).map(lambda pairs: [question(i, *pair) for i, pair in enumerate(pairs)])
submitted_entries = st.lists(entry, max_size=5) | st.sampled_from(["yes", "No", "?"])


def question(number, kind, answer):
    return {"id": f"q{number}", "type": kind, "exact_answer": answer}


def values(kind, gold, answer):
    """The measures of one question."""
    golden, submitted = [question(1, kind, gold)], [question(1, "", answer)]
    (scores,) = bioasq_eval.score(golden, submitted).questions
    return scores.values


def run(root, *arguments):
    program = [sys.executable, "biocodes/bioasq_eval.py", *map(str, arguments)]
    return subprocess.run(
        program, capture_output=True, text=True, cwd=root, check=False
    )


@pytest.mark.parametrize("name", GOLDEN_FILES)
def test_command_prints_the_official_numbers(shared, root, name):
    folder = shared / "golden" / "bioasq"
    file = f"{name}_submission.json"
    expected = json.loads((folder / "scores.json").read_text())[f"{file}/e5"]
    done = run(root, shared / GOLDEN_FILES[name], folder / file)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{expected}\n"


@pytest.mark.parametrize("year", RUNS)
@pytest.mark.parametrize("prefix", ["", "WithProb_"])
def test_scores_of_real_runs(shared, year, prefix):
    folder = shared / "golden" / f"bioasq_run_BioASQ-train-factoid-{year}"
    golden = shared / "data" / "qa" / "BioASQ" / f"{year[0]}B1_golden.json"
    scores = bioasq_eval.score(
        bioasq_eval.read_questions(golden),
        bioasq_eval.read_questions(folder / f"{prefix}BioASQform_BioASQ-answer.json"),
    )
    numbers = list(scores.measures.values())
    # With twenty answers instead of five, more are found, but none at the top.
    compared = slice(1, 2) if prefix else slice(1, 4)
    assert tuple(numbers[compared]) == RUNS[year][: compared.stop - 1]
    assert numbers[:1] + numbers[4:] == [0.0] * 7
    assert "yesno questions are not in the submission" in scores.notes[0]


@pytest.mark.parametrize("name", GOLDEN_FILES)
def test_golden_file_scores_one_against_itself(shared, name):
    golden = bioasq_eval.read_questions(shared / GOLDEN_FILES[name])
    scores = bioasq_eval.score(golden, golden)
    assert list(scores.measures) == ORDER
    assert set(scores.measures.values()) == {1.0}
    assert scores.notes == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ([["B", "a"]], (0, 0, 0)),  # Of an entry, only the first string counts.
        ([["A"]], (1, 1, 1)),
        ([["x"], ["y"], ["a syn"]], (0, 1, 1 / 3)),
        ([["a "]], (0, 0, 0)),  # Nothing is stripped.
        ([[], ["a"]], (1, 1, 1)),  # An empty entry takes no rank.
        ([["x"]] * 9 + [["a"]], (0, 1, 0.1)),  # More than five count, too.
        (["x", "a"], (0, 1, 0.5)),
        ([], (0, 0, 0)),
        (None, (0, 0, 0)),
        ("a", (0, 0, 0)),
        ([[7]], (0, 0, 0)),
    ],
)
def test_factoid_by_hand(answer, expected):
    found = values("factoid", [["a", "A syn"]], answer)
    assert tuple(found.values()) == expected


@pytest.mark.parametrize("gold", [[["a", "b"]], [["a"], ["b"]], ["a", "b"]])
def test_any_golden_string_of_a_factoid_is_right(gold):
    assert values("factoid", gold, [["b"]])["strict"] == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ([["a"], ["c"]], (1, 1)),
        ([["b"], ["a"]], (1 / 2, 1 / 2)),  # The entry was used up.
        ([["a"], ["x"], ["y"]], (1 / 3, 1 / 2)),
        ([["x"]], (0, 0)),
        ([], (0, 0)),
        ("a", (0, 0)),
    ],
)
def test_list_by_hand(answer, expected):
    found = values("list", [["a", "b"], ["c"]], answer)
    precision, recall = expected
    f1 = 2 * precision * recall / (precision + recall) if precision else 0
    assert tuple(found.values()) == (precision, recall, f1)


def test_an_entry_left_that_shares_a_synonym_is_not_missed():
    found = values("list", [["a", "b"], ["b", "c"], ["d"]], [["b"]])
    assert (found["precision"], found["recall"]) == (1, 1 / 2)
    # The one answer excuses one of two.
    found = values("list", [["b"], ["b", "c"], ["b", "d"]], [["b"]])
    assert found["recall"] == 1 / 2


@pytest.mark.parametrize(
    ("answer", "is_right"),
    [("yes", 1), ("Yes, it is", 1), ("no", 0), ("", 0), ([], 0), (None, 0), ("?", 0)],
)
def test_yes_or_no_by_hand(answer, is_right):
    assert values("yesno", "Yes", answer)["accuracy"] == is_right


def test_f1_of_yes_and_no_by_hand():
    gold = ["yes", "yes", "yes", "no", "no"]
    answers = ["yes", "no", "none", "no", "yes"]
    measures = bioasq_eval.score(
        [question(i, "yesno", text) for i, text in enumerate(gold)],
        [question(i, "yesno", text) for i, text in enumerate(answers)],
    ).measures
    assert measures["YesNo Acc"] == 2 / 5
    assert measures["YesNo F1 yes"] == 2 / (2 + 3)  # Wrong ones count for both.
    assert measures["YesNo F1 no"] == 2 / (2 + 3)
    assert measures["YesNo macroF1"] == 2 / 5


def test_missing_questions_are_left_out_of_the_means():
    golden = [question(i, "factoid", [["a"]]) for i in range(4)]
    scores = bioasq_eval.score(golden, [question(1, "list", [["a"]])])
    assert scores.measures["Factoid MRR"] == 1
    assert [scores.id for scores in scores.questions] == ["q1"]
    (note,) = scores.notes
    assert note.startswith("3 golden factoid questions are not in the submission, and")
    assert note.endswith(": q0, q2, q3")


def test_empty_submission_scores_zero():
    golden = [question(1, "yesno", "no"), question(2, "list", [["a"]])]
    assert set(bioasq_eval.score(golden, []).measures.values()) == {0.0}


def test_notes_say_what_is_odd():
    golden = [question(1, "factoid", [["a"]]), question(2, "riddle", "x")]
    golden += [question(3, "summary", None)]
    submitted = [question(1, "factoid", "a"), question(1, "factoid", [["a"]])]
    scores = bioasq_eval.score(golden, [*submitted, question(9, "list", [])])
    assert scores.measures["Factoid Strict Acc"] == 0  # The first counts.
    assert scores.notes == [
        "1 answers are a string, not a list, and so count as none: q1",
        "1 submitted questions are not in the golden file: q9",
        "1 questions were submitted again; the first counts: q1",
        "1 golden questions are of no type that is known: q2",
    ]


@hypothesis.given(golden_questions, st.data())
def test_order_of_questions_does_not_matter(golden, data):
    submitted = [
        question(i, "", data.draw(submitted_entries))
        for i, gold in enumerate(golden)
        if gold["type"] != "yesno"
    ]
    before = bioasq_eval.score(golden, submitted).measures
    shuffled = (data.draw(st.permutations(part)) for part in (golden, submitted))
    after = bioasq_eval.score(*shuffled).measures
    assert after == pytest.approx(before, abs=1e-12)
    assert all(0 <= value <= 1 for value in after.values())


@hypothesis.given(golden_questions)
def test_perfect_submission_scores_one(golden):
    kinds = {gold["type"] for gold in golden}
    measures = bioasq_eval.score(golden, golden).measures
    for name, (kind, value) in bioasq_eval.MEASURES.items():
        # Golden entries that repeat a string can take one another's answers.
        if kind in kinds and kind == "factoid":
            assert measures[name] == 1
        elif kind == "yesno" and value == "accuracy":
            assert measures[name] == (kind in kinds)


def test_command_is_verbose(root, tmp_path):
    golden = {"questions": [question(1, "factoid", [["a"]])]}
    submitted = {"questions": [question(1, "factoid", [["b"], ["a", 0.5]])]}
    for name, value in (("g", golden), ("s", submitted)):
        (tmp_path / name).write_text(json.dumps(value))
    done = run(root, tmp_path / "g", tmp_path / "s", "--verbose")
    lines = done.stdout.splitlines()
    assert lines[0] == "0.0 0.0 1.0 0.5 0.0 0.0 0.0 0.0 0.0 0.0"
    assert [line.partition(": ")[0] for line in lines[1:11]] == ORDER
    assert lines[4] == "Factoid MRR: 0.5"
    expected = ["strict=0.0", "lenient=1.0", "reciprocal_rank=0.5"]
    assert lines[11:] == ["\t".join(["q1", "factoid", *expected])]


@pytest.mark.parametrize(
    ("kind", "gold", "answer", "message"),
    [
        ("yesno", "yes", ["yes"], "a yes/no question must be a string. Received: ['ye"),
        ("list", [["a"]], [[["a"]]], "must be a list of lists of strings. Received:"),
        ("list", [["a"]], [["a"], None], "'q1': The exact_answer must be a list of"),
        ("list", [["a"]], {"a": 1}, "Received: {'a': 1}."),
        ("list", [["a"]], [[True]], "Received: [[True]]."),
        ("factoid", None, [["a"]], "A golden factoid question must have an exact_answ"),
    ],
)
def test_answers_of_other_forms_are_refused(kind, gold, answer, message):
    with pytest.raises(bioasq_eval.InputError) as caught:
        values(kind, gold, answer)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "s must be JSON in UTF-8. Received: Expecting"),
        ("[]", "s must hold an object with a list of questions. Received: '[]'."),
        ("[" * 100_000, "s must be JSON in UTF-8. Received: maximum recursion"),
        ('{"questions": [{"type": "list"}]}', "s: A question must be an object with"),
        (
            '{"questions": [{"id": "q1", "exact_answer": [null]}]}',
            "s: Question 'q1': T",
        ),
        ('{"questions": [{"id": "q1_000"}]}', "g. Received: others, such as 'q1_000'."),
    ],
)
def test_command_refuses(root, tmp_path, text, message):
    golden = {"questions": [question(1, "factoid", [["a"]])]}
    (tmp_path / "g").write_text(json.dumps(golden))
    (tmp_path / "s").write_text(text)
    done = run(root, tmp_path / "g", tmp_path / "s")
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
