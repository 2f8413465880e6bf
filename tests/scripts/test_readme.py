# SPDX-License-Identifier: Apache-2.0
"""Runs what README.md tells its reader to run, and checks what it says of flags.

The commands run as they stand, one after the other in one shell, in a folder where
the weights and data lie under the names that README.md uses: the sample data and a
random model of its sizes, with the variables of the released BioBERT v1.1.
"""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import extract_features
from modeling import config
from modeling.corpora import settings as corpora_settings
from modeling.instances import settings as instances_settings
from modeling.ner import settings as ner_settings
from modeling.nn import bert
from modeling.pretraining import settings as pretraining_settings
from modeling.question import settings as question_settings
from modeling.relation import settings as relation_settings
from modeling.training import checkpoints, optimizers

# They install packages, which a test must not; continuous integration runs both
# scripts (.ci/run). `python` is that of the tests, in place of the one in .venv.
NOT_RUN = {"./quickstart.sh", "./test.sh", "source .venv/bin/activate"}

# Makes training short: of two flags of one name the last one counts.
SHORT = """
python() {
  case $1 in
    run_ner.py)
      command python "$@" --num_train_epochs=1 --train_batch_size=16 \
        --max_seq_length=32 ;;
    run_re.py)
      command python "$@" --num_train_epochs=1 --train_batch_size=16 \
        --max_seq_length=64 ;;
    run_qa.py)
      command python "$@" --num_train_epochs=1 --max_seq_length=128 \
        --doc_stride=64 ;;
    run_pretraining.py)
      command python "$@" --num_train_steps=3 --max_eval_steps=2 ;;
    *) command python "$@" ;;
  esac
}
"""

# The flags of the original's run_ner.py.
ORIGINAL_FLAGS = {
    "bert_config_file",
    "data_dir",
    "do_eval",
    "do_lower_case",
    "do_predict",
    "do_train",
    "eval_batch_size",
    "init_checkpoint",
    "iterations_per_loop",
    "learning_rate",
    "master",
    "max_seq_length",
    "num_tpu_cores",
    "num_train_epochs",
    "output_dir",
    "predict_batch_size",
    "save_checkpoints_steps",
    "task_name",
    "train_batch_size",
    "use_tpu",
    "vocab_file",
    "warmup_proportion",
}

# Files that run_ner.py writes in other runs than the first of README.md. Scores that
# choose the best checkpoint come after more steps than are made here.
ELSEWHERE = {
    "best_checkpoint.json",
    "predictions.jsonl",
    "probabilities_test.tsv",
    "run_*/",
    "runs.json",
}

# What the data of questions are called in README.md, and which of ours stands for it.
QUESTIONS = {
    "BioASQ-train-factoid-4b.json": "train.json",
    "BioASQ-test-factoid-4b-1.json": "test.json",
    "4B1_golden.json": "test_bioasq.json",
}
# Plain files, whose flags are those of argparse.
TOOLS = ("bioasq_eval", "ner_detokenize", "re_eval", "transform_nbset2bioasqform")

FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)^```$", re.MULTILINE)
FLAG = re.compile(r"--([a-z_]+)")


def readme(root):
    return (root / "README.md").read_text(encoding="utf-8")


def commands(text):
    """Returns the bash blocks, without the lines that are not run."""
    blocks = [body for kind, body in FENCE.findall(text) if kind == "bash"]
    return [
        "".join(line for line in block.splitlines(True) if line.strip() not in NOT_RUN)
        for block in blocks
    ]


@pytest.fixture
def folder(root, tmp_path):
    """A folder as README.md's reader has it before the first command."""
    sample = root / "sample_data"
    programs = [path.name for path in root.glob("*.py")]
    for name in (*programs, "biocodes", "modeling", "sample_data"):
        (tmp_path / name).symlink_to(root / name)
    shutil.copytree(sample / "ner", tmp_path / "datasets" / "NER" / "NCBI-disease")
    shutil.copytree(sample / "re", tmp_path / "datasets" / "RE" / "GAD" / "1")
    questions = tmp_path / "datasets" / "QA" / "BioASQ"
    questions.mkdir(parents=True)
    for name, ours in QUESTIONS.items():
        shutil.copy(sample / "qa" / ours, questions / name)
    weights = tmp_path / "biobert_v1.1_pubmed"
    weights.mkdir()
    shutil.copy(sample / "vocab.txt", weights)
    shutil.copy(sample / "bert_config.json", weights)
    encoder = bert.Bert(config.read_config(sample / "bert_config.json"))
    values = optimizers.by_name(encoder.variables)
    checkpoints.write(weights / "model.ckpt-1000000", values)
    return tmp_path


@pytest.mark.slow
def test_commands_run(root, folder):
    script = "set -euo pipefail\n" + SHORT
    for number, block in enumerate(commands(readme(root)), start=1):
        script += f"echo 'README.md, bash block {number}' >&2\n{block}\n"
    bin_folder = pathlib.Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{bin_folder}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script],
        check=False,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "processed 1272 tokens with 210 phrases" in done.stdout  # conlleval.py
    assert len((folder / "vectors.jsonl").read_text().splitlines()) == 2
    results = (folder / "pretraining_outputs/eval_results.txt").read_text()
    assert "global_step = 3\n" in results
    found = (folder / "ner_raw_text" / "predictions.jsonl").read_text()
    ids = [json.loads(line)["id"] for line in found.splitlines()]
    assert ids == ["abstracts:1", "abstracts:2"]
    check_relations(folder, done.stdout)
    check_questions(folder, done.stdout)
    for name in files_in_table(root):
        if name not in ELSEWHERE:
            assert list((folder / "ner_outputs").glob(name)), name
    trained, used = (
        (folder / output / "label_test.txt").read_text()
        for output in ("ner_outputs", "ner_predictions")
    )
    assert trained.count("\n") == used.count("\n") > 1272


def check_relations(folder, printed):
    """Checks what the commands on relations give: scores of 80 rows, and one pair."""
    scores = json.loads((folder / "re_outputs/test_scores.json").read_text())
    assert scores["num_rows"] == 80
    assert scores["baseline"]["label"] == "1"
    assert f"f1 score    : {scores['f1']:.2%}" in printed
    found = (folder / "relations/relations.jsonl").read_text().splitlines()
    (pair,) = map(json.loads, found)
    assert [pair[end]["text"] for end in ("first", "second")] == ["BRCA1", "cancer"]
    assert set(pair["probabilities"]) == {"0", "1"}


def check_questions(folder, printed):
    """Checks what the commands on questions give: scores of 30, and one answer."""
    outputs = folder / "qa_outputs"
    submitted = json.loads((outputs / "BioASQform_BioASQ-answer.json").read_text())
    assert len(submitted["questions"]) == 30
    assert submitted == json.loads((outputs / "bioasq_submission.json").read_text())
    assert "Factoid MRR: " in printed
    shown = printed[printed.rindex('{\n  "answer"') :].split("\n}\n")[0]
    answers = json.loads(shown + "}")["answers"]  # After so short a training, any.
    passage = "Mutations of BRCA1 are a cause of breast cancer."
    for one in answers:
        assert passage[one["start"] : one["end"]] == one["text"]


def files_in_table(root):
    """Returns the names in the table of files that run_ner.py writes."""
    section = readme(root).split("## Files that run_ner.py writes")[1].split("\n## ")[0]
    names = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
    return [
        n.replace("-N.", "-*.") for row in names for n in re.findall("`(.+?)`", row)
    ]


def test_no_command_hides_in_a_block_that_is_not_run(root):
    for kind, body in FENCE.findall(readme(root)):
        looks_run = re.search(r"^(\$|python|pip|\./|bash|export) ?", body, re.MULTILINE)
        assert kind == "bash" or not looks_run, body
    assert len(commands(readme(root))) >= 6


def test_only_set_up_is_left_out(root):
    blocks = [body for kind, body in FENCE.findall(readme(root)) if kind == "bash"]
    lines = "".join(blocks).splitlines()
    assert {line for line in lines if line.startswith(("./", "source"))} <= NOT_RUN


def test_flags_exist(root):
    known = {"help", "logdir"}
    for settings in (
        ner_settings.Settings,
        extract_features.Settings,
        corpora_settings.Settings,
        instances_settings.Settings,
        pretraining_settings.Settings,
        question_settings.Settings,
        relation_settings.Settings,
    ):
        known |= {field.name for field in dataclasses.fields(settings)}
    for name in TOOLS:
        source = (root / "biocodes" / f"{name}.py").read_text(encoding="utf-8")
        known |= set(FLAG.findall(source))
    mentioned = set(FLAG.findall(readme(root)))
    assert mentioned - known == set()
    assert {"init_checkpoint", "eval_every_steps", "resume"} <= mentioned


def test_new_flags_are_all_in_the_table(root):
    flags = {field.name for field in dataclasses.fields(ner_settings.Settings)}
    section = readme(root).split("New in `run_ner.py`:")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`--.*?`) \|", section, re.MULTILINE)
    table = set(re.findall(r"--(\w+)", " ".join(cells)))
    assert flags > ORIGINAL_FLAGS
    assert table == flags - ORIGINAL_FLAGS


def test_all_programs_are_in_the_table(root):
    section = readme(root).split("## Programs")[1].split("\n## ")[0]
    table = set(re.findall(r"^\| `([^-]\S*)` \|", section, re.MULTILINE))
    programs = {path.name for path in [*root.glob("*.py"), *root.glob("*.sh")]}
    tools = {f"biocodes/{p.name}" for p in (root / "biocodes").glob("[!_]*.py")}
    assert table == programs | tools
