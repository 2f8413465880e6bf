# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.annotations.building and settings."""

import json

import pytest

from modeling import errors
from modeling.annotations import building, settings
from modeling.data import relation, relation_tasks
from modeling.text import lines

PUBTATOR = """1|t|BRCA1 and flu.
1|a|TP53 with flu. No flu here.
1\t0\t5\tBRCA1\tGene\t672
1\t10\t13\tflu\tDisease\tD1
1\t15\t19\tTP53\tGene\t7157
1\t25\t28\tflu\tDisease\tD1
1\t33\t36\tflu\tDisease\tD1
1\tCause\t672\tD1
1\tCure\t672\tD1
1\tCure\t7157\tD9
"""


def read_rows(path, name, part):
    """Reads rows as run_re.py does."""
    task = relation_tasks.find(name)
    return relation.read_rows(lines.read_lines(path), path="x", task=task, part=part)


@pytest.fixture
def build(tmp_path):
    """Makes rows of the text above; returns the report, the rows and mentions."""

    def call(text=PUBTATOR, **options):
        path = tmp_path / "in.pubtator"
        path.write_text(text)
        output = tmp_path / "out.tsv"
        values = {"input": str(path), "output_file": str(output)} | options
        report = building.build(settings.Settings(**values))
        beside = (tmp_path / "out.mentions.jsonl").read_text().splitlines()
        return report, output.read_text(), list(map(json.loads, beside))

    return call


def test_worked_by_hand(build, tmp_path):
    report, rows, mentions = build(types="gene,disease")
    assert rows == (
        "index\tsentence\tlabel\n"
        "0\t@GENE$ and @DISEASE$.\t\n"
        "1\t@GENE$ with @DISEASE$.\t\n"
    )
    assert "documents: 1\nmentions: Disease 3, Gene 2\n" in report
    assert "2 rows; no label 2\nskipped: 0\n" in report
    assert [m["first"]["text"] for m in mentions] == ["BRCA1", "TP53"]
    assert [m["second"]["start"] for m in mentions] == [10, 25]
    assert [m["id"] for m in mentions] == ["1", "1"]
    # run_re.py reads it.
    found = read_rows(tmp_path / "out.tsv", "gad", relation_tasks.TEST)
    assert [(row.first, row.label) for row in found] == [
        ("@GENE$ and @DISEASE$.", None),
        ("@GENE$ with @DISEASE$.", None),
    ]


def test_labels(build, tmp_path, caplog):
    options = {"types": "Gene,Disease", "form": "train"}
    _, rows, _ = build(labels="types", negative_label="none", **options)
    assert rows == "@GENE$ and @DISEASE$.\tCause\n@GENE$ with @DISEASE$.\tnone\n"
    assert "1 rows with several relations, of which the first" in caplog.text
    assert "1 annotated relations without a row." in caplog.text
    _, rows, _ = build(labels="binary", **options)
    assert rows == "@GENE$ and @DISEASE$.\t1\n@GENE$ with @DISEASE$.\t0\n"
    found = read_rows(tmp_path / "out.tsv", "gad", relation_tasks.TRAIN)
    assert [row.label for row in found] == ["1", "0"]
    _, rows, _ = build(labels="types", relation_types="cure", **options)
    assert rows == "@GENE$ and @DISEASE$.\tCure\n@GENE$ with @DISEASE$.\tfalse\n"


