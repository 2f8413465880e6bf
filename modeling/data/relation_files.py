# SPDX-License-Identifier: Apache-2.0
"""The files of a relation data set, and the files of labels and probabilities.

What lines mean is in `relation.py`, what the model reads in `relation_features.py`.
"""

import collections
import dataclasses
import json
import os
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from modeling import errors, files
from modeling.data import relation, relation_features, relation_tasks
from modeling.text import lines, tokenization

LABEL_FILE = "label2id.json"
RESULT_FILE = "test_results.tsv"


@dataclasses.dataclass(frozen=True)
class Split:
    """One file of the data set.

    Attributes:
        path: The file.
        rows: Its rows.
        arrays: What the model reads; see `relation_features.Dataset`.
        counts: Rows of each label of the model.
    """

    path: str
    rows: Sequence[relation.Row]
    arrays: Mapping[str, np.ndarray]
    counts: Mapping[str, int]

    @property
    def gold(self) -> list[str] | None:
        """The labels of the rows; None in a file without."""
        labels = [row.label for row in self.rows if row.label is not None]
        return labels if len(labels) == len(self.rows) else None

    def __str__(self) -> str:
        """Returns the file and its size in words."""
        counts = ", ".join(f"{label} {n}" for label, n in self.counts.items())
        kinds = f"labels: {counts}" if self.gold else "no labels"
        return f"{self.path}: {len(self.rows)} rows, {kinds}"

    def describe(self, rows: Sequence[int] | np.ndarray) -> str:
        """Names rows by line and first words, for messages."""
        parts = [
            f"line {self.rows[row].line} ({self.rows[row].first[:30]} ...)"
            for row in rows
        ]
        return f"{self.path}: {', '.join(parts)}"


def read_file(
    path: str | os.PathLike[str], task: relation_tasks.Task, part: str
) -> list[relation.Row]:
    """Reads the rows of a file; see `relation.read_rows`.

    Raises:
        errors.InputError: If it has none, unless it is the development set.
    """
    path = os.fspath(path)
    rows = relation.read_rows(lines.read_lines(path), path=path, task=task, part=part)
    if not rows and part != relation_tasks.DEV:
        raise errors.InputError(
            f"{path}:1: A file must hold one row at least. Received: none."
        )
    return rows


def featurize_file(
    path: str | os.PathLike[str],
    rows: Sequence[relation.Row],
    tokenizer: tokenization.BertTokenizer,
    *,
    task: relation_tasks.Task,
    part: str,
    max_seq_length: int,
    long_sentences: str = "cut",
    other_blind: str = "",
) -> Split:
    """Checks a file's labels, makes its features and says what is cut.

    Args:
        path: The file, for messages.
        rows: Its rows.
        tokenizer: Splits text into pieces.
        task: With its labels.
        part: What the file is for. The labels of tests are no features: as in the
            original, all have the id of the label that stands for no relation.
        max_seq_length: T, in WordPieces.
        long_sentences: One of `relation_features.LONG_SENTENCES`.
        other_blind: What stands for mentions that the relation is not about, besides
            @OTHER$.

    Returns:
        The rows with their features.

    Raises:
        errors.InputError: If a label is none of the task's.
    """
    path = os.fspath(path)
    relation.check_labels(rows, task.labels, path=path)
    hidden = task.labels.index(task.negative) if task.negative is not None else 0
    ids = {label: i for i, label in enumerate(task.labels)}
    if part == relation_tasks.TEST:
        ids = collections.defaultdict(lambda: hidden)
    data = relation_features.featurize_all(
        rows,
        tokenizer,
        label_ids=ids,
        max_seq_length=max_seq_length,
        long_sentences=long_sentences,
        other_blind=other_blind,
    )
    relation_features.log_cuts(data, path, max_seq_length)
    return Split(path, rows, data.arrays, relation.count_labels(rows, task.labels))


def write_probabilities(folder: pathlib.Path, probabilities: np.ndarray) -> None:
    """Writes test_results.tsv: a line for each row, with tabs between classes.

    Args:
        folder: Where to write it.
        probabilities: float32[N, C].
    """
    # `str` of a float32 has as many digits as tell it from all others.
    text = "".join("\t".join(map(str, row)) + "\n" for row in probabilities)
    files.write_text(folder / RESULT_FILE, text)


def write_labels(folder: str | os.PathLike[str], labels: Sequence[str]) -> None:
    """Writes label2id.json beside the checkpoints.

    Args:
        folder: Their folder.
        labels: Labels in the order of ids.
    """
    ids = {label: i for i, label in enumerate(labels)}
    files.write_json(pathlib.Path(folder) / LABEL_FILE, ids)


def labels_beside(checkpoint: str | os.PathLike[str] | None) -> tuple[str, ...] | None:
    """Returns the labels of a checkpoint, or None if no file says them.

    Args:
        checkpoint: Its folder, or a path in its folder; None for no checkpoint.

    Raises:
        errors.InputError: If the file is not an object of labels and the ids
            0, 1, 2, ....
    """
    if checkpoint is None:
        return None
    folder = pathlib.Path(checkpoint).expanduser()
    path = (folder if folder.is_dir() else folder.parent) / LABEL_FILE
    if not path.exists():
        return None
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        ids = json.loads(text)
        labels = sorted(ids, key=ids.__getitem__)
        is_right = [ids[label] for label in labels] == list(range(len(ids)))
    except (ValueError, TypeError, AttributeError):
        labels, is_right = [], False
    if not is_right or len(labels) < 2:
        raise errors.InputError(
            f"{path}: A label file must be a JSON object of labels and the ids "
            f"0, 1, 2, .... Received: {text[:80]!r}."
        )
    return tuple(labels)
