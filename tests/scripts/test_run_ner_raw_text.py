# SPDX-License-Identifier: Apache-2.0
"""Tests for --predict_file and modeling.ner.predictor: entities in raw text."""

import io
import json

import hypothesis
import pytest
from hypothesis import strategies as st

import run_ner
from modeling import errors
from modeling.data import ner, ner_files
from modeling.ner import predictor
from modeling.ner import settings as ner_settings
from modeling.reports import mentions

TEXTS = st.text(
    st.one_of(
        st.sampled_from("flu breast cancer BRCA1 .,()\n\t"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=200,
)


@pytest.fixture(scope="module")
def tagger(trained_ner):
    """The model that was trained on the tiny corpus."""
    return predictor.load(trained_ner.folder)


def predict_file(ner_run, trained_ner, path, output_dir, **changes):
    """Runs the program on raw text and returns the records it wrote."""
    flags = ner_run.flags(output_dir, data_dir=None, predict_file=str(path))
    flags |= {"init_checkpoint": str(trained_ner.folder), **changes}
    run_ner.run(ner_settings.Settings(**flags))
    lines = (output_dir / "predictions.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_raw_text_gives_the_mentions_of_the_official_form(
    ner_run, trained_ner, tmp_path
):
    sentences = ner_files.read_file(ner_run.folder / "test.tsv", "original")
    path = tmp_path / "test.txt"
    path.write_text("".join(" ".join(s.words) + "\n" for s in sentences))
    records = predict_file(ner_run, trained_ner, path, tmp_path / "out")
    # Each document is read in sentences of its own here and there alike, as the
    # names of the tiny corpus decide the labels, whatever stands around them.
    labels = (trained_ner.folder / "label_test.txt").read_text().split("\n")
    pieces = (trained_ner.folder / "token_test.txt").read_text().split("\n")
    found = [
        (record["text"][m["start"] : m["end"]], m["type"])
        for record in records
        for m in record["mentions"]
    ]
    words, of_words = [], []
    for piece, label in zip(pieces, labels, strict=True):
        if piece.startswith("##"):
            words[-1] += piece[2:]
        elif piece:
            words.append(piece)
            of_words.append(label)
    expected = [
        (" ".join(words[m.start : m.end]), m.type)
        for m in mentions.find_mentions(of_words)
    ]
    assert found == expected
    assert len(found) > 5


def test_records_have_ids_texts_and_exact_places(ner_run, trained_ner, tmp_path):
    path = tmp_path / "texts.jsonl"
    texts = {"a": "\u202e😀 the flu, mice flu.", 7: "", "c": "No names e\u0301."}
    path.write_text(
        "".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in texts.items())
    )
    records = predict_file(
        ner_run, trained_ner, path, tmp_path / "out", output_probabilities=True
    )
    assert [record["id"] for record in records] == ["a", "7", "c"]
    assert [record["text"] for record in records] == list(texts.values())
    assert records[1]["mentions"] == records[1]["words"] == []
    for record in records:
        for mention in record["mentions"]:
            assert list(mention) == ["start", "end", "text", "type", "probability"]
            start, end = mention["start"], mention["end"]
            assert record["text"][start:end] == mention["text"]
            assert 0 < mention["probability"] <= 1
        for word in record["words"]:
            shares = word["probabilities"]
            assert set(shares) == set(ner.LEGACY_LABELS)
            assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    assert [m["text"] for m in records[0]["mentions"]] == ["flu", "flu"]


def test_reads_standard_input(ner_run, trained_ner, tmp_path, monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(b"the flu\n\nno\n"))
    monkeypatch.setattr("sys.stdin", stream)
    records = predict_file(ner_run, trained_ner, "-", tmp_path / "out")
    assert [record["id"] for record in records] == ["stdin:1", "stdin:3"]


@pytest.mark.slow
def test_a_bad_file_among_many_is_named_and_the_others_done(
    ner_run, trained_ner, tmp_path, caplog
):
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"the flu\n")
    (folder / "b.txt").write_bytes(b"\xff\n")
    (folder / "c.jsonl").write_text('{"id": "x", "text": "flu"}\n{"id": \n')
    with pytest.raises(errors.InputError, match=r"b\.txt:1: .*UTF-8"):
        predict_file(ner_run, trained_ner, folder, tmp_path / "stops")
    assert not (tmp_path / "stops" / "predictions.jsonl").exists()
    records = predict_file(
        ner_run, trained_ner, folder, tmp_path / "skips", on_error="skip"
    )
    assert [record["id"] for record in records] == ["a:1", "x"]
    assert "c.jsonl:2" in caplog.text
    assert "2 files or lines" in caplog.text


def test_raw_text_needs_a_trained_head(ner_run, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("flu\n")
    flags = ner_run.flags(tmp_path / "out", data_dir=None, predict_file=str(path))
    with pytest.raises(errors.InputError, match="need a trained model"):
        run_ner.run(ner_settings.Settings(**flags))


@hypothesis.given(st.lists(TEXTS, max_size=4))
@hypothesis.settings(deadline=None, max_examples=40)
def test_offsets_order_and_counts_hold_for_any_text(tagger, texts):
    tagged = tagger.tag(texts)
    assert len(tagged) == len(texts)
    for text, found in zip(texts, tagged, strict=True):
        assert [text[m.start : m.end] for m in found] == [m.text for m in found]
        bounds = [place for m in found for place in (m.start, m.end)]
        assert bounds == sorted(bounds)


def test_texts_do_not_change_each_others_mentions(tagger):
    texts = ["the flu", "", "breast cancer in mice. The flu.", "flu " * 300]
    together = tagger.tag(texts)
    for text, found in zip(texts, together, strict=True):
        (alone,) = tagger.tag([text])
        assert [(m.start, m.end, m.type) for m in alone] == [
            (m.start, m.end, m.type) for m in found
        ]
        for one, other in zip(alone, found, strict=True):
            assert one.probability == pytest.approx(other.probability, abs=1e-5)


@pytest.mark.parametrize("num_words", [1, 20_000])
def test_every_word_of_a_long_text_has_one_label(tagger, num_words):
    (tagged,) = tagger.tag_stream(["flu and " * num_words], with_words=True)
    starts = [word["start"] for word in tagged.words]
    assert starts == [8 * i + j for i in range(num_words) for j in (0, 4)]
    labels = {word["label"] for word in tagged.words}
    assert labels <= set(ner.LEGACY_LABELS) - set(ner.RESERVED_LABELS)


def test_loading_refuses_a_folder_without_a_run(tmp_path):
    with pytest.raises(errors.InputError, match=r"run\.json and a checkpoint.*without"):
        predictor.load(tmp_path)


def test_words_behind_the_first_sentence_have_their_places(tagger):
    text = "Aspirin helps. The flu causes (cancer). Why?"
    (tagged,) = tagger.tag_stream([text], with_words=True)
    expected = [0, 8, 13, 15, 19, 23, 30, 31, 37, 38, 40, 43]
    assert [word["start"] for word in tagged.words] == expected
