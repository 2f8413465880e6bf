# SPDX-License-Identifier: Apache-2.0
"""PubTator's text format: title, abstract, mentions and relations of a PMID.

Offsets count in the title, one character, and the abstract. Identifiers in relations
stand for all mentions that have them; a type before them, as in Gene|672, is passed
over.
"""

import dataclasses
from collections.abc import Iterable, Iterator

from modeling import errors
from modeling.annotations import identifiers, records

_KINDS = ("t", "a")


def read(
    lines: Iterable[tuple[int, str]], *, path: str, problems: records.Problems
) -> Iterator[records.Document]:
    r"""Reads documents with blank lines between them.

    Lines are `pmid|t|title`, `pmid|a|abstract`; of a mention `pmid`, start, end,
    text, type and, if known, identifiers; of a relation `pmid`, type and two
    identifiers. Tabs are between these; further columns are passed over.

    Args:
        lines: Numbered lines.
        path: The file, for messages.
        problems: Decides about bad lines; without a title or an abstract, about the
            document.

    Yields:
        The documents in order.

    Raises:
        errors.InputError: As `problems` decides.
    """
    block: list[tuple[int, str]] = []
    for number, line in lines:
        if line.strip():
            block.append((number, line))
        elif block:
            yield from _read_block(block, path, problems)
            block = []
    if block:
        yield from _read_block(block, path, problems)


def _read_block(
    block: list[tuple[int, str]], path: str, problems: records.Problems
) -> Iterator[records.Document]:
    """Yields the document of lines without a blank one, unless it is bad."""
    number, line = block[0]
    name = line.split("|")[0].strip()
    texts: dict[str, str] = {}
    rest = []
    for number_here, line_here in block:
        cells = line_here.split("|", 2)
        is_text = len(cells) == 3 and cells[1] in _KINDS and "\t" not in cells[0]
        if is_text and cells[0].strip() == name and cells[1] not in texts:
            texts[cells[1]] = cells[2]
        else:
            rest.append((number_here, line_here))
    if not texts or not name:
        problems.report(
            errors.InputError(
                f"{path}:{number}: A document must begin with its title as pmid|t|... "
                f"or its abstract as pmid|a|.... Received: {line[:80]!r}."
            )
        )
        return
    title = texts.get("t", "")
    text = f"{title} {texts.get('a', '')}"
    mentions: list[records.Mention] = []
    relations: list[records.Relation] = []
    for number_here, line_here in rest:
        where = f"{path}:{number_here}"
        try:
            found = _read_line(line_here, where, name, text, problems)
            if isinstance(found, records.Mention):
                mentions.append(found)
            else:
                relations.append(found)
        except errors.InputError as error:
            problems.report(error)
    types = {mention.type.lower() for mention in mentions}
    yield records.Document(
        id=name,
        source=f"{path}:{number}",
        text=text,
        parts=((0, len(title)), (len(title) + 1, len(text))),
        mentions=records.merge(mentions, problems),
        relations=tuple(
            dataclasses.replace(
                relation,
                first=identifiers.without_type(relation.first, types),
                second=identifiers.without_type(relation.second, types),
            )
            for relation in relations
        ),
    )


def _read_line(
    line: str,
    where: str,
    name: str,
    text: str,
    problems: records.Problems,
) -> records.Mention | records.Relation:
    """Returns the mention or the relation of a line.

    Raises:
        errors.InputError: If it has none.
    """
    cells = line.split("\t")
    if cells[0].strip() != name:
        raise errors.InputError(
            f"{where}: A line must have the PMID of its document, {name}. "
            f"Received: {line[:80]!r}."
        )
    if len(cells) >= 5 and all(map(records.is_offset, cells[1:3])):
        return records.make_mention(
            text,
            [(int(cells[1]), int(cells[2]))],
            cells[3],
            kind=cells[4],
            where=where,
            problems=problems,
            ids=cells[5:6],
        )
    is_full = len(cells) in (4, 5) and all(cell.strip() for cell in cells[:4])
    if is_full and not cells[1].isdecimal():
        return records.Relation(
            type=cells[1].strip(),
            first=cells[2].strip(),
            second=cells[3].strip(),
            of_mentions=False,
        )
    raise errors.InputError(
        f"{where}: A line must be a mention (PMID, start, end, text, type, "
        "identifier) or a relation (PMID, type, two identifiers), with tabs "
        f"between them. Received: {line[:80]!r}."
    )
