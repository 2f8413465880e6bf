# SPDX-License-Identifier: Apache-2.0
"""Texts with mentions and relations, whatever format they come from.

Checks that a mention stands where it says. Reading formats is left to `pubtator`,
`bioc`, `brat`, `tagged`, `chemprot` and `ddi`.
"""

import collections
import dataclasses
import re
from collections.abc import Iterable, Sequence

from absl import logging

from modeling import errors
from modeling.annotations import identifiers

ON_ERROR = ("stop", "skip")

_SPACE = re.compile(r"\s")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# More digits are no place in a text, and Python does not read any number of them.
_MAX_DIGITS = 18
# More warnings would fill the log; all are counted.
_MAX_WARNINGS = 20


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mention:
    """A name in a text.

    Attributes:
        start: Its first character.
        end: Behind its last one; of a mention in several pieces, of the last piece.
        text: The text from start to end.
        type: As the file writes it.
        keys: What relations of the file call this mention, such as T1.
        ids: Identifiers of what it names, such as MESH:D001943.
        fields: What the file writes for several of them, such as D1|D2.
    """

    start: int
    end: int
    text: str
    type: str
    keys: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    @property
    def place(self) -> tuple[int, int, str]:
        """Where it is, and its type in lower case."""
        return self.start, self.end, self.type.lower()

    def overlaps(self, other: "Mention") -> bool:
        """Returns whether the two have a character in common."""
        return self.start < other.end and other.start < self.end


@dataclasses.dataclass(frozen=True, kw_only=True)
class Relation:
    """A relation between two mentions, or between all mentions of two things.

    Attributes:
        type: As the file writes it.
        first: A key of a mention, or an identifier.
        second: Another one.
        of_mentions: Whether the two are keys.
    """

    type: str
    first: str
    second: str
    of_mentions: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Document:
    """A text and what is annotated in it.

    Attributes:
        id: Its name; no other document of an input has it.
        source: Its file and line, for messages.
        text: The text that offsets count in.
        parts: Start and end of stretches that sentences do not reach beyond, such
            as title and abstract, in order.
        mentions: In the order of the text; no two with the same place and type.
        relations: In the order of the file.
    """

    id: str
    source: str
    text: str
    parts: tuple[tuple[int, int], ...]
    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...] = ()


class Problems:
    """What to do with what cannot be used: stop, or count it and go on.

    Attributes:
        num_skipped: Lines, mentions and documents that were skipped.
        counts: What is legal but rare, by its description.
    """

    def __init__(self, on_error: str = "stop") -> None:
        """Starts with nothing counted; `on_error` is one of `ON_ERROR`."""
        self.num_skipped = 0
        self.counts: collections.Counter[str] = collections.Counter()
        self._is_skipping = on_error == "skip"

    def report(self, error: errors.InputError) -> None:
        """Raises the error, or warns of it where problems are skipped."""
        if not self._is_skipping:
            raise error
        self.num_skipped += 1
        if self.num_skipped <= _MAX_WARNINGS:
            logging.warning("Skipped: %s", error)
        if self.num_skipped == _MAX_WARNINGS:
            logging.warning("Further ones are counted only.")

    def log(self) -> None:
        """Logs what was counted."""
        for what, count in self.counts.items():
            if count:
                logging.info("%d %s.", count, what)
        if self.num_skipped:
            logging.warning("%d problems were skipped.", self.num_skipped)


def check_text(text: str, *, where: str) -> None:
    """Raises where a string of JSON is no text: it has half of a pair of surrogates.

    Args:
        text: The string.
        where: Its file and line.
    """
    found = _SURROGATE.search(text)
    if found:
        raise errors.InputError(
            f"{where}: A text must be Unicode. Received: {found[0]!a}, half of a "
            "character."
        )


def is_offset(text: str) -> bool:
    """Returns whether a cell is a number that may be a place in a text."""
    return text.isdecimal() and len(text) <= _MAX_DIGITS


