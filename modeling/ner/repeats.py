# SPDX-License-Identifier: Apache-2.0
"""The same run with several seeds, and how much its scores vary."""

import dataclasses
import os
import pathlib
import statistics

import numpy as np
from absl import logging

from modeling import files
from modeling.ner import experiment
from modeling.ner import settings as settings_lib
from modeling.reports import bootstrap

_SCORES = ("entity_f1", "entity_precision", "entity_recall")


def run(settings: settings_lib.Settings) -> dict[str, float]:
    """Makes the runs and writes what they have in common to runs.json.

    Args:
        settings: With `num_runs` above 1. Each run has a folder run_<seed> in
            --output_dir, and goes on there if it was interrupted.

    Returns:
        Mean, standard deviation (of a sample) and best of each score.
    """
    seeds = range(settings.seed, settings.seed + settings.num_runs)
    results: list[dict[str, float]] = []
    counts: list[np.ndarray] = []
    for seed in seeds:
        scores, counted = _run(
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
    return _summarize(settings, list(seeds), results, counts)


def _run(settings: settings_lib.Settings) -> tuple[dict[str, float], np.ndarray | None]:
    """Makes the run of one seed, and lets go of its model."""
    one = experiment.Experiment(settings)
    return one.run(), one.counts


def _summarize(
    settings: settings_lib.Settings,
    seeds: list[int],
    results: list[dict[str, float]],
    counts: list[np.ndarray],
) -> dict[str, float]:
    """Writes and logs the scores over all seeds."""
    summary: dict[str, float] = {}
    for name in _SCORES:
        values = [result[name] for result in results if name in result]
        if not values:
            continue
        summary |= {
            f"{name}_mean": statistics.fmean(values),
            f"{name}_sd": statistics.stdev(values) if len(values) > 1 else 0.0,
            f"{name}_best": max(values),
        }
    if counts:
        # Sentences are drawn, and all runs are counted on those drawn.
        for name, (low, high) in bootstrap.intervals(sum(counts)).items():
            summary |= {f"entity_{name}_low": low, f"entity_{name}_high": high}
    files.write_json(
        pathlib.Path(settings.output_dir) / "runs.json",
        {"seeds": seeds, "runs": results, "summary": summary},
    )
    logging.info(
        "%d runs:\n%s",
        len(seeds),
        "\n".join(f"  {name} {value:.4f}" for name, value in summary.items()),
    )
    return summary
