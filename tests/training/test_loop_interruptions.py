# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.loop: runs that end early and are started again."""

import os
import signal

import pytest

from modeling.training import metrics, saver, signals

TOTAL = 11


class KilledError(Exception):
    """Stands for what ends a process without a warning."""


def test_restored_run_ends_in_the_same_bytes(make_trainer, resume, read_run):
    make_trainer("whole").train(0)
    make_trainer("run", num_train_steps=8).train(0)
    assert resume("run") == 8
    assert read_run.final_bytes() == read_run.final_bytes("whole")


def test_what_was_logged_after_the_checkpoint_is_logged_once(
    tmp_path, make_trainer, resume, read_run
):
    make_trainer(num_train_steps=8, max_steps_per_call=1).train(0)
    path = tmp_path / "run/metrics.jsonl"
    before = read_run.records()
    path.write_text(path.read_text() + '{"step": 9, "loss": 7.0}\n{"step": 10, "lo')
    resume(max_steps_per_call=1)
    after = read_run.records()
    assert after[:8] == before
    assert [r["step"] for r in after] == list(range(1, 12))
    assert after[8]["loss"] != 7.0


def test_complete_run_is_left_alone(tmp_path, make_trainer, resume, log_lines):
    make_trainer().train(0)
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "run").iterdir()}
    assert resume() == TOTAL
    assert {p.name: p.stat().st_mtime_ns for p in (tmp_path / "run").iterdir()} == (
        before
    )
    assert "Training is complete at step 11." in log_lines


@pytest.mark.parametrize("step", [4, 8])
def test_run_killed_between_saving_and_noting_scores_them_again(
    step, tmp_path, make_trainer, resume, monkeypatch, read_run, scripted
):
    options = {"num_train_steps": 8, "eval_every": 4}
    make_trainer("whole", evaluate=scripted(0.2, 0.3), **options).train(0)

    def die(*_):
        raise KilledError

    trainer = make_trainer(evaluate=scripted(0.2, 0.3), **options)
    with monkeypatch.context() as patch:
        noted = saver.Saver.mark_best
        patch.setattr(
            saver.Saver,
            "mark_best",
            lambda self, at, *rest: die() if at == step else noted(self, at, *rest),
        )
        with pytest.raises(KilledError):
            trainer.train(0)
    assert read_run.steps()[-1] == step
    scores = {4: (0.2, 0.3), 8: (0.3,)}[step]
    assert resume(evaluate=scripted(*scores), **options) == step
    for folder in ("run", "whole"):
        assert saver.Saver(tmp_path / folder).best()["step"] == 8
        scored = [r for r in read_run.records(folder) if "eval/score" in r]
        assert [(r["step"], r["eval/score"]) for r in scored] == [(4, 0.2), (8, 0.3)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_saves_and_the_next_start_completes(
    number, make_trainer, resume, log_lines, read_run
):
    def evaluate():
        os.kill(os.getpid(), number)
        return {"score": 0.1}

    options = {"eval_every": 3, "save_every": 100}
    make_trainer("whole", evaluate=lambda: {"score": 0.1}, **options).train(0)
    before = signal.getsignal(number)
    with pytest.raises(signals.Stopped) as caught:
        make_trainer(evaluate=evaluate, **options).train(0)
    assert caught.value.code == 75
    assert signal.getsignal(number) is before
    assert any("Stopped after step 3, which is saved" in line for line in log_lines)
    assert read_run.steps() == [0, 3]
    assert resume(evaluate=lambda: {"score": 0.1}, **options) == 3
    assert read_run.final_bytes() == read_run.final_bytes("whole")
    logged = [[r["step"] for r in read_run.records(f)] for f in ("run", "whole")]
    assert logged[0][-1] == logged[1][-1] == TOTAL


def test_signal_between_checkpoints_saves_at_once(
    make_trainer, resume, read_run, monkeypatch
):
    """Also where nothing else is due at the step."""
    make_trainer("whole").train(0)
    write = metrics.MetricsWriter.write

    def write_and_signal(writer, step, values):
        write(writer, step, values)
        if step == 6:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(metrics.MetricsWriter, "write", write_and_signal)
        with pytest.raises(signals.Stopped):
            make_trainer(max_steps_per_call=1).train(0)
    assert read_run.steps() == [0, 4, 6]
    assert resume() == 6
    assert read_run.final_bytes() == read_run.final_bytes("whole")


def test_signal_in_the_last_evaluation_is_heeded(make_trainer, read_run):
    """Predictions may still follow: they are left to the next start."""

    def evaluate():
        os.kill(os.getpid(), signal.SIGTERM)
        return {"score": 0.1}

    trainer = make_trainer(evaluate=evaluate, eval_every=TOTAL)
    with pytest.raises(signals.Stopped):
        trainer.train(0)
    assert read_run.steps()[-1] == TOTAL
