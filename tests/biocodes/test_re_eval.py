# SPDX-License-Identifier: Apache-2.0
"""Tests for biocodes.re_eval."""

import gzip
import math
import subprocess
import sys

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from biocodes import re_eval
from modeling.data import relation_headers

CHEMPROT = re_eval.LABELS["chemprot"]
# Task: test_results.tsv and re_eval.txt in a golden folder, and the answers.
GOLDENS = {
    "binary": ("golden/re_eval_GAD_1", "data/re/GAD/1/test.tsv"),
    "gad": ("golden/re_eval_GAD_1", "data/re/GAD/1/test.tsv"),
    "chemprot": (
        "golden/re_eval_chemprot_dev",
        "golden/re_eval_chemprot_dev/answers.tsv.gz",
    ),
}
ANSWERS = "index\tsentence\tlabel\n0\ta\t1\n1\tb\t1\n2\tc\t0\n3\td\t0\n4\te\t0\n"
# 1, 0, 0, 0, 1: one of two relations found, one of two predictions right.
RESULTS = "0.25\t0.75\n0.5\t0.5\n1\t0\n0.9\t0.1\n1e-9\t1\n"

pairs = st.lists(
    st.tuples(st.sampled_from(CHEMPROT), st.sampled_from(CHEMPROT)), min_size=1
)


def one_hot(labels):
    """Lines of probabilities that give these ChemProt labels."""
    return ["\t".join(str(int(c == label)) for c in CHEMPROT) for label in labels]


@pytest.fixture
def command(root, tmp_path):
    """Runs the program on two texts."""

    def call(results, answers, *options):
        (tmp_path / "results.tsv").write_text(results, encoding="utf-8")
        (tmp_path / "test.tsv").write_text(answers, encoding="utf-8")
        return subprocess.run(
            [
                *(sys.executable, "biocodes/re_eval.py"),
                f"--output_path={tmp_path / 'results.tsv'}",
                f"--answer_path={tmp_path / 'test.tsv'}",
                *options,
            ],
            capture_output=True,
            text=True,
            cwd=root,
            check=False,
        )

    return call


