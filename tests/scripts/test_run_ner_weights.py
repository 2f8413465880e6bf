# SPDX-License-Identifier: Apache-2.0
"""Tests for run_ner.py: where the weights of a run come from."""

import json
import re
import shutil

import numpy as np
import pytest

from modeling import errors
from modeling.training import checkpoints

LAST = 39
HEAD = ("output_weights", "output_bias")
ONE_STEP = {"num_train_epochs": 0.4, "learning_rate": 0.0}
# What becomes of the labels B and I; the second set has one more.
LABEL_SETS = {
    "of the same size": {"B": "B-A", "I": "I-A"},
    "of another size": {"B": "B-A", "I": "B-C"},
}


def read_weights(folder, step):
    reader = checkpoints.CheckpointReader(folder / f"model.ckpt-{step}")
    return {name: reader.read(name) for name in reader.names()}


def checkpoint_steps(folder):
    return sorted(int(path.stem.split("-")[1]) for path in folder.glob("*.index"))


def metric_steps(folder):
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [record["step"] for record in map(json.loads, lines) if "loss" in record]


def assert_same_encoder(weights, others):
    names = [name for name in weights if re.match(r"bert/(?!.*adam)", name)]
    assert len(names) == 23
    for name in names:
        np.testing.assert_array_equal(weights[name], others[name], err_msg=name)


@pytest.fixture(scope="module")
def source(trained_ner):
    """The weights of the trained model."""
    return read_weights(trained_ner.folder, LAST)


@pytest.mark.parametrize("form", ["", "model.ckpt-39", "model.ckpt-39.index"])
def test_predicts_elsewhere_as_where_it_was_trained(
    ner_run, trained_ner, tmp_path, form
):
    scores = ner_run.predict(tmp_path, trained_ner.folder / form)
    assert scores == trained_ner.scores
    for name in ("label_test.txt", "token_test.txt", "predict.tf_record"):
        expected = (trained_ner.folder / name).read_bytes()
        assert (tmp_path / name).read_bytes() == expected
    # It trains nothing, so it writes nothing of a training.
    assert not list(tmp_path.glob("model.ckpt*"))
    assert not (tmp_path / "run.json").exists()


def test_batch_size_does_not_change_predictions(ner_run, trained_ner, tmp_path):
    ner_run.predict(tmp_path, trained_ner.folder, predict_batch_size=5)
    expected = (trained_ner.folder / "label_test.txt").read_bytes()
    assert (tmp_path / "label_test.txt").read_bytes() == expected


@pytest.mark.slow
def test_labels_of_a_checkpoint_go_with_it(make_ner_run, ner_run, tmp_path):
    typed = make_ner_run(
        **{
            name: (ner_run.folder / f"{name}.tsv").read_text().replace("\tB", "\tB-A")
            for name in ("train_dev", "test")
        }
    )
    first = typed(tmp_path / "trained", do_predict=True)
    scores = typed.predict(
        tmp_path / "out", tmp_path / "trained" / f"model.ckpt-{LAST}"
    )
    assert scores == first
    assert "B-A\n" in (tmp_path / "out" / "label_test.txt").read_text()


def test_training_starts_from_the_checkpoint_and_its_head(
    ner_run, trained_ner, source, tmp_path
):
    ner_run(tmp_path, init_checkpoint=str(trained_ner.folder), **ONE_STEP)
    weights = read_weights(tmp_path, 0)
    assert_same_encoder(weights, source)
    for name in HEAD:
        np.testing.assert_array_equal(weights[name], source[name])
    # Slots and step are not taken along: it is a new run.
    assert weights["global_step"] == 0
    assert not np.any(weights["output_weights/adam_m"])


