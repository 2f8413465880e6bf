# SPDX-License-Identifier: Apache-2.0
"""The same run with several seeds, and how much its scores vary.

Used by the programs only. What one run is, they say.
"""

import dataclasses
import os
import pathlib
import statistics
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from absl import logging

from modeling import files
from modeling import settings as settings_lib
from modeling.reports import bootstrap

SettingsT = TypeVar("SettingsT", bound=settings_lib.TrainSettings)


def run(
    settings: SettingsT,
    run_once: Callable[[SettingsT], tuple[dict[str, float], np.ndarray | None]],
    *,
    names: Sequence[str],
    prefix: str = "",
) -> dict[str, float]:
    """Makes the runs and writes what they have in common to runs.json.

    Args:
        settings: With `num_runs` above 1. Each run has a folder run_<seed> in
            --output_dir, and goes on there if it was interrupted.
        run_once: Makes the run of one seed. Returns its scores and, if there are
            any, counts of each unit of the test set, as `bootstrap.intervals` takes
            them. The model should be gone when it returns.
        names: Which scores to look at, if all runs have them.
        prefix: Of the names of the intervals' scores.

    Returns:
        Mean, standard deviation (of a sample) and best of each score, and low and
        high ends of the intervals.
    """
    seeds = range(settings.seed, settings.seed + settings.num_runs)
    results: list[dict[str, float]] = []
    counts: list[np.ndarray] = []
    for seed in seeds:
        scores, counted = run_once(
            dataclasses.replace(
                settings,
                seed=seed,
                num_runs=1,
                output_dir=os.path.join(settings.output_dir, f"run_{seed}"),
            )
        )
        results.append(scores)
        if counted is not None:
            counts.append(counted)
    summary: dict[str, float] = {}
    means, deviations = over(results, names)
    for name, mean in means.items():
        summary |= {
            f"{name}_mean": mean,
            f"{name}_sd": deviations[name],
            f"{name}_best": max(result[name] for result in results),
        }
    if counts:
        # Units are drawn, and all runs are counted on those drawn.
        for name, (low, high) in bootstrap.intervals(sum(counts)).items():
            summary |= {f"{prefix}{name}_low": low, f"{prefix}{name}_high": high}
    files.write_json(
        pathlib.Path(settings.output_dir) / "runs.json",
        {"seeds": list(seeds), "runs": results, "summary": summary},
    )
    logging.info(
        "%d runs:\n%s",
        len(seeds),
        "\n".join(f"  {name} {value:.4f}" for name, value in summary.items()),
    )
    return summary


def over(
    results: Sequence[dict[str, float]], names: Sequence[str]
) -> tuple[dict[str, float], dict[str, float]]:
    """Returns the mean and the standard deviation of each score.

    Args:
        results: Scores by name, of several runs.
        names: Which to look at; those that not all runs have are left out.

    Returns:
        By name, the means and the deviations (of a sample; 0 for one result).
    """
    values = {
        name: [one[name] for one in results]
        for name in names
        if all(name in one for one in results)
    }
    means = {name: statistics.fmean(column) for name, column in values.items()}
    deviations = {
        name: statistics.stdev(column) if len(column) > 1 else 0.0
        for name, column in values.items()
    }
    return means, deviations
