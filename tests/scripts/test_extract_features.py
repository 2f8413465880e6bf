# SPDX-License-Identifier: Apache-2.0
"""Tests for extract_features.py, the original's outputs among them."""

import json
import subprocess
import sys

import numpy as np
import pytest

import extract_features
from modeling import config, errors
from modeling.nn import bert
from modeling.training import checkpoints, optimizers

TEXTS = ["Aspirin relieves pain.", "", "Fever ||| It passed.", "a ||| b ||| c"]


@pytest.fixture(scope="module")
def model_flags(root, tmp_path_factory):
    """A random model over the sample vocabulary."""
    prefix = tmp_path_factory.mktemp("model") / "model.ckpt"
    sizes = config.read_config(root / "sample_data" / "bert_config.json")
    checkpoints.write(prefix, optimizers.by_name(bert.Bert(sizes).variables))
    return {
        "vocab_file": str(root / "sample_data" / "vocab.txt"),
        "bert_config_file": str(root / "sample_data" / "bert_config.json"),
        "init_checkpoint": str(prefix),
        "do_lower_case": False,
        "layers": "-1",
    }


def extract(model_flags, folder, texts, **flags):
    """Runs the program in this process and returns what it wrote."""
    (folder / "in.txt").write_text("".join(f"{text}\n" for text in texts), "utf-8")
    settings = extract_features.Settings(
        input_file=str(folder / "in.txt"),
        output_file=str(folder / "out.jsonl"),
        **(model_flags | flags),
    )
    assert extract_features.run(settings) == len(texts)
    lines = (folder / "out.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def values(record):
    """Returns a record's numbers as [pieces, layers, hidden]."""
    return np.array(
        [[layer["values"] for layer in f["layers"]] for f in record["features"]]
    )


def test_equals_the_original(shared, tmp_path):
    golden = shared / "golden" / "e2e"
    output = tmp_path / "features.jsonl"
    subprocess.run(
        [
            sys.executable,
            "extract_features.py",
            f"--input_file={golden}/features_input.txt",
            f"--output_file={output}",
            f"--vocab_file={shared}/data/vocab/bert_base_cased_vocab.txt",
            f"--bert_config_file={golden}/bert_config.json",
            f"--init_checkpoint={golden}/qa_model/model.ckpt",
            "--layers=-1,-2",
            "--max_seq_length=48",
            "--do_lower_case=false",
        ],
        check=True,
    )
    expected = (golden / "features_expected" / "features.jsonl").read_text("utf-8")
    ours = output.read_text("utf-8").splitlines()
    for line, reference in zip(ours, expected.splitlines(), strict=True):
        found, wanted = json.loads(line), json.loads(reference)
        assert list(found) == list(wanted) == ["linex_index", "features"]
        assert found["linex_index"] == wanted["linex_index"]
        for one, other in zip(found["features"], wanted["features"], strict=True):
            assert one["token"] == other["token"]
            assert [x["index"] for x in one["layers"]] == [-1, -2]
        np.testing.assert_allclose(values(found), values(wanted), atol=2e-5)


def test_every_line_has_its_record_and_pairs_their_segments(model_flags, tmp_path):
    records = extract(model_flags, tmp_path, TEXTS)
    pieces = [[f["token"] for f in record["features"]] for record in records]
    assert [record["linex_index"] for record in records] == [0, 1, 2, 3]
    assert pieces[1] == ["[CLS]", "[SEP]"]
    assert pieces[2].count("[SEP]") == 2
    # The last mark divides, as in the original: "a ||| b" is the first text.
    assert pieces[3] == ["[CLS]", "a", "|", "|", "|", "b", "[SEP]", "c", "[SEP]"]


def test_batch_size_does_not_change_the_vectors(model_flags, tmp_path):
    one = extract(model_flags, tmp_path, TEXTS, batch_size=1)
    all_at_once = extract(model_flags, tmp_path, TEXTS, batch_size=9)
    for first, second in zip(one, all_at_once, strict=True):
        np.testing.assert_allclose(values(first), values(second), atol=2e-6)


def test_layers_count_from_both_ends(model_flags, tmp_path):
    (record,) = extract(model_flags, tmp_path, TEXTS[:1], layers="0,1,-1,-2")
    first, last, also_last, also_first = np.moveaxis(values(record), 1, 0)
    np.testing.assert_array_equal(first, also_first)
    np.testing.assert_array_equal(last, also_last)
    assert np.abs(first - last).max() > 0.01


@pytest.mark.parametrize("layers", ["", "one", "2", "-3", "-1,,-2"])
def test_refuses_layers_that_are_not_there(model_flags, tmp_path, layers):
    with pytest.raises(errors.InputError, match=r"--layers must .* -2 to 1.*Received"):
        extract(model_flags, tmp_path, TEXTS, layers=layers)


def test_makes_the_folder_of_the_output_first(model_flags, tmp_path):
    (tmp_path / "in.txt").write_text("a\n")
    for name in ("new/out.jsonl", "in.txt/out.jsonl"):
        settings = extract_features.Settings(
            input_file=str(tmp_path / "in.txt"),
            output_file=str(tmp_path / name),
            **model_flags,
        )
        if name.startswith("new"):
            assert extract_features.run(settings) == 1
            assert (tmp_path / name).exists()
        else:
            with pytest.raises(errors.InputError, match="in a folder that can be made"):
                extract_features.run(settings)


def test_failure_leaves_no_output(model_flags, tmp_path):
    (tmp_path / "in.txt").write_bytes(b"good\n\xff\xfe bad\n")
    settings = extract_features.Settings(
        input_file=str(tmp_path / "in.txt"),
        output_file=str(tmp_path / "out.jsonl"),
        **model_flags,
    )
    with pytest.raises(errors.InputError, match=r"in\.txt:2: .*UTF-8"):
        extract_features.run(settings)
    assert [path.name for path in tmp_path.iterdir()] == ["in.txt"]
