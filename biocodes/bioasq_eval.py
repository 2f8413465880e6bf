# SPDX-License-Identifier: Apache-2.0
"""Scores a BioASQ submission by its exact answers, as the official program does.

Usage:
    python biocodes/bioasq_eval.py [--verbose] 4B1_golden.json SUBMISSION.json

Prints ten numbers on a line, in the official order: yes/no accuracy; strict
accuracy, lenient accuracy and mean reciprocal rank of factoids; precision, recall
and F1 of lists; macro F1, F1 of yes and F1 of no. --verbose prints them by name,
and those of each question. How many questions were not submitted, and the like,
goes to standard error. Ideal answers, documents and snippets are left out.
"""

import argparse
import collections
import dataclasses
import json
import pathlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Question = Mapping[str, Any]  # As in a BioASQ file.
Entries = list[list[str]]  # Of an answer, each a list of synonyms in lower case.

# Each measure: type of question, what is averaged.
MEASURES = {
    "YesNo Acc": ("yesno", "accuracy"),
    "Factoid Strict Acc": ("factoid", "strict"),
    "Factoid Lenient Acc": ("factoid", "lenient"),
    "Factoid MRR": ("factoid", "reciprocal_rank"),
    "List Prec": ("list", "precision"),
    "List Rec": ("list", "recall"),
    "List F1": ("list", "f1"),
    "YesNo macroF1": ("yesno", "macro"),
    "YesNo F1 yes": ("yesno", "yes"),
    "YesNo F1 no": ("yesno", "no"),
}
_TYPES = ("yesno", "factoid", "list")
_MISSING = "golden {} questions are not in the submission, and left out of the means"
_STRINGS = "answers are a string, not a list, and so count as none"
_NOT_GOLDEN = "submitted questions are not in the golden file"
_REPEATED = "questions were submitted again; the first counts"
_OF_NO_TYPE = "golden questions are of no type that is known"


class InputError(ValueError):
    """Says what is needed, what was received, and where."""


