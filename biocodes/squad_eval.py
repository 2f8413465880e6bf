# SPDX-License-Identifier: Apache-2.0
"""Scores answers to SQuAD 1.1 or 2.0 by exact match and F1, as its own scripts do.

Usage:
    python biocodes/squad_eval.py dev-v1.1.json qa_outputs/predictions.json
    python biocodes/squad_eval.py dev-v2.0.json predictions.json \
        --na_prob_file=null_odds.json --na_prob_thresh=0.5

Prints JSON, in percent: exact_match and f1 for 1.1; for 2.0 exact, f1 and total, also
of questions with an answer (HasAns) and without (NoAns), and with --na_prob_file, what
is larger the less likely an answer is, the best scores and their thresholds. Files may
be .gz. Questions without a prediction count 0 and are counted. There are no curves.
"""

import argparse
import collections
import gzip
import json
import math
import pathlib
import re
import string
import sys
import types
import zlib
from collections.abc import Iterable, Mapping, Sequence

# A question's id and the texts of its right answers; none, if it has no answer.
Question = tuple[str, Sequence[str]]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


class InputError(ValueError):
    """Says what is needed, what was received, and where."""


def normalize(text: str) -> str:
    """Drops what does not count: case, ASCII punctuation, articles and spaces.

    Example:
        >>> normalize("The  U.S. Army")
        'us army'
    """
    text = text.lower().translate(_NO_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", text).split())


def exact_match(gold: str, predicted: str) -> float:
    """Returns 1 if two answers are the same but for what does not count, else 0."""
    return float(normalize(gold) == normalize(predicted))


def f1(gold: str, predicted: str, *, empty_matches_empty: bool = False) -> float:
    """Returns the F1 of the words that two answers share, counted as often as both.

    Args:
        gold: The right answer.
        predicted: The predicted one.
        empty_matches_empty: Whether two without words score 1, as in SQuAD 2.0.

    Example:
        >>> f1("the Denver Broncos", "Denver")
        0.6666666666666666
    """
    left, right = normalize(gold).split(), normalize(predicted).split()
    if empty_matches_empty and not (left and right):
        return float(left == right)
    shared = (collections.Counter(left) & collections.Counter(right)).total()
    if not shared:
        return 0.0
    precision, recall = shared / len(right), shared / len(left)
    return 2 * precision * recall / (precision + recall)


def score(
    questions: Sequence[Question], predictions: Mapping[str, str]
) -> dict[str, float]:
    """Scores predictions for SQuAD 1.1.

    Args:
        questions: The questions, with one right answer at least.
        predictions: Answers by id. A question without one counts 0.

    Returns:
        `exact_match` and `f1`, each the mean of the best fits, in percent.

    Raises:
        InputError: If a question has no answer, or there are no questions.

    Source:
        evaluate-v1.1.py of SQuAD, whose numbers these are.
    """
    empty = [name for name, answers in questions if not answers]
    if empty:
        need = "In SQuAD 1.1, a question must have an answer; see --version"
        raise InputError(f"{need}. Received: none for {empty[0]!r}.")
    pairs = [_score_one(texts, predictions.get(name)) for name, texts in questions]
    exact, overlap = ([pair[side] for pair in pairs] for side in (0, 1))
    return {"exact_match": _percent(exact), "f1": _percent(overlap)}


def _score_one(
    answers: Sequence[str], guess: str | None, *, v2: bool = False
) -> tuple[float, float]:
    """Returns the best exact match and the best F1 over the right answers."""
    if guess is None:
        return 0.0, 0.0
    exact = max(exact_match(answer, guess) for answer in answers)
    return exact, max(f1(a, guess, empty_matches_empty=v2) for a in answers)


def score_v2(
    questions: Sequence[Question],
    predictions: Mapping[str, str],
    *,
    no_answer: Mapping[str, float] | None = None,
    threshold: float = 1.0,
) -> dict[str, float]:
    """Scores predictions for SQuAD 2.0, where a question may have no answer.

    Args:
        questions: The questions.
        predictions: Answers by id, "" for none. A question without one counts 0.
        no_answer: By id, a number that is larger the less likely an answer is.
        threshold: Above it, it is taken as predicted that there is none.

    Returns:
        The numbers of the official script, under its names.

    Raises:
        InputError: If a number is missing, or there are no questions.

    Source:
        evaluate-v2.0.py of SQuAD, whose numbers these are. It stops at a question
        without a prediction.
    """
    golds = dict(questions)
    numbered = predictions if no_answer is None else no_answer
    unsure = golds.keys() & predictions.keys() - numbered.keys()
    if unsure:
        need = "There must be a no-answer number for each question with a prediction"
        raise InputError(f"{need}. Received: none for {min(unsure)!r}.")
    has_answer = {name: bool(answers) for name, answers in golds.items()}
    rejected = {x for x in predictions if no_answer and no_answer.get(x, 0) > threshold}
    scores: dict[str, dict[str, float]] = {"exact": {}, "f1": {}}
    for name, answers in golds.items():
        # Right answers without a word left are none.
        texts = [text for text in answers if normalize(text)] or [""]
        guess = predictions.get(name)
        scores["exact"][name], scores["f1"][name] = _score_one(texts, guess, v2=True)
    result = _average(scores, has_answer, rejected)
    if no_answer is not None:
        for measure, values in scores.items():
            given = {name: values[name] for name in values if name in predictions}
            best, at = _find_best(given, predictions, has_answer, no_answer)
            result[f"best_{measure}"] = 100.0 * best / len(golds)
            result[f"best_{measure}_thresh"] = at
    return result


def _average(
    scores: Mapping[str, Mapping[str, float]],
    has_answer: Mapping[str, bool],
    rejected: Iterable[str],
) -> dict[str, float]:
    """Means over all, and over those with an answer and those with none."""
    result: dict[str, float] = {}
    for prefix, kinds in (("", (0, 1)), ("HasAns_", (1,)), ("NoAns_", (0,))):
        names = [name for name in has_answer if has_answer[name] in kinds]
        if prefix and not names:
            continue
        for measure, values in scores.items():
            final = [
                float(not has_answer[name]) if name in rejected else values[name]
                for name in names
            ]
            result[prefix + measure] = _percent(final)
        result[f"{prefix}total"] = len(names)
    return result


def _find_best(
    values: Mapping[str, float],
    predictions: Mapping[str, str],
    has_answer: Mapping[str, bool],
    no_answer: Mapping[str, float],
) -> tuple[float, float]:
    """Returns the best sum of values, and the threshold that gives it."""
    threshold = 0.0  # At first none is answered; then one after the other, by surety.
    best = current = float(sum(not has_answer[name] for name in values))
    for name in sorted(filter(values.__contains__, no_answer), key=no_answer.get):
        if has_answer[name]:
            current += values[name]
        elif predictions[name]:
            current -= 1.0
        if current > best:
            best, threshold = current, no_answer[name]
    return best, threshold


def _percent(values: Sequence[float]) -> float:
    if not values:
        raise InputError("There must be a question at least. Received: none.")
    return 100.0 * sum(values) / len(values)


def read_questions(data: object, *, name: str = "data") -> list[Question]:
    """Reads the questions of a SQuAD file.

    Args:
        data: The parsed JSON.
        name: What to call it in messages.

    Raises:
        InputError: If it is not of SQuAD's form.
    """
    try:
        paragraphs = [p for article in data["data"] for p in article["paragraphs"]]
        qas = [qa for paragraph in paragraphs for qa in paragraph["qas"]]
        return [(str(qa["id"]), [str(a["text"]) for a in qa["answers"]]) for qa in qas]
    except (KeyError, TypeError) as error:
        need = "SQuAD's form: data, paragraphs, qas with an id and answers with a text"
        raise InputError(f"{name} must have {need}. Received: {error!r}.") from None


def _guess_version(data: dict, questions: Iterable[Question]) -> str:
    """Returns "1.1" or "2.0": what the file says, or else what it looks like."""
    version = str(data.get("version")).removeprefix("v")
    guess = "1.1" if all(answers for _, answers in questions) else "2.0"
    return version if version in ("1.1", "2.0") else guess


def _read(path: str) -> object:
    content = pathlib.Path(path).read_bytes()
    try:
        text = gzip.decompress(content) if path.endswith(".gz") else content
        return json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError, EOFError, zlib.error, OSError) as error:
        raise InputError(f"{path} must be JSON in UTF-8. Received: {error}.") from None


