# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.checkpoint_folders and checkpoint_files."""

import pytest
import tensorflow as tf

from modeling import errors
from modeling.training import checkpoint_files, checkpoint_folders


def touch(folder, *prefixes, index=True, data=True):
    """Makes empty files, as here names are all that counts."""
    for prefix in prefixes:
        if index:
            (folder / f"{prefix}.index").touch()
        if data:
            (folder / f"{prefix}.data-00000-of-00001").touch()


def newest(folder):
    return checkpoint_folders.newest_in(folder).name


# A folder's newest checkpoint.


def test_the_state_file_decides(tmp_path):
    touch(tmp_path, "model.ckpt-12", "model.ckpt-30", "biobert.ckpt")
    for stated in ("model.ckpt-12", "/where/it/was/before/model.ckpt-12"):
        (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "{stated}"\n')
        assert newest(tmp_path) == "model.ckpt-12"


@pytest.mark.parametrize(
    "state", [None, "", "\x00not text format", 'model_checkpoint_path: "model.ckpt-99"']
)
def test_without_a_usable_state_file_most_steps_win(state, tmp_path):
    touch(tmp_path, "model.ckpt-12", "model.ckpt-100", "model.ckpt-9")
    touch(tmp_path, "model.ckpt-200", index=False)
    touch(tmp_path, ".model.ckpt-300.tmp")
    if state is not None:
        (tmp_path / "checkpoint").write_text(state)
    assert newest(tmp_path) == "model.ckpt-100"
    (tmp_path / "model.ckpt-100.data-00000-of-00001").unlink()
    assert newest(tmp_path) == "model.ckpt-12"


@pytest.mark.parametrize("other", ["biobert.ckpt-12", "bert_model.ckpt", "model.ckpt"])
def test_unrelated_checkpoints_are_listed(other, tmp_path):
    touch(tmp_path, "model.ckpt-12", other)
    with pytest.raises(errors.InputError, match="Which of the checkpoints") as caught:
        newest(tmp_path)
    assert other in str(caught.value)
    assert "model.ckpt-12" in str(caught.value)


def test_a_folder_above_points_to_the_folder_below(tmp_path):
    (tmp_path / "below").mkdir()
    touch(tmp_path / "below", "model.ckpt-12")
    with pytest.raises(errors.InputError, match="Did you mean") as caught:
        newest(tmp_path)
    assert f"{tmp_path}/below/model.ckpt-12?" in str(caught.value)


def test_a_folder_without_checkpoints_says_what_it_holds(tmp_path):
    (tmp_path / "vocab.txt").touch()
    with pytest.raises(errors.InputError, match=r"holds vocab\.txt"):
        newest(tmp_path)


def test_tensorflow_understands_the_state_file(tmp_path):
    touch(tmp_path, "model.ckpt-12", "model.ckpt-30")
    checkpoint_folders.write_state(
        tmp_path, "model.ckpt-30", ["model.ckpt-12", "model.ckpt-30"]
    )
    assert tf.train.latest_checkpoint(str(tmp_path)) == f"{tmp_path}/model.ckpt-30"
    state = tf.train.get_checkpoint_state(str(tmp_path))
    assert list(state.all_model_checkpoint_paths) == [
        f"{tmp_path}/model.ckpt-12",
        f"{tmp_path}/model.ckpt-30",
    ]


# The files of one checkpoint.


def test_a_missing_shard_is_named(tmp_path):
    for shard in (0, 2):
        (tmp_path / f"m.data-{shard:05d}-of-00003").touch()
    (tmp_path / "m.index").touch()
    missing = checkpoint_files.what_is_missing(tmp_path / "m")
    assert missing == "m.data-00001-of-00003"
    (tmp_path / missing).touch()
    assert checkpoint_files.what_is_missing(tmp_path / "m") is None


def test_shards_of_an_earlier_save_do_no_harm(tmp_path):
    touch(tmp_path, "m")
    (tmp_path / "m.data-00001-of-00002").touch()
    assert checkpoint_files.what_is_missing(tmp_path / "m") is None


def test_parts_belong_to_one_prefix_and_begin_with_the_index(tmp_path):
    touch(tmp_path, "model.ckpt-1", "model.ckpt-12")
    (tmp_path / "model.ckpt-1.meta").touch()
    (tmp_path / "model.ckpt-1.txt").touch()
    parts = checkpoint_files.list_parts(tmp_path / "model.ckpt-1")
    assert [path.name for path in parts] == [
        "model.ckpt-1.index",
        "model.ckpt-1.data-00000-of-00001",
        "model.ckpt-1.meta",
    ]
    checkpoint_files.delete(tmp_path / "model.ckpt-1")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "model.ckpt-1.txt",
        "model.ckpt-12.data-00000-of-00001",
        "model.ckpt-12.index",
    ]
