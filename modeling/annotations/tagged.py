# SPDX-License-Identifier: Apache-2.0
"""The output of run_ner.py: JSON lines with a text and the mentions found in it.

There are no relations in it. Keys other than those named below are passed over.
"""

import json
from collections.abc import Iterable, Iterator

from modeling import errors
from modeling.annotations import records


def read(
    lines: Iterable[tuple[int, str]], *, path: str, problems: records.Problems
) -> Iterator[records.Document]:
    """Reads an object {"id", "text", "mentions"} from each line that is not blank.

    A mention is an object {"start", "end", "text", "type"}, places in characters.

    Args:
        lines: Numbered lines.
        path: The file, for messages.
        problems: Decides about bad lines and mentions.

    Yields:
        The documents in order.

    Raises:
        errors.InputError: As `problems` decides.
    """
    for number, line in lines:
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            record = _read_object(line, where)
        except errors.InputError as error:
            problems.report(error)
            continue
        mentions = []
        for mention in record["mentions"]:
            try:
                mentions.append(_read_mention(mention, record["text"], where, problems))
            except errors.InputError as error:
                problems.report(error)
        yield records.Document(
            id=str(record["id"]),
            source=where,
            text=record["text"],
            parts=((0, len(record["text"])),),
            mentions=records.merge(mentions, problems),
        )


def _read_object(line: str, where: str) -> dict:
    """Returns the object of a line.

    Raises:
        errors.InputError: If there is none, or something is missing in it.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    is_right = (
        isinstance(record, dict)
        and isinstance(record.get("id"), str | int)
        and isinstance(record.get("text"), str)
        and isinstance(record.get("mentions"), list)
    )
    if not is_right:
        raise errors.InputError(
            f'{where}: A line must be a JSON object with "id", "text" and a list '
            f'"mentions", as run_ner.py writes it. Received: {line[:80]!r}.'
        )
    for text in (str(record["id"]), record["text"]):
        records.check_text(text, where=where)
    return record


def _read_mention(
    mention: object, text: str, where: str, problems: records.Problems
) -> records.Mention:
    """Returns a mention of an object.

    Raises:
        errors.InputError: If something is missing in it or wrong.
    """
    values = mention if isinstance(mention, dict) else {}
    places = [values.get("start"), values.get("end")]
    words = [values.get("text"), values.get("type")]
    is_right = all(type(place) is int for place in places) and all(
        isinstance(word, str) for word in words
    )
    if not is_right:
        raise errors.InputError(
            f'{where}: A mention must be an object with the numbers "start" and "end" '
            f'and the strings "text" and "type". Received: {records.shorten(mention)}.'
        )
    return records.make_mention(
        text,
        [tuple(places)],
        words[0],
        kind=words[1],
        where=where,
        problems=problems,
    )
