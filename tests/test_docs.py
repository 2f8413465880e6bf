# SPDX-License-Identifier: Apache-2.0
"""Tests of docs/: what the guides say of flags and programs is so."""

import dataclasses
import fnmatch
import json
import re
import shlex

import pytest
from absl import flags

from modeling import command_line
from modeling import settings as settings_lib
from modeling.annotations import settings as annotations_settings
from modeling.corpora import settings as corpora_settings
from modeling.instances import settings as instances_settings
from modeling.ner import settings as ner_settings
from modeling.pretraining import settings as pretraining_settings
from modeling.question import settings as question_settings
from modeling.relation import settings as relation_settings
from modeling.vocabularies import settings as vocabularies_settings

SETTINGS = {
    "biocodes/make_corpus.py": corpora_settings.Settings,
    "biocodes/learn_vocab.py": vocabularies_settings.Settings,
    "biocodes/make_re_data.py": annotations_settings.Settings,
    "biocodes/re_corpora.py": annotations_settings.CorpusSettings,
    "create_pretraining_data.py": instances_settings.Settings,
    "run_pretraining.py": pretraining_settings.Settings,
    "run_ner.py": ner_settings.Settings,
    "run_re.py": relation_settings.Settings,
    "run_qa.py": question_settings.Settings,
}
# Plain files, whose flags are those of argparse.
TOOLS = {
    "biocodes/bioasq2squad.py",
    "biocodes/bioasq_eval.py",
    "biocodes/re_eval.py",
    "biocodes/squad_eval.py",
    "biocodes/transform_nbset2bioasqform.py",
}
# The programs whose commands a guide shows.
GUIDES = {
    "distributed": {"run_pretraining.py"},
    "pretraining": {
        "biocodes/make_corpus.py",
        "biocodes/learn_vocab.py",
        "create_pretraining_data.py",
        "run_pretraining.py",
    },
    "relations": {
        "biocodes/make_re_data.py",
        "biocodes/re_corpora.py",
        "biocodes/re_eval.py",
        "run_ner.py",
        "run_re.py",
    },
    "questions": {
        "biocodes/bioasq2squad.py",
        "biocodes/bioasq_eval.py",
        "biocodes/squad_eval.py",
        "biocodes/transform_nbset2bioasqform.py",
        "run_qa.py",
        "run_re.py",
    },
}
FINETUNING = (
    "bert_config_file vocab_file output_dir init_checkpoint do_lower_case "
    "max_seq_length do_train do_predict train_batch_size predict_batch_size "
    "learning_rate num_train_epochs warmup_proportion save_checkpoints_steps "
    "iterations_per_loop use_tpu tpu_name tpu_zone gcp_project master num_tpu_cores "
)
# The flags of the original's programs.
ORIGINAL = {
    "create_pretraining_data.py": "input_file output_file vocab_file do_lower_case "
    "max_seq_length max_predictions_per_seq random_seed dupe_factor masked_lm_prob "
    "short_seq_prob",
    "run_pretraining.py": "bert_config_file input_file output_dir init_checkpoint "
    "max_seq_length max_predictions_per_seq do_train do_eval train_batch_size "
    "eval_batch_size learning_rate num_train_steps num_warmup_steps "
    "save_checkpoints_steps iterations_per_loop max_eval_steps use_tpu tpu_name "
    "tpu_zone gcp_project master num_tpu_cores",
    "run_re.py": FINETUNING + "task_name data_dir do_eval eval_batch_size",
    "run_qa.py": FINETUNING + "train_file predict_file doc_stride max_query_length "
    "n_best_size max_answer_length verbose_logging version_2_with_negative "
    "null_score_diff_threshold",
}
FLAG = re.compile(r"--(\w+)")
COMMAND = re.compile(r"^python (?:.*\\\n)*.*$", re.MULTILINE)


def read(root, name):
    return (root / f"docs/{name}.md").read_text(encoding="utf-8")


def fields_of(settings):
    return {field.name for field in dataclasses.fields(settings)}


def flags_of(program):
    return fields_of(SETTINGS[program])


def flags_of_tool(root, program):
    source = (root / program).read_text(encoding="utf-8")
    return set(re.findall(r'"--(\w+)"', source))


def section_of(text, heading):
    return text.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def table_in(text, heading):
    """Returns the flags that the first columns of a section's tables name."""
    rows = re.findall(r"^\| (`--.*?`) \|", section_of(text, heading), re.MULTILINE)
    return [flag for row in rows for flag in FLAG.findall(row)]


def test_distributed_has_the_flags_of_all_that_trains(root):
    rows = re.findall(r"^\| `--(\w+)` \|", read(root, "distributed"), re.MULTILINE)
    assert fields_of(settings_lib.ReplicationSettings) < set(rows)
    for program in ("run_ner.py", "run_re.py", "run_qa.py", "run_pretraining.py"):
        assert set(rows) < flags_of(program)


@pytest.mark.parametrize(
    ("guide", "heading", "program", "known"),
    [
        ("pretraining", "1. A corpus", "biocodes/make_corpus.py", "input output_dir"),
        ("pretraining", "2. Records", "create_pretraining_data.py", None),
        ("pretraining", "3. Training", "run_pretraining.py", None),
        ("relations", "2. Training", "run_re.py", None),
        ("questions", "2. Training and answering", "run_qa.py", None),
    ],
)
def test_tables_have_all_new_flags(root, guide, heading, program, known):
    table = table_in(read(root, guide), heading)
    assert len(set(table)) == len(table)
    expected = set((known or ORIGINAL[program]).split())
    assert flags_of(program) > expected
    assert set(table) == flags_of(program) - expected - shared_flags(program)


