# SPDX-License-Identifier: Apache-2.0
"""BioC documents, from XML or JSON, with annotations and relations.

XML is brought into the form that BioC has in JSON, and that is read. Offsets count in
the document, in characters. What relations are between is left to `bioc_relations`.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from modeling import errors
from modeling.annotations import bioc_relations, records, xml_trees

# What comes of parts that are missing or of another kind.
_WRONG_FORM = (
    *(KeyError, TypeError, ValueError, AttributeError, OverflowError),
    RecursionError,
)
_PASSED_OVER = "relations of what has no identifier, passed over"
_ID_NAMES = ("identifier", "identifiers", "mesh", "ncbi gene", "ncbigene")
# Longer documents would be all gaps: an offset is wrong.
_MAX_GAP = 10**6


def read_xml(path: str, *, problems: records.Problems) -> Iterator[records.Document]:
    """Reads the documents of a file in XML.

    Raises:
        errors.InputError: If the file is not XML; else as `problems` decides.
    """
    for element in xml_trees.read_documents(path):
        yield from _read(_to_object(element), f"{path}:{element.line}", path, problems)


def read_json(
    text: str, *, path: str, problems: records.Problems
) -> Iterator[records.Document]:
    """Reads the documents of a collection, of a list, or one document, in JSON.

    Args:
        text: The file's text: one value, or an object on each line.
        path: The file, for messages.
        problems: Decides about bad documents, annotations and relations.

    Yields:
        The documents in order.

    Raises:
        errors.InputError: If the text is not such JSON; else as `problems` decides.
    """
    for line, value in _load(text, path):
        where = f"{path}:{line}"
        try:
            documents = _documents_in(value, where)
        except RecursionError:
            raise _no_documents(value, where) from None
        for found in documents:
            yield from _read(found, where, path, problems)


def _load(text: str, path: str) -> Iterator[tuple[int, Any]]:
    """Yields the value of a text, or those of its lines, each with its line."""
    try:
        yield 1, json.loads(text)
        return
    except (ValueError, RecursionError) as error:
        whole = error
    for number, line in enumerate(text.split("\n"), 1):
        try:
            if line.strip():
                yield number, json.loads(line)
        except (ValueError, RecursionError):
            raise errors.InputError(
                f"{path}:{number}: A file must be JSON as a whole, or on each line. "
                f"Received: {line[:80]!r} ({whole})."
            ) from whole


def _documents_in(value: object, where: str) -> list[Any]:
    """Returns the documents of a collection, a list or a document."""
    if isinstance(value, dict):
        for name in ("documents", "PubTator3"):
            if isinstance(value.get(name), list):
                return value[name]
        if "passages" in value:
            return [value]
    if isinstance(value, list):
        return [found for item in value for found in _documents_in(item, where)]
    raise _no_documents(value, where)


def _no_documents(value: object, where: str) -> errors.InputError:
    return errors.InputError(
        f"{where}: BioC must be an object with documents or passages. "
        f"Received: {records.shorten(value)}."
    )


def _to_object(element: xml_trees.Element) -> dict[str, Any]:
    """Returns an element of XML as BioC writes it in JSON, with its line."""
    found: dict[str, Any] = {"line": element.line, "infons": {}, **element.attrib}
    for child in element:
        name = child.tag
        if name == "infon":
            found["infons"][child.get("key", "")] = child.text or ""
        elif name in ("id", "text", "offset"):
            found[name] = child.text or ""
        else:
            plural = name if name.endswith("s") else f"{name}s"
            found.setdefault(plural, []).append(_to_object(child))
    return found


def _read(
    found: object, source: str, path: str, problems: records.Problems
) -> Iterator[records.Document]:
    """Yields the document of an object, unless it is bad."""
    try:
        yield _read_document(found, source, path, problems)
    except errors.InputError as error:
        problems.report(error)
    except _WRONG_FORM as error:
        problems.report(_bad_form(source, "A document", found, error))


def _bad_form(
    where: str, what: str, found: object, error: Exception
) -> errors.InputError:
    return errors.InputError(
        f"{where}: {what} must have the parts that BioC gives it. "
        f"Received: {records.shorten(found)} ({error!r})."
    )


def _read_document(
    found: Any,  # noqa: ANN401
    source: str,
    path: str,
    problems: records.Problems,
) -> records.Document:
    """Returns the document of an object in the form of JSON."""
    text, parts = _join(_texts(found), source)
    for words in (str(found["id"]), text):
        records.check_text(words, where=source)
    holders = list(_holders(found))
    mentions = []
    for holder in holders:
        for item in holder.get("annotations", ()):
            where = _where(item, source, path)
            try:
                mentions.append(_read_mention(item, text, where, problems))
            except errors.InputError as error:
                problems.report(error)
            except _WRONG_FORM as error:
                problems.report(_bad_form(where, "An annotation", item, error))
    relations: list[tuple[str, records.Relation]] = []
    types = {mention.type for mention in mentions}
    for holder in holders:
        for item in holder.get("relations", ()):
            where = _where(item, source, path)
            try:
                relation = bioc_relations.read(item, types, where)
                if relation is None:
                    problems.counts[_PASSED_OVER] += 1
                else:
                    relations.append((where, relation))
            except errors.InputError as error:
                problems.report(error)
            except _WRONG_FORM as error:
                problems.report(_bad_form(where, "A relation", item, error))
    merged = records.merge(mentions, problems)
    return records.Document(
        id=str(found["id"]),
        source=source,
        text=text,
        parts=tuple(parts),
        mentions=merged,
        relations=records.check_relations(relations, merged, problems),
    )


def _where(item: dict[str, Any], source: str, path: str) -> str:
    """Names the file and line, or the document and the id, of an annotation."""
    if "line" in item:
        return f"{path}:{item['line']}"
    return f"{source} ({item.get('id', 'no id')})"


def _holders(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields a document, its passages and their sentences."""
    yield found
    for passage in found["passages"]:
        yield passage
        yield from passage.get("sentences", ())


def _texts(found: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Yields the offset and text of each stretch of a document."""
    for passage in found["passages"]:
        stretches = [passage] if passage.get("text") else passage.get("sentences", ())
        for stretch in stretches:
            yield int(stretch["offset"]), stretch.get("text") or ""


def _join(
    texts: Iterable[tuple[int, str]], source: str
) -> tuple[str, list[tuple[int, int]]]:
    """Puts texts at their offsets, with spaces between them."""
    text, parts = "", []
    for offset, part in texts:
        if not 0 <= offset - len(text) <= _MAX_GAP:
            raise errors.InputError(
                f"{source}: Offsets of passages must count characters, and no passage "
                f"may begin in another. Received: {offset}, where the text before "
                f"ends at {len(text)}."
            )
        text = text.ljust(offset) + part
        parts.append((offset, len(text)))
    return text, parts


def _read_mention(
    item: dict[str, Any], text: str, where: str, problems: records.Problems
) -> records.Mention:
    """Returns the mention of an annotation."""
    infons = {str(name).lower(): value for name, value in item["infons"].items()}
    places = item["locations"]
    pieces = [(int(place["offset"]), int(place["length"])) for place in places]
    ids = [str(infons[name]) for name in _ID_NAMES if infons.get(name) is not None]
    return records.make_mention(
        text,
        [(offset, offset + length) for offset, length in pieces],
        item.get("text") or "",
        kind=str(infons.get("type") or ""),
        where=where,
        problems=problems,
        key=str(item.get("id", "")),
        ids=ids,
    )