def make_mention(
    text: str,
    pieces: Sequence[tuple[int, int]],
    received: str,
    *,
    kind: str,
    where: str,
    problems: Problems,
    key: str = "",
    ids: Iterable[str] = (),
) -> Mention:
    """Makes a mention and checks it against the text.

    A mention in several pieces becomes one from the first to the last piece, and is
    counted. White space counts as white space, of whatever kind.

    Args:
        text: The document's.
        pieces: Start and end of each piece.
        received: The mention's text as the file writes it.
        kind: Its type.
        where: Its file and line.
        problems: Counts.
        key: What relations call it, if they do.
        ids: Fields of identifiers of what it names; one may hold several.

    Raises:
        errors.InputError: If it has no type, or does not stand where it says.
    """
    start = min((piece[0] for piece in pieces), default=0)
    end = max((piece[1] for piece in pieces), default=0)
    if not kind.strip():
        raise errors.InputError(
            f"{where}: A mention must have a type. Received: none, for {received!r}."
        )
    fields = [field.strip() for field in ids]
    check_text("".join((kind, key, *fields)), where=where)
    found = dict.fromkeys(name for field in fields for name in identifiers.split(field))
    # In the order of the file: brat and BioC list pieces as the name is read.
    is_inside = all(0 <= first < last <= len(text) for first, last in pieces)
    joined = " ".join(text[first:last] for first, last in pieces)
    whole = text[start:end]
    shown = [_SPACE.sub(" ", found) for found in (joined, whole)]
    if not (is_inside and whole.strip() and _SPACE.sub(" ", received) in shown):
        raise errors.InputError(
            f"{where}: The offsets of a mention must be those of its text, in "
            f"characters. Received: {received!r} at {_format(pieces)}, where the text "
            f"of {len(text)} characters has {joined[:80]!r}."
        )
    if len(pieces) > 1:
        problems.counts["mentions in several pieces, taken as one from end to end"] += 1
    return Mention(
        start=start,
        end=end,
        text=whole,
        type=kind.strip(),
        keys=(key,) if key else (),
        ids=tuple(found),
        fields=tuple(
            field for field in fields if field not in found and identifiers.split(field)
        ),
    )


def _format(pieces: Sequence[tuple[int, int]]) -> str:
    return ";".join(f"{start}-{end}" for start, end in pieces) or "no offsets"


def merge(mentions: Iterable[Mention], problems: Problems) -> tuple[Mention, ...]:
    """Sorts mentions; those of one place and type become one with all names."""
    merged: dict[tuple[int, int, str], Mention] = {}
    for mention in mentions:
        old = merged.get(mention.place)
        if old is not None:
            problems.counts["mentions at the place of another of the same type"] += 1
            mention = dataclasses.replace(  # noqa: PLW2901
                old,
                keys=_joined(old.keys, mention.keys),
                ids=_joined(old.ids, mention.ids),
                fields=_joined(old.fields, mention.fields),
            )
        merged[mention.place] = mention
    return tuple(merged[place] for place in sorted(merged))


def _joined(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the names of both, each once."""
    return tuple(dict.fromkeys(first + second))


def check_keys(mentions: Iterable[tuple[str, Mention]], problems: Problems) -> None:
    """Reports mentions that have the key of one at another place or of another type.

    Args:
        mentions: Those of a document, each with its file and line.
        problems: Decides.
    """
    seen: dict[str, tuple[int, int, str]] = {}
    for where, mention in mentions:
        for key in mention.keys:
            if seen.setdefault(key, mention.place) != mention.place:
                problems.report(
                    errors.InputError(
                        f"{where}: An id must be that of one mention. "
                        f"Received: {key} again."
                    )
                )


def check_relations(
    relations: Iterable[tuple[str, Relation]],
    mentions: Iterable[Mention],
    problems: Problems,
) -> tuple[Relation, ...]:
    """Returns the relations whose mentions are there, each the only one of its key.

    Args:
        relations: Each with its file and line.
        mentions: All of the document, as `merge` returns them.
        problems: Decides about the others.
    """
    owners = collections.Counter(key for mention in mentions for key in mention.keys)
    good = []
    for where, relation in relations:
        ends = sorted({relation.first, relation.second})
        missing = [key for key in ends if not owners[key]]
        shared = [f"{key}, that of {owners[key]}" for key in ends if owners[key] > 1]
        if not relation.of_mentions or not (missing or shared):
            good.append(relation)
            continue
        need, received = "An id in a relation must be that of one mention", shared
        if missing:
            need = "A relation must be one of mentions of its document"
            received = [*missing, "which is none"]
        problems.report(
            errors.InputError(f"{where}: {need}. Received: {', '.join(received)}.")
        )
    return tuple(good)


def shorten(value: object) -> str:
    """Returns the beginning of what JSON says, for messages."""
    try:
        return str(value)[:80]
    except RecursionError:
        return "values in values, too deep to show"
