# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.loop, with a model of a few numbers."""

import numpy as np
import pytest
import tensorflow as tf

from modeling import errors
from modeling.training import calls, checkpoints, loop, replication, saver

TOTAL = 11


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 4), (3, 4), (4, 6), (6, 8), (8, 11), (10, 11)]
)
def test_next_stop_is_the_next_step_at_which_something_is_due(step, expected):
    plan = loop.Plan(num_train_steps=11, batch_size=1, save_every=4, eval_every=6)
    assert plan.next_stop(step) == expected


def test_next_stop_without_evaluation():
    plan = loop.Plan(num_train_steps=11, batch_size=1, save_every=100)
    assert plan.next_stop(4) == 11


def test_saves_at_the_start_at_multiples_and_at_the_end(tmp_path, make_trainer):
    make_trainer().train(0)
    run = saver.Saver(tmp_path / "run")
    assert run.steps() == [0, 4, 8, 11]
    assert checkpoints.CheckpointReader(run.latest()).names() == (
        "global_step",
        "linear/bias",
        "linear/bias/adam_m",
        "linear/bias/adam_v",
        "linear/table",
        "linear/table/adam_m",
        "linear/table/adam_v",
        "linear/unused",
    )
    first = checkpoints.CheckpointReader(tmp_path / "run/model.ckpt-0")
    assert first.read("linear/bias") == [0.5]
    assert first.read("linear/bias/adam_m") == [0.0]


def test_sizes_of_calls_do_not_change_the_weights(make_trainer, read_run):
    for most in (1, 3, 1000):
        make_trainer(f"run{most}", max_steps_per_call=most).train(0)
    steps = [[r["step"] for r in read_run.records(f"run{m}")] for m in (1, 3)]
    assert steps[0] == list(range(1, TOTAL + 1))
    assert 4 < len(steps[1]) < TOTAL
    assert max(np.diff(steps[1])) <= 3
    expected = read_run.final_bytes("run1")
    assert read_run.final_bytes("run3") == expected
    assert read_run.final_bytes("run1000") == expected


def test_calls_are_as_long_as_a_look_at_the_clock_allows(
    monkeypatch, make_trainer, read_run
):
    monkeypatch.setattr(calls, "_CALL_SECONDS", 0.0)
    make_trainer().train(0)
    assert [r["step"] for r in read_run.records()] == list(range(1, TOTAL + 1))


def test_records_hold_means_over_their_steps(make_trainer, read_run):
    make_trainer("one", max_steps_per_call=1).train(0)
    make_trainer("many", max_steps_per_call=3).train(0)
    one = {r["step"]: r for r in read_run.records("one")}
    before = 0
    for record in read_run.records("many"):
        steps = range(before + 1, record["step"] + 1)
        before = record["step"]
        for name in ("loss", "gradient_norm"):
            mean = np.mean([one[step][name] for step in steps])
            np.testing.assert_allclose(record[name], mean, rtol=1e-6)
        assert record["learning_rate"] == pytest.approx(0.01)
        assert record["examples_per_second"] > 0


def test_progress_line_says_all_that_counts(monkeypatch, make_trainer, log_lines):
    monkeypatch.setattr("modeling.training.metrics._LINE_SECONDS", 0.0)
    make_trainer(max_steps_per_call=1).train(0)
    lines = [line for line in log_lines if line.startswith("training step")]
    assert len(lines) == TOTAL
    for part in ("training step 5/11", "loss ", "lr 0.01", "|g| ", " ex/s", "ETA 0:00"):
        assert part in lines[4]
    assert lines[4].endswith(replication.SingleProcess().device)
    assert "training step 11/11" in lines[-1]
    assert "took 0:00" in lines[-1]


def test_best_checkpoint_is_kept(tmp_path, make_trainer, read_run, scripted):
    make_trainer(
        num_train_steps=20,
        save_every=2,
        eval_every=5,
        evaluate=scripted(float("nan"), 0.7, 0.4, 0.7),
    ).train(0)
    run = saver.Saver(tmp_path / "run")
    assert run.best() == {
        "checkpoint": "model.ckpt-10",
        "step": 10,
        "name": "score",
        "score": 0.7,
    }
    assert run.steps() == [10, 14, 15, 16, 18, 20]
    scores = {r["step"]: r for r in read_run.records() if "eval/score" in r}
    assert list(scores) == [5, 10, 15, 20]
    assert scores[15] == {"step": 15, "eval/score": 0.4, "eval/loss": 2.0}


def test_training_stops_when_scores_get_no_better(
    make_trainer, resume, read_run, scripted, log_lines
):
    options = {"num_train_steps": 40, "save_every": 100, "eval_every": 3, "patience": 2}
    trainer = make_trainer(evaluate=scripted(0.1, 0.5, 0.5, 0.4), **options)
    assert trainer.train(0) == 12
    assert read_run.steps() == [0, 3, 6, 9, 12]
    expected = "Step 12: score was best at step 6, 2 evaluations ago: stopping early."
    assert expected in log_lines
    # Started again, it does not go on, nor evaluate.
    assert resume(evaluate=scripted(), **options) == 12
    assert read_run.steps()[-1] == 12
    assert log_lines[-1] == "Training is complete at step 12."


def test_training_returns_its_last_step(make_trainer):
    assert make_trainer().train(0) == TOTAL


def spoil(index):
    """Makes the loss of one batch NaN."""

    def change(dataset):
        def replace(i, batch):
            nan = tf.fill(tf.shape(batch["target"]), np.float32("nan"))
            target = tf.where(i == index, nan, batch["target"])
            return {**batch, "target": target}

        return dataset.enumerate().map(replace)

    return change


@pytest.mark.parametrize("most", [1, 1000])
def test_nan_stops_and_says_where(most, tmp_path, make_trainer):
    trainer = make_trainer(change=spoil(6), max_steps_per_call=most)
    with pytest.raises(errors.InputError) as caught:
        trainer.train(0)
    message = str(caught.value)
    assert message.startswith("Step 6: the loss and its gradient must be finite.")
    assert "Received: loss nan, gradient norm nan, learning rate 0.0" in message
    assert "on the batch of the examples of step 6." in message
    newest = str(tmp_path / "run/model.ckpt-4")
    assert f"The last good checkpoint is {newest}." in message
    assert saver.Saver(tmp_path / "run").latest() == newest
    reader = checkpoints.CheckpointReader(newest)
    assert all(np.isfinite(reader.read(name)).all() for name in reader.names())


def test_infinite_rate_stops_at_its_own_step(make_trainer):
    trainer = make_trainer(rate=float("inf"))
    with pytest.raises(errors.InputError, match=r"^Step 0: .*learning rate inf, "):
        trainer.train(0)


def test_process_that_is_not_the_chief_writes_no_checkpoint(
    tmp_path, make_trainer, read_run, scripted
):
    replicas = replication.SingleProcess()
    replicas.is_chief = False
    make_trainer(replicas=replicas, eval_every=4, evaluate=scripted(0.1, 0.2)).train(0)
    assert read_run.steps() == []
    assert not (tmp_path / "run/best_checkpoint.json").exists()
