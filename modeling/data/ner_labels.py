# SPDX-License-Identifier: Apache-2.0
"""The label file beside a checkpoint: which label each id stands for.

Which labels a model gets in the first place is decided in `ner.py`.
"""

import json
import os
import pathlib
import pickle
from collections.abc import Sequence

from modeling import errors, files
from modeling.data import ner

LABEL_FILE = "label2id.json"
# For tools made for the original, which read it. We never read a pickle: it
# may run any code.
_PICKLE_FILE = "label2id.pkl"


def write_labels(folder: str | os.PathLike[str], labels: Sequence[str]) -> None:
    """Writes label2id.json and, for the original's tools, label2id.pkl.

    Args:
        folder: The folder of the checkpoints.
        labels: Labels in the order of ids.
    """
    ids = {label: i for i, label in enumerate(labels)}
    files.write_json(pathlib.Path(folder) / LABEL_FILE, ids)
    with files.replacing(pathlib.Path(folder) / _PICKLE_FILE) as temporary:
        temporary.write_bytes(pickle.dumps(ids))


def read_labels(folder: str | os.PathLike[str]) -> tuple[str, ...] | None:
    """Reads the labels of the checkpoints in a folder.

    Args:
        folder: The folder.

    Returns:
        Labels in the order of ids, or None if there is no label file.

    Raises:
        InputError: If the file is not an object of labels and the ids
            0, 1, 2, ..., or a label is missing that every model has.
    """
    path = pathlib.Path(folder) / LABEL_FILE
    if not path.exists():
        return None
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        ids = json.loads(text)
        labels = sorted(ids, key=ids.__getitem__)
        is_right = [ids[label] for label in labels] == list(range(len(ids)))
    except (ValueError, TypeError, AttributeError):
        is_right = False
    needed = {ner.OUTSIDE, *ner.RESERVED_LABELS}
    if not is_right or labels[:1] != ["[PAD]"] or not needed <= set(labels):
        raise errors.InputError(
            f"{path}: A label file must be a JSON object of labels and the ids "
            "0, 1, 2, ... with [PAD] first, and O, X, [CLS] and [SEP] among them. "
            f"Received: {text[:80]!r}."
        )
    return tuple(labels)


def labels_beside(checkpoint: str | os.PathLike[str] | None) -> tuple[str, ...] | None:
    """Returns the labels of a checkpoint, or None if no file says them.

    Args:
        checkpoint: Its folder, or a path in its folder; None for no checkpoint.
    """
    if checkpoint is None:
        return None
    path = pathlib.Path(checkpoint).expanduser()
    return read_labels(path if path.is_dir() else path.parent)
