# SPDX-License-Identifier: Apache-2.0
"""Tests for run_ner.py: bad input is refused with what is needed to put it right."""

import pytest

from modeling import errors

LAST = 39


@pytest.fixture
def refusal():
    """Runs something that must be refused, and returns the message."""

    def run(function, *arguments, **options):
        with pytest.raises(errors.InputError) as caught:
            function(*arguments, **options)
        return str(caught.value)

    return run


def text_of(ner_run, name):
    return (ner_run.folder / f"{name}.tsv").read_text()


# --- Files of labelled words.


# What stands in a file: what is said of it, after its path.
BAD_FILES = {
    "empty": ("", ": A file of labelled words must hold at least one sentence."),
    "blank": ("\n \n\n", ": A file of labelled words must hold at least one sentence."),
    "no label": (
        "flu\tB\n\nthe\n",
        ":3: A line must hold a word and its label, separated by white space. "
        "Received: 'the'.",
    ),
    "reserved label": (
        "flu\tX\n",
        ":1: A label must not be one that is reserved for pieces, [PAD], X, [CLS], "
        "[SEP]. Received: 'X', on the word 'flu'.",
    ),
    "Latin 1": (
        b"the\tO\nS\xf8ren\tO\n",
        ":2: Text must be UTF-8. Received: byte 0xf8 at byte 1 of the line, byte 7",
    ),
    "UTF-16": (
        "flu\tB\n".encode("utf-16"),
        ":1: Text must be UTF-8. Received: the byte-order mark of UTF-16; convert",
    ),
    "10 MB line": (
        b"flu\tB\n" + b"x" * 10_000_000 + b"\tO\n",
        ":2: A line must not be over 1048576 bytes. Received: a longer one, which "
        f"begins '{'x' * 40}'.",
    ),
}


@pytest.mark.parametrize("kind", BAD_FILES)
@pytest.mark.parametrize("name", ["train_dev", "devel", "test"])
def test_bad_files(make_ner_run, tmp_path, refusal, kind, name):
    content, expected = BAD_FILES[kind]
    run = make_ner_run(**{name: content})
    message = refusal(run.start, tmp_path / "out", do_eval=True, do_predict=True)
    assert message.startswith(f"{run.folder / name}.tsv{expected}")


@pytest.mark.parametrize("name", ["train_dev", "devel", "test"])
def test_missing_file(make_ner_run, tmp_path, refusal, name):
    run = make_ner_run()
    (run.folder / f"{name}.tsv").unlink()
    message = refusal(run.start, tmp_path / "out", do_eval=True, do_predict=True)
    assert message == (
        f"{run.folder / name}.tsv: A text file is needed. Received: no such file."
    )


@pytest.mark.parametrize("name", ["devel", "test"])
def test_label_that_training_never_saw(
    make_ner_run, trained_ner, tmp_path, refusal, name
):
    run = make_ner_run(**{name: "the\tO\nthe\tO\nflu\tB-Virus\n"})
    expected = (
        f"{run.folder / name}.tsv:3: A label must be one that training saw: B, I, O "
        "(from label2id.json beside the weights; without it, the original's). "
        "Received: 'B-Virus', a label that training never saw, on the word 'flu'."
    )
    options = {"do_eval": name == "devel", "do_predict": name == "test"}
    assert refusal(run.start, tmp_path / "out", **options) == expected
    # The same at prediction, when the labels are those beside the weights.
    options |= {"do_train": False, "init_checkpoint": str(trained_ner.folder)}
    assert refusal(run.start, tmp_path / "out", **options) == expected


ODD_BUT_FINE = {
    "byte-order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "Windows line ends": lambda text: text.replace("\n", "\r\n").encode(),
    "blank lines": lambda text: f"\n\n{text}\n\n".encode(),
    "no end": lambda text: text.rstrip("\n").encode(),
    "more columns": lambda text: text.replace("\t", " NN x ").encode(),
}


