# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.annotations.sources."""

import itertools
import json

import pytest

from modeling import errors
from modeling.annotations import building, settings, sources

TEXT = "TP53 in flu. TP53 and BRCA1."
MENTIONS = [(0, 4, "Gene"), (8, 11, "Flu"), (13, 17, "Gene"), (22, 27, "Gene")]


@pytest.fixture
def folder(tmp_path):
    """Annotations in one folder, and rows made of them in another."""
    found = [
        {"start": start, "end": end, "text": TEXT[start:end], "type": kind}
        for start, end, kind in MENTIONS
    ]
    texts = [("a", TEXT, found), ("b", "Nothing.", []), ("c", TEXT, found)]
    lines = [json.dumps({"id": i, "text": t, "mentions": m}) for i, t, m in texts]
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.jsonl"
    path.write_text("\n".join(lines))
    for name in ("a", "b"):
        output = tmp_path / "rows" / f"{name}.tsv"
        building.build(settings.Settings(input=str(path), output_file=str(output)))
    return tmp_path


def test_annotations_are_counted_anew_each_time(folder):
    source = sources.Source(str(folder / "in"), settings.PairSettings())
    for _ in range(2):
        rows = list(source)
        assert [row.record["index"] for row in rows] == [0, 1, 2, 3]
        assert rows[0].sentence == "@GENE$ in @FLU$."
        assert str(source) == (
            f"{folder}/in: 4 pairs in 3 documents with Flu 2, Gene 6 mentions; "
            "1 have no pair"
        )
    assert source.can_be_read_twice


def test_rows_of_several_files_are_counted_on(folder):
    source = sources.Source(str(folder / "rows"), settings.PairSettings())
    rows = list(source)
    assert [row.record["index"] for row in rows] == list(range(8))
    assert [row.record["id"] for row in rows] == list("aaccaacc")
    assert str(source).endswith("8 pairs in 4 documents")
    one = sources.Source(str(folder / "in"), settings.PairSettings())
    assert list(itertools.islice(source, 4)) == list(one)


def test_rows_and_annotations_do_not_mix(folder):
    text = f"{folder}/in,{folder}/rows"
    with pytest.raises(errors.InputError, match=r"^--x must name rows .*, not both"):
        sources.Source(text, settings.PairSettings(), flag="--x")
    options = settings.PairSettings(types="a,b", max_words=7, on_error="skip")
    with pytest.raises(errors.InputError) as caught:
        sources.Source(f"{folder}/rows", options)
    assert str(caught.value) == (
        f"{folder}/rows/a.tsv: --max_words, --types must be left out with rows, which "
        "make_re_data.py has made already. Received: --max_words=7, --types=a,b."
    )
    options = settings.PairSettings(on_error="skip")
    assert len(list(sources.Source(f"{folder}/rows", options))) == 8


def test_a_format_that_is_given_counts(folder):
    path = folder / "x.tsv"
    path.write_text("1|t|TP53 flu\n1\t0\t4\tTP53\tG\n1\t5\t8\tflu\tD\n")
    options = settings.PairSettings(format="pubtator")
    rows = list(sources.Source(str(path), options))
    assert [row.sentence for row in rows] == ["@G$ @D$"]
    with pytest.raises(errors.InputError, match=r"^--x must name files of annotations"):
        sources.Source(str(folder / "none"), options, flag="--x")
