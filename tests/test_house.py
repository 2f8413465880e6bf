# SPDX-License-Identifier: Apache-2.0
"""House rules that hold for whole files: licence, length, paths, requirements.

Who may import whom is in test_imports.py, the style in ruff's configuration.
"""

import ast
import importlib.metadata
import importlib.util
import os
import pathlib
import re
import sys
import tomllib

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = (".ci", "benchmarks", "biocodes", "docs", "modeling", "sample_data", "tests")
TEXT = {"", ".json", ".jsonl", ".md", ".py", ".sh", ".toml", ".tsv", ".txt"}
LICENCE = "# SPDX-License-Identifier: Apache-2.0"
MAX_LINES = 300

# What the project's user fixed.
FIXED = {"tensorflow", "tensorflow-text", "absl-py", "sentencepiece", "numpy", "pandas"}
OURS = {"modeling", "biocodes"}


def project_files():
    """Returns all text files, by their paths in the project."""
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    paths = [p for p in [*ROOT.iterdir(), *inside] if p.is_file()]
    return {
        str(path.relative_to(ROOT)): path
        for path in sorted(paths)
        if path.suffix in TEXT and "__pycache__" not in path.parts
    }


FILES = project_files()
PYTHON = [name for name in FILES if name.endswith(".py")]
SCRIPTS = [name for name in FILES if name.endswith(".sh") or name.startswith(".ci/")]
REQUIREMENTS = [name for name in FILES if name.startswith("requirements")]
# Packages that have other versions with Horovod, because its TensorFlow is older.
OLDER_WITH_HOROVOD = {
    "ml-dtypes",
    "numpy",
    "tensorboard",
    "tensorflow",
    "tensorflow-text",
}


def read(name):
    return FILES[name].read_text(encoding="utf-8")


def test_the_lists_are_not_empty():
    assert {"run_ner.py", "modeling/nn/bert.py", "tests/test_house.py"} <= set(PYTHON)
    assert {".ci/run", "quickstart.sh", "set_up.sh", "test.sh"} <= set(SCRIPTS)
    assert {"requirements.txt", "requirements-dev.txt"} <= set(REQUIREMENTS)
    assert {"LICENSE", "README.md", "pyproject.toml", "docs/architecture.md"} <= set(
        FILES
    )


@pytest.mark.parametrize("name", PYTHON)
def test_python_begins_with_licence_and_docstring(name):
    assert read(name).split("\n")[0] == LICENCE
    assert ast.get_docstring(ast.parse(read(name)))


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_strict_and_can_be_run(name):
    lines = read(name).split("\n")
    assert lines[:2] == ["#!/usr/bin/env bash", LICENCE]
    assert "set -euo pipefail" in lines
    assert os.access(FILES[name], os.X_OK)


@pytest.mark.parametrize("name", [*PYTHON, *SCRIPTS])
def test_files_are_short(name):
    num_lines = read(name).count("\n")
    assert num_lines <= MAX_LINES


@pytest.mark.parametrize("name", FILES)
def test_no_path_of_a_machine(name):
    # Put together, as this file must not hold them either.
    homes = "|".join(["wo" + "rk", "tm" + "p", "ro" + "ot", "ho" + "me", "Us" + "ers"])
    found = re.findall(rf"(?<![\w.$}}/])/(?:{homes})/\S*", read(name))
    assert found == []


def test_licence_is_whole():
    text = read("LICENSE")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert "APPENDIX: How to apply the Apache License to your work." in text


def requirements(name):
    """Returns (package, version, reason) of each line that is a requirement."""
    form = re.compile(r"([a-z0-9-]+)(?:\[[a-z-]+\])?==([\d.]+)(?:; [^#]+?)?  # (.+)")
    lines = [line for line in read(name).splitlines() if not line.startswith("#")]
    matches = {line: form.fullmatch(line) for line in lines if line[:3] != "-r "}
    assert [line for line, match in matches.items() if match is None] == []
    return [match.groups() for match in matches.values()]


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_requirements_are_pinned_with_a_reason(name):
    assert requirements(name)
    assert all(len(reason) > 10 for _, _, reason in requirements(name))


