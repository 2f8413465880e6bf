# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.weights."""

import json
import shutil

import numpy as np
import pytest
from safetensors import numpy as safetensors_numpy

from modeling import errors
from modeling.training import checkpoints, huggingface, weights

BIAS = np.arange(3, dtype=np.float32)


def add_checkpoint(folder):
    folder.mkdir(exist_ok=True)
    checkpoints.write(folder / "model.ckpt-20", {"output_bias": BIAS})
    return folder


def add_huggingface(folder, config="config.json"):
    folder.mkdir(exist_ok=True)
    (folder / config).write_text(json.dumps({"model_type": "bert"}))
    safetensors_numpy.save_file({"classifier.bias": BIAS}, folder / "model.safetensors")
    return folder


@pytest.mark.parametrize("given", ["", "config.json", "model.safetensors"])
def test_hugging_face_folders_and_their_files(given, tmp_path):
    source = weights.open_weights(add_huggingface(tmp_path) / given)
    assert isinstance(source, huggingface.HuggingFaceReader)
    np.testing.assert_array_equal(source.read("output_bias"), BIAS)


@pytest.mark.parametrize("given", ["", "model.ckpt-20", "model.ckpt-20.index"])
def test_checkpoints_and_their_files(given, tmp_path):
    source = weights.open_weights(add_checkpoint(tmp_path) / given)
    assert isinstance(source, checkpoints.CheckpointReader)
    np.testing.assert_array_equal(source.read("output_bias"), BIAS)


@pytest.mark.parametrize("add", [add_checkpoint, add_huggingface])
def test_archives_of_both_kinds(add, tmp_path):
    add(tmp_path / "model")
    archive = shutil.make_archive(str(tmp_path / "a"), "gztar", tmp_path, "model")
    np.testing.assert_array_equal(
        weights.open_weights(archive).read("output_bias"), BIAS
    )


def test_of_two_kinds_in_a_folder_one_is_chosen(tmp_path, caplog):
    add_checkpoint(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"not looked at")
    assert isinstance(weights.open_weights(tmp_path), checkpoints.CheckpointReader)
    assert "give the path of one to choose" in caplog.text
    add_huggingface(tmp_path)
    assert isinstance(weights.open_weights(tmp_path), huggingface.HuggingFaceReader)
    index = tmp_path / "model.ckpt-20.index"
    assert isinstance(weights.open_weights(index), checkpoints.CheckpointReader)


def test_a_folder_of_neither_kind_says_what_it_holds(tmp_path):
    (tmp_path / "vocab.txt").touch()
    with pytest.raises(errors.InputError, match=r"holds vocab\.txt"):
        weights.open_weights(tmp_path)
