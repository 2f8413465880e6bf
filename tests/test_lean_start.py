# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.lean_start: what TensorFlow's import finds."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME = "TF_USE_LEGACY_KERAS"
# Ends where TensorFlow would be looked for, which is sooner than it is there.
CODE = f"""
import importlib, importlib.abc, os, sys
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "tensorflow":
            print(os.environ.get({NAME!r}), flush=True)
            os._exit(0)
sys.meta_path.insert(0, Finder())
importlib.import_module(sys.argv[1])
"""


def found_by_tensorflow(module, **changes):
    env = {name: value for name, value in os.environ.items() if name != NAME} | changes
    command = [sys.executable, "-c", CODE, module]
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.parametrize(
    "program", ["run_ner", "run_re", "run_qa", "run_pretraining", "extract_features"]
)
def test_programs_do_without_keras(program):
    assert found_by_tensorflow(program) == "1"


def test_the_users_choice_stands():
    assert found_by_tensorflow("run_ner", **{NAME: "0"}) == "0"


@pytest.mark.parametrize(
    "module",
    ["modeling.ner.predictor", "modeling.relation.predictor", "modeling.runs"],
)
def test_what_others_import_leaves_keras_alone(module):
    assert found_by_tensorflow(module) == "None"


@pytest.mark.slow
def test_keras_is_not_imported_then():
    code = "import sys, tensorflow; print('keras' in sys.modules)"
    for value, expected in (("1", "False"), ("0", "True")):
        found = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {NAME: value},
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.strip() == expected
