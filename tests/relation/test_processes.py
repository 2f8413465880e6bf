# SPDX-License-Identifier: Apache-2.0
"""run_re.py in two processes ends where one process does."""

import dataclasses

import numpy as np

LAST = 13


def flags_of(settings):
    """Returns the flags that give these settings."""
    values = dataclasses.asdict(settings)
    return {name: value for name, value in values.items() if value is not None}


def test_two_processes_train_and_predict_as_one_does(
    relation_run, run_in_two, assert_same_weights, tmp_path
):
    one, two = tmp_path / "one", tmp_path / "two"
    options = {"do_eval": True, "do_predict": True, "learning_rate": 1e-3}
    relation_run(one, accumulate_steps=2, **options)
    run_in_two("run_re.py", flags_of(relation_run.settings(two, **options)))
    assert_same_weights(one, two, LAST)
    found, others = (np.loadtxt(path / "test_results.tsv") for path in (one, two))
    assert found.shape == (6, 2)
    np.testing.assert_allclose(others, found, atol=1e-5)
