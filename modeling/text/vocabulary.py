# SPDX-License-Identifier: Apache-2.0
"""Vocabularies: which WordPieces a model knows, in the order of their ids.

Reads a vocabulary and checks that it fits the model it is used with. Splitting
text into pieces is left to `tokenization`.
"""

import dataclasses
import functools
import os
import re

from modeling import errors
from modeling.text import lines

# What features are made of besides text; only pre-training needs the last.
SPECIAL_PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PADDING_PIECE = SPECIAL_PIECES[0]

_BRACKETED = re.compile(r"\[.+\]")


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """The WordPieces of a model.

    Attributes:
        pieces: The pieces; the index of a piece is its id. Pieces that go on
            with a word begin with "##".
        path: The file they are from, for messages; may be empty.
    """

    pieces: tuple[str, ...]
    path: str = ""

    @functools.cached_property
    def ids(self) -> dict[str, int]:
        """The id of each piece."""
        return {piece: i for i, piece in enumerate(self.pieces)}

    def __len__(self) -> int:
        return len(self.pieces)


def read_vocabulary(path: str | os.PathLike[str]) -> Vocabulary:
    """Reads a vocabulary file: one piece on each line.

    White space around a piece is dropped. A line of nothing else keeps its id,
    as some released vocabularies have one, and matches no text.

    Args:
        path: The file.

    Returns:
        The vocabulary, with the five special pieces in it.

    Raises:
        errors.InputError: If the file cannot be read (see `lines.read_lines`),
            is empty, holds a piece twice, lacks a special piece, or has another
            id than 0 for [PAD].

    Source:
        `load_vocab` in dmis-lab/biobert, tokenization.py at e283eaa. It lets
        the later of two equal pieces win, and leaves all else unchecked.
    """
    ids: dict[str, int] = {}
    for number, line in lines.read_lines(path):
        piece = line.strip()
        if piece in ids:
            what = f"{piece!r}" if piece else "an empty line"
            raise errors.InputError(
                f"{os.fspath(path)}:{number}: The pieces of a vocabulary must "
                f"differ. Received: {what}, which is on line {ids[piece] + 1} too."
            )
        ids[piece] = number - 1
    vocabulary = Vocabulary(pieces=tuple(ids), path=os.fspath(path))
    _check_special_pieces(vocabulary)
    return vocabulary


def _check_special_pieces(vocabulary: Vocabulary) -> None:
    """Raises `errors.InputError` unless the five special pieces are there."""
    missing = [p for p in SPECIAL_PIECES if p not in vocabulary.ids]
    if missing:
        received = (
            f"{len(vocabulary)} pieces without {', '.join(missing)}"
            if vocabulary.pieces
            else "an empty file"
        )
        raise errors.InputError(
            f"{vocabulary.path}: A vocabulary must hold "
            f"{', '.join(SPECIAL_PIECES)}. Received: {received}."
        )
    padding_id = vocabulary.ids[PADDING_PIECE]
    if padding_id != 0:
        # Features are padded with zeros, not with the id of [PAD].
        raise errors.InputError(
            f"{vocabulary.path}:{padding_id + 1}: {PADDING_PIECE} must be the "
            f"first piece, with id 0. Received: id {padding_id}."
        )


def is_cased(vocabulary: Vocabulary) -> bool | None:
    """Tells whether a vocabulary was made from text with its capitals.

    Pieces in brackets ([CLS], [unused1]) do not count: every vocabulary has
    them. Nor do capitals that lower-casing leaves alone, such as the sign for
    the real numbers, as these occur in uncased vocabularies.

    Args:
        vocabulary: The vocabulary.

    Returns:
        True if a piece has a capital, False if letters have none, None if no
        piece has a letter that could be one.
    """
    pieces = [p for p in vocabulary.pieces if not _BRACKETED.fullmatch(p)]
    if any(piece != piece.lower() for piece in pieces):
        return True
    return False if any(piece != piece.upper() for piece in pieces) else None


def check_size(
    vocabulary: Vocabulary, vocab_size: int, config_path: str | os.PathLike[str]
) -> None:
    """Checks that a vocabulary has as many pieces as the model has embeddings.

    Args:
        vocabulary: The vocabulary.
        vocab_size: V, "vocab_size" of the model's configuration.
        config_path: Where that is from, for the message.

    Raises:
        errors.InputError: If the two differ.
    """
    if len(vocabulary) == vocab_size:
        return
    cause = "Probably these are files of two different models"
    if len(vocabulary) == vocab_size + 1 and not vocabulary.pieces[-1]:
        cause = "Its last line is empty; delete that line"
    raise errors.InputError(
        f"{vocabulary.path}: A vocabulary must have as many pieces as "
        f'"vocab_size" in {os.fspath(config_path)} says, {vocab_size}. '
        f"Received: {len(vocabulary)} pieces. {cause}."
    )


def check_casing(
    vocabulary: Vocabulary, *, do_lower_case: bool, force_case: bool = False
) -> None:
    """Checks that text is lower-cased if and only if the vocabulary is.

    With the wrong flag nothing fails: every word with a capital, or without
    one, is split into strange pieces, and the scores are low.

    Args:
        vocabulary: The vocabulary.
        do_lower_case: Whether text is to be lower-cased.
        force_case: Whether to accept a contradiction.

    Raises:
        errors.InputError: If `do_lower_case` contradicts the vocabulary.
    """
    cased = is_cased(vocabulary)
    if force_case or cased is None or cased != do_lower_case:
        return
    if cased:
        need, right = "A vocabulary with capitals is for text as it is", "false"
    else:
        need, right = "A vocabulary without capitals is for lower-cased text", "true"
    raise errors.InputError(
        f"{vocabulary.path}: {need}: set --do_lower_case={right}, or "
        "--force_case=true if this is meant. "
        f"Received: --do_lower_case={str(do_lower_case).lower()}."
    )
