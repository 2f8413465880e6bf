# SPDX-License-Identifier: Apache-2.0
"""Headers of relation files: which names of columns mean what.

What rows hold is left to `relation`.
"""

import dataclasses
from collections.abc import Sequence

from modeling.data import relation_tasks

# All in lower case.
_INDEX_NAMES = frozenset(["index", "idx", "id", "guid"])
_FIRST_NAMES = frozenset(
    ["sentence", "text", "sentence1", "sentence_1", "text_a", "#1 string", "premise"]
)
_SECOND_NAMES = frozenset(
    ["sentence2", "sentence_2", "text_b", "#2 string", "hypo", "hypothesis"]
)
TEXT_NAMES = _FIRST_NAMES | _SECOND_NAMES
_SURE_NAMES = ("label", "labels", "gold_label", "quality", "relation")
# The surest first: the later ones may be names of other things, too.
LABEL_NAMES = (*_SURE_NAMES, "relation_type", "class", "category", "target", "type")


def is_header(names: Sequence[str], known: relation_tasks.Columns | None) -> bool:
    """Returns whether cells, in lower case, are names of columns.

    Args:
        names: The cells of a file's first line.
        known: The columns, where the task knows them.
    """
    if known is not None:
        return all(i < len(names) and names[i] in TEXT_NAMES for i in known.texts)
    found = set(names)
    return bool(found & _FIRST_NAMES and found & {*_INDEX_NAMES, *LABEL_NAMES})


def columns_of(
    names: Sequence[str], known: relation_tasks.Columns | None, *, needs_label: bool
) -> relation_tasks.Columns | None:
    """Returns the columns that a header names; None where one is missing.

    Args:
        names: The cells of a header, in lower case.
        known: The columns, where the task knows them.
        needs_label: Whether there must be one of labels. If not, only a name that
            means nothing else is taken for it.
    """
    places = {
        kind: next((i for i, name in enumerate(names) if name in wanted), None)
        for kind, wanted in (("first", _FIRST_NAMES), ("second", _SECOND_NAMES))
    }
    wanted = LABEL_NAMES if needs_label else _SURE_NAMES
    label = next((names.index(name) for name in wanted if name in names), None)
    if known is not None:
        # Where GLUE's files have labels for tests, their headers say so.
        chosen = label if known.label is None else known.label
        return dataclasses.replace(known, label=chosen)
    if needs_label and label is None:
        return None
    return relation_tasks.Columns(**places, label=label)
