# SPDX-License-Identifier: Apache-2.0
"""Long sentences as overlapping windows of words, and their labels put together.

A window is a sentence like any other, so featurizing and predicting know
nothing of windows. Sentences that fit are one window, themselves.
"""

import dataclasses
import itertools
from collections.abc import Iterable, Sequence

from absl import logging

from modeling.data import ner
from modeling.text import tokenization

LONG_SENTENCES = ("cut", "window")


@dataclasses.dataclass(frozen=True)
class Window:
    """Some words of a sentence that stand next to each other.

    Attributes:
        sentence: The words and their labels.
        index: Which sentence they are from.
        start: Number of the first word in that sentence.
        is_last: Whether the sentence ends with them.
    """

    sentence: ner.Sentence
    index: int
    start: int
    is_last: bool

    def context(self, word: int) -> float:
        """Returns how many words are on the poorer side of one.

        Where the sentence itself begins or ends, nothing is missing.

        Args:
            word: Number of the word in the window.
        """
        left = word if self.start else float("inf")
        right = float("inf") if self.is_last else len(self.sentence.words) - 1 - word
        return min(left, right)


def split(
    sentences: Sequence[ner.Sentence],
    tokenizer: tokenization.BertTokenizer,
    *,
    max_seq_length: int,
) -> list[Window]:
    """Splits sentences that do not fit into windows of whole words.

    Each window has as many words as fit. The next one begins in the middle of
    it, by WordPieces, so that every word away from the sentence's ends has
    context on both sides in one of them.

    Args:
        sentences: The sentences.
        tokenizer: Says how many pieces a word has.
        max_seq_length: T, in WordPieces with [CLS] and [SEP]. A word of more
            pieces than that is a window of its own, of which the first
            pieces are seen.

    Returns:
        At least one window per sentence, in order.
    """
    windows = []
    for index, sentence in enumerate(sentences):
        lengths = [len(tokenizer.tokenize_ids(word)) for word in sentence.words]
        for start, end in _bounds(lengths, max_seq_length - 2):
            part = ner.Sentence(
                sentence.words[start:end],
                sentence.labels[start:end],
                sentence.line + start,
            )
            windows.append(Window(part, index, start, end == len(lengths)))
    return windows


def _bounds(lengths: Sequence[int], room: int) -> Iterable[tuple[int, int]]:
    """Yields start and end of each window.

    Args:
        lengths: WordPieces of each word.
        room: WordPieces of a window.
    """
    ends = [0, *itertools.accumulate(lengths)]  # Pieces in front of each word.
    start = 0
    while True:
        end = start + 1
        while end < len(lengths) and ends[end + 1] - ends[start] <= room:
            end += 1
        yield start, end
        if end == len(lengths):
            return
        middle = start + 1
        while middle < end and ends[middle] - ends[start] < room / 2:
            middle += 1
        start = middle


def merge(windows: Sequence[Window], rows: Sequence[Sequence]) -> list[list]:
    """Puts what was predicted for windows together again.

    Args:
        windows: All windows of some sentences, in order.
        rows: For each window, something for each of its words.

    Returns:
        For each sentence, the same for each of its words, from the window in
        which the word has the most context; the first one on a tie.
    """
    merged = []
    pairs = zip(windows, rows, strict=True)
    for _, group in itertools.groupby(pairs, key=lambda pair: pair[0].index):
        best: list[tuple[float, object]] = []
        for window, row in group:
            for i, value in enumerate(row):
                found = (window.context(i), value)
                if window.start + i == len(best):
                    best.append(found)
                elif found[0] > best[window.start + i][0]:
                    best[window.start + i] = found
        merged.append([value for _, value in best])
    return merged


def log_windows(windows: Sequence[Window], path: str, max_seq_length: int) -> None:
    """Logs how many sentences did not fit, and what would have been cut.

    Args:
        windows: All windows of a file.
        path: The file, for the message.
        max_seq_length: T, in WordPieces.
    """
    later = [window for window in windows if window.start]
    logging.info(
        "%s: %d sentences over %d WordPieces are read in %d windows.",
        path,
        len({window.index for window in later}),
        max_seq_length,
        len(later) + len({window.index for window in later}),
    )
