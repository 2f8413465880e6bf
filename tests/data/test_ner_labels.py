# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.ner_labels."""

import json
import pickle
import re

import pytest

from modeling import errors
from modeling.data import ner, ner_labels

TYPED = ("[PAD]", "B-Dröge", "I-Dröge", "O", "X", "[CLS]", "[SEP]")


@pytest.mark.parametrize("labels", [ner.LEGACY_LABELS, TYPED])
def test_labels_are_read_in_the_order_of_their_ids(tmp_path, labels):
    ner_labels.write_labels(tmp_path, labels)
    assert ner_labels.read_labels(tmp_path) == labels
    path = tmp_path / "label2id.json"
    path.write_text(json.dumps(dict(reversed(json.loads(path.read_text()).items()))))
    assert ner_labels.read_labels(tmp_path) == labels


def test_ids_are_those_of_the_original():
    assert ner.LEGACY_LABELS == ("[PAD]", "B", "I", "O", "X", "[CLS]", "[SEP]")


def test_tools_of_the_original_find_its_pickle(tmp_path):
    ner_labels.write_labels(tmp_path, TYPED)
    ids = pickle.loads((tmp_path / "label2id.pkl").read_bytes())
    assert ids == {label: i for i, label in enumerate(TYPED)}
    assert {path.name for path in tmp_path.iterdir()} == {
        "label2id.json",
        "label2id.pkl",
    }


def test_pickle_is_never_read(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    (tmp_path / "label2id.pkl").write_bytes(pickle.dumps(Trap()))
    assert ner_labels.read_labels(tmp_path) is None
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["", "model.ckpt-20", "model.ckpt-20.index"])
def test_labels_are_found_beside_a_checkpoint(tmp_path, name):
    ner_labels.write_labels(tmp_path, TYPED)
    assert ner_labels.labels_beside(tmp_path / name) == TYPED


def test_home_folder_is_found_as_for_the_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    ner_labels.write_labels(tmp_path, TYPED)
    assert ner_labels.labels_beside("~/model.ckpt-20") == TYPED


def test_no_labels_without_a_file_or_a_checkpoint(tmp_path):
    assert ner_labels.labels_beside(tmp_path / "model.ckpt-20") is None
    assert ner_labels.labels_beside(None) is None


def ids(*labels):
    return json.dumps({label: i for i, label in enumerate(labels)})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'["[PAD]", "B"]',
        b"{}",
        b"\xff\xfe",
        b'{"[PAD]": 0, "B": "1"}',
        b'{"[PAD]": 0, "O": 2, "X": 3, "[CLS]": 4, "[SEP]": 5}',
        b'{"[PAD]": 0, "O": 1, "X": 1, "[CLS]": 2, "[SEP]": 3}',
        ids("B", "I", "O").encode(),
        ids("O", "[PAD]", "X", "[CLS]", "[SEP]").encode(),
        ids("[PAD]", "B", "I", "X", "[CLS]", "[SEP]").encode(),
        ids("[PAD]", "B", "O", "X", "[CLS]").encode(),
    ],
)
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "label2id.json"
    path.write_bytes(content)
    start = f"{path}: A label file must be a JSON object of labels and the ids 0, 1, 2"
    with pytest.raises(errors.InputError, match=f"^{re.escape(start)}") as caught:
        ner_labels.read_labels(tmp_path)
    assert repr(content.decode(errors="replace")[:80]) in str(caught.value)
