# SPDX-License-Identifier: Apache-2.0
"""Relation rows to fixed-length arrays, one row of each per row of a file.

What is cut is counted. Reading files is left to `relation`, making batches to
`batching` and `lengths`.
"""

import collections
import dataclasses
import itertools
import re
from collections.abc import Mapping, Sequence

import numpy as np
from absl import logging

from modeling.data import pairs, relation
from modeling.text import tokenization

# A mention as rows show it: what stands for it in the corpora of the original, such as
# @GENE$ and BC6ENTG, or between the marks of `annotations.rows`.
MENTION = re.compile(r"@[^\s@$]+\$|\bBC6ENT[A-Z]\b|<e1>.*?</e1>|<e2>.*?</e2>")

# Mentions that the relation is not about, which may be lost; in whatever case.
_OTHER = "@OTHER$"

# What to do with sentences that are too long.
LONG_SENTENCES = ("cut", "mentions")

# Pieces of a text, from a start to an end, and the text of a mention there.
_Span = tuple[int, int, str]


@dataclasses.dataclass(frozen=True)
class Dataset:
    """N rows as the model reads them.

    Attributes:
        arrays: "input_ids", "input_mask" (1 at pieces) and "segment_ids",
            int32[N, T]; "label_ids" and "is_real_example" (1), int32[N, 1].
        num_cut_rows: Rows that lost pieces.
        num_cut_mentions: Mentions, blinded or marked, that were lost with them.
    """

    arrays: dict[str, np.ndarray]
    num_cut_rows: int
    num_cut_mentions: int


def featurize_all(
    rows: Sequence[relation.Row],
    tokenizer: tokenization.BertTokenizer,
    *,
    label_ids: Mapping[str | None, int],
    max_seq_length: int,
    long_sentences: str = "cut",
    other_blind: str = "",
) -> Dataset:
    """Turns rows into the arrays that the model reads.

    Args:
        rows: N sentences or pairs of them.
        tokenizer: Splits text into pieces and knows their ids.
        label_ids: The id of each label; that of None is for rows without one.
        max_seq_length: T, the length of a row in WordPieces, [CLS] and [SEP]
            included.
        long_sentences: "cut" cuts at the end, as the original does. "mentions"
            keeps the part around the mentions, where a sentence is too long; pairs
            of sentences are always cut.
        other_blind: What stands for mentions that the relation is not about, besides
            @OTHER$, which may be lost.

    Returns:
        The arrays, in the order of the rows.

    Source:
        `convert_single_example` in dmis-lab/biobert, run_re.py at e283eaa. As
        there, a second sentence without pieces has no [SEP] either.
    """
    texts = np.zeros([3, len(rows), max_seq_length], np.int32)
    labels = np.zeros([len(rows), 1], np.int32)
    num_cut_rows = num_cut_mentions = 0
    for i, row in enumerate(rows):
        joined, is_cut, num_lost = _join(
            row.texts, tokenizer, max_seq_length, long_sentences, other_blind
        )
        end = len(joined.pieces)
        texts[0, i, :end] = tokenizer.piece_ids(joined.pieces)
        texts[1, i, :end] = 1
        texts[2, i, :end] = joined.segment_ids
        labels[i] = label_ids[row.label]
        num_cut_rows += is_cut
        num_cut_mentions += num_lost
    arrays = dict(zip(("input_ids", "input_mask", "segment_ids"), texts, strict=True))
    arrays |= {"label_ids": labels, "is_real_example": np.ones_like(labels)}
    return Dataset(arrays, num_cut_rows, num_cut_mentions)


