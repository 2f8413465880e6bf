# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.annotations.outputs."""

import json

import pytest

from modeling import errors
from modeling.annotations import candidates, outputs, records


def test_files_of_rows(tmp_path):
    mention = records.Mention(
        start=1, end=3, text="\u00e9b", type="G", keys=("T1",), ids=("7",)
    )
    pair = candidates.Pair(first=mention, second=mention, start=0, end=9)
    document = records.Document(
        id="x", source="a:1", text="", parts=(), mentions=(mention,)
    )
    path = tmp_path / "new" / "test.tsv"
    with outputs.writing(path, outputs.TEST) as writer:
        writer.write("a \u00e9b", "", document, pair)
        writer.write("c", "x\ty", document, pair)
    assert path.read_text("utf-8") == (
        "index\tsentence\tlabel\n0\ta \u00e9b\t\n1\tc\tx y\n"
    )
    beside = tmp_path / "new" / "test.mentions.jsonl"
    lines = [json.loads(line) for line in beside.read_text("utf-8").splitlines()]
    described = {
        "start": 1,
        "end": 3,
        "text": "\u00e9b",
        "type": "G",
        "keys": ["T1"],
        "ids": ["7"],
    }
    assert lines[1] == {
        "index": 1,
        "id": "x",
        "start": 0,
        "end": 9,
        "first": described,
        "second": described,
    }
    with outputs.writing(path, outputs.TRAIN) as writer:
        writer.write("c", "1", document, pair)
    assert path.read_text() == "c\t1\n"
    with pytest.raises(ZeroDivisionError), outputs.writing(path, outputs.TRAIN):
        raise ZeroDivisionError
    assert path.read_text() == "c\t1\n"
    assert len(list(path.parent.iterdir())) == 2


def test_outputs_that_cannot_be(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("")
    with (
        pytest.raises(errors.InputError, match="--output_file must be in a folder"),
        outputs.writing(path / "b.tsv", outputs.TEST),
    ):
        pass
    beside = str(tmp_path / "a.mentions.jsonl")
    with pytest.raises(errors.InputError, match="--output_file must not be an input"):
        outputs.check_can_be_written(str(path), ["x", beside])
    # The text beside brat's annotations is read, too.
    with pytest.raises(errors.InputError, match=r"b\.txt: --output_file must not be"):
        outputs.check_can_be_written(str(tmp_path / "b.txt"), [f"{tmp_path}/b.ann"])
    with pytest.raises(errors.InputError, match=r"must be a file\. Received: a folder"):
        outputs.check_can_be_written(str(tmp_path), ["x"])