def test_requirements_hold_what_the_user_fixed():
    assert {package for package, _, _ in requirements("requirements.txt")} >= FIXED


def test_tests_run_on_the_versions_that_are_required():
    kind = "-horovod" if importlib.util.find_spec("horovod") else ""
    for name in (f"requirements{kind}.txt", f"requirements{kind}-dev.txt"):
        for package, version, _ in requirements(name):
            assert importlib.metadata.version(package) == version


def versions(name):
    return {package: version for package, version, _ in requirements(name)}


def test_only_what_must_has_another_version_with_horovod():
    usual, other = versions("requirements.txt"), versions("requirements-horovod.txt")
    assert set(usual) <= set(other)
    differ = {name for name, version in usual.items() if other[name] != version}
    assert differ == OLDER_WITH_HOROVOD
    tools = versions("requirements-horovod-dev.txt").items()
    assert tools <= versions("requirements-dev.txt").items()


def third_party_imports(name):
    """Returns the packages from elsewhere whose modules a file imports."""
    found = set()
    for node in ast.walk(ast.parse(read(name))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.split(".")[0])
    programs = {path.stem for path in ROOT.glob("*.py")}
    found -= sys.stdlib_module_names | OURS | programs
    packages = {"absl": "absl-py"}
    return {packages.get(module, module.replace("_", "-")) for module in found}


def test_what_is_imported_is_required():
    code = [n for n in PYTHON if n.split("/")[0] in OURS or "/" not in n]
    imported = {package for name in code for package in third_party_imports(name)}
    assert {"absl-py", "ml-dtypes", "tensorflow"} <= imported
    names = ("requirements.txt", "requirements-beam.txt", "requirements-horovod.txt")
    required = {package for name in names for package, _, _ in requirements(name)}
    assert imported <= required


def test_what_tests_import_is_required():
    # What makes golden files runs elsewhere, with what tests/goldens/README.md says.
    files = [n for n in PYTHON if n.startswith("tests/") and "/make_" not in n]
    imported = {package for name in files for package in third_party_imports(name)}
    names = ("requirements.txt", "requirements-dev.txt", "requirements-weights.txt")
    required = {package for name in names for package, _, _ in requirements(name)}
    assert imported <= required


def test_all_packages_are_installed():
    project = tomllib.loads(read("pyproject.toml"))
    listed = project["tool"]["setuptools"]["packages"]
    found = {
        name.removesuffix("/__init__.py").replace("/", ".")
        for name in PYTHON
        if name.endswith("/__init__.py")
    }
    assert sorted(found) == sorted(listed)


def test_all_other_files_of_packages_are_installed():
    project = tomllib.loads(read("pyproject.toml"))
    data = project["tool"]["setuptools"]["package-data"]
    listed = {
        path
        for package, patterns in data.items()
        for pattern in patterns
        for path in ROOT.joinpath(*package.split(".")).glob(pattern)
    }
    found = {
        path
        for package in OURS
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert ROOT / "modeling/reports/page.css" in found
    assert listed == found


def test_all_markers_are_in_use():
    project = tomllib.loads(read("pyproject.toml"))
    options = project["tool"]["pytest"]["ini_options"]
    markers = {marker.split(":")[0] for marker in options["markers"]}
    tests = "".join(read(name) for name in PYTHON if name.startswith("tests/"))
    used = set(re.findall(r"pytest\.mark\.(\w+)", tests))
    assert {m for m in markers if m not in used} == set()
    lanes = read(".ci/run")
    by_hand = {m for m in markers if not re.search(rf"-m \"?{m}\b", lanes)}
    assert by_hand == {"gpu"}
    assert all(f"not {marker}" in read("test.sh") for marker in markers)


def test_version_is_in_the_changelog():
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert f"## {version}" in read("CHANGELOG.md")


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".md")])
def test_links_lead_to_files(name):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", read(name))
    local = [link for link in links if "://" not in link]
    assert [x for x in local if not (FILES[name].parent / x).exists()] == []
