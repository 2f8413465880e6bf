# SPDX-License-Identifier: Apache-2.0
"""What is written and printed of answers, and the threshold of lists."""

import contextlib
import json
import os
import pathlib
from typing import Any

from absl import logging

from modeling import errors, files
from modeling.data import answer_files, answers, question, question_windows
from modeling.question import answerer, dataset, scoring, submission
from modeling.question import settings as settings_lib

SCORES_FILE = "test_scores.json"
SUBMISSION_FILE = "bioasq_submission.json"
THRESHOLD_FILE = "list_threshold.json"

_THRESHOLD = "list_threshold"


def check_right_answers(split: dataset.Split, settings: settings_lib.Settings) -> None:
    """Raises unless a file to evaluate on has right answers.

    Args:
        split: The file.
        settings: The type of question.

    Raises:
        errors.InputError: If it has none, or passages of one question have
            different labels.
    """
    key = "label" if settings.is_yes_no else "answers"
    if all(getattr(one, key) is None for one in split.questions):
        raise errors.InputError(
            f"{split.path}: --devel_file must have right answers. Received: "
            f"{len(split.questions)} questions without."
        )
    _check_labels(split, settings)


def check_scorable(split: dataset.Split, settings: settings_lib.Settings) -> None:
    """Raises unless the answers to a file can be scored by the right ones, if given.

    Args:
        split: The file.
        settings: Names --golden_file.

    Raises:
        errors.InputError: If that cannot be read, or has none of the questions; or
            if the file gives passages of one question different labels.
    """
    _check_labels(split, settings)
    if not settings.golden_file:
        return
    ids = [one.id for one in split.questions]
    if not submission.is_bioasq(ids):
        other = next(name for name in ids if not submission.is_bioasq([name]))
        raise errors.InputError(
            f"{split.path}: With --golden_file, ids must be BioASQ's, 24 characters, "
            f"'_' and three digits. Received: {other!r}."
        )
    none = [{"id": submission.group_of(name)} for name in ids]
    kind = settings.question_type
    scoring.score_golden(settings.golden_file, {"questions": none}, kind, warns=False)


def _check_labels(split: dataset.Split, settings: settings_lib.Settings) -> None:
    """Raises `errors.InputError` if passages of one question have different labels."""
    if settings.is_yes_no:
        submission.golden(split.questions, "yesno")


def stored_threshold(
    settings: settings_lib.Settings, checkpoint: str | None
) -> float | None:
    """Returns the threshold of list answers, if there is one before the run.

    Args:
        settings: May give it.
        checkpoint: The weights in --output_dir, if the run begins with them.

    Returns:
        That of the settings, or the one that was chosen for the weights.

    Raises:
        errors.InputError: If one is needed and will not be known, or the file of it
            is none.
    """
    if settings.question_type != "list" or settings.list_threshold is not None:
        return settings.list_threshold
    weights = pathlib.Path(checkpoint or settings.init_checkpoint or os.devnull)
    path = (weights if weights.is_dir() else weights.parent) / THRESHOLD_FILE
    # A training that begins with other weights makes another model.
    is_for_these = checkpoint is not None or not settings.do_train
    if path.exists() and not settings.devel_file and is_for_these:
        try:
            return float(json.loads(path.read_text(encoding="utf-8"))[_THRESHOLD])
        except (ValueError, KeyError, TypeError) as error:
            raise errors.InputError(
                f"{path}: It must have a {_THRESHOLD}, a number. Received: {error!r}."
            ) from None
    if settings.do_predict and not settings.devel_file:
        raise errors.InputError(
            "--question_type=list needs a threshold: --list_threshold, or "
            f"--devel_file to choose it on, or {THRESHOLD_FILE} beside the weights. "
            "Received: none."
        )
    return None


def choose_threshold(
    answering: answerer.Answerer, devel: dataset.Split, settings: settings_lib.Settings
) -> float:
    """Chooses the threshold of list answers and writes it to the output folder.

    Args:
        answering: Answers the held-out questions.
        devel: They.
        settings: Names the folder.
    """
    if settings.list_threshold is not None:
        return settings.list_threshold
    outcome = scoring.Outcome(of_lists=True)
    predicted = answering.answer(
        devel.windows, batch_size=settings.predict_batch_size, verb="choosing"
    )
    for one, answer in zip(devel.questions, predicted, strict=True):
        outcome.add(one.id, answer, keeps_nbest=True)
    scores = scoring.score(devel.questions, outcome, settings)
    files.write_json(pathlib.Path(settings.output_dir) / THRESHOLD_FILE, scores)
    log_scores(f"{devel.path}, to choose the threshold", scores)
    return scores[_THRESHOLD]


