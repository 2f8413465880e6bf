# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.question.scoring."""

import json

import pytest

from modeling import errors
from modeling.data import answers, question
from modeling.question import scoring
from modeling.question import settings as settings_lib


def make_settings(**changes):
    given = {"vocab_file": "v", "bert_config_file": "c", "output_dir": "o"}
    given |= {"do_predict": True, "predict_file": "p"}
    return settings_lib.Settings(**given | changes)


def make(name, *texts):
    given = None if texts == (None,) else [question.Answer(t, None) for t in texts]
    return question.Question(
        id=name, text="", context="c", path="a.json", answers=given and tuple(given)
    )


def outcome_of(**texts):
    outcome = scoring.Outcome()
    for name, text in texts.items():
        answer = answers.Answer(text, 1.0, 0.0, 0.0, 0, 1)
        outcome.add(name, answers.Prediction(text, [answer], -2.0), keeps_nbest=True)
    return outcome


def test_answers_are_scored_by_those_that_are_known(caplog):
    questions = [make("a", "Tau", "the tau"), make("b", "APP gene"), make("c", None)]
    outcome = outcome_of(a="tau", b="APP", c="x")
    scores = scoring.score(questions, outcome, make_settings())
    assert scores == {"exact_match": 50.0, "f1": pytest.approx(100 * (1 + 2 / 3) / 2)}
    assert "2 of 3 questions have right answers; the scores are theirs" in caplog.text
    assert scoring.as_shares(scores) == {
        "exact_match": 0.5,
        "f1": pytest.approx((1 + 2 / 3) / 2),
    }


def test_what_stands_for_no_place_is_no_entry_of_a_list():
    found = [
        answers.Answer("empty", 0.6, 0.0, 0.0, None, None),
        answers.Answer("tau", 0.4, 0.0, 0.0, 0, 3),
    ]
    for of_lists, expected in ((True, ["tau"]), (False, ["empty", "tau"])):
        outcome = scoring.Outcome(of_lists=of_lists)
        predicted = answers.Prediction("empty", found, None)
        outcome.add("a", predicted, keeps_nbest=True)
        assert [text for text, _ in outcome.nbest["a"]] == expected


def test_nothing_is_scored_where_no_answer_is_known():
    for kind in settings_lib.TYPES:
        settings = make_settings(question_type=kind, list_threshold=0.5)
        assert scoring.score([make("a", None)], outcome_of(a="x"), settings) == {}


def test_labels_that_are_not_known_are_told(caplog):
    questions = [
        question.Question(id=name, text="", context="c", path="p", label=label)
        for name, label in (("a", "yes"), ("b", None))
    ]
    outcome = scoring.Outcome(yes={"a": 0.9, "b": 0.9})
    scores = scoring.score(questions, outcome, make_settings(question_type="yesno"))
    assert scores["yesno_acc"] == 1.0
    assert "1 of 2 questions have right answers; the scores are theirs" in caplog.text


def test_golden_questions_that_were_not_asked_are_told(tmp_path, caplog):
    path = tmp_path / "golden.json"
    entries = [
        {"id": name, "type": kind, "exact_answer": [["a"]]}
        for name, kind in (("x", "factoid"), ("y", "factoid"), ("z", "list"))
    ]
    path.write_text(json.dumps({"questions": entries}))
    submitted = {"questions": [entries[0]]}
    for warns in (False, True):
        assert not caplog.messages
        scores = scoring.score_golden(str(path), submitted, "factoid", warns=warns)
        assert scores["factoid_strict_acc"] == 1.0
    (message,) = caplog.messages
    assert message.startswith(f"{path}: 1 golden factoid questions are not in the subm")
    assert message.endswith(": y")


def test_questions_without_an_answer_are_scored_as_in_squad_2():
    questions = [
        make("a", "tau"),
        question.Question(id="b", text="", context="c", path="p", answers=()),
    ]
    settings = make_settings(version_2_with_negative=True)
    scores = scoring.score(questions, outcome_of(a="tau", b=""), settings)
    assert (scores["exact"], scores["NoAns_f1"], scores["total"]) == (100.0, 100.0, 2)
    # Odds over the official threshold of 1 do not take back an answer.
    outcome = outcome_of(a="tau", b="x")
    outcome.null_odds["a"] = 3.0
    assert scoring.score(questions, outcome, settings)["HasAns_exact"] == 100.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "must hold an object with a list of questions"),
        ("{", "must be JSON in UTF-8"),
        (
            json.dumps({"questions": [{"id": "x", "type": "factoid"}]}),
            "A golden factoid question must have an exact_answer. Received: none.",
        ),
        (
            json.dumps({"questions": [{"id": "y", "type": "factoid"}]}),
            "--golden_file must have factoid questions of --predict_file. Received: 1",
        ),
    ],
)
def test_refuses_golden_files(tmp_path, content, message):
    path = tmp_path / "golden.json"
    path.write_text(content)
    submitted = {"questions": [{"id": "x", "type": "factoid", "exact_answer": []}]}
    with pytest.raises(errors.InputError) as caught:
        scoring.score_golden(str(path), submitted, "factoid")
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_refuses_a_golden_file_that_is_not_there(tmp_path):
    with pytest.raises(errors.InputError, match="must be a file of right answers"):
        scoring.score_golden(str(tmp_path / "absent"), {"questions": []}, "list")
