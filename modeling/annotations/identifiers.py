# SPDX-License-Identifier: Apache-2.0
"""Identifiers of what mentions name, such as MESH:D001943, as files write them.

A field may hold several. The names of variants hold the signs that stand between
others, and stay whole.
"""

import re
from collections.abc import Collection

# What PubTator's formats write for a mention without an identifier.
_NO_IDENTIFIERS = frozenset(["", "-", "-1", "None"])
# A variant as tmVar writes it, such as p|SUB|V|600|E, or what stands between signs.
_ONE = re.compile(r"(?:tmVar:)?[cgmnpr]\|[A-Za-z]{2,}\|[^,;]*|[^|,;]+")
# What tmVar says of one variant, with semicolons between it. Of these, groups, genes
# and species are others' too.
_OF_VARIANT = re.compile(r"(?:tmVar|HGVS|RS#|CA#|VariantGroup|Corresponding\w+):")
_OF_OTHERS = re.compile(r"(?:VariantGroup|Corresponding\w+):")
_TYPED = re.compile(r"([^|@]+)[|@](.+)", re.DOTALL)


def split(field: str) -> tuple[str, ...]:
    """Returns the identifiers of a field that may hold several.

    Example:
        >>> split("D003643|D009369"), split("p|SUB|V|600|E"), split("-1")
        (('D003643', 'D009369'), ('p|SUB|V|600|E',), ())
        >>> split("tmVar:p|SUB|V|600|E;CorrespondingGene:673;RS#:113488022")
        ('tmVar:p|SUB|V|600|E', 'p|SUB|V|600|E', 'RS#:113488022', 'rs113488022')
    """
    parts = [part.strip() for part in field.split(";")]
    if any(map(_OF_VARIANT.match, parts)):
        found = [
            name
            for part in parts
            if not _OF_OTHERS.match(part)
            for name in (part, _short(part))
        ]
    else:
        found = [part.strip() for part in _ONE.findall(field)]
    return tuple(name for name in dict.fromkeys(found) if name not in _NO_IDENTIFIERS)


def _short(name: str) -> str:
    """Returns a variant's name as it is written where it stands alone."""
    return re.sub("^RS#:", "rs", name).removeprefix("tmVar:")


def without_type(name: str, types: Collection[str]) -> str:
    """Returns an identifier without the type that a relation writes before it.

    Args:
        name: As the relation writes it.
        types: Those of the document's mentions, in lower case.

    Example:
        >>> without_type("Gene|8622", {"gene"}), without_type("Gene@8622", {"gene"})
        ('8622', '8622')
        >>> without_type("p|SUB|V|600|E", {"gene"})
        'p|SUB|V|600|E'
    """
    found = _TYPED.fullmatch(name)
    is_typed = found is not None and found[1].strip().lower() in types
    return found[2].strip() if is_typed else name
