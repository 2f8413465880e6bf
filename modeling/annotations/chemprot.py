# SPDX-License-Identifier: Apache-2.0
"""The ChemProt corpus of BioCreative VI, from its own tables.

Groups of relations that the task does not score are no relations here, as in the data
that BioBERT's authors used.
"""

import os
import pathlib
from collections.abc import Iterator

from modeling import errors
from modeling.annotations import records, rows
from modeling.text import lines

NEGATIVE = "false"
LABELS = ("cpr:3", "cpr:4", "cpr:5", "cpr:6", "cpr:9")
RELEASED = rows.Style(
    blinds={"chemical": "BC6ENTC", "gene": "BC6ENTG"}, other="BC6OTHER"
)
PAIR_TYPES = (("chemical", "gene"),)
_ABSTRACTS, _ENTITIES = "*_abstracts*.tsv", "*_entities*.tsv"
# The surer one first, with the number of its columns.
_RELATIONS = {"*_gold_standard*.tsv": 4, "*_relations*.tsv": 6}

_Rows = dict[str, list[tuple[str, list[str]]]]


def read(
    folder: str | os.PathLike[str], problems: records.Problems
) -> Iterator[records.Document]:
    """Reads the documents of one part of the corpus.

    *_abstracts.tsv holds an id, a title and an abstract in a line; *_entities.tsv an
    id, a key, a type (CHEMICAL, GENE-Y, GENE-N, or GENE), start, end and text, where
    title, one character and abstract are counted; *_gold_standard.tsv an id, a group
    and two keys, as Arg1:T1; *_relations.tsv, which is read where the former is
    absent, a mark and a name between the group and the keys.

    Args:
        folder: The folder of these files.
        problems: Decides about bad lines.

    Yields:
        The documents; genes are of the type GENE.

    Raises:
        errors.InputError: If a table is missing or there are two of a kind; else as
            `problems` decides.
    """
    folder = pathlib.Path(folder)
    path = _find(folder, _ABSTRACTS)
    entities = _group(_find(folder, _ENTITIES), 6, problems)
    relations: _Rows = {}
    for pattern, width in _RELATIONS.items():
        if not relations and any(folder.glob(pattern)):
            relations = _group(_find(folder, pattern), width, problems)
    seen: set[str] = set()
    for name, found in _group(path, 3, problems).items():
        for where, cells in found[1:]:
            problems.report(
                errors.InputError(
                    f"{where}: An id must be that of one document. Received: "
                    f"{cells[0]} again."
                )
            )
        where, (_, title, abstract) = found[0]
        seen.add(name)
        yield _make_document(
            where,
            name=name,
            texts=(title, abstract),
            entities=entities.get(name, []),
            relations=relations.get(name, []),
            problems=problems,
        )
    for table in (entities, relations):
        for name in table.keys() - seen:
            problems.report(
                errors.InputError(
                    f"{table[name][0][0]}: A line must have the id of an abstract. "
                    f"Received: {name}."
                )
            )


def list_files(folder: str | os.PathLike[str]) -> list[str]:
    """Returns the tables of a folder."""
    patterns = (_ABSTRACTS, _ENTITIES, *_RELATIONS)
    return [
        str(path) for p in patterns for path in sorted(pathlib.Path(folder).glob(p))
    ]


def has_relations(folder: str | os.PathLike[str]) -> bool:
    """Returns whether a folder has a table of relations."""
    return any(any(pathlib.Path(folder).glob(pattern)) for pattern in _RELATIONS)


def _find(folder: pathlib.Path, pattern: str) -> str:
    """Returns the path of the one table that fits a pattern."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise errors.InputError(
            f"{folder}: A folder of ChemProt must hold one file {pattern}. "
            f"Received: {', '.join(path.name for path in found) or 'none'}."
        )
    return str(found[0])


def _group(path: str, width: int, problems: records.Problems) -> _Rows:
    """Returns the rows of a table by their first cell, each with file and line."""
    found: _Rows = {}
    for number, line in lines.read_lines(path):
        cells = line.split("\t")
        if not line.strip():
            continue
        if len(cells) == width:
            found.setdefault(cells[0].strip(), []).append((f"{path}:{number}", cells))
        else:
            problems.report(
                errors.InputError(
                    f"{path}:{number}: A line must hold {width} columns, with tabs "
                    f"between them. Received: {len(cells)}, in {line[:80]!r}."
                )
            )
    return found


def _make_document(
    where: str,
    *,
    name: str,
    texts: tuple[str, str],
    entities: list[tuple[str, list[str]]],
    relations: list[tuple[str, list[str]]],
    problems: records.Problems,
) -> records.Document:
    """Returns a document of the rows that have its id."""
    title, _ = texts
    text = " ".join(texts)
    mentions = []
    for place, cells in entities:
        try:
            mentions.append((place, _make_mention(text, cells, place, problems)))
        except errors.InputError as error:
            problems.report(error)
    good = []
    for place, cells in relations:
        try:
            good.append((place, _make_relation(cells, place)))
        except errors.InputError as error:
            problems.report(error)
    records.check_keys(mentions, problems)
    merged = records.merge((mention for _, mention in mentions), problems)
    checked = records.check_relations(good, merged, problems)
    return records.Document(
        id=name,
        source=where,
        text=text,
        parts=((0, len(title)), (len(title) + 1, len(text))),
        mentions=merged,
        relations=tuple(relation for relation in checked if relation.type in LABELS),
    )


def _make_mention(
    text: str, cells: list[str], where: str, problems: records.Problems
) -> records.Mention:
    """Returns the mention of a row of entities."""
    key, kind, start, end = (cell.strip() for cell in cells[1:5])
    if not (records.is_offset(start) and records.is_offset(end)):
        raise errors.InputError(
            f"{where}: Offsets must be numbers. Received: {start[:40]!r} and "
            f"{end[:40]!r}."
        )
    return records.make_mention(
        text,
        [(int(start), int(end))],
        cells[5],
        kind="GENE" if kind.startswith("GENE") else kind,
        where=where,
        problems=problems,
        key=key,
    )


def _make_relation(cells: list[str], where: str) -> records.Relation:
    """Returns the relation of a row of either table, its group in lower case."""
    group = cells[1].strip().lower()
    ends = [cell.strip().partition(":") for cell in cells[-2:]]
    if not group.startswith("cpr:") or not all(key for _, _, key in ends):
        raise errors.InputError(
            f"{where}: A relation must have a group as CPR:3, and Arg1:T1 and "
            f"Arg2:T2. Received: {cells[1:]}."
        )
    first, second = (key for _, _, key in ends)
    return records.Relation(type=group, first=first, second=second, of_mentions=True)
