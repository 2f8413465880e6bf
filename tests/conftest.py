# SPDX-License-Identifier: Apache-2.0
"""Fixtures that all tests share."""

import os
import pathlib
import subprocess
import sys
import types

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from absl import logging

from modeling import lean_start

# Programs that are tested as processes begin as users' do, without what importing one
# of them here has left in the environment.
os.environ.pop(lean_start.VARIABLE, None)

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = pathlib.Path(os.environ.get("BIOBERT_SHARED", ROOT.parent / "shared"))

# A machine that does other work as well is slow; what hangs, pytest-timeout ends.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

# Several devices of one CPU, for what runs on many; they must be asked for before
# anything is computed. All else runs on the first, as without them.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0],
    [tf.config.LogicalDeviceConfiguration()] * 4,
)


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


@pytest.fixture(scope="session")
def horovodrun():
    """Runs a Python program in two processes of Horovod on this machine.

    Skips without Horovod, but fails in continuous integration, which has it.
    """
    if not Horovod.launcher.exists():
        report = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        report("No Horovod: run ./set_up.sh requirements-horovod-dev.txt.")

    def run(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            Horovod.command(arguments),
            check=False,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


class MultiWorker:
    """Two processes that the program starts itself.

    Attributes:
        flags: What the program is told.
        both: What is in the environment of each of them, and of no other process.
        second: What is in that of the second one alone.
    """

    flags = types.MappingProxyType({"num_processes": 2})
    both, second = b"BIOBERT_LOCAL_PROCESS=", b"BIOBERT_LOCAL_PROCESS=1/2\0"

    @staticmethod
    def command(program):
        """Returns the command line that starts both."""
        return [sys.executable, *program]


class Horovod:
    """Two processes that horovodrun starts; attributes as above."""

    flags = types.MappingProxyType({"distribution": "horovod"})
    both, second = b"HOROVOD_RANK=", b"HOROVOD_RANK=1\0"

    launcher = pathlib.Path(sys.executable).with_name("horovodrun")

    @classmethod
    def command(cls, program):
        """Returns the command line that starts both."""
        return [cls.launcher, "-np", "2", "--gloo", sys.executable, *program]


@pytest.fixture(
    params=[
        pytest.param(MultiWorker, marks=pytest.mark.slow),
        pytest.param(Horovod, marks=pytest.mark.horovod),
    ],
    ids=["multi_worker", "horovod"],
)
def way(request):
    """One way to run in two processes, after the other."""
    if request.param is Horovod:
        request.getfixturevalue("horovodrun")  # Skips where there is none.
    return request.param


@pytest.fixture
def run_in_two(way):
    """Runs a program of the project, given flags by name, in two processes."""

    def run(program, flags):
        given = (f"--{name}={value}" for name, value in (flags | way.flags).items())
        done = subprocess.run(
            way.command([program, *given]),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.fixture(scope="session")
def assert_same_weights():
    """Asserts that two folders hold the same checkpoint, up to rounding."""

    def compare(one, two, step):
        of_one, of_two = (
            tf.train.load_checkpoint(str(folder / f"model.ckpt-{step}"))
            for folder in (one, two)
        )
        names = of_one.get_variable_to_shape_map()
        assert set(names) == set(of_two.get_variable_to_shape_map())
        for name in names:
            value, other = (reader.get_tensor(name) for reader in (of_one, of_two))
            np.testing.assert_allclose(other, value, atol=1e-5, err_msg=name)

    return compare
