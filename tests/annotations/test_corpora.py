# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.annotations.corpora, chemprot and ddi."""

import json

import pytest

from modeling import errors
from modeling.annotations import corpora, settings
from modeling.data import relation, relation_tasks
from modeling.text import lines

CHEMPROT = {
    "x_abstracts.tsv": "1\tAspirin and COX1.\tIt inhibits COX2, not TP53. Zinc too.\n",
    "x_entities.tsv": (
        "1\tT1\tCHEMICAL\t0\t7\tAspirin\n"
        "1\tT2\tGENE-Y\t12\t16\tCOX1\n"
        "1\tT3\tGENE-N\t30\t34\tCOX2\n"
        "1\tT4\tGENE\t40\t44\tTP53\n"
        "1\tT5\tCHEMICAL\t46\t50\tZinc\n"
        "1\tT6\tCHEMICAL\t18\t20\tIt\n"
    ),
    "x_gold_standard.tsv": (
        "1\tCPR:4\tArg1:T1\tArg2:T2\n"
        "1\tCPR:9\tArg1:T6\tArg2:T3\n"
        "1\tCPR:10\tArg1:T6\tArg2:T4\n"
        "1\tCPR:3\tArg1:T5\tArg2:T4\n"
    ),
}
DDI = """<?xml version="1.0" encoding="UTF-8"?>
<document id="D.d0">
<sentence id="D.d0.s0" text="Aspirin, calcium or zinc salts with iron.">
<entity id="e0" charOffset="0-6" type="brand" text="Aspirin"/>
<entity id="e1" charOffset="9-15;25-29" type="drug" text="calcium salts"/>
<entity id="e2" charOffset="20-29" type="group" text="zinc salts"/>
<entity id="e3" charOffset="36-39" type="drug_n" text="iron"/>
<pair id="p0" e1="e0" e2="e1" ddi="true" type="effect"/>
<pair id="p1" e1="e3" e2="e0" ddi="false"/>
<pair id="p2" e1="e1" e2="e2" ddi="false"/>
<pair id="p3" e1="e2" e2="e3" ddi="true"/>
</sentence>
<sentence id="D.d0.s1" text="None."/>
</document>
"""


def read_rows(path, name, part):
    """Reads rows as run_re.py does."""
    task = relation_tasks.find(name)
    return relation.read_rows(lines.read_lines(path), path="x", task=task, part=part)


@pytest.fixture
def build(tmp_path):
    """Makes rows of files; returns the report, the rows and the mentions."""

    def call(files, corpus, **options):
        folder = tmp_path / "in"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        output = tmp_path / "out.tsv"
        values = {"input": str(folder), "output_file": str(output), "form": "train"}
        chosen = settings.CorpusSettings(corpus=corpus, **(values | options))
        report = corpora.build(chosen)
        beside = (tmp_path / "out.mentions.jsonl").read_text().splitlines()
        return report, output.read_text(), list(map(json.loads, beside))

    return call


def test_chemprot_by_hand(build, tmp_path, caplog):
    _, rows, mentions = build(CHEMPROT, "chemprot")
    assert rows == (
        "BC6ENTC and BC6ENTG.\tcpr:4\n"
        "BC6ENTC inhibits BC6ENTG, not BC6OTHER.\tcpr:9\n"
        "BC6ENTC inhibits BC6OTHER, not BC6ENTG.\tfalse\n"
    )
    assert [m["second"]["keys"] for m in mentions] == [["T2"], ["T3"], ["T4"]]
    assert "1 annotated relations without a row." in caplog.text
    found = read_rows(tmp_path / "out.tsv", "chemprot", relation_tasks.TRAIN)
    assert [row.label for row in found] == ["cpr:4", "cpr:9", "false"]


def test_chemprot_in_other_ways(build):
    _, rows, _ = build(CHEMPROT, "chemprot", blinds="types", form="test")
    assert rows.split("\n")[:2] == [
        "index\tsentence\tlabel",
        "0\t@CHEMICAL$ and @GENE$.\tcpr:4",
    ]
    assert "2\t@CHEMICAL$ inhibits COX2, not @GENE$.\tfalse" in rows
    _, rows, _ = build(CHEMPROT, "chemprot", style="marked", window_sentences=2)
    assert "It inhibits COX2, not <e2>TP53</e2>. <e1>Zinc</e1> too.\tcpr:3" in rows
    assert rows.count("BC6") == 0


