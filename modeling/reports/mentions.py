# SPDX-License-Identifier: Apache-2.0
"""Mentions of labelled sentences, and what a tagger made of each.

Mentions are counted as conlleval counts them. Showing them is left to `ner.py`.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

RIGHT = "right"
MISSED = "missed"
SPURIOUS = "spurious"
WRONG_BOUNDARY = "wrong boundary"
WRONG_TYPE = "wrong type"
ERRORS = (MISSED, SPURIOUS, WRONG_BOUNDARY, WRONG_TYPE)
KINDS = (RIGHT, *ERRORS)

# The type of mentions labelled "B" and "I" alone, and the tags of no mention.
UNTYPED = "MISC"
_OUTSIDE = ("O", "")
_NO_MENTION = frozenset(["O", "X", "[PAD]", "[CLS]", "[SEP]"])
_IOBES_OF_BILOU = {"L": "E", "U": "S"}

# The words of a mention, as they stand in the text.
Form = tuple[str, ...]
# int64[N, 3]: the gold, the predicted and the right mentions of N sentences.
Counts = np.ndarray


@dataclasses.dataclass(frozen=True, order=True)
class Mention:
    """Words of a sentence that name something.

    Attributes:
        start: The first word, from 0.
        end: The word after the last one.
        type: What the words name, such as "Disease".
    """

    start: int
    end: int
    type: str


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A gold mention, a predicted one, or a pair of them.

    Attributes:
        kind: One of `KINDS`.
        gold: None if the prediction is spurious.
        predicted: None if the gold mention was missed.
    """

    kind: str
    gold: Mention | None
    predicted: Mention | None

    @property
    def mention(self) -> Mention:
        """The gold mention, or the predicted one if there is no gold one."""
        return next(side for side in (self.gold, self.predicted) if side)

    @property
    def end(self) -> int:
        """The word after the last one of either mention."""
        return max(side.end for side in (self.gold, self.predicted) if side)


@dataclasses.dataclass(frozen=True)
class Sentence:
    """A sentence with what a tagger made of it.

    Attributes:
        number: Position in the file, from 1.
        words: The words.
        outcomes: What became of each mention, in order of the text.
    """

    number: int
    words: Form
    outcomes: tuple[Outcome, ...]

    @property
    def errors(self) -> list[Outcome]:
        """The outcomes that are not right."""
        return [outcome for outcome in self.outcomes if outcome.kind != RIGHT]

    def form(self, mention: Mention) -> Form:
        """Returns the words of a mention."""
        return self.words[mention.start : mention.end]


def find_mentions(labels: Sequence[str]) -> list[Mention]:
    """Finds the mentions of one sentence.

    Args:
        labels: Labels of words in IOB1, IOB2, IOBES or BILOU, with types
            ("B-Disease") or without ("B", whose type is "MISC"). X, [PAD], [CLS]
            and [SEP] are in no mention, as "O" is not.

    Returns:
        Mentions in order of the text; no word is in two of them.

    Example:
        >>> find_mentions(["I", "B", "I", "O", "B-Gene", "I-Cell"])[1:]
        [Mention(start=1, end=3, type='MISC'), Mention(start=4, end=5, type='Gene'), \
Mention(start=5, end=6, type='Cell')]

    Source:
        conlleval.pl, version of 2004-01-26, by Erik Tjong Kim Sang, for the
        question where a mention starts.
    """
    found: list[Mention] = []
    last = _OUTSIDE
    for i, label in enumerate(labels):
        tag, kind = _split(label)
        if tag != "O":
            starts = tag in ("B", "S") or last[0] in ("O", "E", "S") or last[1] != kind
            start = i if starts else found.pop().start
            found.append(Mention(start, i + 1, kind))
        last = (tag, kind)
    return found


def _split(label: str) -> tuple[str, str]:
    """Returns the tag and the type of a label."""
    tag, _, kind = label.partition("-")
    if tag in _NO_MENTION:
        return _OUTSIDE
    return _IOBES_OF_BILOU.get(tag, tag), kind or UNTYPED


