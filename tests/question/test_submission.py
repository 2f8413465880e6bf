# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.question.submission."""

import dataclasses
import json

import pytest

from modeling import errors
from modeling.data import question
from modeling.question import submission

A, B = "a" * 24, "b" * 24


def make(name, *texts, label=None):
    answers = tuple(question.Answer(text, None) for text in texts)
    return question.Question(
        id=name, text="", context="c", path="a.json", answers=answers, label=label
    )


def exact(submitted):
    return {entry["id"]: entry["exact_answer"] for entry in submitted["questions"]}


@pytest.mark.parametrize("year", [4, 5, 6])
def test_factoids_equal_the_originals_submission(shared, year):
    folder = shared / f"golden/bioasq_run_BioASQ-train-factoid-{year}b"
    read = json.loads((folder / "nbest_predictions.json").read_text("utf-8"))
    nbest = {
        name: [(entry["text"], entry["probability"]) for entry in entries]
        for name, entries in read.items()
    }
    assert submission.is_bioasq(list(nbest))
    expected = json.loads((folder / "BioASQform_BioASQ-answer.json").read_text("utf-8"))
    ours = exact(submission.factoids(nbest))
    theirs = exact(expected)
    assert ours.keys() == theirs.keys()
    # The original leaves equally likely answers in no fixed order.
    assert sum(ours[name] == theirs[name] for name in ours) >= 0.9 * len(ours)


def test_list_answers_are_joined_by_their_highest_probability():
    nbest = {
        f"{A}_000": [("Tau", 0.5), ("APP", 0.3), ("", 0.2)],
        f"{A}_001": [("tau", 0.6), ("x" * 101, 0.4)],
        f"{B}_000": [("BRCA1", 0.05)],
    }
    assert submission.list_answers(nbest) == {
        A: [("tau", 0.6), ("APP", 0.3)],
        B: [("BRCA1", 0.05)],
    }
    assert exact(submission.lists(nbest, 0.3)) == {
        A: [["tau"], ["APP"]],
        B: [["BRCA1"]],  # The best one, however unlikely.
    }
    assert exact(submission.lists(nbest, 0.31))[A] == [["tau"]]


def test_labels_are_of_the_mean_over_passages():
    shares = {f"{A}_000": 0.9, f"{A}_001": 0.2, "other": 0.5, f"{B}_000": 0.49}
    assert exact(submission.labels(shares)) == {A: "yes", "other": "yes", B: "no"}


def test_threshold_is_the_lowest_of_those_with_the_best_f1():
    right = submission.golden([make("q", "Tau", "APP"), make("r", "p53")], "list")
    nbest = {
        "q": [("tau", 0.5), ("app", 0.3), ("x", 0.145)],
        "r": [("p53", 0.9), ("y", 0.1)],
    }
    chosen, scores = submission.choose_threshold(right, nbest)
    assert (chosen, scores["list_f1"]) == (0.15, 1.0)


def test_right_answers_of_lists_are_those_of_all_passages():
    questions = [make(f"{A}_000", "Tau"), make(f"{A}_001", "tau", "APP"), make("q")]
    found = submission.golden(questions, "list")
    assert exact({"questions": found}) == {A: [["Tau"], ["APP"]], "q": []}


def test_right_answers_of_one_entry_are_synonyms():
    named = [("p53", 0), ("TP53", 0), ("BRCA1", 1), ("P53", 0)]
    questions = [
        dataclasses.replace(
            make(f"{A}_{i:03d}"), answers=(question.Answer(text, 0, entry),)
        )
        for i, (text, entry) in enumerate(named)
    ]
    right = submission.golden(questions, "list")
    assert exact({"questions": right}) == {A: [["p53", "TP53"], ["BRCA1"]]}
    # One of two synonyms is enough.
    given = submission.lists({f"{A}_000": [("TP53", 0.6), ("BRCA1", 0.5)]}, 0.1)
    assert submission.score(right, given, "list")["list_f1"] == 1.0


def test_passages_of_a_question_must_have_one_label():
    questions = [
        make(f"{A}_{i:03d}", label=label) for i, label in enumerate(["yes"] * 2)
    ]
    assert exact({"questions": submission.golden(questions, "yesno")}) == {A: "yes"}
    with pytest.raises(errors.InputError) as caught:
        submission.golden([*questions, make(f"{A}_002", label="no")], "yesno")
    assert str(caught.value) == (
        f"a.json: question '{A}_002': All passages of a question must have the same "
        "answer. Received: no."
    )


def test_scores_are_bioasqs_of_the_type():
    right = submission.golden([make("q", label="yes"), make("r", label="no")], "yesno")
    scores = submission.score(right, submission.labels({"q": 0.7, "r": 0.8}), "yesno")
    assert scores == {
        "yesno_acc": 0.5,
        "yesno_macrof1": pytest.approx(1 / 3),
        "yesno_f1_yes": pytest.approx(2 / 3),
        "yesno_f1_no": 0.0,
    }
