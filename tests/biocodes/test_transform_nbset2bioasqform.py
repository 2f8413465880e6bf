# SPDX-License-Identifier: Apache-2.0
"""Tests for biocodes.transform_nbset2bioasqform."""

import json
import os
import subprocess
import sys

import hypothesis
import pytest
from hypothesis import strategies as st

from biocodes import transform_nbset2bioasqform as transform

NAMES = ["BioASQform_BioASQ-answer.json", "WithProb_BioASQform_BioASQ-answer.json"]
Q1, Q2 = "5" * 24, "6" * 24

# Probabilities that add up without rounding, so that any order gives the same.
answers = st.lists(
    st.tuples(
        st.text("aAbB", max_size=2), st.integers(0, 64).map(lambda number: number / 64)
    ),
    max_size=12,
)


def nbest(*entries):
    """Entries of an nbest_predictions.json."""
    return [{"text": text, "probability": value} for text, value in entries]


@pytest.fixture
def command(root, tmp_path):
    """Runs the program on a text, to a path in a fresh folder."""

    def call(text, output_path):
        path = tmp_path / "nbest.json"
        path.write_text(text, encoding="utf-8")
        program = [sys.executable, "biocodes/transform_nbset2bioasqform.py"]
        flags = [f"--nbest_path={path}", f"--output_path={output_path}"]
        return subprocess.run(
            [*program, *flags], capture_output=True, text=True, cwd=root, check=False
        )

    return call


@pytest.mark.parametrize("year", ["4b", "5b", "6b"])
def test_command_writes_what_the_original_wrote(shared, command, tmp_path, year):
    golden = shared / "golden" / f"bioasq_run_BioASQ-train-factoid-{year}"
    text = (golden / "nbest_predictions.json").read_text(encoding="utf-8")
    done = command(text, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (golden / name).read_bytes()


def test_command_writes_to_a_path_or_a_new_folder(command, tmp_path):
    text = json.dumps({f"{Q1}_000": nbest(("a", 0.5), ("A", 0.25))})
    assert command(text, tmp_path / "new" / "x.json").returncode == 0
    expected = {"type": "factoid", "id": Q1, "ideal_answer": "Dummy"}
    for name, answer in (("x.json", ["a"]), ("x.json_WithProb", ["a", 0.75])):
        written = json.loads((tmp_path / "new" / name).read_text())
        assert written == {"questions": [expected | {"exact_answer": [answer]}]}

    assert command(text, f"{tmp_path}/folder/").returncode == 0
    found = {path.name for path in (tmp_path / "folder").iterdir()}
    assert found == set(NAMES)


def test_command_counts_what_is_left_out(command, tmp_path):
    entries = {
        f"{Q1}_000": nbest(("", 0.5), ("x" * 101, 0.25), ("y" * 100, 0.25)),
        f"{Q2}_000": nbest(("", 1)),
        f"{Q2}_001": [],
    }
    done = command(json.dumps(entries), tmp_path / "x.json")
    assert done.stdout.splitlines()[-1] == (
        "2 questions, 3 snippets, 4 answers; left out: 2 empty, 1 of more than 100 "
        f"characters. Questions without an answer: {Q2}."
    )
    written = json.loads((tmp_path / "x.json").read_text())["questions"]
    assert [q["exact_answer"] for q in written] == [[["y" * 100]], []]


def test_snippets_of_a_question_are_joined_in_order():
    entries = {f"{Q2}_001": [("a", 0.5)], f"{Q1}_000": [("b", 1.0)]}
    entries[f"{Q2}_000"] = [("c", 0.25)]
    joined = transform.join(entries)
    assert list(joined.items()) == [
        (Q2, [("a", 0.5), ("c", 0.25)]),
        (Q1, [("b", 1.0)]),
    ]


def test_likeliest_spelling_is_kept():
    ranked = transform.rank([("dmd", 0.25), ("x", 0.5), ("DMD", 0.375), ("Dmd", 0.125)])
    assert ranked == [("DMD", 0.75), ("x", 0.5)]


def test_equally_likely_answers_keep_their_order():
    texts = [chr(ord("a") + number) for number in range(26)]
    ranked = transform.rank([(text, 0.5) for text in texts])
    assert [text for text, _ in ranked] == texts


def test_five_answers_or_twenty_with_probabilities():
    ranked = {Q1: [(f"a{number}", 1 / (number + 1)) for number in range(30)]}
    (short,) = transform.make_submission(ranked)["questions"]
    assert short["exact_answer"] == [["a0"], ["a1"], ["a2"], ["a3"], ["a4"]]
    (long,) = transform.make_submission(ranked, with_probabilities=True)["questions"]
    assert len(long["exact_answer"]) == 20
    assert long["exact_answer"][19] == ["a19", 1 / 20]


@hypothesis.given(answers, st.randoms())
def test_sums_are_those_of_a_loop_in_any_order(entries, random):
    expected = {}
    for text, value in entries:
        if text:
            expected[text.lower()] = expected.get(text.lower(), 0) + value
    random.shuffle(entries)
    ranked = transform.rank(entries)
    assert {text.lower(): value for text, value in ranked} == expected
    assert len(ranked) == len(expected)
    values = [value for _, value in ranked]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "nbest.json must be JSON. Received: Expecting property name"),
        ('{"a": [], "b": [], "a": []}', "must be JSON. Received: the key 'a' 2 times."),
        ("[1]", "nbest.json must hold an object. Received: '[1]'."),
        ("[" * 100_000, "nbest.json must be JSON. Received: maximum recursion"),
        ('{"short_000": []}', "nbest.json: An id must have 28 characters: 24 of the "),
        (f'{{"{Q1}_000": [{{"text": "a", "probability": 1{"0" * 400}}}]}}', "a finite"),
        (
            json.dumps({f"{Q1}_000": [{"text": "a"}]}),
            f"'{Q1}_000': An answer must have a text and a finite probability. "
            "Received: {'text': 'a'}.",
        ),
        (json.dumps({f"{Q1}_000": nbest(("a", float("nan")))}), "a finite probability"),
        (json.dumps({f"{Q1}_000": nbest((None, 0.5))}), "must have a text"),
        (json.dumps({f"{Q1}_000": "a"}), "Received: 'a'."),
    ],
)
def test_command_refuses_and_writes_nothing(command, tmp_path, text, message):
    done = command(text, tmp_path / "x.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"nbest.json"}


def test_command_names_a_file_that_is_not_there(root):
    program = [sys.executable, "biocodes/transform_nbset2bioasqform.py"]
    flags = ["--nbest_path=none.json", "--output_path=x.json"]
    done = subprocess.run(
        [*program, *flags], capture_output=True, text=True, cwd=root, check=False
    )
    assert done.returncode == 1
    assert "none.json" in done.stderr


def test_command_leaves_links_and_pipes_what_they_are(command, tmp_path):
    text = json.dumps({f"{Q1}_000": nbest(("a", 0.5))})
    (tmp_path / "link.json").symlink_to(tmp_path / "there.json")
    assert command(text, tmp_path / "link.json").returncode == 0
    assert (tmp_path / "link.json").is_symlink()
    assert Q1 in (tmp_path / "there.json").read_text()
    os.mkfifo(tmp_path / "pipe")
    done = command(text, tmp_path / "pipe")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{tmp_path}/pipe: An output must be a file. Received: " in done.stderr
    assert (tmp_path / "pipe").is_fifo()
