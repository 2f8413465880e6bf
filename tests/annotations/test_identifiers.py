# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.annotations.identifiers."""

import pytest

from modeling.annotations import identifiers

TMVAR3 = (
    "tmVar:p|SUB|V|600|E;HGVS:p.V600E;VariantGroup:1;CorrespondingGene:673;"
    "RS#:113488022;CorrespondingSpecies:9606;CA#:123643"
)


@pytest.mark.parametrize(
    ("field", "ids"),
    [
        ("672", ("672",)),
        ("672;673, 672|D1", ("672", "673", "D1")),
        ("", ()),
        ("-", ()),
        ("-1", ()),
        ("-1|D1", ("D1",)),
        # Variants stay whole, also among others.
        ("p|SUB|V|600|E", ("p|SUB|V|600|E",)),
        ("c|DEL|35_36|AG", ("c|DEL|35_36|AG",)),
        ("g|INDEL|1|A", ("g|INDEL|1|A",)),
        ("p|FS|K|1|R|7", ("p|FS|K|1|R|7",)),
        ("tmVar:m|SUB|A|3243|G", ("tmVar:m|SUB|A|3243|G", "m|SUB|A|3243|G")),
        ("D1|p|SUB|V|600|E;rs9", ("D1", "p|SUB|V|600|E", "rs9")),
        ("c|SUB|A||T,c|DUP|5|A", ("c|SUB|A||T", "c|DUP|5|A")),
        (
            TMVAR3,
            (
                "tmVar:p|SUB|V|600|E",
                "p|SUB|V|600|E",
                "HGVS:p.V600E",
                "RS#:113488022",
                "rs113488022",
                "CA#:123643",
            ),
        ),
        ("p.R72C;CorrespondingGene:596", ("p.R72C",)),
    ],
)
def test_identifiers_of_a_field(field, ids):
    assert identifiers.split(field) == ids


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("Gene|8622", "8622"),
        ("GENE@8622", "8622"),
        ("Cell Line | CVCL_1", "CVCL_1"),
        ("Gene|D1|D2", "D1|D2"),
        ("Disease|D1", "Disease|D1"),
        ("p|SUB|V|600|E", "p|SUB|V|600|E"),
        ("8622", "8622"),
        ("Gene|", "Gene|"),
    ],
)
def test_types_before_identifiers(name, without):
    assert identifiers.without_type(name, {"gene", "cell line"}) == without