def test_windows_styles_and_words(build):
    _, rows, _ = build(types="gene,disease", window_sentences=3)
    assert rows.count("\n") == 1 + 6
    _, rows, mentions = build(
        types="disease,disease",
        window_sentences=2,
        style="marked",
        max_words=4,
    )
    assert rows.split("\n")[1:] == [
        "0\t<e1>flu</e1>. TP53 with <e2>flu</e2>.\t",
        "1\t<e1>flu</e1>. No <e2>flu</e2> here.\t",
        "",
    ]
    assert [m["first"]["start"] for m in mentions] == [10, 25]
    _, rows, _ = build(other_blind="@X$", window_sentences=9)
    assert not any(name in rows for name in ("BRCA1", "TP53", "flu"))
    assert "\n2\t@GENE$ and @X$. @X$ with @DISEASE$.\t\n" in rows
    assert len(rows.splitlines()) == 1 + 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"types": "gene"}, "--types must be two types with a comma between"),
        ({"types": "a,b,c"}, "--types must be two types"),
        ({"types": "a,"}, "--types must be two types"),
        ({"types": ","}, "--types must be two types"),
        ({"form": "train"}, "--labels must be types or binary with --form=train"),
        ({"negative_label": ""}, "--negative_label must be a word"),
        ({"negative_label": "a\tb"}, "--negative_label must be a word"),
        ({"other_blind": "a b"}, "--other_blind must be without white space"),
        ({"window_sentences": 0}, "--window_sentences must be at least 1"),
        ({"style": "bold"}, "--style must be one of blinded, marked"),
        ({"types": "gene,drug"}, "Received: none in 1 documents, with Disease 3, G"),
        (
            {"labels": "types", "relation_types": "eat"},
            "--labels=types needs annotated relations",
        ),
    ],
)
def test_refusals(build, tmp_path, options, message):
    with pytest.raises(errors.InputError) as caught:
        build(**options)
    assert message in str(caught.value)
    assert not (tmp_path / "out.tsv").exists()


def test_a_bad_mention_stops_or_is_skipped(build):
    bad = PUBTATOR.replace("1\t10\t13\tflu", "1\t9\t13\tflu")
    with pytest.raises(errors.InputError, match=r"in\.pubtator:4: The offsets"):
        build(bad, types="gene,disease")
    report, _, mentions = build(bad, types="gene,disease", on_error="skip")
    assert len(mentions) == 1
    assert "skipped: 1\n" in report


def test_a_row_that_holds_a_blind_is_skipped(build):
    text = PUBTATOR.replace("No flu here", "No flu @GENE$")
    options = {"types": "gene,disease", "window_sentences": 3}
    with pytest.raises(errors.InputError, match=r"must not hold @GENE\$"):
        build(text, **options)
    report, _, mentions = build(text, on_error="skip", **options)
    assert len(mentions) + int(report.split()[-1]) == 6


VARIANT = """1|t|BRAF V600E and CHD8 in flu.
1\t0\t4\tBRAF\tGene\t673
1\t5\t10\tV600E\tVariant\tp|SUB|V|600|E
1\t15\t19\tCHD8\tGene\t600
1\t23\t26\tflu\tDisease\tD1,D2
1\tCause\tp|SUB|V|600|E\tD1,D2
"""


def test_a_variant_keeps_its_label(build):
    options = {"labels": "binary", "form": "train"}
    _, rows, _ = build(VARIANT, types="Gene,Disease", **options)
    assert rows == (
        "@GENE$ V600E and CHD8 in @DISEASE$.\t0\n"
        "BRAF V600E and @GENE$ in @DISEASE$.\t0\n"
    )
    _, rows, mentions = build(VARIANT, types="Variant,Disease", **options)
    assert rows == "BRAF @VARIANT$ and CHD8 in @DISEASE$.\t1\n"
    assert mentions[0]["first"]["ids"] == ["p|SUB|V|600|E"]
    assert mentions[0]["second"]["ids"] == ["D1", "D2"]


def test_warns_where_relations_have_no_row(build, caplog):
    options = {"labels": "binary", "types": "Gene,Disease", "form": "train"}
    build(**options)
    assert "have no row" not in caplog.text
    text = PUBTATOR.replace("Cause\t672", "Cause\tG672").replace("Cure\t672", "Cure\tx")
    build(text, **options)
    assert "out.tsv: 3 of 3 annotated relations have no row" in caplog.text
    (record,) = (one for one in caplog.records if "have no row" in one.message)
    assert record.levelname == "WARNING"
    caplog.clear()
    # Where labels are not asked for, relations are not looked at.
    build(text, types="Gene,Disease")
    assert "no row" not in caplog.text
    build(text.replace("G672", "Gene|672").replace("\tx", "\tGene@672"), **options)
    assert "have no row" not in caplog.text