def compare(gold: Sequence[Mention], predicted: Sequence[Mention]) -> list[Outcome]:
    """Says what became of each mention of one sentence.

    A mention is in one outcome: right, if both sides have the same words and type;
    of wrong type, if only the words are the same; of wrong boundary, if mentions
    of one type share words, the pair with most of them first; else the gold one
    is missed and the predicted one spurious.

    Args:
        gold: Mentions of which no two share a word.
        predicted: The same for what was predicted.

    Returns:
        Outcomes in order of the text.

    Example:
        >>> gold = find_mentions(["B", "I", "O", "B"])
        >>> [x.kind for x in compare(gold, find_mentions(["O", "B", "O", "O"]))]
        ['wrong boundary', 'missed']
    """
    pairs = sorted(
        (-(min(g.end, p.end) - max(g.start, p.start)), g, p)
        for g in gold
        for p in predicted
        if g.start < p.end and p.start < g.end
    )
    outcomes: list[Outcome] = []
    left, over = set(gold), set(predicted)
    for _, g, p in pairs:
        kind = _pair_kind(g, p)
        if kind and g in left and p in over:
            outcomes.append(Outcome(kind, g, p))
            left.remove(g)
            over.remove(p)
    outcomes += [Outcome(MISSED, mention, None) for mention in left]
    outcomes += [Outcome(SPURIOUS, None, mention) for mention in over]
    return sorted(outcomes, key=lambda x: (x.mention, x.kind))


def _pair_kind(gold: Mention, predicted: Mention) -> str:
    """Returns what two overlapping mentions are to each other, "" for nothing."""
    if (gold.start, gold.end) == (predicted.start, predicted.end):
        return RIGHT if gold.type == predicted.type else WRONG_TYPE
    return WRONG_BOUNDARY if gold.type == predicted.type else ""


def compare_sentences(
    words: Sequence[Sequence[str]],
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
) -> list[Sentence]:
    """Compares the labels of sentences, mention by mention.

    Args:
        words: Words of each sentence.
        gold: A label for each word, as `find_mentions` takes them.
        predicted: The same for what was predicted.

    Raises:
        ValueError: If a sentence has not one label of each kind per word.
    """
    numbers = [len(words), len(gold), len(predicted)]
    if len(set(numbers)) > 1:
        raise ValueError(
            "Words, gold and predicted labels must be of the same sentences. "
            f"Received: {numbers} sentences."
        )
    sentences = []
    parts = zip(words, gold, predicted, strict=True)
    for number, (of_words, left, right) in enumerate(parts, start=1):
        if not len(of_words) == len(left) == len(right):
            raise ValueError(
                f"Sentence {number} must have a gold and a predicted label for each "
                f"word. Received: {len(of_words)} words, {len(left)} gold, "
                f"{len(right)} predicted."
            )
        outcomes = compare(find_mentions(left), find_mentions(right))
        sentences.append(Sentence(number, tuple(of_words), tuple(outcomes)))
    return sentences


def forms(words: Sequence[Sequence[str]], labels: Sequence[Sequence[str]]) -> set[Form]:
    """Returns the words of all mentions of labelled sentences, case as is.

    Example:
        >>> forms([["Breast", "cancer", "gene"]], [["B", "I", "O"]])
        {('Breast', 'cancer')}
    """
    return {
        tuple(of_words[mention.start : mention.end])
        for of_words, of_labels in zip(words, labels, strict=True)
        for mention in find_mentions(of_labels)
    }


def count(
    sentences: Sequence[Sentence], key: Callable[[Sentence, Mention], str]
) -> dict[str, Counts]:
    """Counts mentions by something that each of them has, such as its type.

    Args:
        sentences: Sentences with outcomes.
        key: Names the group of a mention. Gold, predicted and right mentions
            are put into groups alike, so a group has a precision and a recall.

    Returns:
        The counts of each group, sorted by its name.
    """
    groups: dict[str, Counts] = {}
    for i, sentence in enumerate(sentences):
        for outcome in sentence.outcomes:
            for column, mention in enumerate((outcome.gold, outcome.predicted)):
                if mention:
                    name = key(sentence, mention)
                    if name not in groups:
                        groups[name] = no_counts(sentences)
                    groups[name][i, column] += 1
                    # Once for the pair: both its mentions are in one group.
                    groups[name][i, 2] += column and outcome.kind == RIGHT
    return dict(sorted(groups.items()))


def no_counts(sentences: Sequence[Sentence]) -> Counts:
    """Returns the counts of a group that has no mention."""
    return np.zeros([len(sentences), 3], np.int64)
