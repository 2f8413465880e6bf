# SPDX-License-Identifier: Apache-2.0
"""What is predicted for an NER file, as the original writes it: by WordPiece.

`biocodes/ner_detokenize.py` makes words of it again.
"""

import pathlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

from modeling import files
from modeling.data import ner, ner_files, ner_windows

ValueT = TypeVar("ValueT")


def write_pieces(folder: pathlib.Path, split: ner_files.Split) -> None:
    """Writes token_test.txt: the pieces of all sentences, one per line."""
    pieces = _by_sentence(split, split.data.pieces)
    text = "".join(f"{piece}\n" for row in pieces for piece in row)
    files.write_text(folder / "token_test.txt", text)


def write_labels(
    folder: pathlib.Path,
    split: ner_files.Split,
    predictions: np.ndarray,
    labels: Sequence[str],
) -> None:
    """Writes label_test.txt: a label for each line of token_test.txt.

    Args:
        folder: Where to write it.
        split: The sentences.
        predictions: int32[N, T], label ids.
        labels: The model's labels in the order of ids.
    """
    # [PAD] is no label of a piece; the original writes O for it.
    names = [ner.OUTSIDE, *labels[1:]]
    rows = [
        [names[label_id] for label_id in row[: len(pieces)]]
        for row, pieces in zip(predictions, split.data.pieces, strict=True)
    ]
    text = "".join(f"{label}\n" for row in _by_sentence(split, rows) for label in row)
    files.write_text(folder / "label_test.txt", text)


def write_probabilities(
    folder: pathlib.Path,
    split: ner_files.Split,
    probabilities: np.ndarray,
    labels: Sequence[str],
) -> None:
    """Writes probabilities_test.tsv: each label's, for each piece.

    The first line names the labels; line n + 1 belongs to line n of
    token_test.txt.

    Args:
        folder: Where to write it.
        split: The sentences.
        probabilities: float32[N, T, C].
        labels: The model's labels in the order of ids.
    """
    rows = [
        list(row[: len(pieces)])
        for row, pieces in zip(probabilities, split.data.pieces, strict=True)
    ]
    with (
        files.replacing(folder / "probabilities_test.tsv") as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as output,
    ):
        output.write("\t".join(labels) + "\n")
        for row in _by_sentence(split, rows):
            for shares in row:
                output.write("\t".join(f"{share:.6g}" for share in shares) + "\n")


def _by_sentence(
    split: ner_files.Split, rows: Sequence[Sequence[ValueT]]
) -> Iterator[list[ValueT]]:
    """Joins what belongs to the pieces of windows.

    Args:
        split: The sentences and their windows.
        rows: For each window, a value per piece, [CLS] and [SEP] included.

    Yields:
        For each sentence, a value per piece: of each word from the window in
        which it has the most context, of [CLS] from the first window, and of
        [SEP] from the last.
    """
    by_word = ner_windows.merge(
        split.windows,
        [
            _split_at(row, starts)
            for row, starts in zip(rows, split.data.word_starts, strict=True)
        ],
    )
    first = last = 0
    for number, of_words in enumerate(by_word):
        while last < len(rows) and split.windows[last].index == number:
            last += 1
        values = [value for of_word in of_words for value in of_word]
        yield [rows[first][0], *values, rows[last - 1][-1]]
        first = last


def _split_at(row: Sequence[ValueT], starts: np.ndarray) -> list[Sequence[ValueT]]:
    """Splits what belongs to a row's pieces by words; none for a cut word."""
    known = [int(start) for start in starts if start >= 0]
    ends = dict(zip(known, [*known, len(row) - 1][1:], strict=True))
    return [row[start : ends[start]] if start >= 0 else [] for start in starts.tolist()]
