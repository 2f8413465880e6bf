# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.saver."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from modeling import errors
from modeling.training import checkpoints, saver

DATA = ".data-00000-of-00001"


def values(step):
    return {"bert/pooler/dense/bias": np.full([3], step, np.float32)}


def save(checkpoint_saver, *steps):
    for step in steps:
        checkpoint_saver.save(step, values(step))


def steps_on_disk(folder):
    return sorted(int(p.stem.split("-")[1]) for p in folder.glob("*.index"))


@pytest.fixture
def run(tmp_path):
    return saver.Saver(tmp_path)


def test_save_names_the_step_and_stores_it(run, tmp_path):
    prefix = run.save(0, values(0))
    assert prefix == str(tmp_path / "model.ckpt-0")
    reader = checkpoints.CheckpointReader(prefix)
    assert reader.read("global_step") == 0
    assert reader.dtype("global_step") == np.int64
    given = {**values(7), "global_step": tf.Variable(7, dtype=tf.int64)}
    assert checkpoints.CheckpointReader(run.save(7, given)).read("global_step") == 7
    with pytest.raises(ValueError, match="step=8, global_step=7"):
        run.save(8, given)


def test_newest_five_are_kept(run, tmp_path):
    save(run, 0, 10, 20, 30, 40, 50, 60)
    assert steps_on_disk(tmp_path) == [20, 30, 40, 50, 60] == run.steps()
    # Nothing else is left: two files each, and the state file.
    assert len(list(tmp_path.iterdir())) == 11


def test_the_best_is_kept_besides_until_there_is_a_better(run, tmp_path):
    save(run, 0, 10)
    run.mark_best(10, 0.5, "entity_f1")
    save(run, 20, 30, 40, 50, 60, 70)
    assert run.steps() == [10, 30, 40, 50, 60, 70]
    assert json.loads((tmp_path / "best_checkpoint.json").read_text()) == run.best()
    assert run.best() == {
        "checkpoint": "model.ckpt-10",
        "step": 10,
        "name": "entity_f1",
        "score": 0.5,
    }
    run.mark_best(50, 0.75, "entity_f1")
    assert run.steps() == [30, 40, 50, 60, 70]
    assert run.best()["step"] == 50
    # A new process knows what the last one kept.
    again = saver.Saver(tmp_path)
    save(again, 80, 90, 100, 110, 120)
    assert again.steps() == [50, 80, 90, 100, 110, 120]


def test_better_is_above_the_best_so_far(run):
    assert run.is_better(-1.0)
    assert not run.is_better(float("nan"))
    save(run, 1)
    run.mark_best(1, 0.5, "f1")
    assert run.is_better(0.51)
    assert not run.is_better(0.5)


def test_only_what_is_there_can_be_the_best(run, tmp_path):
    save(run, 1)
    with pytest.raises(errors.InputError, match=r"step 2\. There are \[1\]"):
        run.mark_best(2, 1.0, "f1")
    (tmp_path / "best_checkpoint.json").write_text('{"step": "1"}')
    assert run.best() is None
    (tmp_path / "best_checkpoint.json").write_text("[]")
    assert run.best() is None


def test_tf1_finds_the_newest(run, tmp_path):
    save(run, 0, 10, 20, 30, 40, 50)
    assert tf.train.latest_checkpoint(str(tmp_path)) == run.latest()
    text = (tmp_path / "checkpoint").read_text()
    assert text.splitlines()[0] == 'model_checkpoint_path: "model.ckpt-50"'
    assert text.count("all_model_checkpoint_paths") == 5
    assert str(tmp_path) not in text  # So the folder can be moved.


def test_latest_looks_at_the_files(run, tmp_path):
    assert run.latest() is None
    save(run, 5, 10, 20, 100)
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-5"\n')
    assert run.latest() == str(tmp_path / "model.ckpt-100")
    (tmp_path / "checkpoint").unlink()
    assert run.latest() == str(tmp_path / "model.ckpt-100")


