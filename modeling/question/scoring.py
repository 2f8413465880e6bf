# SPDX-License-Identifier: Apache-2.0
"""Scores of answers, where right ones are known."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

from absl import logging

from biocodes import bioasq_eval, squad_eval
from modeling import errors
from modeling.data import answers, question
from modeling.question import answerer, submission
from modeling.question import settings as settings_lib

# What chooses the best checkpoint.
BEST_METRICS = {"factoid": "f1", "list": "list_f1", "yesno": "yesno_acc"}


@dataclasses.dataclass
class Outcome:
    """What is remembered of the answers to a file of questions.

    Attributes:
        of_lists: Whether lists are asked for. What stands for an answer where a
            passage has none is no entry of a list.
        texts: The answer of each question, by id.
        null_odds: Its odds of no answer, if there may be none.
        nbest: Its n-best answers, if they are needed.
        yes: The probability of yes, of yes/no questions.
    """

    of_lists: bool = False
    texts: dict[str, str] = dataclasses.field(default_factory=dict)
    null_odds: dict[str, float] = dataclasses.field(default_factory=dict)
    nbest: dict[str, list[submission.Answer]] = dataclasses.field(default_factory=dict)
    yes: dict[str, float] = dataclasses.field(default_factory=dict)

    def add(
        self,
        name: str,
        predicted: answers.Prediction | answerer.Label,
        *,
        keeps_nbest: bool,
    ) -> None:
        """Remembers what is predicted for a question."""
        self.texts[name] = predicted.text
        if isinstance(predicted, answerer.Label):
            self.yes[name] = predicted.yes
            return
        if predicted.null_odds is not None:
            self.null_odds[name] = predicted.null_odds
        if keeps_nbest:
            self.nbest[name] = [
                (a.text, a.probability)
                for a in predicted.answers
                if a.start is not None or not self.of_lists
            ]


def score(
    questions: Sequence[question.Question],
    outcome: Outcome,
    settings: settings_lib.Settings,
    *,
    threshold: float | None = None,
) -> dict[str, float]:
    """Scores answers by the right ones in the file of questions.

    Args:
        questions: The questions.
        outcome: Their answers.
        settings: The type of question.
        threshold: Of list questions; None to choose the best.

    Returns:
        Scores by name, none if no right answer is known. For lists without a
        threshold, "list_threshold" is one of them.
    """
    kind = settings.question_type
    if kind == "factoid":
        return _score_squad(questions, outcome, settings)
    right = submission.golden(questions, kind)
    if not right:
        return {}
    key = "label" if kind == "yesno" else "answers"
    _warn_of_unknown([getattr(one, key) for one in questions])
    if kind == "yesno":
        return submission.score(right, submission.labels(outcome.yes), kind)
    if threshold is not None:
        submitted = submission.lists(outcome.nbest, threshold)
        return submission.score(right, submitted, kind)
    chosen, scores = submission.choose_threshold(right, outcome.nbest)
    return scores | {"list_threshold": chosen}


def as_shares(scores: Mapping[str, float]) -> dict[str, float]:
    """Returns the scores that curves are drawn of, all in [0, 1].

    Args:
        scores: What `score` returns; SQuAD's are percents, and some of them counts
            and thresholds.
    """
    if "f1" not in scores:
        return dict(scores)
    names = [name for name in ("exact_match", "exact", "f1") if name in scores]
    return {name: scores[name] / 100.0 for name in names}


def _score_squad(
    questions: Sequence[question.Question],
    outcome: Outcome,
    settings: settings_lib.Settings,
) -> dict[str, float]:
    """Returns SQuAD's scores, of version 2.0 if a question has no answer."""
    golds = [
        (one.id, [answer.text for answer in one.answers])
        for one in questions
        if one.answers is not None
    ]
    if not golds:
        return {}
    _warn_of_unknown([one.answers for one in questions])
    if all(texts for _, texts in golds) and not settings.version_2_with_negative:
        return squad_eval.score(golds, outcome.texts)
    return squad_eval.score_v2(
        golds,
        outcome.texts,
        no_answer=outcome.null_odds or None,
        threshold=math.inf,  # The texts say already where there is no answer.
    )


def _warn_of_unknown(right: Sequence[object]) -> None:
    """Warns if some right answers are None, as scores are without these then."""
    num_known = sum(answer is not None for answer in right)
    if num_known < len(right):
        logging.warning(
            "%d of %d questions have right answers; the scores are theirs.",
            num_known,
            len(right),
        )


def score_golden(
    path: str, submitted: dict, kind: str, *, warns: bool = True
) -> dict[str, float]:
    """Scores a submission by BioASQ's file of right answers.

    Args:
        path: The file.
        submitted: The submission.
        kind: The type of question.
        warns: Whether to warn of what the scores leave out, such as questions that
            are in only one of both.

    Raises:
        errors.InputError: If the file cannot be read or has none of the questions.
    """
    try:
        right = bioasq_eval.read_questions(path)
        scores = bioasq_eval.score(
            right, submitted["questions"], names=(path, "the submission")
        )
    except OSError as error:
        raise errors.InputError(
            f"{path}: --golden_file must be a file of right answers. Received: "
            f"{error.strerror}."
        ) from None
    except bioasq_eval.InputError as error:
        raise errors.InputError(str(error)) from None
    ids = {entry["id"] for entry in submitted["questions"]}
    num_known = sum(q["id"] in ids for q in right if q.get("type") == kind)
    if not num_known:
        raise errors.InputError(
            f"{path}: --golden_file must have {kind} questions of --predict_file. "
            f"Received: {len(right)} questions, none of them."
        )
    other_types = {
        f"golden {name} questions" for name in settings_lib.TYPES if name != kind
    }
    for note in scores.notes if warns else ():
        # A submission has questions of one type.
        if not any(name in note for name in other_types):
            logging.warning("%s: %s", path, note)
    return submission.measures(scores, kind)
