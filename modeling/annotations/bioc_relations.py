# SPDX-License-Identifier: Apache-2.0
"""The relations of BioC documents: between annotations, or between identifiers.

Nodes are annotations, unless PubTator3 or BioRED names two identifiers beside them;
nodes that are relations themselves are not known here. Reading documents is left to
`bioc`.
"""

from typing import Any

from modeling import errors
from modeling.annotations import identifiers, records

_TYPE_NAMES = ("type", "relation", "relation type")
# Where PubTator3 and BioRED name the two things of a relation.
_ROLES, _ENTITIES = ("role1", "role2"), ("entity1", "entity2")


def read(item: dict[str, Any], types: set[str], where: str) -> records.Relation | None:
    """Returns a relation of two nodes, or of two identifiers.

    Args:
        item: The relation, in the form of JSON.
        types: Those of the document's mentions.
        where: Its file and line, or the document and its id.

    Returns:
        The relation; None if one of the things that it names has no identifier.

    Raises:
        errors.InputError: If it is between other than two, or has no type; else
            what comes of parts of another kind.
    """
    infons = item.get("infons", {})
    kinds = [infons[name] for name in _TYPE_NAMES if infons.get(name)]
    nodes = [str(node["refid"]) for node in item.get("nodes", ())]
    ids = _named(infons, types, has_nodes=bool(nodes))
    if ids is not None:
        nodes = []  # Those of PubTator3 are no annotations.
        if not all(ids):
            return None
    else:
        # Each is named by its type.
        ids = [str(value) for name, value in infons.items() if name in types]
        if len(ids) != 2:
            ids = [str(infons[name]) for name in infons if name not in _TYPE_NAMES]
    if not kinds or len(nodes or ids) != 2:
        raise errors.InputError(
            f"{where}: A relation must have a type and two nodes or identifiers. "
            f"Received: {records.shorten(infons)} and {len(nodes)} nodes."
        )
    records.check_text(str(kinds[0]), where=where)
    first, second = nodes or ids
    return records.Relation(
        type=str(kinds[0]), first=first, second=second, of_mentions=bool(nodes)
    )


def _named(
    infons: dict[str, Any], types: set[str], *, has_nodes: bool
) -> list[str] | None:
    """Returns the identifiers that a relation names as PubTator3 or BioRED does.

    Args:
        infons: What is said of the relation.
        types: Those of the document's mentions.
        has_nodes: Whether the relation has nodes. BioRED's have none, so that what
            other corpora say beside theirs is no identifier.

    Returns:
        Both, "" for one that is not known; None where neither does.
    """
    lowered = {kind.lower() for kind in types}
    roles = [infons.get(name) for name in _ROLES]
    if all(isinstance(role, dict) for role in roles):
        found = [role.get("identifier") for role in roles]
    elif all(isinstance(role, str) for role in roles) and all(
        role.partition("|")[0].strip().lower() in lowered for role in roles
    ):
        found = [role.partition("|")[2] for role in roles]  # As Gene|672 in XML.
    elif not has_nodes and all(infons.get(name) is not None for name in _ENTITIES):
        found = [infons[name] for name in _ENTITIES]
    else:
        return None
    names = ["" if name is None else str(name).strip() for name in found]
    names = [identifiers.without_type(name, lowered) for name in names]
    return [name if identifiers.split(name) else "" for name in names]
