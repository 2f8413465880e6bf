# SPDX-License-Identifier: Apache-2.0
"""From answers for each passage to answers for each question, in BioASQ's form.

A question of BioASQ is asked of several passages, under its id and "_000", "_001" and
so on. Any other id is of a question with one passage.
"""

import collections
import re
from collections.abc import Mapping, Sequence
from typing import Any

from biocodes import bioasq_eval, transform_nbset2bioasqform
from modeling.data import question

# An answer and its probability.
Answer = tuple[str, float]

_ID = re.compile(r"([0-9A-Za-z]{24})_[0-9]{3}")
_MAX_ANSWER_LENGTH = 100  # BioASQ's own limits: characters of an answer, and
_MAX_LIST_LENGTH = 100  # answers of a list.


def group_of(name: str) -> str:
    """Returns the id of the question that a passage is asked.

    Example:
        >>> group_of("56c073fcef6e394741000020_001"), group_of("q_001")
        ('56c073fcef6e394741000020', 'q_001')
    """
    match = _ID.fullmatch(name)
    return match[1] if match else name


def is_bioasq(names: Sequence[str]) -> bool:
    """Tells whether all ids are of BioASQ's form."""
    return all(map(_ID.fullmatch, names))


def factoids(nbest: Mapping[str, Sequence[Answer]]) -> dict[str, Any]:
    """Makes a submission of factoid questions, as the original's converter does.

    Args:
        nbest: The n-best answers by the ids of passages, all of BioASQ's form.
    """
    joined = transform_nbset2bioasqform.join(nbest)
    ranked = {
        name: transform_nbset2bioasqform.rank(answers)
        for name, answers in joined.items()
    }
    return transform_nbset2bioasqform.make_submission(ranked)


def lists(nbest: Mapping[str, Sequence[Answer]], threshold: float) -> dict[str, Any]:
    """Makes a submission of list questions.

    An answer's probability is its highest in any passage, so that it means the same
    however many passages a question has.

    Args:
        nbest: The n-best answers by the ids of passages.
        threshold: From which probability an answer is given. The best one always is.

    Returns:
        The questions, and the answers of each, the best first.
    """
    entries = []
    for name, answers in list_answers(nbest).items():
        given = [text for text, share in answers if share >= threshold]
        given = given or [text for text, _ in answers[:1]]
        exact = [[text] for text in given[:_MAX_LIST_LENGTH]]
        entries.append(_entry("list", name, exact))
    return {"questions": entries}


def list_answers(nbest: Mapping[str, Sequence[Answer]]) -> dict[str, list[Answer]]:
    """Joins the answers of all passages of each question.

    Args:
        nbest: The n-best answers by the ids of passages.

    Returns:
        By question, its answers of 1 to 100 characters and their highest
        probabilities, the best first; those that differ in case alone are one.
    """
    joined: dict[str, dict[str, Answer]] = collections.defaultdict(dict)
    for name, answers in nbest.items():
        best = joined[group_of(name)]
        for text, share in answers:
            key = text.lower()
            is_better = key not in best or share > best[key][1]
            if 0 < len(text) <= _MAX_ANSWER_LENGTH and is_better:
                best[key] = (text, share)
    return {
        name: sorted(best.values(), key=lambda answer: (-answer[1], answer[0]))
        for name, best in joined.items()
    }


def labels(shares: Mapping[str, float]) -> dict[str, Any]:
    """Makes a submission of yes/no questions.

    Args:
        shares: The probability of yes by the ids of passages.

    Returns:
        The questions; an answer is yes if the mean over the passages is 0.5 or more.
    """
    joined: dict[str, list[float]] = collections.defaultdict(list)
    for name, share in shares.items():
        joined[group_of(name)].append(share)
    means = {name: sum(values) / len(values) for name, values in joined.items()}
    entries = [
        _entry("yesno", name, "yes" if mean >= 0.5 else "no")
        for name, mean in means.items()
    ]
    return {"questions": entries}


def _entry(kind: str, name: str, exact: object) -> dict[str, Any]:
    # BioASQ wants an ideal answer, which is none of ours.
    return {"type": kind, "id": name, "ideal_answer": "Dummy", "exact_answer": exact}


def golden(questions: Sequence[question.Question], kind: str) -> list[dict[str, Any]]:
    """Makes right answers in BioASQ's form of those in a file of questions.

    Args:
        questions: The questions; those without right answers are left out.
        kind: "list" or "yesno".

    Returns:
        For lists, all right answers of all passages; those that the file gives the
        same number of an entry are its synonyms, others entries of their own.

    Raises:
        errors.InputError: If passages of one question have different labels.
    """
    found: dict[str, dict[str, Any]] = {}
    # By question, entry and form in lower case, each answer as it is spelled first.
    named: dict[str, dict[int | str, dict[str, str]]] = {}
    for one in questions:
        if (one.label if kind == "yesno" else one.answers) is None:
            continue
        entry = found.setdefault(group_of(one.id), _entry(kind, group_of(one.id), []))
        if kind == "list":
            of_question = named.setdefault(group_of(one.id), {})
            for answer in one.answers:
                text = answer.text.lower()
                key = text if answer.entry is None else answer.entry
                of_question.setdefault(key, {}).setdefault(text, answer.text)
            continue
        if entry["exact_answer"] not in ([], one.label):
            raise one.error(
                "All passages of a question must have the same answer", one.label
            )
        entry["exact_answer"] = one.label
    for name, entries in named.items():
        found[name]["exact_answer"] = [
            list(texts.values()) for texts in entries.values()
        ]
    return list(found.values())


def score(
    right: Sequence[Mapping[str, Any]], submitted: Mapping[str, Any], kind: str
) -> dict[str, float]:
    """Scores a submission by BioASQ's measures of one type of question.

    Args:
        right: Questions with their right answers.
        submitted: What a function above made.
        kind: "factoid", "list" or "yesno".

    Returns:
        The measures, by names such as "list_f1".

    Raises:
        bioasq_eval.InputError: If the right answers are not in BioASQ's form.
    """
    return measures(bioasq_eval.score(right, submitted["questions"]), kind)


def measures(scores: bioasq_eval.Scores, kind: str) -> dict[str, float]:
    """Returns the measures of one type of question, by names such as "list_f1".

    Args:
        scores: Those of a submission.
        kind: "factoid", "list" or "yesno".
    """
    return {
        name.lower().replace(" ", "_"): scores.measures[name]
        for name, (of_kind, _) in bioasq_eval.MEASURES.items()
        if of_kind == kind
    }


def choose_threshold(
    right: Sequence[Mapping[str, Any]], nbest: Mapping[str, Sequence[Answer]]
) -> tuple[float, dict[str, float]]:
    """Chooses the threshold that gives list answers the best mean F1.

    Args:
        right: Held-out list questions with their right answers.
        nbest: The n-best answers by the ids of passages.

    Returns:
        One of 0.01, 0.02, ..., 0.99, the lowest of those that are best, and the
        scores with it.
    """
    best: tuple[float, dict[str, float]] = (0.0, {})
    for percent in range(1, 100):
        scores = score(right, lists(nbest, percent / 100), "list")
        if not best[1] or scores["list_f1"] > best[1]["list_f1"]:
            best = percent / 100, scores
    return best
