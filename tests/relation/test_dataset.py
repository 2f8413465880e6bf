# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.relation.dataset."""

import json

import pytest

from modeling import errors
from modeling.relation import dataset

NER_LABELS = ["[PAD]", "B", "I", "O", "X", "[CLS]", "[SEP]"]


@pytest.fixture
def write(tmp_path):
    """Writes what is beside a checkpoint: a record, labels or both."""

    def call(task=None, labels=None):
        if task:
            record = {"model": {"task": task}, "training": {}}
            (tmp_path / "run.json").write_text(json.dumps(record))
        if labels:
            ids = {label: i for i, label in enumerate(labels)}
            (tmp_path / "label2id.json").write_text(json.dumps(ids))
        return tmp_path

    return call


@pytest.mark.parametrize(
    ("task", "labels", "received"),
    [
        ("ner", NER_LABELS, "one of the task ner"),
        ("ner", None, "one of the task ner"),
        ("yesno", None, "one of the task yesno"),
        ("pretraining", None, "one of the task pretraining"),
        (None, NER_LABELS, "one of the labels [PAD], [CLS], [SEP]"),
    ],
)
def test_checkpoints_of_other_tasks(write, task, labels, received):
    folder = write(task, labels)
    for checkpoint in (folder, str(folder / "model.ckpt-7")):
        with pytest.raises(errors.InputError) as caught:
            dataset.check_task(checkpoint)
        assert str(caught.value) == (
            f"{checkpoint}: A model of relations is needed, as run_re.py trains with "
            f"--do_train. Received: {received}."
        )


def test_checkpoints_of_relations(write, tmp_path):
    dataset.check_task(None)
    dataset.check_task(tmp_path)  # As of the original.
    dataset.check_task(write(labels=["0", "1"]))
    dataset.check_task(write("relation/custom"))


@pytest.mark.slow
def test_a_model_of_entities_may_only_be_trained_further(
    relation_run, trained, write, tmp_path
):
    for path in trained.folder.glob("model.ckpt-13*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "checkpoint").write_bytes((trained.folder / "checkpoint").read_bytes())
    write(labels=["[SEP]", "I"])
    options = {"task_name": "custom"}
    with pytest.raises(errors.InputError, match=r"one of the labels \[SEP\]\.$"):
        relation_run.predict(tmp_path / "out", tmp_path, **options)
    options |= {"init_checkpoint": str(tmp_path)}
    relation_run.start(tmp_path / "out", **options)
