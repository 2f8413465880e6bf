# SPDX-License-Identifier: Apache-2.0
"""What a run of run_re.py reads: files, labels, and whether they fit a checkpoint."""

import dataclasses
import os
from collections.abc import Mapping

from absl import logging

from modeling import errors, run_record
from modeling.data import relation, relation_files, relation_tasks
from modeling.relation import settings as settings_lib

Rows = dict[str, list[relation.Row]]

# What the name of a task begins with in run.json, before a slash.
TASK = "relation"
# Labels of WordPieces, which no sentence has.
_OF_PIECES = ("[PAD]", "[CLS]", "[SEP]")


def path_of(settings: settings_lib.Settings, part: str) -> str:
    """Returns the path of a file in --data_dir.

    Args:
        settings: Names the folder and the task.
        part: What the file is for.
    """
    return os.path.join(settings.data_dir or "", settings.task.files[part])


def read(settings: settings_lib.Settings) -> Rows:
    """Reads the files that a run needs.

    Args:
        settings: The run's settings, for one data set.

    Returns:
        Rows by what their file is for. A development set without rows, as the
        original's GAD and EU-ADR have, is left out with a warning.

    Raises:
        errors.InputError: If a file is missing, or has no rows or bad ones, or if
            there is nothing to select on.
    """
    wanted = {
        relation_tasks.TRAIN: settings.do_train,
        relation_tasks.DEV: settings.evaluates,
        relation_tasks.TEST: settings.predicts,
    }
    rows: Rows = {}
    for part in [part for part, is_wanted in wanted.items() if is_wanted]:
        path = path_of(settings, part)
        found = relation_files.read_file(path, settings.task, part)
        if found:
            rows[part] = found
        elif settings.select_on == "dev":
            raise errors.InputError(
                f"{path}:1: --select_on=dev needs rows to select on. Received: none."
            )
        else:
            logging.warning(
                "%s: There is not one row, so nothing is evaluated. Scores on it "
                "would be those of no rows, not of a bad model.",
                path,
            )
    return rows


def choose_task(
    settings: settings_lib.Settings, rows: Rows, known: tuple[str, ...] | None
) -> relation_tasks.Task:
    """Returns the task with its labels.

    Args:
        settings: The run's settings.
        rows: What `read` returned.
        known: The labels of the checkpoint that the run begins with, if a file
            says them.

    Raises:
        errors.InputError: If the labels are not known, or not those of the
            checkpoint where it is used as it is.
    """
    task = settings.task
    if not task.labels and settings.do_train:
        labels = relation.derive_labels(rows[relation_tasks.TRAIN])
        task = task.with_labels(labels, settings.negative_label)
    elif not task.labels and known:
        task = task.with_labels(known, settings.negative_label)
    if not task.labels:
        raise errors.InputError(
            "--task_name=custom needs --labels, or a file "
            f"{relation_files.LABEL_FILE} beside the checkpoint. Received: neither."
        )
    if not settings.do_train and known not in (None, task.labels):
        raise errors.InputError(
            f"{relation_files.LABEL_FILE}: The checkpoint must be of the labels "
            f"{', '.join(task.labels)}, in this order. Received one of "
            f"{', '.join(known)}."
        )
    return task


def check_task(checkpoint: str | os.PathLike[str] | None) -> None:
    """Raises if a checkpoint that is used as it is was trained for something else.

    Args:
        checkpoint: Its folder, or a path in its folder; None for no checkpoint.

    Raises:
        errors.InputError: If the record or the labels beside it are those of another
            task.
    """
    if checkpoint is None:
        return
    record = run_record.read_beside(checkpoint)
    task = record[run_record.MODEL].get("task") if record else None
    labels = relation_files.labels_beside(checkpoint) or ()
    of_pieces = [label for label in labels if label in _OF_PIECES]
    found = f"one of the labels {', '.join(of_pieces)}" if of_pieces else ""
    if task is not None and str(task).split("/")[0] != TASK:
        found = f"one of the task {task}"
    if found:
        raise errors.InputError(
            f"{checkpoint}: A model of relations is needed, as run_re.py trains with "
            f"--do_train. Received: {found}."
        )


def check(settings: settings_lib.Settings) -> None:
    """Reads the files of a run and checks their labels, before others are run.

    Args:
        settings: The run's settings, for one data set.

    Raises:
        errors.InputError: As `read` does, or if a label is none of the task's.
    """
    rows = read(settings)
    task = settings.task
    if not task.labels and relation_tasks.TRAIN not in rows:
        return
    task = choose_task(settings, rows, None)
    for part, of_file in rows.items():
        relation.check_labels(of_file, task.labels, path=path_of(settings, part))


def with_labels_of_folds(
    folds: Mapping[str, settings_lib.Settings],
) -> dict[str, settings_lib.Settings]:
    """Gives all folds of a task without fixed labels the labels of all of them.

    Otherwise a label that is missing in the training file of one fold would shift
    the ids of the others.

    Args:
        folds: Settings by the name of the fold.

    Returns:
        The same, with the labels of all training files where none are given.

    Raises:
        errors.InputError: If a label holds a comma, or a file is bad.
    """
    if any(one.task.labels or not one.do_train for one in folds.values()):
        return dict(folds)
    found: set[str] = set()
    for one in folds.values():
        path = path_of(one, relation_tasks.TRAIN)
        rows = relation_files.read_file(path, one.task, relation_tasks.TRAIN)
        found |= set(relation.derive_labels(rows))
        if any("," in label for label in found):
            raise errors.InputError(
                f"{path}:1: Labels of folds must not hold commas. Received: "
                f"{', '.join(repr(label) for label in found if ',' in label)}."
            )
    labels = ",".join(sorted(found))
    return {
        name: dataclasses.replace(one, labels=labels) for name, one in folds.items()
    }


def warn(splits: Mapping[str, relation_files.Split]) -> None:
    """Warns of what makes a training, or the scores of what it gave, of less worth.

    Args:
        splits: The files of a run, by what they are for.
    """
    training = splits.get(relation_tasks.TRAIN)
    if training is None:
        return
    warn_of_classes(training)
    for part in (relation_tasks.DEV, relation_tasks.TEST):
        if part in splits:
            warn_of_overlap(training, splits[part])


def warn_of_classes(split: relation_files.Split) -> None:
    """Warns of labels that a model cannot learn, as no training row has them.

    Args:
        split: What is trained on.
    """
    missing = [label for label, count in split.counts.items() if not count]
    if missing:
        logging.warning(
            "%s: No row has the label %s, so the model never learns it.",
            split.path,
            " or ".join(map(repr, missing)),
        )


def warn_of_overlap(training: relation_files.Split, test: relation_files.Split) -> None:
    """Warns where rows that are scored were trained on.

    Args:
        training: What is trained on.
        test: What is scored.
    """
    seen = {row.texts for row in training.rows}
    num_seen = sum(row.texts in seen for row in test.rows)
    if num_seen:
        logging.warning(
            "%d of the %d rows of %s are in %s too, word for word: scores on it are "
            "too good for new text.",
            num_seen,
            len(test.rows),
            test.path,
            training.path,
        )


def check_resumed(
    settings: settings_lib.Settings,
    known: tuple[str, ...] | None,
    labels: tuple[str, ...],
) -> None:
    """Raises if a training that goes on was of other labels.

    Args:
        settings: Names the output folder.
        known: The labels of the checkpoint in it, if a file says them.
        labels: Those of this run.
    """
    if known not in (None, labels):
        raise run_record.other_run(
            settings.output_dir, "labels", known, labels, trains=True
        )
