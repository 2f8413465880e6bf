# SPDX-License-Identifier: Apache-2.0
"""Tests for --predict_file of run_re.py and modeling.relation.from_text."""

import json
import logging

import numpy as np
import pytest

import run_re
from modeling import errors
from modeling.annotations import building
from modeling.annotations import settings as annotation_settings
from modeling.relation import from_text

# Title, abstract and mentions of each document; the second has no pair.
DOCUMENTS = {
    "1": (
        "BRCA1 causes flu.",
        "TP53 not cancer and flu in mice.",
        [
            (0, 5, "Gene", "672"),
            (13, 16, "Disease", "D1"),
            (18, 22, "Gene", "7157"),
            (27, 33, "Disease", "D2"),
            (38, 41, "Disease", "D1"),
        ],
    ),
    "2": ("The flu.", "BRCA1 in mice.", [(4, 7, "Disease", ""), (9, 14, "Gene", "")]),
    "3": (
        "\u00e9 \U0001f600 mice.",
        "Cancer , TP53.",
        [(10, 16, "Disease", "D2"), (19, 23, "Gene", "7157")],
    ),
}
TEXTS = {name: f"{title} {rest}" for name, (title, rest, _) in DOCUMENTS.items()}
# Worked by hand: document, first and second mention with their places.
PAIRS = [
    ("1", "BRCA1", 0, 5, "flu", 13, 16),
    ("1", "TP53", 18, 22, "cancer", 27, 33),
    ("1", "TP53", 18, 22, "flu", 38, 41),
    ("3", "TP53", 19, 23, "Cancer", 10, 16),
]
SENTENCES = [
    "@GENE$ causes @DISEASE$.",
    "@GENE$ not @DISEASE$ and flu in mice.",
    "@GENE$ not cancer and @DISEASE$ in mice.",
    "@DISEASE$ , @GENE$.",
]
TYPES = {"types": "gene,disease"}
KEYS = ("text", "start", "end")


def write_pubtator(folder):
    blocks = []
    for name, (title, rest, mentions) in DOCUMENTS.items():
        lines = [f"{name}|t|{title}", f"{name}|a|{rest}"]
        for start, end, kind, i in mentions:
            text = TEXTS[name][start:end]
            lines.append(f"{name}\t{start}\t{end}\t{text}\t{kind}\t{i}")
        blocks.append("\n".join(lines))
    path = folder / "in.pubtator"
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return path


def write_bioc(folder):
    parts = ["<collection>"]
    for name, (_, _, mentions) in DOCUMENTS.items():
        parts.append(f"<document><id>{name}</id><passage><offset>0</offset>")
        parts.append(f"<text>{TEXTS[name]}</text>")
        for number, (start, end, kind, i) in enumerate(mentions):
            parts.append(
                f'<annotation id="{number}"><infon key="type">{kind}</infon>'
                f'<infon key="identifier">{i}</infon>'
                f'<location offset="{start}" length="{end - start}"/>'
                f"<text>{TEXTS[name][start:end]}</text></annotation>"
            )
        parts.append("</passage></document>")
    path = folder / "in.xml"
    path.write_text("\n".join([*parts, "</collection>"]), encoding="utf-8")
    return path


def write_brat(folder):
    inside = folder / "brat"
    inside.mkdir()
    for name, (_, _, mentions) in DOCUMENTS.items():
        (inside / f"{name}.txt").write_text(TEXTS[name], encoding="utf-8")
        lines = [
            f"T{number}\t{kind} {start} {end}\t{TEXTS[name][start:end]}\n"
            for number, (start, end, kind, _) in enumerate(mentions, 1)
        ]
        (inside / f"{name}.ann").write_text("".join(lines), encoding="utf-8")
    return inside


def write_jsonl(folder):
    path = folder / "predictions.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for name, (_, _, mentions) in DOCUMENTS.items():
            found = [
                {"start": s, "end": e, "text": TEXTS[name][s:e], "type": kind}
                for s, e, kind, _ in mentions
            ]
            record = {"id": name, "text": TEXTS[name], "mentions": found}
            file.write(json.dumps(record) + "\n")
    return path


def make_rows(path, output, **options):
    """Makes rows as make_re_data.py does."""
    values = {"input": str(path), "output_file": str(output), **options}
    building.build(annotation_settings.Settings(**values))
    return output