@pytest.mark.parametrize("kind", ODD_BUT_FINE)
def test_odd_files_have_the_same_features(
    make_ner_run, ner_run, trained_ner, tmp_path, kind, caplog
):
    run = make_ner_run(test=ODD_BUT_FINE[kind](text_of(ner_run, "test")))
    assert run.predict(tmp_path / "out", trained_ner.folder) == trained_ner.scores
    for name in ("predict.tf_record", "token_test.txt", "label_test.txt"):
        expected = (trained_ner.folder / name).read_bytes()
        assert (tmp_path / "out" / name).read_bytes() == expected
    note = f"{run.folder}/test.tsv: Dropped the byte-order mark at the start."
    assert (note in caplog.messages) == (kind == "byte-order mark")


def test_too_few_examples_for_one_step(ner_run, tmp_path, refusal):
    message = refusal(ner_run.start, tmp_path, train_batch_size=200)
    assert message.startswith("Training needs at least one whole batch")
    assert "13 examples, --num_train_epochs=12.0, --train_batch_size=200." in message


# --- Vocabulary and configuration.


def test_vocabulary_and_configuration_of_two_models(
    make_ner_run, ner_run, tmp_path, refusal
):
    pieces = (ner_run.folder / "vocab.txt").read_text()
    run = make_ner_run(vocab=f"{pieces}more\npieces\n")
    assert refusal(run.start, tmp_path / "out") == (
        f"{run.folder}/vocab.txt: A vocabulary must have as many pieces as "
        f'"vocab_size" in {run.folder}/bert_config.json says, 22. Received: 24 '
        "pieces. Probably these are files of two different models."
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ": A vocabulary must hold [PAD], [UNK], [CLS], [SEP], [MASK]. Received:"),
        ("[PAD]\n[UNK]\nthe\n[CLS]\n[MASK]\n", "Received: 5 pieces without [SEP]."),
        ("[PAD]\n[UNK]\nthe\n[CLS]\nthe\n", ":5: The pieces of a vocabulary must dif"),
        ("the\n[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n", ":2: [PAD] must be the first"),
        (b"[PAD]\n\xff\n", ":2: Text must be UTF-8."),
    ],
)
def test_bad_vocabularies(make_ner_run, tmp_path, refusal, content, expected):
    run = make_ner_run(vocab=content)
    message = refusal(run.start, tmp_path / "out")
    assert message.startswith(f"{run.folder}/vocab.txt")
    assert expected in message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "bert_config.json must hold one JSON object."),
        ("[]", "must be a JSON object with `vocab_size`."),
        ('{"vocab_size": 22, "hidden_size": 7}', "`hidden_size` must be a multiple"),
        ('{"vocab_size": "22"}', "`vocab_size` must be a whole number of at least 1."),
    ],
)
def test_bad_configurations(make_ner_run, tmp_path, refusal, content, expected):
    run = make_ner_run(config=content)
    message = refusal(run.start, tmp_path / "out")
    assert message.startswith(f"{run.folder}/bert_config.json: ")
    assert expected in message


@pytest.mark.parametrize("name", ["vocab_file", "bert_config_file"])
def test_missing_model_files(ner_run, tmp_path, refusal, name):
    path = str(tmp_path / "absent")
    message = refusal(ner_run.start, tmp_path / "out", **{name: path})
    assert message.startswith(f"{path}: ")
    assert "no such file" in message.lower()


def test_wrong_casing(ner_run, tmp_path, refusal):
    message = refusal(ner_run.start, tmp_path, do_lower_case=True)
    assert message == (
        f"{ner_run.folder}/vocab.txt: A vocabulary with capitals is for text as it "
        "is: set --do_lower_case=false, or --force_case=true if this is meant. "
        "Received: --do_lower_case=true."
    )
    ner_run.start(tmp_path, do_lower_case=True, force_case=True)


def test_longer_sequences_than_the_model_has_positions(ner_run, tmp_path, refusal):
    assert refusal(ner_run.start, tmp_path, max_seq_length=65) == (
        "--max_seq_length must be at most `max_position_embeddings` of "
        f"{ner_run.folder}/bert_config.json, 64. Received: 65."
    )


def test_sequences_without_room_for_a_piece(ner_run, tmp_path, refusal):
    message = refusal(ner_run.start, tmp_path, max_seq_length=2)
    assert message == "--max_seq_length must be at least 3. Received: 2."