def test_head_can_be_left_out(ner_run, trained_ner, source, tmp_path):
    ner_run(
        tmp_path, init_checkpoint=str(trained_ner.folder), init_head=False, **ONE_STEP
    )
    weights = read_weights(tmp_path, 0)
    assert_same_encoder(weights, source)
    assert np.all(weights["output_weights"] != source["output_weights"])
    assert not np.any(weights["output_bias"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", LABEL_SETS)
def test_head_of_other_labels_is_not_loaded(
    make_ner_run, ner_run, trained_ner, source, tmp_path, kind
):
    text = (ner_run.folder / "train_dev.tsv").read_text()
    for label, other in LABEL_SETS[kind].items():
        text = text.replace(f"\t{label}\n", f"\t{other}\n")
    if kind == "of another size":
        text = text.replace("gene\tO\n", "gene\tB-Gene\n")
    run = make_ner_run(train_dev=text)
    run(tmp_path / "out", init_checkpoint=str(trained_ner.folder), **ONE_STEP)
    weights = read_weights(tmp_path / "out", 0)
    assert_same_encoder(weights, source)
    same_size = kind == "of the same size"
    assert (weights["output_bias"].shape == source["output_bias"].shape) == same_size
    assert not np.any(weights["output_bias"])


def test_resume_must_needs_a_checkpoint(ner_run, tmp_path):
    with pytest.raises(errors.InputError) as caught:
        ner_run.start(tmp_path, resume="must")
    assert str(caught.value) == (
        f"{tmp_path}: --resume=must needs a checkpoint (model.ckpt-N) in "
        "--output_dir. Received: a folder without one."
    )


def test_interrupted_run_is_completed(
    ner_run, trained_ner, interrupted_ner, final_bytes, caplog
):
    ner_run(interrupted_ner, resume="must", do_eval=True, eval_every_steps=12)
    assert final_bytes(interrupted_ner) == final_bytes(trained_ner.folder)
    newest = interrupted_ner / "model.ckpt-15"
    assert f"{newest} is in --output_dir, so it is used" in caplog.text
    assert "goes on with another" not in caplog.text
    steps = metric_steps(interrupted_ner)
    assert steps == sorted(set(steps))
    assert steps[-1] == LAST
    results = (interrupted_ner / "eval_results.txt").read_text()
    assert results == (trained_ner.folder / "eval_results.txt").read_text()


@pytest.mark.slow
def test_folder_is_enough_to_go_on(
    make_ner_run, trained_ner, interrupted_ner, final_bytes
):
    """With the vocabulary and the configuration that the run wrote there."""
    run = make_ner_run()
    (run.folder / "vocab.txt").unlink()
    (run.folder / "bert_config.json").unlink()
    run(
        interrupted_ner,
        vocab_file=str(interrupted_ner / "vocab.txt"),
        bert_config_file=str(interrupted_ner / "bert_config.json"),
    )
    assert final_bytes(interrupted_ner) == final_bytes(trained_ner.folder)


@pytest.mark.slow
def test_init_checkpoint_does_not_win_over_the_run_itself(
    ner_run, trained_ner, interrupted_ner, final_bytes
):
    newest = trained_ner.folder / f"model.ckpt-{LAST}"
    ner_run(interrupted_ner, init_checkpoint=str(newest))
    assert final_bytes(interrupted_ner) == final_bytes(trained_ner.folder)


@pytest.mark.slow
def test_resume_never_starts_over(ner_run, interrupted_ner):
    ner_run(interrupted_ner, resume="never", num_train_epochs=0.4)
    assert checkpoint_steps(interrupted_ner) == [0, 1]
    assert metric_steps(interrupted_ner) == [1]
    record = json.loads((interrupted_ner / "run.json").read_text())
    assert record["training"]["num_train_steps"] == 1


@pytest.mark.parametrize("form", ["", "model.ckpt-15"])
def test_resume_never_does_not_delete_what_it_starts_from(
    ner_run, interrupted_ner, form
):
    checkpoint = interrupted_ner / form
    with pytest.raises(errors.InputError, match="must not be in --output_dir"):
        ner_run.start(interrupted_ner, resume="never", init_checkpoint=str(checkpoint))
    assert checkpoint_steps(interrupted_ner) == [15]


@pytest.mark.slow
def test_what_changes_at_a_restart_is_warned_of(ner_run, interrupted_ner, caplog):
    ner_run(interrupted_ner, learning_rate=0.02, num_train_epochs=5.0)
    assert "goes on with another learning_rate: 0.01 before, 0.02 now." in caplog.text
    assert "goes on with another num_train_steps: 39 before, 16 now." in caplog.text
    record = json.loads((interrupted_ner / "run.json").read_text())
    assert record["training"]["learning_rate"] == 0.02


def test_finished_run_only_predicts(ner_run, trained_ner, tmp_path, caplog):
    folder = tmp_path / "copy"
    shutil.copytree(trained_ner.folder, folder)
    (folder / "label_test.txt").unlink()
    assert ner_run(folder, do_predict=True) == trained_ner.scores
    assert f"Training is complete at step {LAST}." in caplog.messages
    expected = (trained_ner.folder / "label_test.txt").read_bytes()
    assert (folder / "label_test.txt").read_bytes() == expected
    assert metric_steps(folder) == metric_steps(trained_ner.folder)


@pytest.mark.slow
def test_finished_run_says_that_other_flags_come_too_late(
    ner_run, trained_ner, tmp_path, caplog
):
    folder = tmp_path / "copy"
    shutil.copytree(trained_ner.folder, folder)
    record = (folder / "run.json").read_bytes()
    for _ in range(2):
        caplog.clear()
        ner_run(folder, loss="masked_mean", optimizer="lamb")
        assert (
            f"{folder}: Its training is over, so its weights stay those of the run "
            "before, with another optimizer, loss. --resume=never trains anew."
        ) in caplog.messages
        # What it says is still true of the weights.
        assert (folder / "run.json").read_bytes() == record


def test_prediction_from_output_dir_says_its_step(ner_run, interrupted_ner):
    ner_run(interrupted_ner, do_train=False, do_eval=True)
    assert "global_step = 15\n" in (interrupted_ner / "eval_results.txt").read_text()


@pytest.mark.slow
def test_damaged_newest_checkpoint_is_passed_over(
    ner_run, trained_ner, interrupted_ner, final_bytes, caplog
):
    for part in ("index", "data-00000-of-00001"):
        source = trained_ner.folder / f"model.ckpt-24.{part}"
        shutil.copy(source, interrupted_ner)
    data = interrupted_ner / "model.ckpt-24.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-100])
    ner_run(interrupted_ner, save_checkpoints_steps=12)
    assert "A checkpoint is passed over." in caplog.text
    assert "model.ckpt-15 is in --output_dir, so it is used" in caplog.text
    assert final_bytes(interrupted_ner) == final_bytes(trained_ner.folder)
