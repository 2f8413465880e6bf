# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.question_targets."""

import pytest

from modeling import errors
from modeling.data import question, question_passages, question_targets
from modeling.text import tokenization

PIECES = ["[UNK]", "(", ")", "-", "18", "##95", "19", "##43", "born", "in", "Bonn", "."]
TOKENIZER = tokenization.BertTokenizer(PIECES)
CONTEXT = "born (1895-1943)\n in  Bonn."
# Pieces: born ( 18 ##95 - 19 ##43 ) in Bonn .


def make(*answers, context=CONTEXT, name="q", is_impossible=False):
    given = tuple(question.Answer(*answer) for answer in answers)
    return question.Question(
        id=name,
        text="When?",
        context=context,
        path="a.json",
        answers=given,
        is_impossible=is_impossible,
    )


def find(*questions, **options):
    contexts = [one.context for one in questions]
    passages = question_passages.split_all(contexts, TOKENIZER)
    return question_targets.find_targets(questions, passages, TOKENIZER, **options)


def spans_of(*questions, **options):
    return [example.spans for example in find(*questions, **options).examples]


@pytest.mark.parametrize(
    ("text", "start", "span"),
    [
        ("born", 0, (0, 0)),
        ("1895", 6, (2, 3)),  # A part of a word's pieces.
        ("1943", 11, (5, 6)),
        ("(1895-1943)", 5, (1, 7)),
        ("95", 8, (1, 7)),  # No pieces of its own there: the whole word.
        ("in Bonn", 18, (8, 9)),  # Two spaces there, one here.
        ("in  Bonn.", 18, (8, 10)),
        ("\n in", 16, (8, 8)),  # From the word in front of the white space.
        ("born", 2, (0, 0)),  # Not just there, but in these words.
    ],
)
def test_finds_the_pieces(text, start, span):
    assert spans_of(make((text, start))) == [(span,)]


def test_of_several_answers_takes_the_first(caplog):
    one = make(("born", 0), ("1895", 6))
    found = find(one)
    assert [example.spans for example in found.examples] == [((0, 0),)]
    question_targets.log_skipped(found, "a.json", "first")
    assert "1 questions have several answers; the first one is trained" in caplog.text


def test_or_all_of_them_each_once():
    one = make(("born", 0), ("1895", 6), ("born", 0))
    other = make(("Bonn", 22), name="r")
    assert spans_of(one, other, answers="all") == [((0, 0), (2, 3)), ((9, 9),)]
    assert spans_of(one, other, answers="expand") == [((0, 0),), ((2, 3),), ((9, 9),)]


def test_skips_what_is_not_there_and_says_so(caplog):
    lost, kept = make(("Bonn", 0), name="lost"), make(("Bonn", 22), name="kept")
    found = find(lost, kept)
    assert [example.question.id for example in found.examples] == ["kept"]
    assert found.skipped == {"the answer is not at its answer_start": ["lost"]}
    question_targets.log_skipped(found, "a.json", "first")
    assert (
        "a.json: 1 questions are skipped, as the answer is not at its answer_start: "
        "lost. All are in skipped_questions.json." in caplog.text
    )


def test_skips_an_answer_without_pieces():
    context = "born \u200b\u200b in"
    found = find(make(("\u200b", 5), context=context), make(("born", 0)))
    assert found.skipped == {"the answer has no WordPieces": ["q"]}


def test_one_answer_that_is_there_is_enough():
    one = make(("Bonn", 0), ("born", 0))
    assert spans_of(one, answers="all") == [((0, 0),)]
    with pytest.raises(errors.InputError, match="all skipped"):
        find(one, answers="first")


@pytest.mark.parametrize("answers", ["all", "expand"])
def test_answers_that_are_lost_are_told(answers, caplog):
    found = find(make(("born", 0), ("Bonn", 0)), answers=answers)
    assert found.skipped == {}
    assert found.incomplete == {"the answer is not at its answer_start": ["q"]}
    question_targets.log_skipped(found, "a.json", answers)
    assert (
        "a.json: 1 questions are trained on without some answers, as the answer is "
        "not at its answer_start: q. All are in skipped_questions.json." in caplog.text
    )


def test_a_question_may_have_no_answer():
    none = make(is_impossible=True)
    assert spans_of(none, make(("born", 0)), has_impossible=True) == [(), ((0, 0),)]
    # As in the original, what the file says counts, not what it lists.
    given = make(("born", 0), is_impossible=True)
    assert spans_of(given, has_impossible=True) == [()]
    assert spans_of(given) == [((0, 0),)]


NO_ANSWERS = "a.json: question 'q': In training it must have \"answers\""
OUTSIDE = (
    "a.json: question 'q': \"answer_start\" must be where the answer starts in the "
    "context, of 27 characters. Received: "
)
BAD = {
    "none": (
        make(),
        {},
        f"{NO_ANSWERS} (--version_2_with_negative takes such). Received: an empty",
    ),
    "none in 2.0": (make(), {"has_impossible": True}, f"{NO_ANSWERS}. Received: an"),
    "blank": (make((" ", 4)), {}, "An answer must not be blank. Received: ' '."),
    "no start": (make(("born", None)), {}, f"{OUTSIDE}None for 'born'."),
    "negative": (make(("Bonn.", -5)), {}, f"{OUTSIDE}-5 for 'Bonn.'."),
    "behind": (make(("Bonn.", 23)), {}, f"{OUTSIDE}23 for 'Bonn.'."),
    "second": (make(("born", 0), ("Bonn", 99)), {}, f"{OUTSIDE}99 for 'Bonn'."),
    "stop": (
        make(("Bonn", 0)),
        {"on_bad_answers": "stop"},
        "a.json: question 'q': Its answers must be found again (the answer is not at "
        "its answer_start); --on_bad_answers=skip leaves them out. Received: "
        "[('Bonn', 0)].",
    ),
    "all skipped": (
        make(("Bonn", 0)),
        {},
        "a.json: At least one question whose answer is in its passage is needed. "
        "Received: 1 questions, all skipped: ",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_refuses(kind):
    one, options, message = BAD[kind]
    with pytest.raises(errors.InputError) as caught:
        find(one, **options)
    assert message in str(caught.value)


def test_refuses_a_file_that_does_not_say():
    one = question.Question(id="q", text="", context="born", path="a.json")
    with pytest.raises(errors.InputError, match="Received: no answers"):
        find(one)
