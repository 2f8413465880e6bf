# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.pretraining.experiment, in this process."""

import json
import re
import shutil

import numpy as np
import pytest

import run_pretraining
from modeling import errors
from modeling.pretraining import settings as settings_lib
from modeling.training import checkpoints

LAST = 12


@pytest.fixture(scope="module")
def run(records_folder):
    """Runs the program on the small records; 12 steps of 4."""

    def call(output_dir, **changes):
        defaults = {
            "input_file": f"{records_folder}/[ab].tfrecord",
            "output_dir": str(output_dir),
            "bert_config_file": str(records_folder / "bert_config.json"),
            "max_seq_length": 12,
            "max_predictions_per_seq": 3,
            "train_batch_size": 4,
            "eval_batch_size": 2,
            "learning_rate": 1e-2,
            "num_train_steps": LAST,
            "num_warmup_steps": 2,
            "save_checkpoints_steps": 5,
            "do_train": True,
        }
        return run_pretraining.run(settings_lib.Settings(**defaults | changes))

    return call


def arrays_of(folder, step=LAST):
    reader = checkpoints.CheckpointReader(folder / f"model.ckpt-{step}")
    return {name: reader.read(name) for name in reader.names()}


def assert_equal(one, two):
    assert one.keys() == two.keys()
    for name, array in one.items():
        assert np.array_equal(array, two[name]), name


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory, records_folder):
    """A run with everything on that was left alone."""
    folder = tmp_path_factory.mktemp("whole")
    scores = run(
        folder,
        do_eval=True,
        eval_input_file=str(records_folder / "held_out.tfrecord"),
        eval_all=True,
        eval_every_steps=6,
        vocab_file=str(records_folder / "vocab.txt"),
    )
    return folder, scores


def test_writes_what_its_docstring_names(whole):
    names = {path.name for path in whole[0].iterdir()}
    rest = {n for n in names if not n.startswith(("model.ckpt-", "events.out."))}
    assert rest == {
        "checkpoint",
        "best_checkpoint.json",
        "run.json",
        "bert_config.json",
        "vocab.txt",
        "metrics.jsonl",
        "training.png",
        "eval_results.txt",
        "eval_scores.json",
        "input_index",
    }
    assert {"model.ckpt-0.index", "model.ckpt-5.index", "model.ckpt-12.index"} <= names


def test_scores_are_in_files_and_over_time(whole):
    folder, scores = whole
    assert json.loads((folder / "eval_scores.json").read_text()) == scores
    lines = (folder / "eval_results.txt").read_text().splitlines()
    results = dict(line.split(" = ") for line in lines)
    assert results.pop("global_step") == str(LAST)
    assert list(results) == [
        "loss",
        "masked_lm_accuracy",
        "masked_lm_loss",
        "next_sentence_accuracy",
        "next_sentence_loss",
    ]
    for name, value in results.items():
        assert float(value) == pytest.approx(scores[name], rel=1e-6)
    assert scores["masked_lm_perplexity"] == pytest.approx(
        np.exp(scores["masked_lm_loss"])
    )
    records = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
    evaluated = {r["step"]: r for r in records if "eval/masked_lm_accuracy" in r}
    assert sorted(evaluated) == [6, 12]
    assert evaluated[12]["eval/loss"] == pytest.approx(scores["loss"], rel=1e-6)


def test_all_records_in_one_batch_or_many_score_the_same(run, whole, records_folder):
    folder, scores = whole
    again = run(
        folder,
        do_train=False,
        do_eval=True,
        eval_input_file=str(records_folder / "held_out.tfrecord"),
        eval_all=True,
        eval_batch_size=5,
    )
    for name in set(scores) - {"loss"}:  # Which is a mean of batches.
        assert again[name] == pytest.approx(scores[name], rel=1e-5)
    assert again["loss"] == pytest.approx(
        again["masked_lm_loss"] + again["next_sentence_loss"], rel=1e-4
    )


@pytest.mark.slow
def test_resumed_in_the_middle_of_a_pass_ends_the_same(run, whole, tmp_path):
    run(tmp_path / "half")
    for path in (tmp_path / "half").glob(f"model.ckpt-{LAST}.*"):
        path.unlink()
    for path in (tmp_path / "half").glob("model.ckpt-10.*"):
        path.unlink()  # So it goes on from 5, where 20 records are just one pass.
    run(tmp_path / "half", resume="must", save_checkpoints_steps=9)
    assert_equal(arrays_of(tmp_path / "half"), arrays_of(whole[0]))


@pytest.mark.slow
def test_dynamic_masks_resume_too_and_are_others(
    run, whole, tmp_path, records_folder, monkeypatch
):
    changes = {"dynamic_masking": True, "vocab_file": f"{records_folder}/vocab.txt"}
    run(tmp_path / "one", **changes)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    for step in (10, LAST):
        for path in (tmp_path / "two").glob(f"model.ckpt-{step}.*"):
            path.unlink()
    run(tmp_path / "two", **changes)
    one, two = arrays_of(tmp_path / "one"), arrays_of(tmp_path / "two")
    assert_equal(one, two)
    word_embeddings = "bert/embeddings/word_embeddings"
    assert not np.array_equal(
        one[word_embeddings], arrays_of(whole[0])[word_embeddings]
    )


@pytest.mark.slow
def test_compressed_files_are_the_same_data(run, whole, records_folder, tmp_path):
    import gzip

    for name in ("a", "b"):
        content = (records_folder / f"{name}.tfrecord").read_bytes()
        (tmp_path / f"{name}.tfrecord.gz").write_bytes(gzip.compress(content))
    run(tmp_path / "out", input_file=f"{tmp_path}/*.gz")
    assert_equal(arrays_of(tmp_path / "out"), arrays_of(whole[0]))


