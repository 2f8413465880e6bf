# SPDX-License-Identifier: Apache-2.0
"""Tests for what is where run_re.py writes relations.jsonl."""

import os

import pytest

from modeling import errors
from modeling.relation import from_text


def test_a_pipe_is_told_before_anything_is_read(relation_run, tmp_path):
    pipe = tmp_path / "relations.jsonl"
    os.mkfifo(pipe)
    settings = relation_run.settings(tmp_path, predict_file="absent.txt")
    with pytest.raises(errors.InputError) as caught:
        from_text.open_source(settings)
    assert str(caught.value) == (
        f"{pipe}: What is written must be a file. Received: a pipe, a socket or a "
        "device."
    )
    assert pipe.is_fifo()
