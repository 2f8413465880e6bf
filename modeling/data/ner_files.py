# SPDX-License-Identifier: Apache-2.0
"""The files of an NER data set, and those that predictions are written to.

What lines and labels mean is in `ner.py`, what the model reads in
`ner_features.py`; here they meet the disk.
"""

import dataclasses
import os
import pathlib
from collections.abc import Sequence

import numpy as np

from modeling import files
from modeling.data import ner, ner_features
from modeling.text import lines, tokenization


@dataclasses.dataclass(frozen=True)
class Split:
    """One file of the data set.

    Attributes:
        path: The file.
        sentences: Its sentences.
        data: What the model reads of them.
    """

    path: str
    sentences: list[ner.Sentence]
    data: ner_features.Dataset

    def __str__(self) -> str:
        """Returns the file and its size in words."""
        num_words = sum(len(sentence.words) for sentence in self.sentences)
        return f"{self.path}: {len(self.sentences)} sentences, {num_words} words"

    def describe(self, indices: Sequence[int] | np.ndarray) -> str:
        """Names sentences by line and first words, for messages."""
        parts = [
            f"line {sentence.line} ({' '.join(sentence.words[:4])} ...)"
            for sentence in (self.sentences[i] for i in indices)
        ]
        return f"{self.path}: {', '.join(parts)}"


def read_file(path: str | os.PathLike[str], reader: str) -> list[ner.Sentence]:
    """Reads the sentences of a file; see `ner.read_sentences`."""
    path = os.fspath(path)
    return ner.read_sentences(lines.read_lines(path), path=path, reader=reader)


def featurize_file(
    path: str | os.PathLike[str],
    sentences: list[ner.Sentence],
    tokenizer: tokenization.BertTokenizer,
    *,
    labels: Sequence[str],
    max_seq_length: int,
) -> Split:
    """Checks a file's labels, makes its features and warns of what is cut.

    Args:
        path: The file, for messages.
        sentences: Its sentences.
        tokenizer: Splits words into pieces.
        labels: The model's labels in the order of ids.
        max_seq_length: T, in WordPieces.

    Returns:
        The sentences with their features.

    Raises:
        InputError: If a label is none of the model's.
    """
    path = os.fspath(path)
    ner.check_labels(sentences, labels, path=path)
    data = ner_features.featurize_all(
        sentences, tokenizer, labels=labels, max_seq_length=max_seq_length
    )
    ner_features.log_cuts(data, path, max_seq_length)
    return Split(path, sentences, data)


def write_pieces(folder: pathlib.Path, split: Split) -> None:
    """Writes token_test.txt: the pieces of all sentences, one per line."""
    text = "".join(f"{piece}\n" for row in split.data.pieces for piece in row)
    files.write_text(folder / "token_test.txt", text)


def write_labels(
    folder: pathlib.Path,
    split: Split,
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
    text = "".join(
        f"{names[label_id]}\n"
        for row, pieces in zip(predictions, split.data.pieces, strict=True)
        for label_id in row[: len(pieces)]
    )
    files.write_text(folder / "label_test.txt", text)
