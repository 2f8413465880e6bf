# SPDX-License-Identifier: Apache-2.0
"""One text, or two, to the pieces and segments that the model reads.

Knows neither files nor labels.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from modeling.text import tokenization

# The arrays of a batch: B texts of T pieces, padding included.
SPEC = {
    key: tf.TensorSpec([None, None], tf.int32, name=key)
    for key in ("input_ids", "input_mask", "segment_ids")
}


@dataclasses.dataclass(frozen=True)
class Pieces:
    """A text or a pair of texts between [CLS] and [SEP], without padding.

    Attributes:
        pieces: [CLS] first [SEP], and for a pair second [SEP], if any of it is left.
        segment_ids: 0 up to the first [SEP], 1 behind it; one per piece.
    """

    pieces: tuple[str, ...]
    segment_ids: tuple[int, ...]


def join(
    first: Sequence[str], second: Sequence[str] | None, *, max_seq_length: int
) -> Pieces:
    """Joins the pieces of one text or of two, cut to what fits.

    One text is cut at its end. Of two, the longer loses its last piece, again
    and again, until both fit; of two equally long ones, the second.

    Args:
        first: Pieces of the first text.
        second: Pieces of the second text; None or no pieces if there is none.
        max_seq_length: T, [CLS] and [SEP] included.

    Returns:
        At most T pieces.

    Example:
        >>> join(["a", "b", "c"], ["d"], max_seq_length=6).pieces
        ('[CLS]', 'a', 'b', '[SEP]', 'd', '[SEP]')

    Source:
        `convert_examples_to_features` in dmis-lab/biobert,
        extract_features.py at e283eaa.
    """
    if not second:
        pieces = ("[CLS]", *first[: max_seq_length - 2], "[SEP]")
        return Pieces(pieces, (0,) * len(pieces))
    length_a, length_b = len(first), len(second)
    while length_a + length_b > max(max_seq_length - 3, 0):
        if length_a > length_b:
            length_a -= 1
        else:
            length_b -= 1
    head = ("[CLS]", *first[:length_a], "[SEP]")
    tail = (*second[:length_b], "[SEP]") if length_b else ()
    return Pieces(head + tail, (0,) * len(head) + (1,) * len(tail))


def pad(
    batch: Sequence[Pieces], tokenizer: tokenization.BertTokenizer
) -> dict[str, np.ndarray]:
    """Makes the arrays of a batch, as long as its longest row.

    Args:
        batch: B rows.
        tokenizer: Knows the ids.

    Returns:
        "input_ids", "input_mask" (1 at pieces) and "segment_ids", each
        int32[B, T], where T is the number of pieces of the longest row.
    """
    length = max(len(row.pieces) for row in batch)
    arrays = {key: np.zeros([len(batch), length], np.int32) for key in SPEC}
    for i, row in enumerate(batch):
        end = len(row.pieces)
        arrays["input_ids"][i, :end] = tokenizer.piece_ids(row.pieces)
        arrays["input_mask"][i, :end] = 1
        arrays["segment_ids"][i, :end] = row.segment_ids
    return arrays
