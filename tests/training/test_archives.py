# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.archives."""

import io
import tarfile

import pytest

from modeling import errors
from modeling.training import archives

CHECKPOINT = [
    ("biobert/model.ckpt-12.index", b"index"),
    ("biobert/model.ckpt-12.data-00000-of-00001", bytes(range(256)) * 4000),
    ("biobert/checkpoint", b"model_checkpoint_path: ..."),
]


def make(path, members, mode="w:gz"):
    """Writes an archive of names and bytes, or names and a link's target."""
    with tarfile.open(path, mode) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """An empty folder for all that is unpacked."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.mark.parametrize(
    ("name", "mode"), [("a.tar.gz", "w:gz"), ("a.tgz", "w:gz"), ("a.tar", "w")]
)
def test_checkpoints_are_unpacked(name, mode, tmp_path, temporary):
    path = make(tmp_path / name, CHECKPOINT, mode)
    assert archives.is_archive(path)
    folder = archives.unpack(path)
    assert folder.is_relative_to(temporary)
    assert {f"biobert/{p.name}": p.read_bytes() for p in folder.iterdir()} == dict(
        CHECKPOINT
    )


def test_the_same_archive_is_unpacked_once(tmp_path, temporary):
    path = make(tmp_path / "a.tar.gz", CHECKPOINT)
    folder = archives.unpack(path)
    assert archives.unpack(str(path)) == folder
    make(path, [("other/m.index", b"another"), ("other/m.data-00000-of-00001", b"")])
    assert archives.unpack(path).name == "other"


def test_only_weights_are_unpacked(tmp_path, temporary):
    others = [
        ("biobert/._model.ckpt-12.index", b"a Mac's note"),
        ("biobert/vocab.txt", b"[PAD]"),
        ("biobert/run.sh", b"#!/bin/sh"),
        ("biobert/link", "/etc/passwd"),
    ]
    folder = archives.unpack(make(tmp_path / "a.tar.gz", others + CHECKPOINT))
    names = {f"biobert/{path.name}" for path in folder.iterdir()}
    assert names == {name for name, _ in CHECKPOINT}


@pytest.mark.parametrize(
    "name",
    [
        "../model.ckpt.index",
        "b/../../model.ckpt.index",
        "/model.ckpt.index",
        "..\\model.ckpt.index",
        "../vocab.txt",
    ],
)
def test_archives_that_climb_out_are_refused(name, tmp_path, temporary):
    path = make(tmp_path / "a.tar.gz", [*CHECKPOINT, (name, b"x")])
    with pytest.raises(errors.InputError, match="must stay inside"):
        archives.unpack(path)
    assert list(temporary.iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tar.gz", "temporary"]


def test_links_in_place_of_weights_are_refused(tmp_path, temporary):
    path = make(tmp_path / "a.tar.gz", [("b/model.ckpt.index", "/etc/passwd")])
    with pytest.raises(errors.InputError, match="ordinary files"):
        archives.unpack(path)
    assert list(temporary.iterdir()) == []


def test_what_cannot_be_read_to_its_end_is_refused(tmp_path, temporary):
    path = make(tmp_path / "a.tar.gz", CHECKPOINT)
    whole = path.read_bytes()
    for bad in (whole[: len(whole) // 2], b"<html>Quota exceeded</html>", b""):
        path.write_bytes(bad)
        with pytest.raises(errors.InputError, match=r"a\.tar\.gz: .*incomplete down"):
            archives.unpack(path)
    assert list(temporary.iterdir()) == []


def test_a_full_disk_says_where_and_what_to_do(tmp_path, temporary, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", fail)
    path = make(tmp_path / "a.tar.gz", CHECKPOINT)
    with pytest.raises(errors.InputError, match=r"No space left.*set TMPDIR"):
        archives.unpack(path)


def test_archives_of_no_model_or_two_are_refused(tmp_path, temporary):
    none = make(tmp_path / "a.tar.gz", [("b/vocab.txt", b"x")])
    with pytest.raises(errors.InputError, match="none of these"):
        archives.unpack(none)
    two = make(tmp_path / "b.tar.gz", [("b/m.index", b""), ("c/m.index", b"")])
    with pytest.raises(errors.InputError, match=r"\['b', 'c'\]"):
        archives.unpack(two)
