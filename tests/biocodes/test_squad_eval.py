# SPDX-License-Identifier: Apache-2.0
"""Tests for biocodes.squad_eval."""

import gzip
import json
import subprocess
import sys

import hypothesis
import pytest
from hypothesis import strategies as st

from biocodes import squad_eval

DEV = "data/qa/squad-dev-v1.1.rebuilt.json.gz"
# Published predictions: exact match and F1.
PUBLISHED = {"bert_ensemble": (86.21, 92.20), "bert_tiny": (37.78, 50.63)}

texts = st.text("ab .", max_size=4).map(lambda text: text.replace("a", "the "))
answered = st.lists(st.lists(texts, min_size=1, max_size=3), min_size=1, max_size=6)
any_answers = st.lists(st.lists(texts, max_size=3), min_size=1, max_size=6)


def named(answers):
    """Questions q0, q1 and so on."""
    return [(f"q{i}", tuple(texts)) for i, texts in enumerate(answers)]


def squad(answers, **fields):
    """A file in SQuAD's form."""
    qas = [
        {"id": name, "answers": [{"text": text} for text in texts]}
        for name, texts in named(answers)
    ]
    return {"data": [{"paragraphs": [{"qas": qas}]}], **fields}


def slow_words(text):
    """The words that count, one character after the other."""
    kept = [c for c in text.lower() if c not in r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"""]
    return [word for word in "".join(kept).split() if word not in ("a", "an", "the")]


def slow_f1(gold, guess):
    left, right = slow_words(gold), slow_words(guess)
    num_left, num_right = len(left), len(right)
    shared = 0
    for word in right:
        if word in left:
            left.remove(word)
            shared += 1
    return 2 * shared / (num_left + num_right) if shared else 0.0


@pytest.fixture
def command(root, tmp_path):
    """Runs the program on values, written as JSON."""

    def call(data, predictions, *options, na_prob=None):
        for name, value in (("d", data), ("p", predictions), ("n", na_prob)):
            text = value if isinstance(value, str) else json.dumps(value)
            (tmp_path / name).write_text(text)
        flags = [f"--na_prob_file={tmp_path / 'n'}"] if na_prob is not None else []
        program = [sys.executable, "biocodes/squad_eval.py", tmp_path / "d"]
        return subprocess.run(
            [*program, tmp_path / "p", *flags, *options],
            capture_output=True,
            text=True,
            cwd=root,
            check=False,
        )

    return call


@pytest.mark.parametrize("name", PUBLISHED)
def test_command_prints_what_was_published(shared, root, name):
    predictions = shared / "golden" / "squad_predictions" / f"{name}.json.gz"
    program = [sys.executable, "biocodes/squad_eval.py", shared / DEV, predictions]
    done = subprocess.run(
        program, capture_output=True, text=True, cwd=root, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    scores = json.loads(done.stdout)
    assert list(scores) == ["exact_match", "f1"]
    assert tuple(round(value, 2) for value in scores.values()) == PUBLISHED[name]


def test_right_answers_score_one_hundred(shared):
    data = json.loads(gzip.decompress((shared / DEV).read_bytes()))
    questions = squad_eval.read_questions(data)
    assert len(questions) == 10570
    predictions = {name: texts[-1] for name, texts in questions}
    scores = squad_eval.score(questions, predictions)
    # "the" and the like have no word that counts, and so no F1.
    empty = [texts for _, texts in questions if not squad_eval.normalize(texts[-1])]
    assert scores["exact_match"] == 100.0
    assert scores["f1"] == pytest.approx(100.0 * (1 - len(empty) / len(questions)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The U.S.  Army!", "us army"),
        ("theatre an\tA", "theatre"),
        ("a-b", "ab"),
        ("“an” é", "“ ” é"),  # Only ASCII punctuation is dropped.
        ("", ""),
    ],
)
def test_normalizes(text, expected):
    assert squad_eval.normalize(text) == expected


@pytest.mark.parametrize(
    ("gold", "guess", "expected"),
    [
        ("Denver Broncos", "the broncos of Denver", 2 * (2 / 3) / (2 / 3 + 1)),
        ("b b c", "b b b", 2 / 3),
        ("x", "y", 0.0),
        ("the", "a", 0.0),
        ("x", "", 0.0),
    ],
)
def test_f1_by_hand(gold, guess, expected):
    assert squad_eval.f1(gold, guess) == pytest.approx(expected)


@hypothesis.given(answered, st.data())
def test_equals_a_slow_count(answers, data):
    questions = named(answers)
    predictions = {name: data.draw(texts) for name, _ in questions}
    exact = overlap = 0.0
    for name, golds in questions:
        guess = predictions[name]
        exact += any(slow_words(gold) == slow_words(guess) for gold in golds)
        overlap += max(slow_f1(gold, guess) for gold in golds)
    scores = squad_eval.score(questions, predictions)
    assert scores["exact_match"] == pytest.approx(100 * exact / len(questions))
    assert scores["f1"] == pytest.approx(100 * overlap / len(questions))

    shuffled = data.draw(st.permutations(questions))
    assert squad_eval.score(shuffled, predictions) == pytest.approx(scores)


@hypothesis.given(any_answers, st.data())
def test_best_threshold_equals_trying_each(answers, data):
    questions = named(answers)
    predictions = {name: data.draw(texts) for name, _ in questions}
    order = data.draw(st.permutations(range(1, len(questions) + 1)))
    no_answer = dict(zip(predictions, order, strict=True))
    found = squad_eval.score_v2(questions, predictions, no_answer=no_answer)
    words = [(name, [slow_words(text) for text in golds]) for name, golds in questions]
    # None is answered up to 0, then those whose numbers are up to 1, 2 and so on.
    values = [
        sum(
            slow_words(predictions[name]) in (list(filter(None, golds)) or [[]])
            if golds and no_answer[name] <= threshold
            else not golds and (no_answer[name] > threshold or not predictions[name])
            for name, golds in words
        )
        for threshold in range(len(questions) + 1)
    ]
    assert found["best_exact"] == pytest.approx(100 * max(values) / len(values[1:]))
    assert found["best_exact_thresh"] == values.index(max(values))


def test_version_2_by_hand():
    questions = [("q0", ("one two",)), ("q1", ("three",)), ("q2", ()), ("q3", ())]
    predictions = {"q0": "one", "q1": "", "q2": "", "q3": "four"}
    scores = squad_eval.score_v2(questions, predictions)
    assert scores == {
        "exact": 25.0,
        "f1": pytest.approx(100 * (2 / 3 + 1) / 4),
        "total": 4,
        "HasAns_exact": 0.0,
        "HasAns_f1": pytest.approx(100 / 3),
        "HasAns_total": 2,
        "NoAns_exact": 50.0,
        "NoAns_f1": 50.0,
        "NoAns_total": 2,
    }
    no_answer = {"q0": -1.5, "q1": 0.25, "q2": 3.0, "q3": 2.0}
    scores = squad_eval.score_v2(questions, predictions, no_answer=no_answer)
    assert (scores["exact"], scores["NoAns_exact"]) == (50.0, 100.0)
    best = {name: value for name, value in scores.items() if name.startswith("best")}
    assert best == {
        "best_exact": 50.0,
        "best_exact_thresh": 0.0,
        "best_f1": pytest.approx(100 * (2 / 3 + 2) / 4),
        "best_f1_thresh": -1.5,
    }
    scores = squad_eval.score_v2(
        questions, predictions, no_answer=no_answer, threshold=-2.0
    )
    assert (scores["HasAns_f1"], scores["NoAns_f1"]) == (0.0, 100.0)


def test_answers_without_a_word_are_none_in_version_2():
    scores = squad_eval.score_v2([("q0", ("the",))], {"q0": ""})
    assert (scores["exact"], scores["HasAns_f1"]) == (100.0, 100.0)
    assert "NoAns_total" not in scores


def test_question_without_prediction_counts_zero():
    questions = [("q0", ("a b",)), ("q1", ("c",)), ("q2", ())]
    assert squad_eval.score(questions[:2], {"q0": "b"})["f1"] == 50.0
    scores = squad_eval.score_v2(
        questions, {"q0": "b"}, no_answer={"q0": 0.0, "q2": 0.5}, threshold=0.25
    )
    assert scores["f1"] == scores["best_f1"] == pytest.approx(100 / 3)
    assert scores["NoAns_f1"] == 0.0


def test_command_tells_the_versions_apart(command):
    assert "exact_match" in command(squad([["x"]]), {"q0": "x"}).stdout
    for data in (squad([["x"], []]), squad([["x"]], version="v2.0")):
        done = command(data, {"q0": "x", "q1": ""})
        assert json.loads(done.stdout)["exact"] == 100.0
    done = command(squad([["x"]], version="v2.0"), {"q0": "x"}, "--version=1.1")
    assert "exact_match" in done.stdout


def test_command_counts_what_does_not_fit(command):
    done = command(squad([["x"], ["y"]]), {"q0": "x", "r": "y", "s": ""})
    assert json.loads(done.stdout) == {"exact_match": 50.0, "f1": 50.0}
    assert done.stderr.splitlines() == [
        "1 questions have no prediction and count 0, such as q1",
        "2 predictions are for no question, such as r",
    ]


def test_command_takes_numbers_and_a_threshold(command):
    data, predictions = squad([["x"], []]), {"q0": "x", "q1": "y"}
    numbers = {"q0": 0.25, "q1": 0.75}
    scores = json.loads(command(data, predictions, na_prob=numbers).stdout)
    assert (scores["exact"], scores["best_exact"]) == (50.0, 100.0)
    done = command(data, predictions, "--na_prob_thresh=0.5", na_prob=numbers)
    assert json.loads(done.stdout)["exact"] == 100.0


@pytest.mark.parametrize(
    ("data", "predictions", "na_prob", "message"),
    [
        ("{", {}, None, "d must be JSON in UTF-8. Received: Expecting"),
        ([], {}, None, "d must have SQuAD's form: data, paragraphs, qas with an id"),
        ({"data": [{"paragraphs": [{"qas": [{"id": "q"}]}]}]}, {}, None, "'answers'"),
        ("[" * 100_000, {}, None, "d must be JSON in UTF-8. Received: maximum recu"),
        (squad([]), {}, None, "d: There must be a question at least. Received: none."),
        (squad([[]], version="1.1"), {}, None, "d: In SQuAD 1.1, a question must have"),
        (squad([["x"]]), {"q1": "x"}, None, "p must answer questions of "),
        (squad([["x"]]), [], None, "p must hold an object with a string for each id"),
        (squad([["x"]]), {"q0": None}, None, "Received: {'q0': None}."),
        (squad([["x"]]), {"q0": "x"}, {}, "--na_prob_file must come with SQuAD 2.0."),
        (squad([[]]), {"q0": ""}, {}, "a no-answer number for each question with a"),
        (squad([[]]), {"q0": ""}, {"q0": "1"}, "n must hold an object with a number"),
        (squad([[]]), {"q0": ""}, {"q0": float("nan")}, "Received: {'q0': nan}."),
    ],
)
def test_command_refuses(command, data, predictions, na_prob, message):
    done = command(data, predictions, na_prob=na_prob)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