def test_chemprot_from_its_other_table(build, tmp_path):
    expected = build(CHEMPROT, "chemprot")[1]
    files = {f"y/{name}": text for name, text in CHEMPROT.items()}
    gold = files.pop("y/x_gold_standard.tsv")
    folder = str(tmp_path / "in" / "y")
    test = build(files, "chemprot", form="test", input=folder)[1]
    assert "0\tBC6ENTC and BC6ENTG.\t\n" in test
    with pytest.raises(errors.InputError, match="All pairs must have a label"):
        build(files, "chemprot", input=folder)
    files["y/x_relations.tsv"] = gold.replace("\tArg1", "\tY \tNAME\tArg1")
    assert build(files, "chemprot", input=folder)[1] == expected


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("entities", "1\tT7\tCHEMICAL\t0\t6\tAspirin", r"tsv:7: The offsets of"),
        ("entities", "1\tT7\tCHEMICAL\t0\tx\tAspirin", r"tsv:7: Offsets must be"),
        ("entities", f"1\tT7\tGENE\t0\t{'7' * 5000}\tA", r"tsv:7: Offsets must be"),
        ("entities", "1\tT7\tCHEMICAL", r"tsv:7: A line must hold 6 columns"),
        ("entities", "2\tT1\tGENE\t0\t1\tA", r"tsv:7: A line must have the id"),
        ("gold_standard", "1\tCPR:3\tArg1:T1\tArg2:T9", r"tsv:5: A relation .* T9"),
        ("gold_standard", "1\tX\tArg1:T1\tArg2:T2", r"tsv:5: A relation must have"),
        ("gold_standard", "1\tCPR:3\tT1\tT2", r"tsv:5: A relation must have a group"),
        ("abstracts", "1\tAgain\tAgain", r"tsv:2: An id must be that of one"),
    ],
)
def test_chemprot_with_bad_lines(build, name, line, message):
    files = dict(CHEMPROT)
    files[f"x_{name}.tsv"] += f"{line}\n"
    with pytest.raises(errors.InputError, match=message):
        build(files, "chemprot")
    report, rows, _ = build(files, "chemprot", on_error="skip")
    assert "skipped: 1\n" in report
    assert rows == build(CHEMPROT, "chemprot")[1]


def test_a_folder_of_chemprot_must_be_one(build):
    files = {"x_abstracts.tsv": "1\ta\tb\n"}
    with pytest.raises(errors.InputError, match=r"one file \*_entities\*\.tsv"):
        build(files, "chemprot")
    files = CHEMPROT | {"y_abstracts.tsv": "1\ta\tb\n"}
    with pytest.raises(errors.InputError, match=r"x_abstracts\.tsv, y_abstracts\.tsv"):
        build(files, "chemprot")


@pytest.mark.parametrize(
    ("files", "corpus", "name"),
    [(CHEMPROT, "chemprot", "x_entities.tsv"), ({"a/b.xml": DDI}, "ddi13", "a/b.xml")],
)
def test_files_of_a_corpus_are_not_written_over(build, tmp_path, files, corpus, name):
    path = tmp_path / "in" / name
    with pytest.raises(errors.InputError, match="--output_file must not be an input"):
        build(files, corpus, output_file=str(path))
    assert path.read_text() == files[name]


def test_ddi_by_hand(build, tmp_path, caplog):
    report, rows, mentions = build({"a/b.xml": DDI}, "ddi13")
    assert rows == (
        "@DRUG$, @DRUG$ with iron.\teffect\n"
        "@DRUG$, calcium or zinc salts with @DRUG$.\tfalse\n"
        "Aspirin, calcium or @DRUG$ with @DRUG$.\tint\n"
    )
    assert "documents: 2\n" in report
    assert [m["id"] for m in mentions] == ["D.d0.s0"] * 3
    assert [m["first"]["text"] for m in mentions][1] == "Aspirin"
    assert "1 false pairs of mentions that overlap, left out." in caplog.text
    assert "1 interactions without a type, taken as int." in caplog.text
    found = read_rows(tmp_path / "out.tsv", "ddi13", relation_tasks.TRAIN)
    assert [row.label for row in found] == ["effect", "false", "int"]
    _, rows, _ = build({"a/b.xml": DDI}, "ddi13", style="marked", max_words=5)
    assert rows.split("\n")[1] == (
        "<e1>Aspirin</e1>, calcium ... with <e2>iron</e2>.\tfalse"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"36-39"', '"36-40"', r"b\.xml:7: The offsets of a mention"),
        ('"36-39"', '"36"', r"b\.xml:7: A charOffset must be as 0-4"),
        ('e1="e3"', 'e1="e9"', r"b\.xml:9: A pair must be one of entities .* 'e9'"),
        ('"effect"', '"eats"', r"b\.xml:8: A pair must have ddi true or false"),
        ('ddi="false"', 'ddi="no"', r"b\.xml:9: A pair must have ddi true or false"),
        ("</sentence>", "", r"b\.xml:\d+: XML must be well-formed"),
        ('e0" ddi="false"', 'e0"', "All pairs must have a label"),
        ('id="e3"', 'id="e0"', r"b\.xml:7: An id must be .* Received: e0 again"),
    ],
)
def test_ddi_with_mistakes(build, old, new, message):
    with pytest.raises(errors.InputError, match=message):
        build({"b.xml": DDI.replace(old, new)}, "ddi13")


def test_ddi_without_labels(build):
    text = DDI.replace(' ddi="false"', "").replace(' ddi="true"', "")
    _, rows, _ = build({"b.xml": text}, "ddi13", form="test")
    assert rows.split("\n")[1] == "0\t@DRUG$, @DRUG$ with iron.\t"
    with pytest.raises(errors.InputError, match="must hold XML files"):
        build({"a.txt": ""}, "ddi13", input="none")


def test_ids_of_two_mentions_are_not_guessed(build):
    text = DDI.replace('id="e3"', 'id="e2"')
    report, rows, _ = build({"b.xml": text}, "ddi13", on_error="skip")
    # The id, and the pairs of e2 and e3.
    assert "skipped: 4\n" in report
    assert rows == "@DRUG$, @DRUG$ with iron.\teffect\n"
    files = dict(CHEMPROT)
    files["x_entities.tsv"] += "1\tT1\tGENE\t40\t42\tTP\n"
    with pytest.raises(errors.InputError, match=r"x_entities\.tsv:7: An id must be"):
        build(files, "chemprot")
    rows = build(files, "chemprot", on_error="skip")[1]
    assert "BC6ENTC and BC6ENTG.\tfalse\n" in rows