@pytest.fixture
def predict(relation_run, trained, tmp_path):
    """Runs the program on --predict_file; returns the records that it wrote."""

    def call(path, output_dir=tmp_path / "out", **changes):
        options = {"data_dir": None, "do_train": False, "predict_file": str(path)}
        options |= {"init_checkpoint": str(trained.folder), **changes}
        run_re.run(relation_run.settings(output_dir, **options))
        lines = (output_dir / "relations.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines]

    return call


def places(records):
    keys = [(which, key) for which in ("first", "second") for key in KEYS]
    return [(r["id"], *(r[which][key] for which, key in keys)) for r in records]


def shares(records):
    return np.array([list(record["probabilities"].values()) for record in records])


def test_worked_by_hand(predict, tmp_path, caplog):
    records = predict(write_pubtator(tmp_path), **TYPES)
    assert places(records) == PAIRS
    assert [record["index"] for record in records] == [0, 1, 2, 3]
    assert records[0] | {"probability": 0, "probabilities": {}, "label": ""} == {
        "index": 0,
        "id": "1",
        "start": 0,
        "end": 17,
        "first": {
            "start": 0,
            "end": 5,
            "text": "BRCA1",
            "type": "Gene",
            "keys": [],
            "ids": ["672"],
        },
        "second": {
            "start": 13,
            "end": 16,
            "text": "flu",
            "type": "Disease",
            "keys": [],
            "ids": ["D1"],
        },
        "label": "",
        "probability": 0,
        "probabilities": {},
    }
    for record in records:
        for mention in (record["first"], record["second"]):
            text = TEXTS[record["id"]]
            assert text[mention["start"] : mention["end"]] == mention["text"]
            assert record["start"] <= mention["start"] < mention["end"] <= record["end"]
        by_label = record["probabilities"]
        assert list(by_label) == ["0", "1"]
        assert sum(by_label.values()) == pytest.approx(1, abs=1e-6)
        assert record["label"] == max(by_label, key=by_label.get)
        assert record["probability"] == by_label[record["label"]]
    assert "4 pairs in 3 documents with Disease 5, Gene 4 mentions" in caplog.text
    assert "; 1 have no pair" in caplog.text


@pytest.mark.slow
def test_all_formats_give_the_same(predict, tmp_path):
    expected = predict(write_pubtator(tmp_path), **TYPES)
    for write in (write_bioc, write_brat, write_jsonl):
        records = predict(write(tmp_path), **TYPES)
        assert places(records) == PAIRS, write
        np.testing.assert_array_equal(shares(records), shares(expected))
    assert predict(tmp_path / "brat", **TYPES)[0]["first"]["keys"] == ["T1"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        TYPES,
        {"types": "disease,disease", "style": "marked", "window_sentences": 2},
        {"window_sentences": 3, "max_words": 4, "other_blind": "@X$"},
    ],
    ids=["blinded", "marked", "windows"],
)
@pytest.mark.parametrize("form", ["test", "train"])
def test_rows_that_were_made_before_give_the_same(predict, tmp_path, form, options):
    path = write_pubtator(tmp_path)
    (tmp_path / "rows").mkdir()
    labels = {"labels": "binary"} if form == "train" else {}
    if labels:  # Labels need a relation in the file.
        path.write_text(path.read_text("utf-8") + "3\tCause\tD2\t7157\n", "utf-8")
    rows = make_rows(path, tmp_path / "rows" / "a.tsv", form=form, **labels, **options)
    expected = predict(path, **options)
    assert len(expected) > 1
    assert predict(rows) == expected
    assert predict(tmp_path / "rows") == expected


def test_equals_do_predict_on_the_same_rows(predict, relation_run, trained, tmp_path):
    path = write_pubtator(tmp_path)
    rows = make_rows(path, tmp_path / "rows" / "test.tsv", **TYPES)
    lines = rows.read_text().splitlines()
    assert [line.split("\t")[1] for line in lines[1:]] == SENTENCES
    relation_run.predict(tmp_path / "other", trained.folder, data_dir=str(rows.parent))
    table = np.loadtxt(tmp_path / "other" / "test_results.tsv")
    np.testing.assert_allclose(shares(predict(path, **TYPES)), table, rtol=1e-5)


