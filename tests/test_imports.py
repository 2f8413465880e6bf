# SPDX-License-Identifier: Apache-2.0
"""Who imports whom, read from the source.

The rules are those of docs/architecture.md. Every file of the project falls under
one of them, and all imports count, inside functions too.
"""

import ast
import graphlib
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
OURS = ("modeling", "biocodes")
SCORER_NAMES = """bioasq2squad bioasq_eval conlleval ner_detokenize ner_merge re_eval
squad_eval transform_nbset2bioasqform"""
SCORERS = tuple(f"biocodes.{name}" for name in SCORER_NAMES.split())

# The upper floor of `modeling`: where settings, data, models and training meet, for
# the programs and for who uses a trained model. Nothing below may import these.
TASK_PACKAGES = ("ner", "relation", "question")
UPPER_FLOOR = (*TASK_PACKAGES, "pretraining", "run_training", "run_start", "planning")
UPPER_FLOOR += ("run_record", "runs", "distribution", "agreement", "repeats")
BUILDER_NAMES = """create_pretraining_data_beam learn_vocab make_corpus make_re_data
re_corpora"""
BUILDERS = tuple(f"biocodes.{name}" for name in BUILDER_NAMES.split())

# Module or package of `modeling`, and what of it its modules may import besides their
# own package. The longest name that fits counts. There is no entry for `modeling` as
# a whole: what is new there needs a rule.
RULES = {
    **dict.fromkeys(("cores", "errors", "lean_start", "command_line"), ""),
    "files": "errors",
    "config": "errors",
    "settings": "errors",
    "text": "errors",
    "nn": "errors files config",
    "data": "errors files text",
    "training": "cores errors files",
    "tasks": "errors files nn data text config",
    "reports": "errors files",
    "annotations": "errors files settings text",
    "corpora": "cores errors files settings text",
    "instances": "cores errors files settings text data.example_records "
    "data.record_frames",
    "vocabularies": "errors files config settings text training.checkpoints "
    "training.weights",
    "launcher": "errors",
    "programs": "errors command_line launcher",
    "export": "errors files tasks nn training.checkpoints text config",
    "agreement": "errors files training",
    "distribution": "agreement cores errors files settings launcher training",
    "runs": "errors files config settings text training programs launcher distribution",
    "planning": "errors settings training distribution",
    "repeats": "errors files settings reports",
    "run_record": "errors files config settings runs",
    "run_start": "errors files settings nn training run_record runs",
    "run_training": """errors files settings nn training run_record runs distribution
agreement planning""",
    **dict.fromkeys(
        TASK_PACKAGES,
        "errors files config settings data text training tasks reports run_record "
        "runs run_start run_training distribution repeats",
    ),
    "pretraining": "errors files config settings data instances text training tasks "
    "run_record runs run_start run_training distribution",
}
MAY_IMPORT = {
    f"modeling.{name}": tuple(f"modeling.{other}" for other in others.split())
    for name, others in RULES.items()
} | dict.fromkeys(SCORERS, ())
BUILDERS_IMPORT = """errors files programs command_line settings text annotations
corpora instances vocabularies"""
MAY_IMPORT |= dict.fromkeys(
    BUILDERS, tuple(f"modeling.{other}" for other in BUILDERS_IMPORT.split())
)
# They are what programs do, and programs may use the scorers.
for task_package in TASK_PACKAGES:
    MAY_IMPORT[f"modeling.{task_package}"] += SCORERS
MAY_IMPORT["modeling.relation"] += ("modeling.annotations",)

# Those that run without TensorFlow, and what else they may import from elsewhere.
PLAIN = ("config", "cores", "errors", "files", "lean_start", "settings")
WITHOUT_TENSORFLOW = {
    **dict.fromkeys(map("modeling.{}".format, PLAIN), ()),
    "modeling.command_line": ("absl",),
    "modeling.launcher": ("absl",),
    "modeling.programs": ("absl",),
    "modeling.text": ("absl", "numpy", "sentencex"),
    "modeling.data.example_records": ("numpy",),
    "modeling.data.record_frames": ("google_crc32c",),
    "modeling.data.record_index": ("absl", "numpy"),
    "modeling.data.record_order": ("numpy",),
    "modeling.annotations": ("absl",),
    "modeling.corpora": ("absl", "numpy"),
    "modeling.instances": ("absl", "apache_beam", "numpy"),
    "modeling.vocabularies": ("absl", "numpy", "sentencepiece"),
    "modeling.vocabularies.embeddings": ("absl", "numpy", "tensorflow"),
    "modeling.reports": ("absl", "numpy", "pandas"),
    **dict.fromkeys(SCORERS, ("numpy", "pandas")),
}


def module_name(path):
    """Returns `modeling.nn.bert` for its file, `modeling.nn` for the package's."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(source):
    """Yields (module, name) of every import, name None for `import module`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            yield from ((origin, alias.name) for alias in node.names)


def imported_modules(source):
    """Returns the full names of what a source imports, ours and others'."""
    return {
        f"{module}.{name}" if name and is_within(module, OURS) else module
        for module, name in imports(source)
    }


def is_within(name, packages):
    return any(name == p or name.startswith(f"{p}.") for p in packages)


def rule_for(name, rules):
    """Returns the key of the rule that a module falls under, or None."""
    return max((r for r in rules if is_within(name, [r])), key=len, default=None)


def forbidden_imports(name, source):
    """Returns what of ours a module of a package imports, and must not."""
    rule = rule_for(name, MAY_IMPORT)
    allowed = (rule, *MAY_IMPORT[rule])
    ours = {m for m in imported_modules(source) if is_within(m, OURS)}
    return {m for m in ours if not is_within(m, allowed)}