def test_incomplete_and_damaged_ones_are_passed_over(run, tmp_path, caplog):
    save(run, 10, 20, 30, 40)
    (tmp_path / "model.ckpt-40.index").unlink()
    data = tmp_path / f"model.ckpt-30{DATA}"
    data.write_bytes(data.read_bytes()[:-1])
    (tmp_path / "model.ckpt-20.index").write_bytes(b"")
    caplog.clear()
    assert run.latest() == str(tmp_path / "model.ckpt-10")
    warnings = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert len(warnings) == 3
    assert "model.ckpt-40.index is not there" in warnings[0]
    # The run goes on from there and writes them again.
    save(run, 20, 30, 40)
    assert run.latest() == str(tmp_path / "model.ckpt-40")


def test_a_failed_save_leaves_the_earlier_ones(run, tmp_path, monkeypatch):
    save(run, 0, 10, 20, 30, 40)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(prefix, **_):
        pathlib.Path(prefix + DATA).write_bytes(b"half")
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tf.raw_ops, "SaveV2", fail)
        with pytest.raises(errors.InputError, match="No space left on device"):
            save(run, 50)
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    save(run, 50)
    assert run.steps() == [10, 20, 30, 40, 50]


@pytest.mark.slow
def test_a_killed_process_leaves_the_last_checkpoint(tmp_path, root):
    """SIGKILL in the middle of the second save."""
    program = (
        "import os, pathlib, signal, sys\n"
        "import numpy as np\n"
        "from modeling.training import checkpoints, saver\n"
        "run = saver.Saver(sys.argv[1])\n"
        "run.save(1, {'a': np.ones([3], np.float32)})\n"
        "checkpoints._commit = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "run.save(2, {'a': np.ones([3], np.float32)})\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=root,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    assert result.returncode == -9
    leftovers = [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert len(leftovers) == 2
    watcher = saver.Saver(tmp_path, read_only=True)
    assert watcher.latest() == str(tmp_path / "model.ckpt-1")
    assert all(path.exists() for path in leftovers)
    saver.Saver(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint",
        f"model.ckpt-1{DATA}",
        "model.ckpt-1.index",
    ]


def test_what_a_living_process_writes_is_left_alone(tmp_path):
    mine = tmp_path / f".model.ckpt-3.{os.getpid()}.tmp{DATA}"
    parents = tmp_path / f".model.ckpt-3.{os.getppid()}.tmp{DATA}.tempstate1"
    other = tmp_path / ".model.ckpt-3.notes"
    for path in (mine, parents, other):
        path.touch()
    saver.Saver(tmp_path)
    assert [mine.exists(), parents.exists(), other.exists()] == [False, True, True]


def test_read_only_writes_nothing(tmp_path):
    watcher = saver.Saver(tmp_path / "absent", read_only=True)
    assert (watcher.latest(), watcher.steps(), watcher.best()) == (None, [], None)
    for write in (
        lambda: watcher.save(1, values(1)),
        lambda: watcher.mark_best(1, 1.0, "f1"),
        watcher.discard_all,
    ):
        with pytest.raises(ValueError, match="read_only"):
            write()
    assert not (tmp_path / "absent").exists()


def test_starting_over_discards_checkpoints_and_nothing_else(run, tmp_path):
    save(run, 10, 20, 30)
    run.mark_best(20, 0.5, "f1")
    (tmp_path / "model.ckpt-10.meta").touch()  # As the original writes.
    (tmp_path / "eval_results.txt").touch()
    (tmp_path / "bert_model.ckpt.index").touch()
    run.discard_all(keep=[tmp_path / "model.ckpt-30"])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "bert_model.ckpt.index",
        "eval_results.txt",
        f"model.ckpt-30{DATA}",
        "model.ckpt-30.index",
    ]
    # A lower step is not deleted as an old one.
    save(run, 0, 1, 2, 3, 4, 5, 6)
    assert run.steps() == [3, 4, 5, 6, 30]


def test_folders_that_cannot_be_made_are_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(errors.InputError, match="file/run: A folder that can be wri"):
        saver.Saver(tmp_path / "file" / "run")
    with pytest.raises(ValueError, match="max_to_keep"):
        saver.Saver(tmp_path, max_to_keep=0)


def test_folder_names_may_hold_brackets(tmp_path):
    run = saver.Saver(tmp_path / "run [1]")
    save(run, 0, 1)
    assert run.latest() == str(tmp_path / "run [1]" / "model.ckpt-1")
