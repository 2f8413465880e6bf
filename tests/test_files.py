# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.files."""

import os

import pytest

from modeling import errors, files


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "a", tmp_path / "link"
    link.symlink_to(target)
    for text in ("one", "two"):
        files.write_text(link, text)
        assert link.is_symlink()
        assert target.read_text() == text
    with pytest.raises(ZeroDivisionError), files.replacing(link) as temporary:
        temporary.write_text(str(1 // 0))
    assert target.read_text() == "two"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "link", "there"]


@pytest.mark.parametrize("is_linked", [False, True])
def test_a_pipe_is_not_replaced(tmp_path, is_linked):
    pipe = path = tmp_path / "pipe"
    os.mkfifo(pipe)
    if is_linked:
        path = tmp_path / "link"
        path.symlink_to(pipe)
    with pytest.raises(errors.InputError) as caught:
        files.write_text(path, "x")
    assert str(caught.value) == (
        f"{path}: An output must be a file. Received: a pipe, a socket or a device."
    )
    assert pipe.is_fifo()


def test_what_else_there_is(tmp_path):
    (tmp_path / "file").write_text("")
    assert files.what_else(tmp_path / "file") is None
    assert files.what_else(tmp_path / "none") is None
    assert files.what_else(tmp_path / "file" / "none") is None
    assert files.what_else("") is None
    assert files.what_else(tmp_path) == "a folder"
    with pytest.raises(errors.InputError, match="Received: a folder"):
        files.write_text(tmp_path, "x")
