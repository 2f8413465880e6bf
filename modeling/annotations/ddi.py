# SPDX-License-Identifier: Apache-2.0
"""The DDI corpus of SemEval 2013, from its XML: sentences with drugs and their pairs.

The corpus lists all pairs of a sentence, so none are looked for here.
"""

import collections
import os
import pathlib
from collections.abc import Iterator

from modeling import errors
from modeling.annotations import candidates, records, rows, xml_trees

NEGATIVE = "false"
LABELS = ("advise", "effect", "mechanism", "int")
# BioBERT's authors released no DDI data. The four types of drugs are not told apart,
# since the task does not ask for them.
STYLE = rows.Style(blinds=dict.fromkeys(("drug", "brand", "group", "drug_n"), "@DRUG$"))

Sentence = tuple[records.Document, list[tuple[candidates.Pair, str]]]


def read(
    folder: str | os.PathLike[str], problems: records.Problems
) -> Iterator[Sentence]:
    """Reads the sentences of all XML files in a folder and its subfolders.

    Args:
        folder: The folder.
        problems: Decides about bad mentions and pairs.

    Yields:
        Each sentence as a document, and its pairs with their labels, "" where a pair
        does not say. The first mention of a pair is the first in the text.

    Raises:
        errors.InputError: If there is no file, or one is not XML; else as `problems`
            decides.
    """
    paths = list_files(folder)
    if not paths:
        raise errors.InputError(
            f"{folder}: A folder of the DDI corpus must hold XML files. Received: none."
        )
    for path in paths:
        try:
            for document in xml_trees.read_documents(path):
                for element in document.iter("sentence"):
                    yield _read_sentence(element, path, problems)
        except errors.InputError as error:
            problems.report(error)


def list_files(folder: str | os.PathLike[str]) -> list[str]:
    """Returns the XML files of a folder and its subfolders, sorted."""
    return list(map(str, sorted(pathlib.Path(folder).rglob("*.xml"))))


def _read_sentence(
    element: xml_trees.Element, path: str, problems: records.Problems
) -> Sentence:
    """Returns the sentence of an element, and its pairs."""
    text = element.get("text", "")
    found: list[tuple[str, records.Mention]] = []
    for item in element.iter("entity"):
        try:
            where = f"{path}:{item.line}"
            found.append((where, _read_mention(item, text, where, problems)))
        except errors.InputError as error:
            problems.report(error)
    records.check_keys(found, problems)
    keys = collections.Counter(key for _, mention in found for key in mention.keys)
    mentions = {m.keys[0]: m for _, m in found if m.keys and keys[m.keys[0]] == 1}
    document = records.Document(
        id=element.get("id", ""),
        source=f"{path}:{element.line}",
        text=text,
        parts=((0, len(text)),),
        mentions=records.merge((mention for _, mention in found), problems),
    )
    pairs = []
    for item in element.iter("pair"):
        try:
            pair = _read_pair(item, mentions, text, f"{path}:{item.line}", problems)
        except errors.InputError as error:
            problems.report(error)
            continue
        if pair is not None:
            pairs.append(pair)
    return document, pairs


def _read_mention(
    item: xml_trees.Element, text: str, where: str, problems: records.Problems
) -> records.Mention:
    """Returns a mention; the corpus counts its last character as within it."""
    try:
        pieces = [
            (int(start), int(end) + 1)
            for start, end in (
                piece.split("-") for piece in item.get("charOffset", "").split(";")
            )
        ]
    except ValueError:
        raise errors.InputError(
            f"{where}: A charOffset must be as 0-4 or 0-4;8-12. Received: "
            f"{item.get('charOffset')!r}."
        ) from None
    return records.make_mention(
        text,
        pieces,
        item.get("text", ""),
        kind=item.get("type", ""),
        where=where,
        problems=problems,
        key=item.get("id", ""),
    )


def _read_pair(
    item: xml_trees.Element,
    mentions: dict[str, records.Mention],
    text: str,
    where: str,
    problems: records.Problems,
) -> tuple[candidates.Pair, str] | None:
    """Returns a pair and its label; None, counted, if its mentions overlap."""
    keys = [item.get("e1", ""), item.get("e2", "")]
    missing = [key for key in keys if key not in mentions]
    if missing:
        raise errors.InputError(
            f"{where}: A pair must be one of entities of its sentence, each with an id "
            f"of its own. Received: {', '.join(map(repr, missing))}."
        )
    label = _label(item, where, problems)
    first, second = sorted((mentions[key] for key in keys), key=lambda m: m.start)
    if first.overlaps(second):
        # They cannot be shown apart, so the model would not know what to relate.
        problems.counts[
            f"{label} pairs of mentions that overlap, left out".lstrip()
        ] += 1
        return None
    pair = candidates.Pair(first=first, second=second, start=0, end=len(text))
    return pair, label


def _label(item: xml_trees.Element, where: str, problems: records.Problems) -> str:
    """Returns the label of a pair; "" where it does not say.

    Raises:
        errors.InputError: If it says something else than the corpus may.
    """
    related, kind = item.get("ddi"), item.get("type", "").lower()
    if related is None:
        return ""
    if related == "false":
        return NEGATIVE
    if related == "true" and not kind:
        # The type that stands for an interaction without any more being said.
        problems.counts["interactions without a type, taken as int"] += 1
        return "int"
    if related != "true" or kind not in LABELS:
        raise errors.InputError(
            f"{where}: A pair must have ddi true or false, and a type of "
            f"{', '.join(LABELS)}. Received: {related!r} and {kind!r}."
        )
    return kind
