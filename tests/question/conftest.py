# SPDX-License-Identifier: Apache-2.0
"""A model and questions so small that run_qa.py trains in a second."""

import json
import random

import pytest

import run_qa
from modeling.question import settings as settings_lib

WORDS = ["the", "The", "gene", "BRCA1", "causes", "flu", "and", "cancer"]
WORDS += ["in", "mice", "Aspirin", "helps", "What", "?"]
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "BR", "##CA", "##1"]
SIZES = {
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 12,
    "max_position_embeddings": 32,
    "type_vocab_size": 2,
}
# Of the training file, and those that its answers are found of.
NUM_QUESTIONS, NUM_EXAMPLES = 11, 10
BIOASQ = "0123456789abcdef01234567_{:03d}"


def make_questions(count, *, seed, kind="factoid", name="q{}"):
    """Returns a file of questions whose answer is "flu", once in each passage."""
    draw = random.Random(seed)
    words = [word for word in WORDS if word != "flu"]
    paragraphs = []
    for number in range(count):
        before = draw.choices(words, k=draw.randint(0, 12))
        after = draw.choices(words, k=draw.randint(0, 12))
        context = " ".join([*before, "flu", *after])
        start = len(" ".join(before)) + bool(before)
        entry = {"id": name.format(number), "question": "What causes flu ?"}
        if kind == "yesno":
            entry["answer"] = "yes" if "cancer" in context else "no"
        else:
            entry["answers"] = [{"text": "flu", "answer_start": start}]
        paragraphs.append({"context": context, "qas": [entry]})
    return {"version": "1.1", "data": [{"paragraphs": paragraphs}]}


@pytest.fixture(scope="session")
def qa_folder(tmp_path_factory):
    """A vocabulary, a configuration and files of questions."""
    folder = tmp_path_factory.mktemp("qa")
    pieces = [*PIECES, *(word for word in WORDS if word != "BRCA1")]
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    config = {"vocab_size": len(pieces), **SIZES}
    contents = {
        "bert_config.json": config,
        "train.json": make_questions(NUM_QUESTIONS, seed=1),
        "devel.json": make_questions(5, seed=2),
        "test.json": make_questions(6, seed=3, name=BIOASQ),
        "yesno_train.json": make_questions(9, seed=4, kind="yesno"),
        "yesno_test.json": make_questions(5, seed=5, kind="yesno"),
    }
    lost = contents["train.json"]["data"][0]["paragraphs"][4]
    lost["qas"][0]["answers"] = [{"text": "mice", "answer_start": 0}]
    lost["context"] = "cancer and flu"
    for name, content in contents.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def qa_flags(qa_folder):
    """Returns flags of run_qa.py by name; windows have room for about 8 words."""

    def call(output_dir, **changes):
        defaults = {
            "output_dir": str(output_dir),
            "vocab_file": str(qa_folder / "vocab.txt"),
            "bert_config_file": str(qa_folder / "bert_config.json"),
            "do_lower_case": False,
            "max_seq_length": 16,
            "max_query_length": 8,
            "doc_stride": 4,
            "train_batch_size": 4,
            "num_train_epochs": 4.0,
            "learning_rate": 1e-2,
            "n_best_size": 6,
        }
        return defaults | changes

    return call


@pytest.fixture(scope="session")
def qa_run(qa_flags):
    """Runs run_qa.py in this process, with flags as `qa_flags` gives them."""

    def call(output_dir, **changes):
        return run_qa.run(settings_lib.Settings(**qa_flags(output_dir, **changes)))

    return call


@pytest.fixture(scope="session")
def trained_qa(qa_run, qa_folder, tmp_path_factory):
    """A run with everything on, which tests must not change, and its scores."""
    folder = tmp_path_factory.mktemp("trained") / "out"
    scores = qa_run(
        folder,
        do_train=True,
        do_eval=True,
        do_predict=True,
        train_file=str(qa_folder / "train.json"),
        devel_file=str(qa_folder / "devel.json"),
        predict_file=str(qa_folder / "test.json"),
        eval_every_steps=5,
    )
    return folder, scores