def is_module(name):
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def imports_of_things(source):
    """Returns our functions, classes or packages' names imported as such.

    That is `from modeling.nn.bert import Bert`, `import modeling.nn.bert` (which
    makes every use of it three words long) and relative imports.
    """
    found = set()
    for module, name in imports(source):
        if module.startswith("."):
            found.add(module)
        elif is_within(module, OURS) and not (name and is_module(f"{module}.{name}")):
            found.add(f"{module}.{name}" if name else module)
    return found


def by_name(paths):
    return {module_name(path): path for path in sorted(paths)}


def source_of(path):
    return path.read_text(encoding="utf-8")


PACKAGES = by_name(path for package in OURS for path in (ROOT / package).rglob("*.py"))
MODULES = {n: p for n, p in PACKAGES.items() if p.name != "__init__.py"}
PROGRAMS = by_name(ROOT.glob("*.py"))
OTHERS = by_name(p for f in ("tests", "benchmarks") for p in (ROOT / f).rglob("*.py"))

each_module = pytest.mark.parametrize("name", MODULES)
each_program = pytest.mark.parametrize("name", PROGRAMS)
each_file = pytest.mark.parametrize("name", PACKAGES | PROGRAMS | OTHERS)


def test_every_module_falls_under_a_rule():
    assert {n for n in MODULES if rule_for(n, MAY_IMPORT) is None} == set()
    assert {"modeling.nn.bert", "modeling.errors", *SCORERS} <= set(MODULES)
    assert {"run_ner", "extract_features"} <= set(PROGRAMS)


@each_module
def test_imports_only_what_is_below(name):
    assert forbidden_imports(name, source_of(MODULES[name])) == set()


@pytest.mark.parametrize("name", sorted(set(PACKAGES) - set(MODULES)))
def test_packages_import_nothing_of_ours(name):
    # A file that gathers what others define makes one import drag in all of it.
    modules = imported_modules(source_of(PACKAGES[name]))
    assert {m for m in modules if is_within(m, (*OURS, "tensorflow"))} == set()


@pytest.mark.parametrize(
    "name", [n for n in MODULES if rule_for(n, WITHOUT_TENSORFLOW) is not None]
)
def test_runs_without_tensorflow(name):
    allowed = WITHOUT_TENSORFLOW[rule_for(name, WITHOUT_TENSORFLOW)]
    roots = {m.split(".")[0] for m in imported_modules(source_of(MODULES[name]))}
    assert roots - sys.stdlib_module_names - {*OURS, *allowed} == set()


def test_tokenizing_does_not_load_tensorflow():
    code = (
        "import sys\n"
        "from biocodes import conlleval, ner_detokenize\n"
        "from modeling import config, errors, files, settings\n"
        "from modeling.text import lines, tokenization, vocabulary\n"
        "print('tensorflow' in sys.modules)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@each_module
def test_nothing_imports_a_program(name):
    roots = {m.split(".")[0] for m in imported_modules(source_of(MODULES[name]))}
    assert roots & set(PROGRAMS) == set()


@each_program
def test_programs_do_not_import_each_other_or_tensorflow(name):
    # `modeling` decides how much TensorFlow logs, and must come before it.
    modules = imported_modules(source_of(PROGRAMS[name]))
    roots = {module.split(".")[0] for module in modules}
    assert roots & {*PROGRAMS, "tensorflow", "tensorflow_text"} == set()


@each_program
def test_programs_use_of_biocodes_the_scorers_only(name):
    modules = imported_modules(source_of(PROGRAMS[name]))
    assert {m for m in modules if is_within(m, ["biocodes"])} <= set(SCORERS)


def test_nothing_below_the_upper_floor_imports_it():
    upper = [f"modeling.{name}" for name in UPPER_FLOOR]
    for name in [name for name in MODULES if not is_within(name, upper)]:
        used = imported_modules(source_of(MODULES[name]))
        assert [module for module in used if is_within(module, upper)] == [], name


@each_file
def test_imports_name_modules(name):
    path = (PACKAGES | PROGRAMS | OTHERS)[name]
    assert imports_of_things(source_of(path)) == set()


def test_there_are_no_cycles():
    graph = {name: imported_modules(source_of(MODULES[name])) for name in MODULES}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert order.index("modeling.errors") < order.index("modeling.run_training")


# The checks themselves, on sources that break the rules.


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("modeling.nn.layers", "from modeling.training import loop"),
        ("modeling.nn.layers", "def f():\n    from modeling.tasks import ner"),
        ("modeling.training.loop", "from modeling import config"),
        ("modeling.text.lines", "from modeling import files"),
        ("modeling.export.saved", "from modeling.training import loop"),
        ("modeling.data.ner", "from modeling import runs"),
        ("biocodes.conlleval", "from modeling import errors"),
    ],
)
def test_an_import_upwards_is_found(name, source):
    assert len(forbidden_imports(name, source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from modeling.nn.bert import Bert",
        "from modeling import InputError",
        "import modeling.nn.bert",
        "from . import bert",
    ],
)
def test_an_import_of_a_thing_is_found(source):
    assert len(imports_of_things(source)) == 1


def test_imports_of_modules_are_allowed():
    source = "from modeling.nn import bert, layers\nfrom modeling import nn, config"
    assert imports_of_things(source) == set()
    assert forbidden_imports("modeling.tasks.ner", source) == set()