@pytest.mark.slow
def test_batches_change_nothing(predict, tmp_path, monkeypatch):
    path, options = write_pubtator(tmp_path), {"window_sentences": 2}
    expected = predict(path, **options)
    for name, value in (("_ROWS_AT_ONCE", 3), ("_CHARACTERS_AT_ONCE", 1)):
        monkeypatch.setattr(from_text, name, value)
        records = predict(path, predict_batch_size=1, **options)
        assert places(records) == places(expected)
        np.testing.assert_allclose(shares(records), shares(expected), rtol=1e-5)


def test_batches_are_full_and_none_is_empty(monkeypatch):
    monkeypatch.setattr(from_text, "_ROWS_AT_ONCE", 3)
    monkeypatch.setattr(from_text, "_CHARACTERS_AT_ONCE", 10)
    rows = [from_text.sources.Row("x" * n, {}) for n in (1, 1, 1, 12, 4, 6, 1)]
    batches = [[len(row.sentence) for row in b] for b in from_text._batch(iter(rows))]
    assert batches == [[1, 1, 1], [12], [4, 6], [1]]


def test_no_pair_gives_an_empty_file_and_a_warning(predict, tmp_path, caplog):
    assert predict(write_pubtator(tmp_path), types="gene,drug") == []
    assert "relations.jsonl is empty: there is no pair of mentions" in caplog.text
    assert "0 pairs in 3 documents" in caplog.text


def test_what_is_cut_or_overlaps_is_told(predict, tmp_path, caplog):
    path = write_pubtator(tmp_path)
    text = path.read_text("utf-8") + "\n9|t|TP53 flu.\n9\t0\t4\tTP53\tGene\n"
    path.write_text(text + "9\t0\t8\tTP53 flu\tDisease\n", "utf-8")
    assert len(predict(path, max_seq_length=10, **TYPES)) == 4
    assert "1 pairs of mentions that overlap, left out." in caplog.text
    # Eight pieces fit; of "@ GENE $ not cancer and @ DISEASE $", one does not, which
    # is none of a mention's unless the end is cut.
    assert "2 of 4 pairs were cut at 10 WordPieces, and 0 mentions are" in caplog.text
    predict(path, max_seq_length=10, long_sentences="cut", **TYPES)
    assert "2 of 4 pairs were cut at 10 WordPieces, and 1 mentions are" in caplog.text


def test_a_bad_mention_stops_or_is_skipped(predict, tmp_path, caplog):
    path = write_pubtator(tmp_path)
    text = path.read_text("utf-8").replace("1\t18\t22\tTP53", "1\t17\t22\tTP53")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(errors.InputError, match=r"in\.pubtator:5: The offsets"):
        predict(path, **TYPES)
    assert list((tmp_path / "out").iterdir()) == []
    records = predict(path, on_error="skip", **TYPES)
    assert places(records) == [PAIRS[0], PAIRS[3]]
    assert ("absl", logging.WARNING, "1 problems were skipped.") in caplog.record_tuples


@pytest.mark.slow
def test_labels_are_those_of_the_folder(predict, relation_run, write_corpus, tmp_path):
    write_corpus(tmp_path / "data", labels=("none", "Up", "a"))
    options = {"task_name": "custom", "data_dir": str(tmp_path / "data")}
    model = tmp_path / "model"
    path = write_jsonl(tmp_path)
    # In the run that trains, and with the folder afterwards.
    changes = {"do_train": True, "init_checkpoint": None, "num_train_epochs": 0.4}
    trained = predict(path, model, **TYPES, **options, **changes)
    assert list(trained[0]["probabilities"]) == ["Up", "a", "none"]
    again = predict(path, task_name="custom", init_checkpoint=str(model), **TYPES)
    np.testing.assert_allclose(shares(again), shares(trained), rtol=1e-5)
    with pytest.raises(errors.InputError, match=r"label2id\.json: The checkpoint must"):
        predict(path, task_name="gad", init_checkpoint=str(model))


def test_bad_input_is_found_before_the_training(relation_run, tmp_path):
    path = write_jsonl(tmp_path)
    path.write_text(path.read_text() + "{}\n")
    settings = relation_run.settings(tmp_path / "out", predict_file=str(path))
    with pytest.raises(errors.InputError, match=r"predictions\.jsonl:4: A line must"):
        run_re.run(settings)
    assert not (tmp_path / "out").exists()