@pytest.mark.slow
def test_weights_choose_the_records(run, tmp_path, records_folder):
    files = f"{records_folder}/a.tfrecord,{records_folder}/b.tfrecord"
    run(tmp_path / "even", input_file=files)
    run(tmp_path / "weighted", input_file=files, input_weights="1,3")
    name = "bert/embeddings/word_embeddings"
    even, weighted = (arrays_of(tmp_path / n)[name] for n in ("even", "weighted"))
    assert not np.array_equal(even, weighted)


@pytest.mark.slow
def test_continues_from_weights_without_heads(run, whole, tmp_path, caplog):
    encoder = {n: a for n, a in arrays_of(whole[0]).items() if n.startswith("bert/")}
    encoder = {n: a for n, a in encoder.items() if "/adam_" not in n}
    prefix = tmp_path / "released" / "model.ckpt"
    prefix.parent.mkdir()
    checkpoints.write(prefix, encoder)
    run(tmp_path / "out", init_checkpoint=str(prefix), num_train_steps=1)
    start = arrays_of(tmp_path / "out", 0)
    for name, array in encoder.items():
        assert np.array_equal(start[name], array)
    assert start["global_step"] == 0
    message = r"Evaluation and prediction need .* \(cls/predictions/transform/dense"
    with pytest.raises(errors.InputError, match=message):
        run(tmp_path / "o", init_checkpoint=str(prefix), do_train=False, do_eval=True)


def test_equals_golden_evaluation(shared, tmp_path):
    golden = shared / "golden"
    scores = run_pretraining.run(
        settings_lib.Settings(
            input_file=str(golden / "pretraining/cased_128.tfrecord"),
            output_dir=str(tmp_path),
            bert_config_file=str(golden / "e2e/bert_config.json"),
            init_checkpoint=str(golden / "e2e/pretraining_model/model.ckpt"),
            do_eval=True,
        )
    )
    expected_file = golden / "e2e/pretraining_expected/eval_results.txt"
    lines = (tmp_path / "eval_results.txt").read_text().splitlines()
    expected = dict(
        line.split(" = ") for line in expected_file.read_text().splitlines()
    )
    found = dict(line.split(" = ") for line in lines)
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert float(found[name]) == pytest.approx(float(value), abs=1e-4), name
    assert scores["masked_lm_perplexity"] > 1e8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"do_train": False}, "At least one of --do_train and --do_eval"),
        ({"input_file": "nowhere*"}, "nowhere*: A file, or a pattern that fits files"),
        (
            {"max_seq_length": 17},
            "--max_seq_length must be at most .* 16. Received: 17",
        ),
        ({"max_seq_length": 10}, "--max_seq_length=10 and --max_predictions"),
        ({"input_weights": "1,2"}, "1 groups, weights [1.0, 2.0]"),
        ({"input_weights": "much"}, "--input_weights must be numbers"),
        ({"dynamic_masking": True}, "--dynamic_masking needs --vocab_file"),
        ({"whole_word_masking": True}, "need --dynamic_masking here"),
        ({"use_tpu": True}, "--use_tpu must be false"),
        ({"num_train_steps": 0}, "--num_train_steps must be at least 1"),
        (
            {"do_train": False, "do_eval": True},
            "Evaluation and prediction need a trained model",
        ),
    ],
)
def test_refuses(run, tmp_path, changes, message):
    pattern = re.escape(message).replace(re.escape(".*"), ".*")
    with pytest.raises(errors.InputError, match=pattern):
        run(tmp_path / "out", **changes)


def test_refuses_a_vocabulary_of_another_size(run, tmp_path, records_folder):
    vocab = tmp_path / "vocab.txt"
    vocab.write_text((records_folder / "vocab.txt").read_text() + "new\n")
    with pytest.raises(errors.InputError, match="17"):
        run(tmp_path / "out", vocab_file=str(vocab))


@pytest.mark.slow
def test_refuses_a_record_that_is_damaged_within(run, tmp_path, records_folder):
    path = tmp_path / "damaged.tfrecord"
    content = bytearray((records_folder / "a.tfrecord").read_bytes())
    content[-20] ^= 1  # In the last record.
    path.write_bytes(content)
    message = f"{path}: Records must be whole. Received: record 13"
    with pytest.raises(errors.InputError, match=re.escape(message)):
        run(tmp_path / "out", input_file=str(path))


def test_resuming_another_model_is_refused(run, whole, tmp_path, records_folder):
    shutil.copytree(whole[0], tmp_path / "out")
    config = json.loads((records_folder / "bert_config.json").read_text())
    other = tmp_path / "config.json"
    other.write_text(json.dumps(config | {"intermediate_size": 9}))
    with pytest.raises(errors.InputError, match="another run, of other sizes"):
        run(tmp_path / "out", bert_config_file=str(other))


@pytest.mark.slow
def test_warns_of_evaluation_on_what_is_trained_on(
    run, tmp_path, records_folder, caplog
):
    run(tmp_path / "out", eval_input_file=f"{records_folder}/a.tfrecord", do_eval=True)
    assert "1 files of --eval_input_file are in --input_file too" in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("num_warmup_steps", [1, 2, 3])
def test_warns_of_a_rate_that_never_falls(run, tmp_path, caplog, num_warmup_steps):
    run(tmp_path / "out", num_train_steps=2, num_warmup_steps=num_warmup_steps)
    expected = (
        "The learning rate rises to the last step and never falls, as "
        f"--num_warmup_steps={num_warmup_steps} is no fewer than --num_train_steps=2."
    )
    assert (expected in caplog.text) == (num_warmup_steps > 1)