@pytest.mark.parametrize("task", GOLDENS)
def test_command_prints_what_the_original_printed(shared, command, task):
    folder, answers = (shared / path for path in GOLDENS[task])
    content = answers.read_bytes()
    content = gzip.decompress(content) if answers.suffix == ".gz" else content
    results = (folder / "test_results.tsv").read_text()
    done = command(results, content.decode("utf-8"), f"--task={task}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (folder / "re_eval.txt").read_text()


def test_command_reads_gzip(shared, root):
    folder = shared / "golden" / "re_eval_chemprot_dev"
    flags = ["--output_path", folder / "test_results.tsv", "--task=chemprot"]
    flags += ["--answer_path", folder / "answers.tsv.gz"]
    program = [sys.executable, root / "biocodes/re_eval.py", *flags]
    output = subprocess.check_output(program, text=True)
    assert output == (folder / "re_eval.txt").read_text()


def test_scores_by_hand():
    scores = re_eval.score(["1", "1", "0", "0", "0"], ["1", "0", "0", "0", "1"])
    assert (scores.precision, scores.recall, scores.f1) == (1 / 2, 1 / 2, 1 / 2)
    assert (scores.specificity, scores.accuracy) == (2 / 3, 3 / 5)
    # (1 * 2 - 1 * 1) / sqrt(2 * 2 * 3 * 3)
    assert scores.matthews == pytest.approx(1 / 6)


def test_scores_of_nothing_are_zero():
    scores = re_eval.score([], [])
    assert (scores.f1, scores.specificity, scores.accuracy) == (0, 0, 0)
    assert scores.matthews == 0


def test_commonest_label_is_scored():
    relations = CHEMPROT[:-1]
    label, scores = re_eval.score_commonest(
        ["false", "false", "cpr:3"], relations=relations
    )
    assert (label, scores.f1, scores.accuracy) == ("false", 0.0, 2 / 3)
    label, scores = re_eval.score_commonest(["0", "1", "1"])
    assert (label, scores.f1, scores.matthews) == ("1", 0.8, 0.0)
    assert re_eval.score_commonest(["1", "0"])[0] == "0"


@hypothesis.given(pairs)
def test_equals_counting_one_class_after_the_other(labels):
    gold, predicted = zip(*labels, strict=True)
    scores = re_eval.score(gold, predicted, relations=CHEMPROT[:-1])
    hits = misses = extras = 0
    for relation in CHEMPROT[:-1]:
        hits += labels.count((relation, relation))
        misses += sum(g == relation != p for g, p in labels)
        extras += sum(p == relation != g for g, p in labels)
    assert scores.recall == (hits / (hits + misses) if hits else 0)
    assert scores.precision == (hits / (hits + extras) if hits else 0)
    assert scores.f1 == pytest.approx(hits / (hits + (misses + extras) / 2 or 1))


@hypothesis.given(pairs)
def test_matthews_is_the_correlation_of_indicators(labels):
    gold, predicted = (
        np.array([[label == name for name in CHEMPROT] for label in side], float)
        for side in zip(*labels, strict=True)
    )
    gold, predicted = gold - gold.mean(0), predicted - predicted.mean(0)
    norm = math.sqrt((gold**2).sum() * (predicted**2).sum())
    expected = (gold * predicted).sum() / norm if norm > 1e-9 else 0.0
    scores = re_eval.score(*zip(*labels, strict=True))
    assert scores.matthews == pytest.approx(expected, abs=1e-9)


@hypothesis.given(pairs, st.randoms())
def test_order_of_rows_does_not_matter(labels, random):
    before = re_eval.score(*zip(*labels, strict=True), relations=CHEMPROT[:-1])
    random.shuffle(labels)
    after = re_eval.score(*zip(*labels, strict=True), relations=CHEMPROT[:-1])
    assert before == after


def test_absent_class_shifts_no_other(command):
    gold = ["cpr:4", "cpr:9", "false"]  # No cpr:3, cpr:5, cpr:6.
    answers = "sentence\tlabel\n" + "".join(f"s\t{label}\n" for label in gold)
    done = command("\n".join(one_hot(gold)), answers, "--task=chemprot")
    assert done.stdout.splitlines()[0] == "f1 score    : 100.00%"


def test_labels_in_any_case_and_without_header():
    lines = ["0\tsome words\tCPR:3", "1\tmore\tFalse"]
    expected = [(1, "cpr:3"), (2, "false")]
    assert re_eval.read_answers(lines, labels=CHEMPROT) == expected
    lines = ["Label\tsentence", "", "False\tcpr:3", " "]
    assert re_eval.read_answers(lines, labels=CHEMPROT) == [(3, "false")]


def test_headers_may_call_labels_what_run_re_reads():
    assert re_eval.LABEL_NAMES == relation_headers.LABEL_NAMES
    for name in re_eval.LABEL_NAMES:
        lines = [f"{name.title()}\tindex\tsentence", "1\t0\tclass"]
        assert re_eval.read_answers(lines, labels=("0", "1")) == [(2, "1")]
    lines = ["type\tsentence\tlabel", "x\ta\t1"]
    assert re_eval.read_answers(lines, labels=("0", "1")) == [(2, "1")]
    # A word that is a name is a word where a label is behind it.
    lines = ["0\tclass\t1", "1\tlabel\t0"]
    assert len(re_eval.read_answers(lines, labels=("0", "1"))) == 2


def test_marks_of_byte_order_are_passed_over(command):
    plain = command(RESULTS, ANSWERS)
    marked = command(f"\ufeff{RESULTS}", f"\ufeff{ANSWERS.partition(chr(10))[2]}")
    assert (marked.stdout, marked.stderr) == (plain.stdout, "")


@pytest.mark.parametrize(
    ("content", "received"),
    [
        (gzip.compress(ANSWERS.encode())[:-9], "Compressed file ended before"),
        (b"index\tsentence\tlabel\n", "Not a gzipped file"),
        (gzip.compress(b"")[:10] + b"\xff" * 20, "Error -3"),
    ],
    ids=["cut", "plain", "damaged"],
)
def test_bad_gzip_is_named(tmp_path, root, content, received):
    path = tmp_path / "test.tsv.gz"
    path.write_bytes(content)
    program = [sys.executable, "biocodes/re_eval.py", f"--answer_path={path}"]
    done = subprocess.run(
        [*program, "--output_path=no.tsv"],
        capture_output=True,
        text=True,
        cwd=root,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    need = "A text file is needed, packed if its name ends in .gz"
    assert done.stderr.startswith(f"{path}: {need}. Received: {received}")


def test_quotes_are_words():
    lines = ["index\tsentence\tlabel", '0\t"one\t1', '1\ttwo"\t0']
    rows = re_eval.read_answers(lines, labels=("0", "1"))
    assert [label for _, label in rows] == ["1", "0"]


def test_first_of_equal_probabilities():
    rows = re_eval.read_predictions(["0.5\t0.5", "", "0\t1"], labels=("0", "1"))
    assert rows == [(1, "0"), (3, "1")]


def test_verbose_adds_to_the_original(command):
    short = command(RESULTS, ANSWERS).stdout
    lines = command(RESULTS, ANSWERS, "--verbose").stdout
    assert lines.startswith(short)
    assert lines[len(short) :].splitlines() == [
        "accuracy    : 60.00%",
        "matthews    : 0.1667",
        "all '0': f1 score 0.00%, accuracy 60.00%",
        "0           : f1 score 66.67%, recall 66.67%, precision 66.67%; "
        "gold 3, predicted 3, correct 2 of 5 rows",
        "1           : f1 score 50.00%, recall 50.00%, precision 50.00%; "
        "gold 2, predicted 2, correct 1 of 5 rows",
    ]


def test_specificity_is_of_two_classes_only(command):
    done = command(one_hot(["false"])[0], "label\nfalse\n", "--task=chemprot")
    assert done.stdout == (
        "f1 score    : 0.00%\nrecall      : 0.00%\nprecision   : 0.00%\n"
    )


def test_windows_line_ends(command):
    plain = command(RESULTS, ANSWERS)
    done = command(RESULTS.replace("\n", "\r\n"), ANSWERS.replace("\n", "\r\n"))
    assert done.stdout == plain.stdout
    assert done.stdout.startswith("f1 score    : 50.00%")


@pytest.mark.parametrize(
    ("results", "answers", "message"),
    [
        (RESULTS[:-7], ANSWERS, "Received: 5 rows in {a}, the last on line 6; 4 rows"),
        (RESULTS, ANSWERS[:33], "Received: 2 rows in {a}, the last on line 3; 5 rows"),
        (
            "",
            "label\n",
            "and one at least. Received: 0 rows in {a}, the last on line 0",
        ),
        (RESULTS, ANSWERS + "5\tf\t2\n", "{a}:7: Column 3 must hold one of 0, 1; see"),
        (RESULTS, ANSWERS + "5\t1\n", "{a}:7: A row must hold 3 columns, with tabs"),
        ("0.5\n", ANSWERS, "{r}:1: A line must hold 2 probabilities, of 0, 1, with"),
        ("0.5\tnan\n", ANSWERS, "{r}:1: A line must hold 2 probabilities"),
        (
            "0.5\tx\n",
            ANSWERS,
            "with tabs between them; see --task. Received: '0.5\\tx'.",
        ),
    ],
)
def test_command_refuses(command, tmp_path, results, answers, message):
    done = command(results, answers)
    assert (done.returncode, done.stdout) == (1, "")
    names = {"a": tmp_path / "test.tsv", "r": tmp_path / "results.tsv"}
    assert message.format(**names) in done.stderr
    assert done.stderr.count("\n") == 1


def test_command_refuses_a_missing_file(root):
    program = [sys.executable, "biocodes/re_eval.py"]
    flags = ["--output_path=no.tsv", "--answer_path=nor.tsv"]
    done = subprocess.run(
        [*program, *flags], capture_output=True, text=True, cwd=root, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "nor.tsv" in done.stderr


def test_lists_of_two_lengths_are_refused():
    with pytest.raises(re_eval.InputError, match=r"Received: 1 gold, 2 predicted\."):
        re_eval.score(["1"], ["1", "0"])
