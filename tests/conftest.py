# SPDX-License-Identifier: Apache-2.0
"""Fixtures that all tests share."""

import os
import pathlib

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = pathlib.Path(os.environ.get("BIOBERT_SHARED", ROOT.parent / "shared"))


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

    Skips where it is absent, so that the tests run for anyone; continuous
    integration refuses to start without it.
    """
    if not SHARED.is_dir():
        pytest.skip(f"No goldens: {SHARED} is absent (set BIOBERT_SHARED).")
    return SHARED
