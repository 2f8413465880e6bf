# SPDX-License-Identifier: Apache-2.0
"""A model and a corpus so small that run_ner.py trains in a second."""

import dataclasses
import json
import pathlib
import random
import shutil
import subprocess
import sys

import pytest

from modeling.ner import experiment
from modeling.ner import settings as ner_settings

_SENTENCE = "the The gene BRCA1 causes flu and breast cancer in mice . , Aspirin helps"
WORDS = _SENTENCE.split()
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "BR", "##CA", "##1"]
MENTIONS = {"flu": ["flu"], "cancer": ["breast", "cancer"]}
SIZES = {
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 12,
    "max_position_embeddings": 64,
    "type_vocab_size": 2,
}
# Sentences of each file, and updates of a whole run: int(13 / 4 * 12).
COUNTS = {"train_dev": 13, "devel": 5, "test": 6}
LAST = 39


def label_words(words):
    """Returns the lines of a sentence, its mentions labelled B and I."""
    labels = ["O"] * len(words)
    for i, word in enumerate(words):
        if word == "flu":
            labels[i] = "B"
        if words[i : i + 2] == MENTIONS["cancer"]:
            labels[i : i + 2] = ["B", "I"]
    return [f"{word}\t{label}\n" for word, label in zip(words, labels, strict=True)]


def write_corpus(folder, *, lengths=(4, 9)):
    """Writes files of random sentences in which names tell the label."""
    draw = random.Random(0)
    for name, count in COUNTS.items():
        lines = []
        for _ in range(count):
            words = draw.choices(WORDS, k=draw.randint(*lengths))
            lines += [*label_words([*words, *draw.choice([*MENTIONS.values()])]), "\n"]
        (folder / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")


@pytest.fixture(scope="session")
def ner_folder(tmp_path_factory):
    """A vocabulary, a configuration and the three files of a corpus."""
    folder = tmp_path_factory.mktemp("ner")
    pieces = [*PIECES, *(word for word in WORDS if word != "BRCA1")]
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    config = {"vocab_size": len(pieces), **SIZES}
    (folder / "bert_config.json").write_text(json.dumps(config), encoding="utf-8")
    write_corpus(folder)
    return folder


@dataclasses.dataclass(frozen=True)
class NerRunner:
    """Runs run_ner.py on a folder as `ner_folder` makes it."""

    folder: pathlib.Path

    def flags(self, output_dir, **changes):
        """Returns flags that train 39 steps of 4 sentences, and nothing else."""
        defaults = {
            "data_dir": str(self.folder),
            "vocab_file": str(self.folder / "vocab.txt"),
            "bert_config_file": str(self.folder / "bert_config.json"),
            "output_dir": str(output_dir),
            "max_seq_length": 16,
            "train_batch_size": 4,
            "num_train_epochs": 12.0,
            "learning_rate": 1e-2,
            "do_predict": False,
        }
        return defaults | changes

    def start(self, output_dir, **changes):
        """Reads and checks all inputs in this process."""
        return experiment.Experiment(
            ner_settings.Settings(**self.flags(output_dir, **changes))
        )

    def __call__(self, output_dir, **changes):
        """Runs in this process and returns the scores."""
        return self.start(output_dir, **changes).run()

    def predict(self, output_dir, checkpoint, **changes):
        """Labels test.tsv with given weights."""
        changes = {"init_checkpoint": str(checkpoint), **changes}
        return self(output_dir, do_train=False, do_predict=True, **changes)

    def command(self, output_dir, **changes):
        """Returns the command line."""
        values = self.flags(output_dir, **changes).items()
        return ["run_ner.py", *(f"--{name}={value}" for name, value in values)]


@pytest.fixture(scope="session")
def ner_run(ner_folder):
    """Runs run_ner.py on the tiny corpus, which tests must not change."""
    return NerRunner(ner_folder)


@pytest.fixture
def make_ner_run(ner_folder, tmp_path):
    """Makes a runner on a copy of the tiny corpus, with some files replaced."""

    def make(**contents):
        folder = tmp_path / "corpus"
        folder.mkdir()
        for path in ner_folder.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        special = {"vocab": "vocab.txt", "config": "bert_config.json"}
        for name, content in contents.items():
            path = folder / special.get(name, f"{name}.tsv")
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return NerRunner(folder)

    return make


@pytest.fixture
def long_ner_run(make_ner_run):
    """A runner on a corpus of sentences of more than 30 words."""
    run = make_ner_run()
    write_corpus(run.folder, lengths=(32, 45))
    return run


@dataclasses.dataclass(frozen=True)
class Trained:
    """A finished run: its folder and the scores that it returned."""

    folder: pathlib.Path
    scores: dict[str, float]


@pytest.fixture(scope="session")
def trained_ner(ner_run, tmp_path_factory):
    """A run with everything on, which tests must not change."""
    folder = tmp_path_factory.mktemp("trained") / "out"
    scores = ner_run(
        folder,
        do_eval=True,
        do_predict=True,
        save_checkpoints_steps=15,
        eval_every_steps=12,
        iterations_per_loop=2,
    )
    return Trained(folder, scores)


@pytest.fixture(scope="session")
def final_bytes():
    """Reads the two files of the last checkpoint of a whole run."""

    def read(folder):
        paths = sorted(folder.glob(f"model.ckpt-{LAST}.*"))
        assert len(paths) == 2, sorted(path.name for path in folder.iterdir())
        return [path.read_bytes() for path in paths]

    return read


@pytest.fixture
def interrupted_ner(trained_ner, tmp_path):
    """The folder of a run that was killed after step 15."""
    folder = tmp_path / "interrupted"
    shutil.copytree(trained_ner.folder, folder)
    for path in folder.glob("model.ckpt-*"):
        if not path.name.startswith("model.ckpt-15."):
            path.unlink()
    (folder / "best_checkpoint.json").unlink()
    return folder


@pytest.fixture(scope="session")
def run_program(root):
    """Runs a program of the project and returns the finished process."""

    def run(program, *arguments, **options):
        return subprocess.run(
            [sys.executable, program, *map(str, arguments)],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            **options,
        )

    return run
