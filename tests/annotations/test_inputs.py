# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.annotations.inputs."""

import json

import pytest

from modeling import errors
from modeling.annotations import inputs, records

TAGGED = {"id": "4", "text": "x", "mentions": []}
BIOC = {"id": "3", "passages": []}
XML = "<document><id>5</id><passage><text>x</text></passage></document>"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    files = {
        "a.txt": "BRCA1",
        "a.ann": "T1\tGene 0 5\tBRCA1\n",
        "b.txt": "2|t|Two.\n",
        "c.json": json.dumps(BIOC),
        "d.jsonl": json.dumps(TAGGED),
        "e.md": "not this",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def read(text, file_format=inputs.AUTO, problems=None):
    return list(
        inputs.read_documents(
            inputs.list_files(text),
            file_format=file_format,
            problems=problems or records.Problems(),
        )
    )


def test_formats_by_their_endings(folder):
    assert [found.id for found in read(str(folder))] == ["a", "2", "3", "4"]
    text = f"{folder}/d.jsonl,{folder}/a.txt,{folder}/[bd]*"
    assert [found.id for found in read(text)] == ["4", "a", "2"]
    assert read(f"{folder}/a.ann")[0].mentions[0].text == "BRCA1"
    (folder / "e.xml").write_text(XML)
    with pytest.raises(errors.InputError, match=r"e\.xml:1: A document must have"):
        read(f"{folder}/e.xml")


def test_what_counts_in_a_folder(folder):
    for name in ("d.mentions.jsonl", "d.tsv"):
        (folder / name).write_text("of rows")
    known = [f"{folder}/{name}" for name in ("a.ann", "b.txt", "c.json", "d.jsonl")]
    assert inputs.list_files(str(folder)) == known
    with_rows = inputs.list_files(str(folder), others=(".tsv",))
    assert with_rows == [*known, f"{folder}/d.tsv"]
    with pytest.raises(errors.InputError, match=r"^--x must name files of annotations"):
        inputs.list_files("none", flag="--x")


def test_what_cannot_be_read(folder):
    with pytest.raises(errors.InputError, match=r"--input must name .* 'none.txt'"):
        read("none.txt")
    with pytest.raises(errors.InputError, match="--input must name"):
        read("")
    with pytest.raises(errors.InputError, match=r"e\.md: A file must end in \.pub"):
        read(f"{folder}/e.md")
    with pytest.raises(errors.InputError, match=r"e\.md:1: A document must begin"):
        read(f"{folder}/e.md", inputs.PUBTATOR)
    (folder / "b.txt").write_bytes(b"\xff")
    problems = records.Problems("skip")
    assert [found.id for found in read(str(folder), problems=problems)] == [
        "a",
        "3",
        "4",
    ]
    assert problems.num_skipped == 1
    (folder / "a.txt").write_bytes(b"\xff")
    with pytest.raises(errors.InputError, match=r"a\.txt: Text must be UTF-8"):
        read(f"{folder}/a.ann")
    (folder / "a.txt").unlink()
    with pytest.raises(errors.InputError, match=r"a\.txt: A text file is needed"):
        read(f"{folder}/a.ann")


def test_an_id_is_that_of_one_document(folder):
    (folder / "f.jsonl").write_text(json.dumps(TAGGED))
    with pytest.raises(errors.InputError, match=r"f\.jsonl:1: An id .* '4' again"):
        read(str(folder))
    problems = records.Problems("skip")
    assert len(read(str(folder), problems=problems)) == 4
    assert problems.num_skipped == 1