def _read_map(path: str, kind: type | types.UnionType, what: str) -> dict:
    value = _read(path)
    for name, entry in value.items() if isinstance(value, dict) else [("", value)]:
        is_nan = isinstance(entry, float) and math.isnan(entry)
        if not isinstance(entry, kind) or is_nan or not isinstance(value, dict):
            need = f"{path} must hold an object with {what} for each id"
            raise InputError(f"{need}. Received: {str({name: entry})[:80]}.")
    return value


def run(options: argparse.Namespace) -> dict[str, float]:
    """Reads what the command line names, and returns the scores."""
    data = _read(options.data)
    questions = read_questions(data, name=options.data)
    predictions = _read_map(options.predictions, str, "a string")
    version = options.version or _guess_version(data, questions)
    ids = dict(questions).keys()
    if predictions and ids.isdisjoint(predictions):
        need = f"{options.predictions} must answer questions of {options.data}"
        raise InputError(f"{need}. Received: others, such as {min(predictions)!r}.")
    for text, names in (
        ("questions have no prediction and count 0", ids - predictions.keys()),
        ("predictions are for no question", predictions.keys() - ids),
    ):
        if names:
            print(f"{len(names)} {text}, such as {min(names)}", file=sys.stderr)
    if version == "1.1":
        if options.na_prob_file:
            raise InputError("--na_prob_file must come with SQuAD 2.0. Received: 1.1.")
        return score(questions, predictions)
    path, threshold = options.na_prob_file, options.na_prob_thresh
    no_answer = _read_map(path, int | float, "a number") if path else None
    return score_v2(questions, predictions, no_answer=no_answer, threshold=threshold)


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the scores that the command line asks for."""
    parser = argparse.ArgumentParser(prog="squad_eval.py")
    add = parser.add_argument
    add("data", help="questions with their right answers, in SQuAD's form")
    add("predictions", help="predictions.json of run_qa.py")
    add("--version", choices=("1.1", "2.0"), help="default: as the data looks")
    add("--na_prob_file", "--na-prob-file", "-n", help="null_odds.json of run_qa.py")
    add("--na_prob_thresh", "--na-prob-thresh", "-t", type=float, default=1.0)
    options = parser.parse_args(argv)
    paths = (options.data, options.predictions, options.na_prob_file or options.data)
    try:
        scores = run(options)
    except (InputError, OSError) as error:
        is_told = isinstance(error, OSError) or str(error).startswith(paths)
        sys.exit(str(error) if is_told else f"{options.data}: {error}")
    print(json.dumps(scores, indent=2))


if __name__ == "__main__":
    main()
