# SPDX-License-Identifier: Apache-2.0
"""Fixtures that all tests share."""

import os
import pathlib

import numpy as np
import pytest
from absl import logging

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = pathlib.Path(os.environ.get("BIOBERT_SHARED", ROOT.parent / "shared"))


@pytest.fixture(autouse=True)
def log_to_caplog() -> None:
    """Lets `caplog` see what absl logs, whatever ran before."""
    logging.set_verbosity(logging.INFO)
    logging.get_absl_logger().propagate = True


@pytest.fixture
def rng() -> np.random.Generator:
    """A seeded generator, fresh for each test."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    """The project's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> pathlib.Path:
    """The folder of goldens and corpora beside the project.

    Skips where it is absent, so that the tests run for anyone; fails in continuous
    integration, where a skipped test would look like a passed one.
    """
    if not SHARED.is_dir():
        report = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        report(f"No goldens: {SHARED} is absent (set BIOBERT_SHARED).")
    return SHARED
