# SPDX-License-Identifier: Apache-2.0
"""Turns the n-best answers of run_qa.py into a BioASQ submission.

Usage:
    python biocodes/transform_nbset2bioasqform.py \
        --nbest_path=qa_outputs/nbest_predictions.json --output_path=qa_outputs

A factoid question is asked of several snippets, under its id and "_000", "_001"
and so on. Its answers are those of all its snippets; equal ones, whatever their
case, are one, with the sum of their probabilities. Writes the five best, and with
their probabilities the twenty best:
    --output_path a folder: BioASQform_BioASQ-answer.json and
                            WithProb_BioASQform_BioASQ-answer.json in it.
    --output_path a file:   That file, and one whose name ends in _WithProb.
List and yes/no questions, and ideal answers, are left out.
"""

import argparse
import collections
import json
import math
import os
import pathlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# An answer and its probability.
Answer = tuple[str, float]

_ID_LENGTH, _SNIPPET_LENGTH = 24, 4  # Characters of an id, and of its "_000".
_MAX_ANSWER_LENGTH = 100  # BioASQ's own limit, in characters.


class InputError(ValueError):
    """Says what is needed, what was received, and where."""


def rank(answers: Iterable[Answer]) -> list[Answer]:
    """Sums the probabilities of equal answers and sorts them, the best first.

    Args:
        answers: The answers of all snippets of a question, in any order.

    Returns:
        The answers of 1 to 100 characters, each as its likeliest form spells it.
        Equally likely ones stay in the order of their likeliest forms, and these
        in the order of `answers`.

    Example:
        >>> rank([("Zika", 0.25), ("virus", 0.375), ("zika", 0.5), ("", 0.5)])
        [('zika', 0.75), ('virus', 0.375)]

    Source:
        transform_nbset2bioasqform.py in dmis-lab/biobert at e283eaa, whose sort
        leaves equally likely answers in no fixed order.
    """
    sums: dict[str, tuple[str, float]] = {}  # By the answer in lower case.
    for text, probability in sorted(answers, key=lambda answer: -answer[1]):
        if 0 < len(text) <= _MAX_ANSWER_LENGTH:
            first, total = sums.get(text.lower(), (text, 0.0))
            sums[text.lower()] = (first, total + probability)
    return sorted(sums.values(), key=lambda answer: -answer[1])


def join(nbest: Mapping[str, Sequence[Answer]]) -> dict[str, list[Answer]]:
    """Gives each question the answers of all its snippets, in the given order.

    Args:
        nbest: The answers by id, that of a question and of its snippet.

    Raises:
        InputError: If an id does not have 28 characters.
    """
    questions: dict[str, list[Answer]] = {}
    for name, answers in nbest.items():
        if len(name) != _ID_LENGTH + _SNIPPET_LENGTH:
            raise InputError(
                "An id must have 28 characters: 24 of the question, '_' and three "
                f"digits of the snippet. Received: {name!r}."
            )
        questions.setdefault(name[:-_SNIPPET_LENGTH], []).extend(answers)
    return questions


def make_submission(
    ranked: Mapping[str, Sequence[Answer]], *, with_probabilities: bool = False
) -> dict[str, Any]:
    """Makes what BioASQ takes: five answers a question, or twenty with numbers.

    Args:
        ranked: The answers by the question's id, the best first.
        with_probabilities: Whether to give the numbers, too. BioASQ takes none.
    """

    def cut(answers: Sequence[Answer]) -> list[list[Any]]:
        if with_probabilities:
            return [list(answer) for answer in answers[:20]]
        return [[text] for text, _ in answers[:5]]

    questions = [
        {
            "type": "factoid",
            "id": name,
            "ideal_answer": "Dummy",
            "exact_answer": cut(answers),
        }
        for name, answers in ranked.items()
    ]
    return {"questions": questions}


def read_nbest(text: str, *, name: str = "nbest") -> dict[str, list[Answer]]:
    """Reads an nbest_predictions.json.

    Raises:
        InputError: If it is not a JSON object of lists, whose entries have a text
            and a probability.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_int=float)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} must be JSON. Received: {error}.") from None
    if not isinstance(value, dict):
        raise InputError(f"{name} must hold an object. Received: {text[:60]!r}.")
    return {key: _read_answers(entries, key, name) for key, entries in value.items()}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns an object of JSON, no part of which is lost."""
    counts = collections.Counter(key for key, _ in pairs)
    repeated = [key for key, count in counts.items() if count > 1]
    if repeated:
        raise ValueError(f"the key {repeated[0]!r} {counts[repeated[0]]} times")
    return dict(pairs)


def _read_answers(entries: object, key: str, name: str) -> list[Answer]:
    answers = []
    for entry in entries if isinstance(entries, list) else [entries]:
        fields = entry if isinstance(entry, dict) else {}
        answer, probability = fields.get("text"), fields.get("probability")
        is_number = isinstance(probability, float) and math.isfinite(probability)
        if not isinstance(answer, str) or not is_number:
            raise InputError(
                f"{name}, {key!r}: An answer must have a text and a finite "
                f"probability. Received: {entry!r}."
            )
        answers.append((answer, probability))
    return answers


def _write(path: pathlib.Path, value: object) -> None:
    if path.exists() and not path.is_file():
        need = f"{path}: An output must be a file"
        raise InputError(f"{need}. Received: a folder, a pipe or a device.")
    path = pathlib.Path(os.path.realpath(path))  # A link stays.
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(json.dumps(value, indent=2), encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    print(f"Wrote {path}")


def _paths(output_path: str) -> tuple[pathlib.Path, pathlib.Path]:
    """Returns where to write the submission, and the one with probabilities."""
    path = pathlib.Path(output_path)
    if path.is_dir() or output_path.endswith(("/", os.sep)):
        name = "BioASQform_BioASQ-answer.json"
        return path / name, path / f"WithProb_{name}"
    return path, path.with_name(f"{path.name}_WithProb")


def run(nbest_path: str, output_path: str) -> None:
    """Reads, joins, ranks and writes, and prints what was left out."""
    text = pathlib.Path(nbest_path).read_text(encoding="utf-8-sig")
    nbest = read_nbest(text, name=nbest_path)
    try:
        questions = join(nbest)
    except InputError as error:
        raise InputError(f"{nbest_path}: {error}") from None
    ranked = {name: rank(answers) for name, answers in questions.items()}
    path, path_with_probabilities = _paths(output_path)
    _write(path, make_submission(ranked))
    _write(path_with_probabilities, make_submission(ranked, with_probabilities=True))
    lengths = [len(text) for answers in questions.values() for text, _ in answers]
    print(
        f"{len(questions)} questions, {len(nbest)} snippets, {len(lengths)} answers; "
        f"left out: {lengths.count(0)} empty, "
        f"{sum(length > _MAX_ANSWER_LENGTH for length in lengths)} of more than "
        f"{_MAX_ANSWER_LENGTH} characters. Questions without an answer: "
        f"{', '.join(name for name in ranked if not ranked[name]) or 'none'}."
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Does what the command line asks for."""
    parser = argparse.ArgumentParser(prog="transform_nbset2bioasqform.py")
    add = parser.add_argument
    add("--nbest_path", required=True, help="nbest_predictions.json of run_qa.py")
    add("--output_path", required=True, help="folder or file to write to")
    options = parser.parse_args(argv)
    try:
        run(options.nbest_path, options.output_path)
    except UnicodeDecodeError as error:
        sys.exit(f"{options.nbest_path} must be UTF-8. Received: {error}.")
    except (InputError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
