# SPDX-License-Identifier: Apache-2.0
"""Pairs of mentions that may be related: of two types, in sentences close by.

A pair of mentions that overlap is none, as one cannot be blinded without the other;
such pairs are counted. Labels are those of annotated relations, in either direction.
"""

import bisect
import dataclasses
from collections.abc import Collection, Iterator, Sequence

from modeling.annotations import records
from modeling.text import sentences


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pair:
    """Two mentions and the stretch of text around them.

    Attributes:
        first: The mention of the first type; of one type, the first in the text.
        second: The other one.
        start: Where the stretch begins.
        end: Behind its last character.
    """

    first: records.Mention
    second: records.Mention
    start: int
    end: int


def find_sentences(document: records.Document) -> list[tuple[int, int]]:
    """Returns the sentences of a document; those that a mention joins are one.

    Returns:
        Start and end of each, in order. Every mention is in one.
    """
    spans = [
        (offset + start, offset + end)
        for offset, part_end in document.parts
        for start, end in sentences.split_sentences(document.text[offset:part_end])
    ]
    spans += [(mention.start, mention.end) for mention in document.mentions]
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def find_pairs(
    document: records.Document,
    types: Collection[tuple[str, str]] = (),
    *,
    window_sentences: int = 1,
    problems: records.Problems,
) -> Iterator[Pair]:
    """Yields the pairs of a document, in the order of the text.

    Args:
        document: The text and its mentions.
        types: The two types of a pair, in lower case, for each kind of pair; all
            pairs of mentions if empty.
        window_sentences: The two are in so many sentences in a row, at most.
        problems: Counts pairs that overlap.
    """
    spans = find_sentences(document)
    starts = [start for start, _ in spans]
    mentions = document.mentions
    places = [bisect.bisect_right(starts, mention.start) - 1 for mention in mentions]
    for i, left in enumerate(mentions):
        for j in range(i + 1, len(mentions)):
            if places[j] - places[i] >= window_sentences:
                break  # Mentions are in the order of the text.
            ordered = _order(left, mentions[j], types)
            if ordered is None:
                continue
            if left.overlaps(mentions[j]):
                problems.counts["pairs of mentions that overlap, left out"] += 1
                continue
            yield Pair(
                first=ordered[0],
                second=ordered[1],
                start=spans[places[i]][0],
                end=spans[places[j]][1],
            )


def _order(
    left: records.Mention, right: records.Mention, types: Collection[tuple[str, str]]
) -> tuple[records.Mention, records.Mention] | None:
    """Returns two mentions in the order of their types; None if they are no pair."""
    kinds = left.type.lower(), right.type.lower()
    if not types or kinds in types:
        return left, right
    return (right, left) if kinds[::-1] in types else None


class Labels:
    """The annotated relations of a document, by what they relate.

    Attributes:
        unused: Indices of relations that no pair had so far.
    """

    def __init__(self, relations: Sequence[records.Relation]) -> None:
        """Takes over the relations of a document."""
        self.unused = set(range(len(relations)))
        self._relations = relations
        self._places: dict[tuple[bool, frozenset[str]], list[int]] = {}
        for place, relation in enumerate(relations):
            ends = frozenset((relation.first, relation.second))
            self._places.setdefault((relation.of_mentions, ends), []).append(place)

    def find(self, pair: Pair) -> tuple[str, ...]:
        """Returns the types of a pair's relations, in the order of the file."""
        names = (
            (True, pair.first.keys, pair.second.keys),
            (False, *(m.ids + m.fields for m in (pair.first, pair.second))),
        )
        found = {
            place
            for of_mentions, firsts, seconds in names
            for first in firsts
            for second in seconds
            for place in self._places.get((of_mentions, frozenset((first, second))), ())
        }
        self.unused -= found
        return tuple(dict.fromkeys(self._relations[i].type for i in sorted(found)))