def write(
    answering: answerer.Answerer,
    split: dataset.Split,
    settings: settings_lib.Settings,
    *,
    threshold: float | None,
) -> dict[str, float]:
    """Answers a file of questions, and writes the answers and their scores.

    Args:
        answering: Answers them.
        split: The questions.
        settings: Names the output folder and the right answers.
        threshold: Of list answers.

    Returns:
        The scores, if right answers are known.
    """
    folder = pathlib.Path(settings.output_dir)
    kind = settings.question_type
    submits = kind != "factoid" or _are_bioasq(split)
    outcome = scoring.Outcome(of_lists=kind == "list")
    predicted = answering.answer(
        split.windows, batch_size=settings.predict_batch_size, verb="predicting"
    )
    with _writer(folder, settings) as writer:
        for one, answer in zip(split.questions, predicted, strict=True):
            writer.write(one, answer)
            outcome.add(one.id, answer, keeps_nbest=submits)
    _remove_earlier(folder, settings, submits=submits)
    scores = scoring.score(split.questions, outcome, settings, threshold=threshold)
    if submits:
        submitted = _submission(outcome, kind, threshold)
        files.write_json(folder / SUBMISSION_FILE, submitted)
        if settings.golden_file:
            scores |= scoring.score_golden(settings.golden_file, submitted, kind)
    if scores:
        files.write_json(folder / SCORES_FILE, scores)
        log_scores(split.path, scores)
    return scores


def _remove_earlier(
    folder: pathlib.Path, settings: settings_lib.Settings, *, submits: bool
) -> None:
    """Removes what an earlier prediction wrote and this one may not."""
    names = {SCORES_FILE}
    if not submits:
        names.add(SUBMISSION_FILE)
    if not settings.version_2_with_negative:
        names.add(answer_files.NULL_ODDS_FILE)
    if settings.is_yes_no:
        names.add(answer_files.DETAIL_FILE)
    for name in names:
        files.remove(folder / name)


def _are_bioasq(split: dataset.Split) -> bool:
    """Tells whether factoids can be submitted; warns if few ids are in the way."""
    fits = [submission.is_bioasq([one.id]) for one in split.questions]
    if any(fits) and not all(fits):
        logging.warning(
            "%s: no %s is written, as %d of %d ids are not BioASQ's, 24 characters, "
            "'_' and three digits, such as %r.",
            split.path,
            SUBMISSION_FILE,
            fits.count(False),
            len(fits),
            split.questions[fits.index(False)].id,
        )
    return all(fits)


def _writer(
    folder: pathlib.Path, settings: settings_lib.Settings
) -> contextlib.AbstractContextManager[Any]:
    """Returns what writes the answers of this type."""
    if settings.is_yes_no:
        return LabelWriter(folder)
    return answer_files.AnswerWriter(
        folder, has_impossible=settings.version_2_with_negative
    )


def _submission(
    outcome: scoring.Outcome, kind: str, threshold: float | None
) -> dict[str, Any]:
    """Returns what BioASQ takes."""
    if kind == "factoid":
        return submission.factoids(outcome.nbest)
    if kind == "list":
        return submission.lists(outcome.nbest, threshold)
    return submission.labels(outcome.yes)


class LabelWriter:
    """Writes the answers of yes/no questions, as `AnswerWriter` does of others."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Opens the files.

        Args:
            folder: Where they are written.
        """
        self._stack = contextlib.ExitStack()
        self._predictions, self._nbest = (
            self._stack.enter_context(answer_files.ObjectWriter(folder / name))
            for name in (answer_files.PREDICTIONS_FILE, answer_files.NBEST_FILE)
        )

    def __enter__(self) -> "LabelWriter":
        return self

    def __exit__(self, *error: object) -> bool | None:
        return self._stack.__exit__(*error)

    def write(self, one: question.Question, label: answerer.Label) -> None:
        """Writes what is predicted for a question.

        Args:
            one: The question.
            label: Its answer.
        """
        self._predictions.write(one.id, label.text)
        self._nbest.write(one.id, _shares(label))


def _shares(label: answerer.Label) -> list[dict[str, Any]]:
    """Returns both answers with their probabilities, the likelier first."""
    shares = {"yes": label.yes, "no": 1.0 - label.yes}
    likelier = sorted(shares, key=lambda text: text != label.text)
    return [{"text": text, "probability": shares[text]} for text in likelier]


def print_answers(
    answering: answerer.Answerer,
    windows: question_windows.Windows,
    settings: settings_lib.Settings,
) -> None:
    """Prints the answers to one question to standard output, as JSON.

    Args:
        answering: Answers it.
        windows: Those of the question.
        settings: The batch size.
    """
    (predicted,) = answering.answer(
        windows, batch_size=settings.predict_batch_size, verb=""
    )
    if isinstance(predicted, answers.Prediction):
        found = answer_files.detail(windows.questions[0], predicted)
    else:
        found = _shares(predicted)
    shown = {"answer": predicted.text, "answers": found}
    if not files.writes_nothing():  # All processes would say the same.
        print(json.dumps(shown, indent=2, ensure_ascii=False))


def log_scores(path: str, scores: dict[str, float]) -> None:
    """Logs the scores of a file."""
    shown = "  ".join(f"{name} {value:.4g}" for name, value in scores.items())
    logging.info("Scores on %s: %s", path, shown)