def shared_flags(program):
    """Returns the flags that fine-tuning programs share; they are in README.md."""
    if program not in ("run_re.py", "run_qa.py"):
        return set()
    of_all = fields_of(settings_lib.FinetuneSettings)
    return of_all - set(ORIGINAL["run_re.py"].split())


def test_shared_flags_are_named_as_such(root):
    for guide, program in (("relations", "run_re.py"), ("questions", "run_qa.py")):
        text = read(root, guide)
        (sentence,) = re.findall(r"^Those that all .*?\.$", text, re.S | re.M)
        assert set(FLAG.findall(sentence)) < shared_flags(program)
        assert "README.md" in sentence


def test_tables_have_the_flags_of_relation_data(root):
    heading = "4. Rows of annotated texts"
    of_both = flags_of("biocodes/make_re_data.py") | flags_of("biocodes/re_corpora.py")
    table = table_in(read(root, "relations"), heading)
    assert len(set(table)) == len(table)
    assert set(table) == of_both - {"input", "output_file"}
    text = section_of(read(root, "relations"), heading)
    (sentence,) = re.findall(r"^It takes .*?above", text, re.S | re.M)
    of_corpora = set(FLAG.findall(sentence)) | {"corpus", "blinds"}
    assert of_corpora == flags_of("biocodes/re_corpora.py") - {"input", "output_file"}


def test_tables_have_the_flags_of_bioasq2squad(root):
    table = table_in(read(root, "questions"), "3. BioASQ, there and back")
    known = flags_of_tool(root, "biocodes/bioasq2squad.py")
    assert set(table) == known - {"output_path"}


def test_rows_of_pairs_take_the_flags_of_make_re_data(root):
    text = section_of(read(root, "relations"), "2. Training")
    (row,) = [line for line in text.splitlines() if "make_re_data.py" in line]
    of_pairs = fields_of(annotations_settings.PairSettings)
    assert set(FLAG.findall(row)) == of_pairs


PATTERNS = re.compile(r"--input_file='(.*?)'")


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "docs/beam.md",
        "docs/distributed.md",
        "docs/pretraining.md",
        "create_pretraining_data.py",
        "run_pretraining.py",
        "biocodes/create_pretraining_data_beam.py",
        "biocodes/learn_vocab.py",
    ],
)
def test_patterns_fit_no_reports(root, name):
    # Beside corpus-*.txt lies report.txt, beside x.tfrecord x.tfrecord.report.txt.
    text = (root / name).read_text(encoding="utf-8")
    found = [p for flag in PATTERNS.findall(text) for p in flag.split(",")]
    assert found
    for pattern in found:
        file = pattern.split("/")[-1]
        is_corpus = fnmatch.fnmatch("corpus-00000-of-00042.txt", file)
        assert file.endswith(".tfrecord") or (is_corpus and file[:7] == "corpus-")


def test_patterns_fit_the_records_of_readme(root):
    text = (root / "README.md").read_text(encoding="utf-8")
    (written,) = re.findall(r"--output_file=(\S+\.tfrecord)", text)
    for pattern in {*PATTERNS.findall(read(root, "distributed"))}:
        assert fnmatch.fnmatch(written, pattern)


@pytest.mark.parametrize("guide", GUIDES)
def test_commands_are_those_of_programs(root, guide):
    commands = COMMAND.findall(read(root, guide))
    assert {command.split()[1] for command in commands} == GUIDES[guide]
    for command in commands:
        program = command.split()[1]
        if program in TOOLS:
            known = flags_of_tool(root, program)
            assert set(FLAG.findall(command)) <= known, command
        else:
            check_settings(command, SETTINGS[program])


def check_settings(command, settings):
    """Parses a command as its program does: flags, their values, what fits them."""
    values = flags.FlagValues()
    command_line.define_flags(settings, values)
    rest = values(shlex.split(command.replace("\\\n", " "))[1:])
    assert len(rest) == 1, command  # The program.
    command_line.from_flags(settings, values)


@pytest.mark.parametrize(
    ("guide", "heading"),
    [
        ("relations", "5. Files that run_re.py writes"),
        ("questions", "5. Files that run_qa.py writes"),
    ],
)
def test_files_are_those_that_the_program_names(root, guide, heading):
    rows = re.findall(r"^\| (`.+?`) \|", section_of(read(root, guide), heading), re.M)
    names = {name for row in rows for name in re.findall("`(.+?)`", row)}
    source = (root / heading.split()[3]).read_text(encoding="utf-8")
    written = source.split("Writes to --output_dir:\n")[1].split('"""')[0]
    first_column = " ".join(re.findall(r"^ {4}(\S.*?)(?:  |$)", written, re.MULTILINE))
    said = set(
        re.findall(r"\b\w+\.(?:txt|tsv|jsonl?|html|png|tf_record)", first_column)
    )
    assert len(said) > 12
    assert said <= names


@pytest.mark.parametrize("guide", ["relations", "questions"])
def test_examples_of_json_are_json(root, guide):
    blocks = re.findall(r"^```\n(\{.*?\})\n```$", read(root, guide), re.S | re.M)
    assert blocks
    for block in blocks:
        json.loads(block)
