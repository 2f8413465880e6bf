# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.corpora.reports, and for the programs that leave reports out."""

import glob
import json

import pytest

import create_pretraining_data
from biocodes import learn_vocab
from modeling import errors
from modeling.corpora import reports
from modeling.instances import settings as instances_settings
from modeling.vocabularies import settings as vocabularies_settings

REPORTS = ["inputs.tsv", "manifest.json", "report.txt", "skipped.txt", "test_texts.tsv"]
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "cell", "gene", "."]


@pytest.fixture
def corpus(build, write_jsonl, tmp_path):
    """A corpus with all that make_corpus.py may write."""
    texts = [f"{'gene ' * n}. Cell {'cell ' * n}." for n in range(2, 9)]
    write_jsonl(tmp_path / "in" / "a.jsonl", *texts, "Found in a test set again.")
    with (tmp_path / "in" / "a.jsonl").open("a") as file:
        file.write("no JSON\n")
    (tmp_path / "test.txt").write_text("Found in a test set again.\n")
    build(
        exclude_texts=str(tmp_path / "test.txt"), exclude_min_words=2, on_error="skip"
    )
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\n")
    return tmp_path / "out"


def leave_out(*patterns):
    paths = [path for pattern in patterns for path in sorted(glob.glob(pattern))]
    return reports.leave_out(paths, ",".join(patterns))


def test_leaves_out_all_but_text_and_names_it(corpus, caplog):
    assert sorted(p.name for p in corpus.glob("[!.c]*")) == REPORTS
    pattern, text = f"{corpus}/*", f"{corpus}/corpus-00000-of-00001.txt"
    assert leave_out(pattern) == [text]
    (message,) = caplog.messages
    names = ", ".join(f"{corpus}/{name}" for name in REPORTS)
    assert message.startswith(f"--input_file={pattern}: Left out, as make_corpus.py")
    assert f" tell of a corpus: {names}. " in message


def test_what_is_named_itself_is_read(corpus, caplog):
    report, text = f"{corpus}/report.txt", f"{corpus}/corpus-00000-of-00001.txt"
    assert leave_out(report, f"{corpus}/corpus-*") == [report, text]
    assert caplog.messages == []


@pytest.mark.parametrize("beside", [None, "{}", "[1]", "\xff", '{"shards": []}'])
def test_files_of_others_stay(tmp_path, caplog, beside):
    (tmp_path / "report.txt").write_text("A report of a case.\n")
    if beside is not None:
        (tmp_path / "manifest.json").write_text(beside, encoding="latin-1")
    assert leave_out(f"{tmp_path}/*.txt") == [f"{tmp_path}/report.txt"]
    assert caplog.messages == []


def test_refuses_a_pattern_for_reports_alone(corpus):
    message = r"must name files of text\. Received: '.*/r\*', which fits .*/report\.txt"
    with pytest.raises(errors.InputError, match=message):
        leave_out(f"{corpus}/r*")


@pytest.mark.parametrize("builder", ["original", "streaming", "auto"])
def test_records_are_made_without_them(corpus, tmp_path, caplog, builder):
    def build(pattern, name):
        settings = instances_settings.Settings(
            input_file=f"{corpus}/{pattern}",
            output_file=str(tmp_path / name / "x.tfrecord"),
            vocab_file=str(tmp_path / "vocab.txt"),
            max_seq_length=16,
            builder=builder,
            num_workers=1,
        )
        counts = create_pretraining_data.run(settings)
        paths = (tmp_path / name).glob("*.tfrecord")
        return counts, {path.name: path.read_bytes() for path in paths}

    expected = build("corpus-*.txt", "one")
    assert expected[1]
    assert not [text for text in caplog.messages if "Left out" in text]
    assert build("*.txt", "two") == expected
    (warning,) = [text for text in caplog.messages if "Left out" in text]
    assert f"{corpus}/report.txt, {corpus}/skipped.txt." in warning
    inputs = json.loads((tmp_path / "two/x.tfrecord.manifest.json").read_text())
    assert [file["path"] for file in inputs["inputs"]] == [
        f"{corpus}/corpus-00000-of-00001.txt"
    ]


def test_a_vocabulary_is_learned_without_them(corpus, tmp_path):
    learned = []
    for pattern in ("corpus-*.txt", "*.txt"):
        settings = vocabularies_settings.Settings(
            input_file=f"{corpus}/{pattern}",
            output_dir=str(tmp_path / "vocabulary"),
            vocab_size=180,
            num_unused=1,
            min_frequency=1,
        )
        learn_vocab.run(settings)
        learned.append((tmp_path / "vocabulary/learning.json").read_text())
    assert learned[0] == learned[1]
