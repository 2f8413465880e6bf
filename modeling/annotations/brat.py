# SPDX-License-Identifier: Apache-2.0
"""brat's standoff format: a text, and a file of mentions and relations beside it.

Events, attributes, notes, normalizations and equivalences are counted and passed
over, and so are relations of events or of more than two.
"""

from collections.abc import Iterable

from modeling import errors
from modeling.annotations import records

_OTHERS = "EAMN#*"
_EVENT = "E"
_PASSED_OVER = "relations of events or of more than two, passed over"


def read(
    text: str,
    lines: Iterable[tuple[int, str]],
    *,
    name: str,
    path: str,
    problems: records.Problems,
) -> records.Document:
    r"""Reads the mentions (T1) and relations (R1) of a text.

    Args:
        text: The text, its line ends as in the file.
        lines: Numbered lines of the .ann file.
        name: The document's id.
        path: The .ann file, for messages.
        problems: Decides about bad lines.

    Returns:
        The document.

    Raises:
        errors.InputError: As `problems` decides.

    Example:
        >>> lines = enumerate(["T1\tGene 0 5\tBRCA1", "T2\tDrug 10 17\taspirin"], 1)
        >>> problems = records.Problems()
        >>> found = read("BRCA1 and aspirin.", lines, name="a", path="a.ann",
        ...              problems=problems)
        >>> [mention.text for mention in found.mentions]
        ['BRCA1', 'aspirin']
    """
    mentions: list[tuple[str, records.Mention]] = []
    relations: list[tuple[str, records.Relation]] = []
    for number, line in lines:
        where = f"{path}:{number}"
        try:
            if line.startswith("T"):
                mentions.append((where, _read_mention(line, text, where, problems)))
            elif line.startswith("R"):
                relation = _read_relation(line, where)
                if relation is None:
                    problems.counts[_PASSED_OVER] += 1
                else:
                    relations.append((where, relation))
            elif line.strip() and line[0] in _OTHERS:
                problems.counts["lines of brat other than T and R"] += 1
            elif line.strip():
                raise _bad_line(where, line)
        except errors.InputError as error:
            problems.report(error)
    records.check_keys(mentions, problems)
    merged = records.merge((mention for _, mention in mentions), problems)
    return records.Document(
        id=name,
        source=path,
        text=text,
        parts=((0, len(text)),),
        mentions=merged,
        relations=records.check_relations(relations, merged, problems),
    )


def _read_mention(
    line: str, text: str, where: str, problems: records.Problems
) -> records.Mention:
    """Returns the mention of a line such as `T1<tab>Gene 0 5<tab>BRCA1`."""
    cells = line.split("\t")
    kind, _, places = cells[1].partition(" ") if len(cells) > 2 else ("", "", "")
    try:
        pieces = [_read_piece(place) for place in places.split(";")]
    except ValueError:
        raise _bad_line(where, line) from None
    return records.make_mention(
        text,
        pieces,
        cells[2],
        kind=kind,
        where=where,
        problems=problems,
        key=cells[0].strip(),
    )


def _read_piece(place: str) -> tuple[int, int]:
    start, end = place.split()
    return int(start), int(end)


def _read_relation(line: str, where: str) -> records.Relation | None:
    """Returns the relation of a line such as `R1<tab>CID Arg1:T1 Arg2:T2`.

    Returns:
        The relation; None if it is one of events or of more than two.
    """
    cells = line.split("\t")
    words = cells[1].split() if len(cells) > 1 else []
    ends = [word.partition(":")[2] for word in words[1:]]
    if len(ends) < 2 or not all(ends):
        raise _bad_line(where, line)
    if len(ends) > 2 or any(end.startswith(_EVENT) for end in ends):
        return None
    first, second = ends
    return records.Relation(type=words[0], first=first, second=second, of_mentions=True)


def _bad_line(where: str, line: str) -> errors.InputError:
    return errors.InputError(
        f"{where}: A line must be a mention as T1<tab>type start end<tab>text, a "
        "relation as R1<tab>type Arg1:T1 Arg2:T2, or another of brat's. "
        f"Received: {line[:80]!r}."
    )
