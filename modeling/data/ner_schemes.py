# SPDX-License-Identifier: Apache-2.0
"""Schemes of writing mentions as labels, all read as IOB2.

IOB2 begins every mention with B. IOB1 does so only where a mention follows
another of its type; IOBES and BILOU also mark a mention's end (E, L) and one
of a single word (S, U). Which labels a model has is decided in `ner.py`.
"""

import dataclasses
from collections.abc import Iterable, Sequence

from absl import logging

from modeling import errors
from modeling.data import ner

SCHEMES = ("auto", "iob2", "iob1", "iobes", "bilou")
BAD_TAGS = ("keep", "repair", "refuse")

_PREFIXES = {
    "iob2": frozenset("BI"),
    "iob1": frozenset("BI"),
    "iobes": frozenset("BIES"),
    "bilou": frozenset("BILU"),
}
# What ends or is a mention, as the label that IOB2 has in its place.
_TO_IOB2 = {"E": "I", "L": "I", "S": "B", "U": "B"}

_OUTSIDE = (ner.OUTSIDE, "")


def split(label: str) -> tuple[str, str]:
    """Returns a label's prefix and type: "B-Disease" is ("B", "Disease").

    "O" and a prefix alone have the type "".
    """
    prefix, _, kind = label.partition("-")
    return prefix, kind


def join(prefix: str, kind: str) -> str:
    """Returns the label of a prefix and a type; undoes `split`."""
    return f"{prefix}-{kind}" if kind else prefix


def detect(sentences: Iterable[ner.Sentence], *, is_training: bool) -> str:
    """Finds the scheme that labels are written in.

    Args:
        sentences: Labelled sentences of one file.
        is_training: Whether it is a training file. Others may have so few
            mentions that IOB1 cannot be told from mistakes; it is not found
            in them.

    Returns:
        "iobes" or "bilou" if there is a prefix of theirs. Else "iob1", if
        every B follows a word of its own type and some mention begins with I;
        else "iob2".
    """
    prefixes: set[str] = set()
    starts_with_i = False
    num_b = num_separating = 0
    for sentence in sentences:
        before = _OUTSIDE
        for label in sentence.labels:
            prefix, kind = split(label)
            prefixes.add(prefix)
            continues = before[0] != "O" and before[1] == kind
            if prefix == "B":
                num_b += 1
                num_separating += continues
            elif prefix == "I" and not continues:
                starts_with_i = True
            before = (prefix, kind)
    if prefixes & {"E", "S"}:
        return "iobes"
    if prefixes & {"L", "U"}:
        return "bilou"
    is_iob1 = is_training and starts_with_i and num_b == num_separating
    return "iob1" if is_iob1 else "iob2"


@dataclasses.dataclass
class _Rewriter:
    """Rewrites the labels of one file, and counts those that are wrong.

    Attributes:
        path: The file.
        scheme: One of `SCHEMES`, not "auto".
        repairs: Whether a label that continues nothing starts a mention.
        num_bad: Labels that continue a mention which is not there.
        first_bad: Where the first of them is, and what it is.
    """

    path: str
    scheme: str
    repairs: bool
    num_bad: int = 0
    first_bad: str = ""

    def rewrite(self, sentence: ner.Sentence, before: tuple[str, str]) -> ner.Sentence:
        """Returns a sentence in IOB2, `before` being what stands in front."""
        labels = []
        for i, label in enumerate(sentence.labels):
            prefix, kind = split(label)
            place = f"{self.path}:{sentence.line + i}"
            on_word = f"{label!r}, on the word {sentence.words[i]!r}"
            if prefix != ner.OUTSIDE and prefix not in _PREFIXES[self.scheme]:
                raise errors.InputError(
                    f"{place}: A label of {self.scheme.upper()} must be O or begin "
                    f"with one of {', '.join(sorted(_PREFIXES[self.scheme]))}. "
                    f"Received: {on_word}."
                )
            is_open = before[0] in ("B", "I") and before[1] == kind
            iob2 = _TO_IOB2.get(prefix, prefix)
            if iob2 == "I" and not is_open:
                is_bad = self.scheme != "iob1"
                self.num_bad += is_bad
                if is_bad and self.num_bad == 1:
                    self.first_bad = f"{place}: {on_word}"
                iob2 = "B" if self.repairs or not is_bad else "I"
            labels.append(join(iob2, kind))
            before = (prefix, kind)
        return dataclasses.replace(sentence, labels=tuple(labels))


def to_iob2(
    sentences: Sequence[ner.Sentence],
    *,
    path: str,
    scheme: str,
    on_bad_tags: str = "keep",
) -> list[ner.Sentence]:
    """Rewrites labels as IOB2.

    Args:
        sentences: Sentences of one file.
        path: The file, for messages.
        scheme: One of `SCHEMES` but "auto"; see `detect`.
        on_bad_tags: What to do with a label that continues a mention which is
            not there (I, or IOBES's and BILOU's E and L, after O or after
            another type): "keep" it, as the original does, "repair" it to the
            start of a mention, or "refuse" the file. The first two are
            counted and logged.

    Returns:
        The same sentences with IOB2 labels.

    Raises:
        InputError: If a label does not belong to the scheme, or with "refuse".

    Example:
        >>> sentence = ner.Sentence(("lung", "cancer"), ("B-D", "E-D"))
        >>> to_iob2([sentence], path="train.tsv", scheme="iobes")[0].labels
        ('B-D', 'I-D')
    """
    rewriter = _Rewriter(path, scheme, repairs=on_bad_tags == "repair")
    rewritten: list[ner.Sentence] = []
    before = _OUTSIDE
    next_line = 0
    for sentence in sentences:
        # The paper's reader cuts sentences, also within a mention: its parts
        # stand on lines that follow each other.
        before = before if sentence.line == next_line else _OUTSIDE
        rewritten.append(rewriter.rewrite(sentence, before))
        before = split(sentence.labels[-1])
        next_line = sentence.line + len(sentence.words)
    if scheme != "iob2":
        logging.info("%s: %s labels, read as IOB2.", path, scheme.upper())
    if rewriter.num_bad and on_bad_tags == "refuse":
        raise errors.InputError(
            f"{path}: With --on_bad_tags=refuse, a mention must begin with B. "
            f"Received: {rewriter.num_bad} labels that continue a mention which is "
            f"not there, the first at {rewriter.first_bad}."
        )
    if rewriter.num_bad:
        logging.warning(
            "%s: %d labels continue a mention which is not there and were %s, the "
            "first at %s.",
            path,
            rewriter.num_bad,
            "repaired" if rewriter.repairs else "kept as they are",
            rewriter.first_bad,
        )
    return rewritten
