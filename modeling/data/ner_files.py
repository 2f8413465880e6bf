# SPDX-License-Identifier: Apache-2.0
"""The files of an NER data set, with what the model reads of them.

What lines and labels mean is in `ner.py`, what the model reads in
`ner_features.py`. What is predicted is written by `ner_outputs.py`.
"""

import dataclasses
import os
from collections.abc import Sequence

import numpy as np

from modeling.data import ner, ner_features, ner_windows
from modeling.text import lines, tokenization


@dataclasses.dataclass(frozen=True)
class Split:
    """One file of the data set.

    Attributes:
        path: The file.
        sentences: Its sentences.
        windows: What the rows of `data` are: a window of a sentence each, or
            all of it, cut or not.
        data: What the model reads.
    """

    path: str
    sentences: Sequence[ner.Sentence]
    windows: Sequence[ner_windows.Window]
    data: ner_features.Dataset

    def __str__(self) -> str:
        """Returns the file and its size in words."""
        num_words = sum(len(sentence.words) for sentence in self.sentences)
        return f"{self.path}: {len(self.sentences)} sentences, {num_words} words"

    def describe(self, rows: Sequence[int] | np.ndarray) -> str:
        """Names rows by line and first words, for messages."""
        parts = [
            f"line {sentence.line} ({' '.join(sentence.words[:4])} ...)"
            for sentence in (self.windows[row].sentence for row in rows)
        ]
        return f"{self.path}: {', '.join(parts)}"

    def word_labels(
        self, predictions: np.ndarray, labels: Sequence[str]
    ) -> list[list[str]]:
        """Returns a label for each word of each sentence.

        Args:
            predictions: int32[N, T], label ids of the rows' positions.
            labels: The model's labels in the order of ids.
        """
        of_rows = ner_features.word_labels(predictions, self.data.word_starts, labels)
        return ner_windows.merge(self.windows, of_rows)


def read_file(path: str | os.PathLike[str], reader: str) -> list[ner.Sentence]:
    """Reads the sentences of a file; see `ner.read_sentences`."""
    path = os.fspath(path)
    return ner.read_sentences(lines.read_lines(path), path=path, reader=reader)


def featurize_file(
    path: str | os.PathLike[str],
    sentences: Sequence[ner.Sentence],
    tokenizer: tokenization.BertTokenizer,
    *,
    labels: Sequence[str],
    max_seq_length: int,
    long_sentences: str = "cut",
) -> Split:
    """Checks a file's labels, makes its features and says what is cut.

    Args:
        path: The file, for messages.
        sentences: Its sentences.
        tokenizer: Splits words into pieces.
        labels: The model's labels in the order of ids.
        max_seq_length: T, in WordPieces.
        long_sentences: One of `ner_windows.LONG_SENTENCES`.

    Returns:
        The sentences with their features.

    Raises:
        InputError: If a label is none of the model's.
    """
    path = os.fspath(path)
    ner.check_labels(sentences, labels, path=path)
    if long_sentences == "window":
        windows = ner_windows.split(sentences, tokenizer, max_seq_length=max_seq_length)
    else:
        windows = [
            ner_windows.Window(sentence, i, start=0, is_last=True)
            for i, sentence in enumerate(sentences)
        ]
    data = ner_features.featurize_all(
        [window.sentence for window in windows],
        tokenizer,
        labels=labels,
        max_seq_length=max_seq_length,
    )
    ner_features.log_cuts(data, path, max_seq_length)
    if len(windows) > len(sentences):
        ner_windows.log_windows(windows, path, max_seq_length)
    return Split(path, sentences, windows, data)
