# SPDX-License-Identifier: Apache-2.0
"""Labelled sentences to fixed-length arrays, and label ids back to words.

Each sentence is one row, cut where it is too long; what is cut is counted.
Reading files is left to `ner`, making batches to `batching`.
"""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np
from absl import logging

from modeling import errors
from modeling.data import ner
from modeling.text import tokenization

FEATURE_KEYS = ("input_ids", "input_mask", "segment_ids", "label_ids")


@dataclasses.dataclass(frozen=True)
class Features:
    """One sentence as the model reads it.

    Attributes:
        arrays: Four arrays, each int32[T]:
            "input_ids": Vocabulary ids.
            "input_mask": 1 at pieces, 0 at padding.
            "segment_ids": 0 everywhere, as there is one segment.
            "label_ids": Label ids.
        pieces: The pieces from [CLS] to [SEP], without padding.
        word_starts: int32[words]. Position of each word's first piece among the
            T, or -1 for a word that was cut or has no pieces.
    """

    arrays: dict[str, np.ndarray]
    pieces: tuple[str, ...]
    word_starts: np.ndarray


@dataclasses.dataclass(frozen=True)
class Dataset:
    """N sentences as the model reads them.

    Attributes:
        arrays: Those of `Features`, each int32[N, T].
        pieces: That of `Features` for each sentence.
        word_starts: That of `Features` for each sentence.
        num_cut_sentences: Sentences that lost pieces.
        num_cut_words: Words that lost all their pieces.
        num_cut_mentions: Labelled mentions that lost a word.
        num_empty_words: Words that never had pieces.
    """

    arrays: dict[str, np.ndarray]
    pieces: tuple[tuple[str, ...], ...]
    word_starts: tuple[np.ndarray, ...]
    num_cut_sentences: int
    num_cut_words: int
    num_cut_mentions: int
    num_empty_words: int


def featurize(
    sentence: ner.Sentence,
    tokenizer: tokenization.BertTokenizer,
    *,
    labels: Sequence[str],
    max_seq_length: int,
) -> Features:
    """Turns one sentence into the arrays the model reads.

    The first piece of a word carries the word's label, the others carry "X".
    [CLS] and [SEP] go around the pieces, pieces that do not fit are cut from
    the end, and the rest of each array is 0.

    Args:
        sentence: Words and labels.
        tokenizer: Splits words into pieces and knows their ids.
        labels: The model's labels in the order of ids, those of the sentence
            among them; see `ner.derive_labels` and `ner.check_labels`.
        max_seq_length: T, in WordPieces with [CLS] and [SEP]; at least 3.

    Returns:
        The arrays, the pieces, and where words begin.

    Raises:
        errors.InputError: If `max_seq_length` is below 3.

    Example:
        >>> tokenizer = tokenization.BertTokenizer(
        ...     ["[PAD]", "[CLS]", "[SEP]", "BR", "##CA", "##1", "gene"]
        ... )
        >>> sentence = ner.Sentence(words=("BRCA1", "gene"), labels=("B", "O"))
        >>> features = featurize(
        ...     sentence, tokenizer, labels=ner.LEGACY_LABELS, max_seq_length=8
        ... )
        >>> features.arrays["input_ids"]
        array([1, 3, 4, 5, 6, 2, 0, 0], dtype=int32)
        >>> " ".join(ner.LEGACY_LABELS[i] for i in features.arrays["label_ids"])
        '[CLS] B X X O [SEP] [PAD] [PAD]'
        >>> features.word_starts
        array([1, 4], dtype=int32)

    Source:
        `convert_single_example` in dmis-lab/biobert, run_ner.py at e283eaa.
        Unlike it, a word without pieces takes its label along, so that the
        words behind it keep theirs.
    """
    dataset = featurize_all(
        [sentence], tokenizer, labels=labels, max_seq_length=max_seq_length
    )
    return Features(
        arrays={key: array[0] for key, array in dataset.arrays.items()},
        pieces=dataset.pieces[0],
        word_starts=dataset.word_starts[0],
    )


def featurize_all(
    sentences: Sequence[ner.Sentence],
    tokenizer: tokenization.BertTokenizer,
    *,
    labels: Sequence[str],
    max_seq_length: int,
) -> Dataset:
    """Turns sentences into the arrays the model reads, as `featurize` does.

    Args:
        sentences: N sentences.
        tokenizer: As for `featurize`.
        labels: As for `featurize`.
        max_seq_length: As for `featurize`.

    Returns:
        The arrays, the pieces, where words begin, and how much was cut.

    Raises:
        errors.InputError: If `max_seq_length` is below 3.
    """
    if max_seq_length < 3:
        raise errors.InputError(
            "`max_seq_length` must be at least 3, to hold [CLS], [SEP] and one "
            f"WordPiece. Received: {max_seq_length}."
        )
    builder = _Builder(len(sentences), tokenizer, labels, max_seq_length)
    for row, sentence in enumerate(sentences):
        builder.fill(row, sentence)
    return builder.dataset()


