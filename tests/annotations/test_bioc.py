# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.annotations.bioc."""

import contextlib
import copy
import json
import math

import pytest

from modeling import errors
from modeling.annotations import bioc, inputs, records

XML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE collection SYSTEM "BioC.dtd">
<collection><source>x</source><date></date><key></key>
<document><id>1</id>
<passage><infon key="type">title</infon><offset>0</offset><text>BRCA1.</text>
<annotation id="0"><infon key="type">Gene</infon><infon key="identifier">672</infon>
<location offset="0" length="5"/><text>BRCA1</text></annotation>
</passage>
<passage><infon key="type">abstract</infon><offset>8</offset>
<text>A caf\u00e9 &amp; flu.</text>
<annotation id="1"><infon key="type">Disease</infon><infon key="MESH">D7251</infon>
<location offset="17" length="3"/><text>flu</text></annotation>
<relation id="R0"><infon key="type">CID</infon><node refid="0" role="a"/>
<node refid="1" role="b"/></relation>
</passage>
<relation id="R1"><infon key="relation">CID</infon><infon key="Gene">672</infon>
<infon key="Disease">D7251</infon></relation>
</document></collection>
"""
DOCUMENT = {
    "id": "1",
    "passages": [
        {
            "offset": 0,
            "text": "BRCA1.",
            "annotations": [
                {
                    "id": "0",
                    "infons": {"type": "Gene", "identifier": "672"},
                    "text": "BRCA1",
                    "locations": [{"offset": 0, "length": 5}],
                }
            ],
            "relations": [],
        },
        {
            "offset": 8,
            "sentences": [{"offset": 8, "text": "A caf\u00e9 & flu."}],
            "annotations": [
                {
                    "id": "1",
                    "infons": {"type": "Disease", "MESH": "D7251"},
                    "text": "flu",
                    "locations": [{"offset": 17, "length": 3}],
                }
            ],
        },
    ],
    "relations": [
        {
            "id": "R0",
            "infons": {"type": "CID"},
            "nodes": [{"refid": "0", "role": "a"}, {"refid": "1", "role": "b"}],
        },
        {
            "id": "R1",
            "infons": {"relation": "CID", "Gene": "672", "Disease": "D7251"},
            "nodes": [],
        },
    ],
}


def read_json(value, problems=None):
    text = value if isinstance(value, str) else json.dumps(value)
    problems = problems or records.Problems()
    return list(bioc.read_json(text, path="a.json", problems=problems))


def read_xml(tmp_path, text, problems=None):
    path = tmp_path / "a.xml"
    path.write_text(text, encoding="utf-8")
    return list(bioc.read_xml(str(path), problems=problems or records.Problems()))


def check(found):
    assert found.text == "BRCA1.  A caf\u00e9 & flu."
    assert found.parts == ((0, 6), (8, 21))
    assert found.mentions == (
        records.Mention(
            start=0, end=5, text="BRCA1", type="Gene", keys=("0",), ids=("672",)
        ),
        records.Mention(
            start=17, end=20, text="flu", type="Disease", keys=("1",), ids=("D7251",)
        ),
    )
    by_ids, by_nodes = sorted(found.relations, key=lambda r: r.of_mentions)
    assert (by_nodes.first, by_nodes.second, by_nodes.type) == ("0", "1", "CID")
    assert {by_ids.first, by_ids.second} == {"672", "D7251"}


def test_xml_and_json_say_the_same(tmp_path):
    (found,) = read_xml(tmp_path, XML)
    check(found)
    for value in ({"documents": [DOCUMENT]}, [DOCUMENT], {"PubTator3": [DOCUMENT]}):
        check(read_json(value)[0])
    other = DOCUMENT | {"id": "2"}
    lines = "\n".join(json.dumps(value) for value in (DOCUMENT, other))
    assert [found.id for found in read_json(lines)] == ["1", "2"]


def test_places_of_mistakes(tmp_path):
    bad = XML.replace('offset="17"', 'offset="16"')
    with pytest.raises(errors.InputError, match=r"a\.xml:11: The offsets .* 16-19"):
        read_xml(tmp_path, bad)
    problems = records.Problems("skip")
    (found,) = read_xml(tmp_path, bad, problems)
    # The mention, and the relation that it was in.
    assert (problems.num_skipped, len(found.mentions)) == (2, 1)
    with pytest.raises(errors.InputError, match=r"a\.xml:13: A relation .* 7, which"):
        read_xml(tmp_path, XML.replace('refid="0"', 'refid="7"'))


def place(document):
    return document["passages"][1]["annotations"][0]["locations"][0]


def changed(change):
    document = copy.deepcopy(DOCUMENT)
    change(document)
    return document


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{", r"a\.json:1: A file must be JSON as a whole, or on each line"),
        ("{}\n{", r"a\.json:2: A file must be JSON|a\.json:1: BioC must be an object"),
        ("3", r"a\.json:1: BioC must be an object with documents or passages"),
        (
            changed(lambda d: d["passages"][1]["annotations"][0].pop("locations")),
            r"a\.json:1 \(1\): An annotation must have the parts .*KeyError",
        ),
        (
            changed(lambda d: d["passages"][1].update(offset=3, sentences=[]))
            | {"passages": [{"offset": 0, "text": "ab"}, {"offset": 1, "text": "b"}]},
            r"a\.json:1: Offsets of passages .* Received: 1, where .* ends at 2",
        ),
        (
            changed(lambda d: d["relations"][0]["nodes"].pop()),
            r"a\.json:1 \(R0\): A relation must have a type and two nodes or ident",
        ),
        (
            changed(lambda d: place(d).update(offset=math.inf)),
            r"a\.json:1 \(1\): An annotation must have the parts .*OverflowError",
        ),
        (changed(lambda d: d.pop("id")), r"a\.json:1: A document must have the parts"),
        ("[" * 900 + "]" * 900, r"a\.json:1: BioC must be an object with documents"),
    ],
)
def test_bad_json(value, message):
    with pytest.raises(errors.InputError, match=message):
        read_json(value)


def test_lists_in_lists_can_be_skipped(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("[" * 900 + "]" * 900)
    problems = records.Problems("skip")
    read = inputs.read_documents([str(path)], file_format="auto", problems=problems)
    assert (list(read), problems.num_skipped) == ([], 1)
    # However deep the stack is already, and wherever the lists are.
    for depth in range(700, 1000, 3):
        value = "[" * depth + "]" * depth
        text = json.dumps(DOCUMENT).replace('"infons"', f'"x": {value}, "infons"', 1)
        for wrong in (text, text.replace('"Gene"', value), f'{{"x": {value}}}'):
            read_json_or_skip(wrong)


def read_json_or_skip(text):
    with contextlib.suppress(errors.InputError):
        read_json(text, records.Problems("skip"))


def related(relation):
    return changed(lambda d: d.update(relations=[{"id": "R0", **relation}]))


@pytest.mark.parametrize(
    "relation",
    [
        # PubTator3, whose nodes are no annotations.
        {
            "infons": {
                "score": "0.99",
                "role1": {"identifier": "672", "type": "Gene", "name": "x"},
                "role2": {"identifier": "D7251", "type": "Disease"},
                "type": "Association",
            },
            "nodes": [{"refid": "0", "role": "10,9"}],
        },
        {
            "infons": {
                "score": "0.99",
                "role1": "Gene|672",
                "role2": "Disease|D7251",
                "type": "Association",
            },
            "nodes": [{"refid": "8", "role": "1,0"}, {"refid": "9", "role": "1,2"}],
        },
        # BioRED.
        {
            "infons": {
                "entity1": "672",
                "entity2": "D7251",
                "type": "Association",
                "novel": "Novel",
            },
            "nodes": [],
        },
    ],
)
def test_relations_of_identifiers(relation):
    (found,) = read_json(related(relation))
    assert found.relations == (
        records.Relation(
            type="Association", first="672", second="D7251", of_mentions=False
        ),
    )


@pytest.mark.parametrize(
    "names",
    [
        {"entity1": "BRCA1", "entity2": "flu"},
        {"role1": "Arg1|Gene", "role2": "Arg2|Disease"},
    ],
)
def test_what_is_said_beside_nodes_is_no_identifier(names):
    nodes = [{"refid": "0"}, {"refid": "1"}]
    relation = {"infons": {"type": "Cause", **names}, "nodes": nodes}
    (found,) = read_json(related(relation))
    assert found.relations == (
        records.Relation(type="Cause", first="0", second="1", of_mentions=True),
    )


def test_relations_without_an_identifier_are_passed_over():
    problems = records.Problems()
    role = {"identifier": "672"}
    infons = {"type": "Cause", "role1": role, "role2": {"identifier": None}}
    nodes = [{"refid": "0"}, {"refid": "1"}]
    (found,) = read_json(related({"infons": infons, "nodes": nodes}), problems)
    assert found.relations == ()
    passed = "relations of what has no identifier, passed over"
    assert problems.counts[passed] == 1


def test_ids_may_come_again_where_no_relation_has_them():
    document = changed(lambda d: d["passages"][1]["annotations"][0].update(id="0"))
    message = r"a\.json:1 \(R0\): An id in a relation .* Received: 0, that of 2\."
    document["relations"][0]["nodes"][1]["refid"] = "0"
    with pytest.raises(errors.InputError, match=message):
        read_json(document)
    del document["relations"][0]
    (found,) = read_json(document)
    assert [mention.keys for mention in found.mentions] == [("0",), ("0",)]
