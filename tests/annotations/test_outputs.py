# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.annotations.outputs."""

import json
import os

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


@pytest.mark.parametrize("name", ["a/b.tsv", "x" * 300 + ".tsv", "x" * 245 + ".tsv"])
def test_names_that_cannot_be(tmp_path, name):
    (tmp_path / "a").write_text("")
    message = r"--output_file must be in a folder that can be written to, with a name"
    with (
        pytest.raises(errors.InputError, match=message),
        outputs.writing(tmp_path / name, outputs.TEST),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("path", ["", "new/"])
def test_no_name(path):
    message = f"^--output_file must be the name of a file. Received: '{path}'"
    with pytest.raises(errors.InputError, match=message):
        outputs.check_can_be_written(path, [])
    with (
        pytest.raises(errors.InputError, match=message),
        outputs.writing(path, outputs.TEST),
    ):
        pass


@pytest.mark.parametrize("name", ["a.tsv", "a.mentions.jsonl"])
def test_pipes_stay(tmp_path, name):
    pipe = tmp_path / name
    os.mkfifo(pipe)
    with pytest.raises(errors.InputError) as caught:
        outputs.check_can_be_written(str(tmp_path / "a.tsv"), [])
    assert str(caught.value) == (
        f"{pipe}: --output_file must be a file. Received: a pipe, a socket or a device."
    )
    with (
        pytest.raises(errors.InputError, match="must be a file"),
        outputs.writing(tmp_path / "a.tsv", outputs.TEST),
    ):
        pass
    assert pipe.is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_links_stay(tmp_path):
    (tmp_path / "there").mkdir()
    for name in ("a.tsv", "a.mentions.jsonl"):
        (tmp_path / name).symlink_to(tmp_path / "there" / name)
    for _ in range(2):  # The second time, there are files.
        with outputs.writing(tmp_path / "a.tsv", outputs.TEST):
            pass
        assert (tmp_path / "a.tsv").is_symlink()
        assert (tmp_path / "there" / "a.tsv").read_text() == outputs.HEADER
        assert (tmp_path / "there" / "a.mentions.jsonl").read_text() == ""
    assert len(list(tmp_path.rglob("*"))) == 5
