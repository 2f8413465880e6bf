# SPDX-License-Identifier: Apache-2.0
"""Tests for run_ner.py: bad checkpoints and folders, full disks, endless losses."""

import json
import re
import resource
import shutil

import numpy as np
import pytest

from modeling import errors
from modeling.data import batching
from modeling.training import checkpoints, saver

LAST = 39
DATA = ".data-00000-of-00001"


@pytest.fixture
def refusal():
    """Runs something that must be refused, and returns the message."""

    def run(function, *arguments, **options):
        with pytest.raises(errors.InputError) as caught:
            function(*arguments, **options)
        return str(caught.value)

    return run


@pytest.fixture
def copied(trained_ner, tmp_path):
    """The prefix of a copy of the trained model, which a test may damage."""
    folder = tmp_path / "copied"
    folder.mkdir()
    for path in trained_ner.folder.glob(f"model.ckpt-{LAST}.*"):
        shutil.copy(path, folder)
    return folder / f"model.ckpt-{LAST}"


def flip(path, place):
    """Changes one byte of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)


# --- Weights to start from.


def test_truncated_data(ner_run, copied, tmp_path, refusal):
    path = copied.with_name(copied.name + DATA)
    path.write_bytes(path.read_bytes()[:-1000])
    message = refusal(ner_run.predict, tmp_path / "out", copied)
    assert message.startswith(f"{path}: The index lists ")
    assert "most likely an incomplete download or a full disk" in message


def test_truncated_index(ner_run, copied, tmp_path, refusal):
    path = copied.with_name(f"{copied.name}.index")
    path.write_bytes(path.read_bytes()[:100])
    message = refusal(ner_run.predict, tmp_path / "out", copied)
    assert message.startswith(f"{path}: The index of a TF1 checkpoint is needed. ")
    assert "a file of 100 bytes that cannot be read as one" in message


def test_corrupted_data(ner_run, copied, tmp_path, refusal):
    flip(copied.with_name(copied.name + DATA), 0)
    message = refusal(ner_run.predict, tmp_path / "out", copied)
    assert message.startswith(f"{copied}: The array 'bert/")
    assert "Its bytes differ from what the index promises" in message


def test_missing_data(ner_run, copied, tmp_path, refusal):
    copied.with_name(copied.name + DATA).unlink()
    message = refusal(ner_run.predict, tmp_path / "out", copied)
    assert "A checkpoint needs its weights beside its index." in message


def test_no_checkpoint_there(ner_run, copied, tmp_path, refusal):
    absent = copied.with_name("model.ckpt-40")
    message = refusal(ner_run.predict, tmp_path / "out", absent)
    assert message.startswith(f"{absent}: A checkpoint is needed, and model.ckpt-40.")
    assert f"Did you mean {copied}?" in message


def test_shapes_of_another_model(make_ner_run, ner_run, trained_ner, tmp_path, refusal):
    config = json.loads((ner_run.folder / "bert_config.json").read_text())
    run = make_ner_run(config=json.dumps({**config, "hidden_size": 6}))
    message = refusal(run.predict, tmp_path / "out", trained_ner.folder)
    assert "The encoder's shapes must be those of the model." in message
    assert "checkpoint [22, 8], model [22, 6]" in message or "look at hidden_size" in (
        message
    )
    assert "look at hidden_size." in message


def test_more_layers_than_the_weights_have(
    make_ner_run, ner_run, trained_ner, tmp_path, refusal
):
    config = json.loads((ner_run.folder / "bert_config.json").read_text())
    run = make_ner_run(config=json.dumps({**config, "num_hidden_layers": 2}))
    message = refusal(run.start, tmp_path / "out", init_checkpoint=trained_ner.folder)
    assert "All of the encoder must be there" in message
    assert "It has 1 layers: num_hidden_layers in bert_config.json" in message


def test_prediction_needs_a_head(ner_run, trained_ner, tmp_path, refusal):
    reader = checkpoints.CheckpointReader(trained_ner.folder)
    encoder = [name for name in reader.names() if name.startswith("bert/")]
    prefix = tmp_path / "encoder" / "model.ckpt"
    checkpoints.write(prefix, {name: reader.read(name) for name in encoder})
    message = refusal(ner_run.predict, tmp_path / "out", prefix)
    assert "need a fine-tuned model with a fitting head. Received one without" in (
        message
    )
    assert "output_weights: not in the checkpoint" in message


def test_prediction_needs_weights(ner_run, tmp_path, refusal):
    message = refusal(ner_run.start, tmp_path, do_train=False, do_predict=True)
    assert message.startswith("Evaluation and prediction need a trained model: ")


# --- The output folder.


def test_file_in_place_of_output_dir(ner_run, tmp_path, refusal):
    path = tmp_path / "out"
    path.write_text("mine")
    expected = (
        f"{path}: --output_dir must be a folder that can be written to. "
        "Received: File exists."
    )
    assert refusal(ner_run.start, path) == expected
    message = refusal(ner_run.start, path / "below")
    assert message.startswith(f"{path}/below: --output_dir must be a folder that can")
    assert path.read_text() == "mine"


def other_run(folder, name, there, wanted):
    """Returns how the message for a folder of another run begins."""
    return (
        f"{folder}: --output_dir holds another run, of other {name}. "
        f"There: {there}. Received: {wanted}"
    )


def test_output_dir_of_other_labels(make_ner_run, ner_run, interrupted_ner, refusal):
    text = (ner_run.folder / "train_dev.tsv").read_text()
    run = make_ner_run(train_dev=text.replace("\tB\n", "\tB-A\n"))
    there = '["[PAD]", "B", "I", "O", "X", "[CLS]", "[SEP]"]'
    wanted = '["[PAD]", "B-A", "I", "O", "X", "[CLS]", "[SEP]"]'
    for _ in range(2):
        message = refusal(run.start, interrupted_ner, do_eval=True)
        assert message.startswith(other_run(interrupted_ner, "labels", there, wanted))
        assert "Use another --output_dir, or --resume=never" in message
        # The record of the run is not needed to see it.
        (interrupted_ner / "run.json").unlink(missing_ok=True)


def test_output_dir_of_another_configuration(
    make_ner_run, ner_run, interrupted_ner, refusal
):
    config = json.loads((ner_run.folder / "bert_config.json").read_text())
    run = make_ner_run(config=json.dumps({**config, "hidden_dropout_prob": 0.25}))
    message = refusal(run.start, interrupted_ner)
    there, wanted = '{"hidden_dropout_prob": 0.1}', '{"hidden_dropout_prob": 0.25}'
    assert message.startswith(other_run(interrupted_ner, "sizes", there, wanted))
    assert "--resume=never" in message
    # Prediction with it is refused, too, but its weights are not to be deleted.
    options = {"do_train": False, "do_predict": True}
    message = refusal(run.start, interrupted_ner, **options)
    assert message.startswith(other_run(interrupted_ner, "sizes", there, wanted))
    assert message.endswith(
        "Give the flags that it was trained with, or use another --output_dir."
    )


def test_output_dir_of_another_vocabulary(
    make_ner_run, ner_run, interrupted_ner, refusal
):
    pieces = (ner_run.folder / "vocab.txt").read_text()
    run = make_ner_run(vocab=pieces.replace("mice", "rats"))
    message = refusal(run.start, interrupted_ner)
    assert "holds another run, of other vocabulary_sha256." in message


def test_output_dir_with_a_damaged_record(ner_run, interrupted_ner, refusal):
    (interrupted_ner / "run.json").write_text('{"model": {')
    message = refusal(ner_run.start, interrupted_ner)
    assert message.startswith(f"{interrupted_ner}/run.json: The record of a run must")


def test_output_dir_with_a_damaged_label_file(ner_run, interrupted_ner, refusal):
    (interrupted_ner / "label2id.json").write_bytes(b"\xff")
    message = refusal(ner_run.start, interrupted_ner)
    assert message.startswith(f"{interrupted_ner}/label2id.json: A label file must be")


# --- While it trains.


@pytest.mark.slow
def test_full_disk_while_saving(
    ner_run, trained_ner, interrupted_ner, final_bytes, refusal
):
    """A limit on the size of files stands for the disk."""
    data = interrupted_ner / f"model.ckpt-15{DATA}"
    before = data.read_bytes()
    run = ner_run.start(interrupted_ner)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) - 1, limits[1]))
    try:
        message = refusal(run.run)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert message.startswith(
        f"{interrupted_ner}/model.ckpt-{LAST}: The checkpoint cannot be written."
    )
    assert "What was there before is untouched." in message
    assert data.read_bytes() == before
    assert saver.Saver(interrupted_ner).steps() == [15]
    assert not [p for p in interrupted_ner.iterdir() if p.name.startswith(".")]
    # With room again, the same command completes the run.
    ner_run(interrupted_ner)
    assert final_bytes(interrupted_ner) == final_bytes(trained_ner.folder)


def test_endless_loss_names_step_examples_and_checkpoint(ner_run, tmp_path, refusal):
    message = refusal(
        ner_run, tmp_path, learning_rate=1e30, warmup_proportion=0.0, seed=3
    )
    # The first update has spoilt the weights.
    assert message.startswith("Step 1: the loss and its gradient must be finite.")
    path = ner_run.folder / "train_dev.tsv"
    lines = path.read_text().split("\n")
    starts = [1, *(i + 2 for i, line in enumerate(lines[:-2]) if not line)]
    named = [int(line) for line in re.findall(r"line (\d+) \(", message)]
    order = batching.TrainingOrder(13, 4, 3)
    assert named == [starts[i] for i in order.indices(1)]
    first_word = lines[named[0] - 1].split("\t")[0]
    assert f"{path}: line {named[0]} ({first_word} " in message
    assert f"The last good checkpoint is {tmp_path}/model.ckpt-0." in message
    reader = checkpoints.CheckpointReader(tmp_path / "model.ckpt-0")
    assert saver.Saver(tmp_path).steps() == [0]
    assert all(np.isfinite(reader.read(name)).all() for name in reader.names())
