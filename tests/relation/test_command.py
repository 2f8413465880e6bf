# SPDX-License-Identifier: Apache-2.0
"""Tests for run_re.py as the program that users start, and for what it refuses."""

import dataclasses
import json
import shutil
import subprocess
import sys

import pytest

from modeling import errors


@pytest.fixture
def command(root, relation_run):
    """Runs the program with the flags of the small run."""

    def call(output_dir, *more, **changes):
        settings = relation_run.settings(output_dir, **changes)
        flags = [
            f"--{name}={value}"
            for name, value in dataclasses.asdict(settings).items()
            if value is not None
        ]
        return subprocess.run(
            [sys.executable, "run_re.py", *flags, *more],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return call


def test_bad_input_ends_with_a_message_and_status_2(command, relation_run, tmp_path):
    done = command(tmp_path / "out", max_seq_length=65)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "run_re.py: --max_seq_length must be at most `max_position_embeddings` of "
        f"{relation_run.folder}/bert_config.json, 64. Received: 65."
    )
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_command_line_does_what_the_function_does(command, trained, tmp_path):
    done = command(tmp_path, do_eval=True, do_predict=True)
    assert done.returncode == 0, done.stderr
    names = ("test_results.tsv", "test_scores.json", "eval_scores.json")
    for name in (*names, "model.ckpt-13.data-00000-of-00001"):
        assert (tmp_path / name).read_bytes() == (trained.folder / name).read_bytes()
    for part in ("The plan of this run:", "training step 13/13  loss ", "matthews"):
        assert part in done.stderr


@pytest.mark.slow
def test_command_line_finds_relations(command, trained, tmp_path):
    path = tmp_path / "a.pubtator"
    path.write_text("1|t|flu causes TP53.\n1\t0\t3\tflu\tD\n1\t11\t15\tTP53\tG\n")
    options = {"predict_file": str(path), "init_checkpoint": str(trained.folder)}
    options |= {"task_name": "custom", "data_dir": None, "do_train": False}
    done = command(tmp_path / "out", types="g,d", **options)
    assert done.returncode == 0, done.stderr
    assert [found.name for found in (tmp_path / "out").iterdir()] == ["relations.jsonl"]
    record = json.loads((tmp_path / "out" / "relations.jsonl").read_text())
    assert (record["first"]["text"], record["second"]["text"]) == ("TP53", "flu")
    assert list(record["probabilities"]) == ["0", "1"]
    assert "a.pubtator: 1 pairs in 1 documents with D 1, G 1 mentions" in done.stderr


# Name of the file, its new content, and what is said of it.
BAD = [
    ("train.tsv", b"", "train.tsv:1: A file must hold one row at least."),
    ("train.tsv", b"a\t1\nb\t2\n", "train.tsv:2: A label must be one of 0, 1."),
    ("train.tsv", b"a\t1\nb\n", "train.tsv:2: A row must hold 2 columns"),
    ("train.tsv", b"a\t1\nb\xff\t1\n", "train.tsv:2: Text must be UTF-8."),
    ("train.tsv", b"a b c\n", "train.tsv:1: A row must be a sentence and its label"),
    ("train.tsv", None, "train.tsv: A text file is needed. Received: no such file."),
    ("train.tsv", b"a\t1\n", "Training needs at least one whole batch"),
    ("dev.tsv", None, "dev.tsv: A text file is needed. Received: no such file."),
    ("dev.tsv", b"a\t\n", "dev.tsv:1: A row must have a label."),
    ("test.tsv", b"index\tsentence\tlabel\n", "test.tsv:1: A file must hold one row"),
    (
        "test.tsv",
        b"index\tsentence\tlabel\n0\ta\tb\t1\n",
        "test.tsv:2: A row must hold 3 columns",
    ),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD)
def test_refuses_bad_files(relation_run, tmp_path, name, content, message):
    data = tmp_path / "data"
    shutil.copytree(relation_run.folder / "data", data)
    (data / name).unlink()
    if content is not None:
        (data / name).write_bytes(content)
    options = {"data_dir": str(data), "do_eval": True, "do_predict": True}
    with pytest.raises(errors.InputError) as caught:
        relation_run.start(tmp_path / "out", num_train_epochs=0.4, **options)
    assert message in str(caught.value)


def test_refuses_custom_labels_that_nothing_tells(relation_run, tmp_path):
    options = {"task_name": "custom", "do_train": False, "do_predict": True}
    with pytest.raises(errors.InputError, match="--task_name=custom needs --labels"):
        relation_run.start(tmp_path, **options)


def test_refuses_a_model_without_a_fitting_head(relation_run, trained, tmp_path):
    shutil.copytree(trained.folder, tmp_path / "other")
    (tmp_path / "other" / "label2id.json").unlink()
    options = {"task_name": "custom", "labels": "a,b,c"}
    data = tmp_path / "data"
    data.mkdir()
    (data / "test.tsv").write_text("index\tsentence\n0\tflu\n", encoding="utf-8")
    with pytest.raises(errors.InputError, match="with a fitting head"):
        relation_run.predict(
            tmp_path / "out", tmp_path / "other", data_dir=str(data), **options
        )