@dataclasses.dataclass(frozen=True)
class QuestionScores:
    """What a submission has for one question.

    Attributes:
        id: The question's id.
        type: "yesno", "factoid" or "list".
        label: "yes", "no" or "none", the golden answer of a yes/no question.
        values: Its measures by name, as in MEASURES.
    """

    id: str
    type: str
    label: str
    values: Mapping[str, float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scores:
    """The scores of a submission.

    Attributes:
        measures: The ten measures by name, in the official order.
        questions: Those of each question that was scored, in golden order.
        notes: What a reader should know of the two files, a line each.
    """

    measures: Mapping[str, float]
    questions: Sequence[QuestionScores]
    notes: Sequence[str]


def score(
    golden: Sequence[Question],
    submitted: Sequence[Question],
    *,
    names: tuple[str, str] = ("golden file", "submission"),
) -> Scores:
    """Scores the questions of a submission.

    Args:
        golden: Questions with `id`, `type` and `exact_answer`: "yes" or "no", or
            a list of entries, each a list of synonyms.
        submitted: Questions with `id` and `exact_answer`. Only the first string
            of each entry counts. The type is the golden one.
        names: What messages call the two.

    Returns:
        The scores. Means are over the golden questions of a type that are in the
        submission: one that is not there is left out, and one that is there
        without an answer counts 0. A mean over nothing is 0.

    Raises:
        InputError: If an answer is in a form that the official program, too,
            does not read, or a golden one is absent.

    Source:
        EvaluatorTask1b (phase B, version 5 and later) of BioASQ's
        Evaluation-Measures. Unlike it, takes a flat list of strings as one of
        entries, null as no answer, and [] as none to a yes/no question.
    """
    first: dict[str, Question] = {}
    for question in submitted:
        first.setdefault(_id(question, names[1]), question)
    scores = []
    for gold in golden:
        answer = first.get(_id(gold, names[0]))
        if answer and gold.get("type") in _TYPES:
            scores.append(_score_question(gold, answer.get("exact_answer"), names))
    measures = {
        name: _mean([s for s in scores if s.type == kind], value)
        for name, (kind, value) in MEASURES.items()
    }
    notes = list(_notes(golden, submitted, first))
    return Scores(measures=measures, questions=scores, notes=notes)


def _score_question(
    gold: Question, answer: object, names: tuple[str, str]
) -> QuestionScores:
    name, kind, right = gold["id"], gold["type"], gold.get("exact_answer")
    in_golden, in_submission = (f"{where}: Question {name!r}" for where in names)
    if right is None:
        need = f"A golden {kind} question must have an exact_answer"
        raise InputError(f"{in_golden}: {need}. Received: none.")
    if kind == "yesno":
        label = _read_label(right, in_golden)
        values = {"accuracy": float(label == _read_label(answer, in_submission))}
        if answer in (None, []):  # Wrong even where the golden answer is neither.
            values["accuracy"] = 0.0
        return QuestionScores(name, kind, label, values)
    guesses = [entry[:1] for entry in _read_entries(answer, in_submission)]
    measure = _score_factoid if kind == "factoid" else _score_list
    values = measure(_read_entries(right, in_golden), guesses)
    return QuestionScores(name, kind, "", values)


def _score_factoid(gold: Entries, guesses: Entries) -> dict[str, float]:
    right = {synonym for entry in gold for synonym in entry}
    hits = [rank for rank, (guess,) in enumerate(guesses, start=1) if guess in right]
    return {
        "strict": float(hits[:1] == [1]),
        "lenient": float(bool(hits)),
        "reciprocal_rank": 1 / hits[0] if hits else 0.0,
    }


def _score_list(gold: Entries, guesses: Entries) -> dict[str, float]:
    """Precision, recall and F1; an entry is found once, a second time is wrong."""
    left = list(gold)
    num_correct = sum(_take(left, guess) for guess in guesses)
    # An entry that is left may still share a synonym with an answer that found
    # another; such a one is not missed.
    answers = list(guesses)
    num_missed = sum(not _take(answers, entry) for entry in left)
    precision = num_correct / (len(guesses) or 1)
    recall = num_correct / (num_correct + num_missed or 1)
    f1 = 2 * precision * recall / (precision + recall) if precision and recall else 0.0
    return {"precision": precision, "recall": recall, "f1": f1}


def _take(entries: Entries, synonyms: list[str]) -> bool:
    """Removes the first entry that shares a string, and says if there was one."""
    for index, entry in enumerate(entries):
        if not set(entry).isdisjoint(synonyms):
            del entries[index]
            return True
    return False


def _mean(scores: Sequence[QuestionScores], value: str) -> float:
    """The mean of a value over questions, or the F1 of yes and no over them all."""
    if value == "macro":
        return (_mean(scores, "yes") + _mean(scores, "no")) / 2
    if value in ("yes", "no"):
        # Whatever was not right counts as the other label, no answer included.
        wrong = sum(not s.values["accuracy"] for s in scores)
        of_label = [s for s in scores if (s.label == "yes") == (value == "yes")]
        right = sum(s.values["accuracy"] > 0 for s in of_label)
        return 2 * right / (2 * right + wrong or 1)
    return sum(s.values[value] for s in scores) / (len(scores) or 1)


def _read_label(value: object, whose: str) -> str:
    """Returns "yes", "no" or "none": whichever the text contains."""
    if value in (None, []):
        return "none"
    if not isinstance(value, str):
        need = "The exact_answer of a yes/no question must be a string"
        raise InputError(f"{whose}: {need}. Received: {value!r}.")
    text = value.lower()
    return next((label for label in ("yes", "no") if label in text), "none")


def _read_entries(value: object, whose: str) -> Entries:
    """Returns the entries of a list; a string, as if for yes/no, has none."""
    if value is None or isinstance(value, str):
        return []
    entries = []
    for entry in value if isinstance(value, list) else [value]:
        synonyms = entry if isinstance(entry, list) else [entry]
        # Numbers are strings to the official program, too; True is none.
        are_texts = all(type(synonym) in (str, int, float) for synonym in synonyms)
        if not (isinstance(value, list) and are_texts):
            need = "The exact_answer must be a list of lists of strings"
            raise InputError(f"{whose}: {need}. Received: {value!r}.")
        if synonyms:  # Empty ones take no rank.
            entries.append([str(synonym).lower() for synonym in synonyms])
    return entries


def _id(question: Question, where: str) -> str:
    name = question.get("id") if isinstance(question, dict) else None
    if isinstance(name, str):
        return name
    need = f"{where}: A question must be an object with an id"
    raise InputError(f"{need}. Received: {str(question)[:100]}.")


def _notes(
    golden: Sequence[Question],
    submitted: Sequence[Question],
    first: dict[str, Question],
) -> Iterator[str]:
    types = {question["id"]: question.get("type") for question in golden}
    counts = collections.Counter(question["id"] for question in submitted)
    strings = [x for x in first if isinstance(first[x].get("exact_answer"), str)]
    missing = [x for x in types if x not in first]
    found = {_MISSING.format(t): [x for x in missing if types[x] == t] for t in _TYPES}
    found |= {
        _STRINGS: [x for x in strings if types.get(x) in ("factoid", "list")],
        _NOT_GOLDEN: [x for x in first if x not in types],
        _REPEATED: [x for x in counts if counts[x] > 1],
        _OF_NO_TYPE: [x for x in types if types[x] not in (*_TYPES, "summary")],
    }
    for text, ids in found.items():
        if ids:
            examples = ", ".join(ids[:5]) + (", ..." if len(ids) > 5 else "")
            yield f"{len(ids)} {text}: {examples}"


def read_questions(path: str) -> list[Question]:
    """Reads the questions of a BioASQ file; numbers become strings, as there.

    Raises:
        InputError: If it is not a JSON object with a list of questions.
    """
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8-sig")
        value = json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} must be JSON in UTF-8. Received: {error}.") from None
    questions = value.get("questions") if isinstance(value, dict) else None
    if not isinstance(questions, list):
        need = f"{path} must hold an object with a list of questions"
        raise InputError(f"{need}. Received: {text[:60]!r}.")
    return questions


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the scores that the command line asks for."""
    parser = argparse.ArgumentParser(prog="bioasq_eval.py")
    add = parser.add_argument
    add("golden", help="file with the right answers")
    add("submission", help="file with the submitted answers")
    add("--verbose", action="store_true", help="print names, and each question")
    options = parser.parse_args(argv)
    names = (options.golden, options.submission)
    try:
        golden, submitted = map(read_questions, names)
        scores = score(golden, submitted, names=names)
        ids = [question["id"] for question in submitted]
        if ids and {question["id"] for question in golden}.isdisjoint(ids):
            need = f"{names[1]} must answer questions of {names[0]}"
            raise InputError(f"{need}. Received: others, such as {ids[0]!r}.")
    except (InputError, OSError) as error:
        sys.exit(str(error))
    for note in scores.notes:
        print(note, file=sys.stderr)
    print(*scores.measures.values())
    if options.verbose:
        for name, value in scores.measures.items():
            print(f"{name}: {value}")
        for question in scores.questions:
            values = map("{}={}".format, question.values, question.values.values())
            print(question.id, question.type, *values, sep="\t")


if __name__ == "__main__":
    main()
