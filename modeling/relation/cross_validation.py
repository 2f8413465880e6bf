# SPDX-License-Identifier: Apache-2.0
"""The same run on each fold of a data set, and their scores together."""

import dataclasses
import pathlib
import re
from collections.abc import Sequence

from absl import logging

from modeling import errors, files, repeats, runs
from modeling.data import relation
from modeling.relation import dataset, experiment, reporting, scoring
from modeling.relation import settings as settings_lib

RESULT_FILE = "cross_validation.json"


def run(
    settings: settings_lib.Settings,
) -> tuple[dict[str, float], scoring.Predictions | None]:
    """Runs each fold, and writes what they give to cross_validation.json.

    Args:
        settings: With `cv_dir`. Each fold has a folder fold_<name> in
            --output_dir, and goes on there if it was interrupted.

    Returns:
        The scores of the rows of all folds together (pooled), with the mean and
        the standard deviation (of a sample) over the folds; and all predictions,
        if the folds have labels.
    """
    folds = {
        folder.name: dataclasses.replace(
            settings,
            cv_dir=None,
            data_dir=str(folder),
            do_predict=True,
            output_dir=str(pathlib.Path(settings.output_dir) / f"fold_{folder.name}"),
        )
        for folder in find_folds(settings)
    }
    folds = dataset.with_labels_of_folds(folds)
    # All of them first: what is wrong with the last fold must not show hours later.
    for of_fold in folds.values():
        dataset.check(of_fold)
    runs.make_output_dir(settings.output_dir)
    done: dict[str, scoring.Predictions] = {}
    rows: dict[str, Sequence[relation.Row]] = {}
    for number, (name, of_fold) in enumerate(folds.items(), start=1):
        logging.info("Fold %s, %d of %d.", name, number, len(folds))
        predictions, rows_of_fold = _run(of_fold)
        if predictions is not None:
            done[name], rows[name] = predictions, rows_of_fold
    if not done:
        logging.warning("%s: No fold has labels to score.", settings.cv_dir)
        return {}, None
    return _summarize(settings, done, rows)


def _run(
    of_fold: settings_lib.Settings,
) -> tuple[scoring.Predictions | None, Sequence[relation.Row]]:
    """Makes the run of one fold, and lets go of its model."""
    one = experiment.Experiment(of_fold)
    one.run()
    return one.predictions, one.test_rows


def find_folds(settings: settings_lib.Settings) -> list[pathlib.Path]:
    """Returns the folders in --cv_dir that have files of the task, 2 before 10.

    Raises:
        errors.InputError: If there are not two of them.
    """
    folder = pathlib.Path(settings.cv_dir or "")
    names = settings.task.files.values()
    inside = folder.iterdir() if folder.is_dir() else ()
    found = [path for path in inside if any((path / name).exists() for name in names)]
    if len(found) < 2:
        raise errors.InputError(
            f"{folder}: --cv_dir must hold a folder for each fold, two at least, with "
            f"{', '.join(names)} in it. Received: "
            f"{', '.join(sorted(path.name for path in found)) or 'none'}."
        )
    return sorted(found, key=lambda path: _natural(path.name))


def _natural(name: str) -> list[tuple[int, str]]:
    """Returns what sorts numbers in names as numbers."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.split(r"(\d+)", name)
    ]


def _summarize(
    settings: settings_lib.Settings,
    done: dict[str, scoring.Predictions],
    rows: dict[str, Sequence[relation.Row]],
) -> tuple[dict[str, float], scoring.Predictions]:
    """Writes, draws and logs the scores over all folds."""
    of_folds = {name: one.numbers for name, one in done.items()}
    pooled = scoring.Predictions.join(list(done.values()))
    mean, deviation = repeats.over(list(of_folds.values()), list(scoring.NAMES))
    folder = pathlib.Path(settings.output_dir)
    summaries = {name: one.summary for name, one in done.items()}
    files.write_json(
        folder / RESULT_FILE,
        {"mean": mean, "sd": deviation, "pooled": pooled.summary, "folds": summaries},
    )
    label, least = pooled.baseline
    lines = [f"{'':11s}   {'mean':>8s} {'sd':>8s} {'pooled':>8s}  all {label!r}"]
    lines += [
        f"{scoring.NAMES[name]:11s} : "
        + " ".join(
            f"{scoring.shown(name, value):>8s}"
            for value in (mean[name], deviation[name], value, least[name])
        )
        for name, value in pooled.numbers.items()
    ]
    logging.info("%d folds of %s:\n%s", len(done), settings.cv_dir, "\n".join(lines))
    reporting.write_report(
        folder,
        settings,
        pooled,
        [row for of_fold in rows.values() for row in of_fold],
        title=f"Relations in the folds of {settings.cv_dir}",
        folds=done,
    )
    summary = pooled.numbers
    summary |= {f"{name}_mean": value for name, value in mean.items()}
    summary |= {f"{name}_sd": value for name, value in deviation.items()}
    return summary, pooled
