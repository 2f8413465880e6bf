# SPDX-License-Identifier: Apache-2.0
"""Tests for biocodes/learn_vocab.py, most of them through the real command."""

import gzip
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from biocodes import learn_vocab
from modeling import config, errors
from modeling.text import tokenization, vocabulary
from modeling.training import checkpoints
from modeling.vocabularies import settings

TABLE = "bert/embeddings/word_embeddings"


@pytest.fixture
def corpus(root, tmp_path):
    """The sample's abstracts in two files, one of them compressed."""
    text = (root / "sample_data/abstracts.jsonl").read_text(encoding="utf-8")
    texts = [json.loads(line)["text"] for line in text.splitlines()]
    (tmp_path / "a.txt").write_text("\n\n".join(texts[:8]), encoding="utf-8")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress("\n".join(texts[8:]).encode()))
    return f"{tmp_path}/?.txt*"


def command(root, *flags):
    return subprocess.run(
        [sys.executable, "biocodes/learn_vocab.py", *flags],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def run(corpus, folder, **options):
    learn_vocab.run(
        settings.Settings(input_file=corpus, output_dir=str(folder), **options)
    )
    return vocabulary.read_vocabulary(folder / "vocab.txt")


def test_command_learns_and_reports(root, corpus, tmp_path):
    folders = [tmp_path / "new" / name for name in ("one", "two")]
    for folder in folders:
        done = command(
            root,
            f"--input_file={corpus}",
            f"--output_dir={folder}",
            "--vocab_size=700",
            "--num_unused=99",
            "--report",
        )
        assert done.returncode == 0, done.stderr
    names = ["fragmentation.json", "fragmentation.txt", "learning.json", "vocab.txt"]
    assert sorted(path.name for path in folders[0].iterdir()) == names
    one, two = ((folder / "vocab.txt").read_bytes() for folder in folders)
    assert one == two
    pieces = vocabulary.read_vocabulary(folders[0] / "vocab.txt")
    assert (len(pieces), pieces.ids["[unused99]"], pieces.ids["[UNK]"]) == (
        700,
        99,
        100,
    )
    report = json.loads((folders[0] / "fragmentation.json").read_text())
    assert report["num_unknown_words"] == 0
    assert (folders[0] / "fragmentation.txt").read_text() in done.stdout.replace(
        str(folders[1]), str(folders[0])
    )
    record = json.loads((folders[0] / "learning.json").read_text())
    assert (record["num_pieces"], record["num_words"]) == (700, report["num_words"])


def test_command_reports_on_any_vocabulary_without_tensorflow(root, corpus, tmp_path):
    flags = [
        f"--input_file={corpus}",
        f"--output_dir={tmp_path / 'out'}",
        "--report",
        "--vocab_file=sample_data/vocab.txt",
    ]
    program = [sys.executable, "-X", "importtime", "biocodes/learn_vocab.py", *flags]
    done = subprocess.run(
        program, cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "Pieces per word: 1." in done.stdout
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "sentencepiece" in imported
    assert "tensorflow" not in imported
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == ["fragmentation.json", "fragmentation.txt"]


def test_sizes_of_a_model_for_the_new_vocabulary(corpus, tmp_path):
    sizes = {"vocab_size": 7, "hidden_size": 8, "num_attention_heads": 2, "own": "kept"}
    path = tmp_path / "sizes.json"
    path.write_text(json.dumps(sizes))
    pieces = run(corpus, tmp_path / "out", vocab_size=300, bert_config_file=str(path))
    written = json.loads((tmp_path / "out/bert_config.json").read_text())
    assert written == sizes | {"vocab_size": len(pieces)}


@pytest.fixture
def toy(shared, tmp_path):
    """A copy of a released checkpoint of 15 pieces, with Adam's slots."""
    folder = tmp_path / "toy"
    shutil.copytree(shared / "data/checkpoint_toy", folder)
    return folder


def read_arrays(path):
    reader = checkpoints.CheckpointReader(path)
    return {name: reader.read(name) for name in reader.names()}


@pytest.mark.slow
def test_command_extends_vocabulary_checkpoint_and_sizes(root, toy, tmp_path):
    text = tmp_path / "text.txt"
    # No old piece goes on with a word, so all are [UNK] until their characters come.
    text.write_text("jack plays\nplaying jack\n" * 3)
    done = command(
        root,
        f"--input_file={text}",
        f"--output_dir={tmp_path / 'out'}",
        "--do_lower_case",
        f"--extend={toy / 'vocab.txt'}",
        "--extend_mode=grow",
        "--num_new=2",
        f"--init_checkpoint={toy}",
        f"--bert_config_file={toy / 'bert_config.json'}",
    )
    assert done.returncode == 0, done.stderr
    old = vocabulary.read_vocabulary(toy / "vocab.txt")
    new = vocabulary.read_vocabulary(tmp_path / "out/vocab.txt")
    assert new.pieces == (*old.pieces, "playing", "plays")
    assert config.read_config(tmp_path / "out/bert_config.json").vocab_size == 17
    before, after = read_arrays(toy), read_arrays(tmp_path / "out")
    assert before.keys() == after.keys()
    assert after[TABLE].shape == (17, 4)
    unknown = before[TABLE][old.ids["[UNK]"]]
    np.testing.assert_array_equal(after[TABLE][15:], [unknown, unknown])
    np.testing.assert_array_equal(after[TABLE][:15], before[TABLE])
    assert not after[f"{TABLE}/adam_v"][15:].any()
    assert after["global_step"] == before["global_step"]


def test_free_places_shorten_real_text(shared, corpus, tmp_path):
    path = shared / "data/vocab/bert_base_cased_vocab.txt"
    old = vocabulary.read_vocabulary(path)
    new = run(corpus, tmp_path / "out", extend=str(path), report=True)
    changed = [i for i in range(len(old)) if old.pieces[i] != new.pieces[i]]
    assert len(new) == len(old)
    assert changed
    assert all(old.pieces[i].startswith("[unused") for i in changed)
    reports = [
        json.loads((tmp_path / "out" / f"fragmentation{suffix}.json").read_text())
        for suffix in ("_old", "")
    ]
    record = json.loads((tmp_path / "out/extension.json").read_text())
    saved = reports[0]["num_pieces"] - reports[1]["num_pieces"]
    assert saved == sum(entry["num_saved"] for entry in record["new"]) > 100
    tokenizer = tokenization.BertTokenizer(old.pieces)
    for entry in record["new"]:
        assert new.pieces[entry["id"]] == entry["piece"]
        if not entry["piece"].startswith("##"):
            assert tokenizer.tokenize(entry["piece"]) == entry["old_pieces"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"extend": "{root}/sample_data/vocab.txt", "do_lower_case": True}, "capitals"),
        ({"vocab_size": 100}, "--vocab_size must be at least 1"),
        ({"vocab_size": 700, "input_file": "{tmp}/none*"}, "one that no file has"),
        ({"vocab_size": 700, "input_file": "{tmp}/blank"}, "A corpus must have words"),
        (
            {"vocab_size": 700, "input_file": "{tmp}/latin"},
            "latin:1: Text must be UTF-8",
        ),
        (
            {"vocab_size": 700, "output_dir": "{tmp}/blank"},
            "--output_dir must be a folder",
        ),
        (
            {
                "extend": "{root}/sample_data/vocab.txt",
                "output_dir": "{root}/sample_data",
            },
            "--output_dir must be another folder than that of the old vocabulary",
        ),
    ],
)
def test_refuses(root, corpus, tmp_path, options, message):
    (tmp_path / "blank").write_text("\n\x00 \n")
    (tmp_path / "latin").write_bytes(b"caf\xe9\n")
    filled = {
        name: value.format(root=root, tmp=tmp_path) if isinstance(value, str) else value
        for name, value in options.items()
    }
    given = {"input_file": corpus, "output_dir": str(tmp_path / "out"), **filled}
    with pytest.raises(errors.InputError, match=message):
        learn_vocab.run(settings.Settings(**given))
    assert not list(tmp_path.glob("out/*"))


def test_refuses_a_checkpoint_of_another_size(toy, corpus, tmp_path):
    (toy / "vocab.txt").write_text((toy / "vocab.txt").read_text() + "\nmore\n")
    options = settings.Settings(
        input_file=corpus,
        output_dir=str(tmp_path / "out"),
        do_lower_case=True,
        extend=str(toy / "vocab.txt"),
        extend_mode="grow",
        num_new=2,
        init_checkpoint=str(toy),
    )
    with pytest.raises(errors.InputError, match=r"has pieces, 16. Received: 15."):
        learn_vocab.run(options)
    assert not list(tmp_path.glob("out/*"))


def test_command_refuses_without_a_traceback(root, tmp_path):
    done = command(root, "--input_file=none", f"--output_dir={tmp_path}")
    assert done.returncode == 2
    assert done.stderr.startswith("learn_vocab.py: One of --vocab_size (to learn)")
    assert done.stderr.count("\n") == 1
