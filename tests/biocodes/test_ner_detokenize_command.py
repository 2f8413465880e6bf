# SPDX-License-Identifier: Apache-2.0
"""Tests for biocodes.ner_detokenize, run as the program that it is."""

import gzip
import subprocess
import sys

import pytest

GOLDENS = {
    "detokenize_NCBI-disease_128": "data/ner/NCBI-disease/test.tsv",
    "detokenize_BC2GM_64": "data/ner/BC2GM/test.tsv",
    "e2e/ner_expected": "golden/e2e/ner_data/test.tsv",
}


def read(path):
    """Reads a text file, compressed or not."""
    if path.exists():
        return path.read_text(encoding="utf-8")
    return gzip.decompress(path.with_name(path.name + ".gz").read_bytes()).decode()


def run(root, *arguments):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=root,
        check=False,
    )


@pytest.fixture
def command(root, tmp_path):
    """Runs the program on three texts and returns what it did and wrote."""

    def call(pieces, labels, gold, *options):
        for name, text in (("p", pieces), ("l", labels), ("g", gold)):
            (tmp_path / name).write_text(text, encoding="utf-8")
        done = run(
            root,
            "biocodes/ner_detokenize.py",
            f"--token_test_path={tmp_path / 'p'}",
            f"--label_test_path={tmp_path / 'l'}",
            *([f"--answer_path={tmp_path / 'g'}"] if gold else []),
            f"--output_dir={tmp_path / 'new' / 'folder'}",
            *options,
        )
        written = (tmp_path / "new" / "folder").glob("*")
        return done, {path.name: read(path) for path in written}

    return call


@pytest.mark.parametrize("folder", GOLDENS)
def test_equals_golden(shared, command, folder):
    golden = shared / "golden" / folder
    done, written = command(
        read(golden / "token_test.txt"),
        read(golden / "label_test.txt"),
        read(shared / GOLDENS[folder]),
    )
    assert done.returncode == 0
    assert written == {"NER_result_conll.txt": read(golden / "NER_result_conll.txt")}


def test_summary_counts_what_was_cut(shared, command):
    golden = shared / "golden" / "detokenize_NCBI-disease_128"
    gold = read(shared / GOLDENS["detokenize_NCBI-disease_128"])
    texts = (read(golden / f"{name}_test.txt") for name in ("token", "label"))
    done, _ = command(*texts, gold)
    assert "940 sentences, 24497 words; 25 words of 2 sentences were cut" in done.stdout


def test_command_without_gold_writes_words_and_labels(command):
    done, written = command("[CLS]\nI\n##L\n-\n2\n[SEP]\n", "O\nB\nX\nX\nI\nO\n", "")
    assert (done.returncode, done.stderr) == (0, "")
    assert written == {"NER_result.txt": "IL B\n- O\n2 I\n\n"}


def test_command_writes_nothing_on_a_mismatch_but_the_words(command):
    texts = ("[CLS]\nb\n##d\n[SEP]\n", "O\nB\nX\nO\n", "a B\nc O\n")
    done, written = command(*texts)
    assert (done.returncode, done.stdout, written) == (1, "", {})
    assert done.stderr.startswith("Sentence 1: The predicted words must be")
    assert done.stderr.count("\n") == 1

    done, written = command(*texts, "--debug")
    assert done.returncode == 1
    assert written == {"NER_result_sent-debug.txt": "ANS (2): a c\nPRD (1): bd\n\n"}


def test_command_reads_as_the_paper(command):
    gold = "".join(f"w{i} O\n" for i in range(31)) + "\n"
    first = "".join(f"w{i}\n" for i in range(30))
    pieces = f"[CLS]\n{first}[SEP]\n[CLS]\nw30\n[SEP]\n"
    labels = "O\n" * pieces.count("\n")
    done, written = command(pieces, labels, gold, "--ner_reader=paper")
    assert done.returncode == 0
    assert written["NER_result_conll.txt"].count("\n") == 32
    done, written = command(pieces, labels, gold)
    assert "Received: 1 and 2." in done.stderr


def test_command_names_the_file_that_is_not_utf8(root, tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes("é\n".encode("latin-1"))
    flags = [f"--{name}_test_path={path}" for name in ("token", "label")]
    program = "biocodes/ner_detokenize.py"
    done = run(root, program, *flags, f"--output_dir={tmp_path}")
    assert done.returncode == 1
    assert done.stderr.startswith(f"{path} must be UTF-8.")


def test_command_needs_only_the_standard_library(root):
    done = run(root, "-X", "importtime", "biocodes/ner_detokenize.py", "--help")
    names = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "unicodedata" in names
    packages = {name.partition(".")[0] for name in names}
    assert not packages & {"tensorflow", "numpy", "pandas", "modeling", "biocodes"}