class _Builder:
    """Fills the rows of a data set, and counts what does not fit."""

    def __init__(
        self,
        num_sentences: int,
        tokenizer: tokenization.BertTokenizer,
        labels: Sequence[str],
        max_seq_length: int,
    ) -> None:
        self._tokenizer = tokenizer
        self._label_ids = {label: i for i, label in enumerate(labels)}
        self._cls_id, self._sep_id = tokenizer.piece_ids(["[CLS]", "[SEP]"])
        self._max_pieces = max_seq_length - 2
        self._arrays = {
            key: np.zeros([num_sentences, max_seq_length], np.int32)
            for key in FEATURE_KEYS
        }
        self._pieces: list[tuple[str, ...]] = []
        self._word_starts: list[np.ndarray] = []
        self._num_cut_sentences = 0
        self._num_cut_words = 0
        self._num_cut_mentions = 0
        self._num_empty_words = 0

    def fill(self, row: int, sentence: ner.Sentence) -> None:
        """Writes one sentence to one row of each array."""
        word_ids = [self._tokenizer.tokenize_ids(word) for word in sentence.words]
        ids = list(itertools.chain.from_iterable(word_ids))
        lengths = np.array([len(ids) for ids in word_ids], np.int32)
        # The first position is that of [CLS].
        starts = 1 + np.cumsum(lengths, dtype=np.int32) - lengths
        if 0 in lengths:
            starts[lengths == 0] = -1
            self._num_empty_words += int(np.sum(lengths == 0))
        if len(ids) > self._max_pieces:
            del ids[self._max_pieces :]
            self._cut(sentence, starts)
        ids = [self._cls_id, *ids, self._sep_id]
        self._arrays["input_ids"][row, : len(ids)] = ids
        self._arrays["input_mask"][row, : len(ids)] = 1
        self._fill_labels(self._arrays["label_ids"][row], len(ids), starts, sentence)
        vocabulary = self._tokenizer.pieces
        self._pieces.append(tuple([vocabulary[i] for i in ids]))
        self._word_starts.append(starts)

    def _cut(self, sentence: ner.Sentence, starts: np.ndarray) -> None:
        """Sets the starts of words that do not fit to -1, and counts them."""
        is_cut = starts > self._max_pieces
        starts[is_cut] = -1
        self._num_cut_sentences += 1
        self._num_cut_words += int(is_cut.sum())
        self._num_cut_mentions += ner.count_mentions(sentence.labels, is_cut)

    def _fill_labels(
        self, row: np.ndarray, length: int, starts: np.ndarray, sentence: ner.Sentence
    ) -> None:
        """Writes the labels of `length` pieces to `row`, int32[T]."""
        row[0] = self._label_ids["[CLS]"]
        row[1 : length - 1] = self._label_ids["X"]
        row[length - 1] = self._label_ids["[SEP]"]
        word_labels = np.array([self._label_ids[label] for label in sentence.labels])
        has_start = starts >= 0
        row[starts[has_start]] = word_labels[has_start]

    def dataset(self) -> Dataset:
        """Returns what was filled in."""
        return Dataset(
            arrays=self._arrays,
            pieces=tuple(self._pieces),
            word_starts=tuple(self._word_starts),
            num_cut_sentences=self._num_cut_sentences,
            num_cut_words=self._num_cut_words,
            num_cut_mentions=self._num_cut_mentions,
            num_empty_words=self._num_empty_words,
        )


def log_cuts(dataset: Dataset, path: str, max_seq_length: int) -> None:
    """Warns of what the model does not see of a file, if there is such.

    Args:
        dataset: The file's sentences.
        path: The file, for the message.
        max_seq_length: T, as for `featurize`.
    """
    if dataset.num_cut_sentences:
        logging.warning(
            "%s: %s cut at %d WordPieces: %s and %s are never seen.",
            path,
            _count(dataset.num_cut_sentences, "sentence was", "sentences were"),
            max_seq_length,
            _count(dataset.num_cut_words, "word", "words"),
            _count(dataset.num_cut_mentions, "mention", "mentions"),
        )
    if dataset.num_empty_words:
        logging.warning(
            "%s: %s no WordPieces, as nothing but control characters and the like "
            "is in them; they count as outside of mentions.",
            path,
            _count(dataset.num_empty_words, "word has", "words have"),
        )


def _count(number: int, one: str, many: str) -> str:
    """Returns a number and what is counted."""
    return f"{number} {one if number == 1 else many}"


def word_labels(
    piece_label_ids: np.ndarray,
    word_starts: Sequence[np.ndarray],
    labels: Sequence[str],
) -> list[list[str]]:
    """Gives each word the label of its first piece.

    Args:
        piece_label_ids: int[N, T], label ids, predicted or not.
        word_starts: As in `Dataset`; N arrays.
        labels: The model's labels in the order of ids.

    Returns:
        For each of the N sentences, the labels of its words. "O" for a word
        without a position, and where a label of pieces ([PAD], X, [CLS] or
        [SEP]) is predicted for the first piece.

    Example:
        >>> label_ids = np.array([[5, 1, 4, 2, 6, 0]])
        >>> word_labels(label_ids, [np.array([1, 3, -1])], ner.LEGACY_LABELS)
        [['B', 'I', 'O']]
    """
    of_words = [
        ner.OUTSIDE if label in ner.RESERVED_LABELS else label for label in labels
    ]
    return [
        [ner.OUTSIDE if start < 0 else of_words[row[start]] for start in starts]
        for row, starts in zip(piece_label_ids, word_starts, strict=True)
    ]