def _join(
    texts: Sequence[str],
    tokenizer: tokenization.BertTokenizer,
    max_seq_length: int,
    long_sentences: str,
    other_blind: str,
) -> tuple[pairs.Pieces, bool, int]:
    """Returns a row's pieces, whether some are lost, and how many mentions."""
    first, *others = [tokenizer.tokenize(text) for text in texts]
    second = others[0] if others and others[0] else None
    room = max_seq_length - 2
    if long_sentences == "mentions" and second is None and len(first) > room:
        spans = _mentions(texts[0], tokenizer, other_blind)
        kept = _around(_pair(spans, room), len(first), room)
        pieces = [piece for start, end in kept for piece in first[start:end]]
        joined = pairs.join(pieces, None, max_seq_length=max_seq_length)
        return joined, True, _count_lost(spans, kept)
    joined = pairs.join(first, second, max_seq_length=max_seq_length)
    num_kept = np.bincount(joined.segment_ids, minlength=2) - [2, 1]  # [CLS], [SEP].
    if num_kept.clip(0).sum() == len(first) + len(second or ()):
        return joined, False, 0
    num_lost = sum(
        _count_lost(_mentions(text, tokenizer, other_blind), [(0, int(end))])
        for text, end in zip(texts, num_kept, strict=False)
    )
    return joined, True, num_lost


def _mentions(
    text: str, tokenizer: tokenization.BertTokenizer, other_blind: str
) -> list[_Span]:
    """Returns which pieces of a text are mentions, but for those that may be lost."""
    return [
        (
            len(tokenizer.tokenize(text[: found.start()])),
            len(tokenizer.tokenize(text[: found.end()])),
            found[0],
        )
        for found in MENTION.finditer(text)
        if found[0].upper() not in (other_blind.upper(), _OTHER)
    ]


def _pair(spans: Sequence[_Span], room: int) -> Sequence[_Span]:
    """Chooses the mentions to keep: all, or the two closest if there is no room.

    The only two that are shown as no other is are preferred, and then two that are
    shown differently, as the relation is between these.
    """
    if len(spans) <= 2 or spans[-1][1] - spans[0][0] <= room:
        return spans
    counts = collections.Counter(text for _, _, text in spans)
    single = [span for span in spans if counts[span[2]] == 1]
    if len(single) == 2:
        return single
    neighbours = list(itertools.combinations(spans, 2))
    unlike = [two for two in neighbours if two[0][2] != two[1][2]]
    return min(unlike or neighbours, key=lambda two: two[1][1] - two[0][0])


def _around(spans: Sequence[_Span], length: int, room: int) -> list[tuple[int, int]]:
    """Chooses what to keep of a text that is too long.

    Args:
        spans: The mentions to keep, from left to right.
        length: Its pieces, more than `room`.
        room: Pieces that can be kept.

    Returns:
        The beginning if it has all mentions; else so many pieces that have
        them in the middle; else, where they are too far from each other, those
        from the first one on and those up to the last.
    """
    start = spans[0][0] if spans else 0
    end = spans[-1][1] if spans else 0
    if end <= room:
        return [(0, room)]
    if end - start > room:
        head = room - room // 2
        return [(start, start + head), (end - room + head, end)]
    left = min(max(0, start - (room - (end - start)) // 2), length - room)
    return [(left, left + room)]


def _count_lost(spans: Sequence[_Span], kept: Sequence[tuple[int, int]]) -> int:
    """Counts the spans that are not whole in one of those that are kept."""
    return sum(
        not any(left <= start and end <= right for left, right in kept)
        for start, end, _ in spans
    )


def log_cuts(dataset: Dataset, path: str, max_seq_length: int) -> None:
    """Warns of what the model does not see of a file, if there is such.

    Args:
        dataset: The file's rows.
        path: The file, for the message.
        max_seq_length: T, as for `featurize_all`.
    """
    if dataset.num_cut_rows:
        logging.warning(
            "%s: %d of %d rows were cut at %d WordPieces, and with them %d mentions "
            "are never seen whole. A larger --max_seq_length helps.",
            path,
            dataset.num_cut_rows,
            len(dataset.arrays["input_ids"]),
            max_seq_length,
            dataset.num_cut_mentions,
        )
