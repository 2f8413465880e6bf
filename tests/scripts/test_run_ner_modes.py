# SPDX-License-Identifier: Apache-2.0
"""Tests for run_ner.py's other ways: windows, buckets, selection, several runs."""

import json
import statistics
import subprocess
import sys

import numpy as np
import pytest

import run_ner
from modeling import errors
from modeling.ner import settings as ner_settings
from modeling.training import checkpoints


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def final_weights(folder, step):
    reader = checkpoints.CheckpointReader(folder / f"model.ckpt-{step}")
    return {name: reader.read(name) for name in reader.names()}


def test_windows_change_nothing_for_sentences_that_fit(ner_run, trained_ner, tmp_path):
    for mode in ("cut", "window"):
        ner_run.predict(tmp_path / mode, trained_ner.folder, long_sentences=mode)
    for name in ("token_test.txt", "label_test.txt"):
        assert lines_of(tmp_path / "cut" / name) == lines_of(tmp_path / "window" / name)


def test_windows_label_every_piece_of_long_sentences(
    root, ner_run, trained_ner, tmp_path
):
    ner_run.predict(
        tmp_path, trained_ner.folder, max_seq_length=7, long_sentences="window"
    )
    pieces = lines_of(tmp_path / "token_test.txt")
    whole = lines_of(trained_ner.folder / "token_test.txt")
    assert pieces == whole  # Those of length 16, where no sentence is cut.
    result = subprocess.run(
        [
            sys.executable,
            root / "biocodes" / "ner_detokenize.py",
            f"--token_test_path={tmp_path}/token_test.txt",
            f"--label_test_path={tmp_path}/label_test.txt",
            f"--answer_path={ner_run.folder}/test.tsv",
            f"--output_dir={tmp_path}",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "0 words of 0 sentences were cut" in result.stdout
    scores = read_json(tmp_path / "test_scores.json")
    assert (
        scores["entity_gold"]
        == read_json(trained_ner.folder / "test_scores.json")["entity_gold"]
    )


def test_buckets_predict_the_same_labels(ner_run, trained_ner, tmp_path):
    ner_run.predict(tmp_path, trained_ner.folder, length_buckets=True)
    for name in ("token_test.txt", "label_test.txt"):
        assert lines_of(tmp_path / name) == lines_of(trained_ner.folder / name)


@pytest.mark.slow
def test_buckets_train_the_same_run_after_an_interruption(ner_run, tmp_path):
    options = {
        "loss": "masked_mean",
        "length_buckets": True,
        "save_checkpoints_steps": 10,
    }
    ner_run(tmp_path / "whole", **options)
    ner_run(tmp_path / "part", **options)
    for path in (tmp_path / "part").glob("model.ckpt-[34]*"):
        path.unlink()
    ner_run(tmp_path / "part", **options)
    whole, part = (final_weights(tmp_path / name, 39) for name in ("whole", "part"))
    assert set(whole) == set(part)
    for name, values in whole.items():
        np.testing.assert_array_equal(values, part[name])


@pytest.mark.slow
def test_masked_mean_does_not_depend_on_padding(ner_run, tmp_path):
    scores = [
        ner_run(tmp_path / str(length), loss="masked_mean", max_seq_length=length)
        for length in (16, 24)
    ]
    assert scores == [{}, {}]
    short, long = (final_weights(tmp_path / name, 39) for name in ("16", "24"))
    # Dropout draws differ with the shape, so only what has seen none is compared.
    assert set(short) == set(long)
    first = [
        json.loads(lines_of(tmp_path / name / "metrics.jsonl")[0])["loss"]
        for name in ("16", "24")
    ]
    assert first[0] == pytest.approx(first[1], rel=0.2)


@pytest.fixture
def selecting_run(make_ner_run, ner_run):
    """A runner on a corpus with a training file of its own."""
    text = (ner_run.folder / "train_dev.tsv").read_text()
    return make_ner_run(train=text, devel=text)


@pytest.mark.slow
def test_selection_goes_on_with_the_best_checkpoint(selecting_run, tmp_path):
    selecting_run(tmp_path, select_on="devel", do_predict=True, num_train_epochs=12.0)
    best = read_json(tmp_path / "best_checkpoint.json")
    history = {
        record["step"]: record["eval/entity_f1"]
        for record in map(json.loads, lines_of(tmp_path / "metrics.jsonl"))
        if "eval/entity_f1" in record
    }
    assert best["score"] == max(history.values())
    assert best["step"] == min(s for s, x in history.items() if x == best["score"])
    assert read_json(tmp_path / "eval_scores.json")["entity_f1"] == best["score"]
    results = dict(
        line.split(" = ") for line in lines_of(tmp_path / "eval_results.txt")
    )
    assert results["global_step"] == str(best["step"])


@pytest.mark.slow
def test_selected_checkpoint_is_used_in_other_folders(selecting_run, tmp_path, caplog):
    folder = tmp_path / "selected"
    # The rate falls to 0, so that the second evaluation is no better.
    options = {"select_on": "devel", "eval_every_steps": 3, "save_checkpoints_steps": 3}
    selecting_run(folder, num_train_epochs=12.0, learning_rate=0.0, **options)
    assert read_json(folder / "best_checkpoint.json")["step"] == 3
    for flags in ({"do_predict": True, "do_train": False}, {"num_train_epochs": 4.0}):
        caplog.clear()
        other = tmp_path / str(len(flags))
        selecting_run(other, init_checkpoint=str(folder), **flags)
        assert f"Checkpoint: {folder / 'model.ckpt-3'} " in caplog.text


@pytest.mark.slow
def test_selection_stops_when_scores_get_no_better(selecting_run, tmp_path, caplog):
    options = {"select_on": "devel", "patience": 2, "learning_rate": 0.0}
    selecting_run(tmp_path, num_train_epochs=12.0, eval_every_steps=3, **options)
    # The first evaluation is the best, and the next two are no better.
    assert "entity_f1 was best at step 3, 2 evaluations ago" in caplog.text
    assert max(int(p.name[11:-6]) for p in tmp_path.glob("*.index")) == 9
    selecting_run(tmp_path, num_train_epochs=12.0, eval_every_steps=3, **options)
    assert "Training is complete at step 9" in caplog.text
    # It is over, so what the record says of the weights stays true.
    record = (tmp_path / "run.json").read_bytes()
    options["learning_rate"] = 0.5
    selecting_run(tmp_path, num_train_epochs=12.0, eval_every_steps=3, **options)
    assert (tmp_path / "run.json").read_bytes() == record
    assert "of the run before, with another learning_rate." in caplog.text


@pytest.mark.slow
def test_selection_may_come_when_the_training_is_over(selecting_run, tmp_path, caplog):
    folder = tmp_path / "run"
    options = {"num_train_epochs": 12.0, "eval_every_steps": 3, "learning_rate": 0.0}
    selecting_run(folder, **options, do_eval=True)
    selecting_run(folder, **options, select_on="devel", do_predict=True)
    assert "Its training is over" not in caplog.text
    caplog.clear()
    flags = {"do_train": False, "do_predict": True, "init_checkpoint": str(folder)}
    selecting_run(tmp_path / "other", **flags)
    assert f"Checkpoint: {folder / 'model.ckpt-3'} " in caplog.text


@pytest.mark.slow
def test_refit_trains_on_all_for_as_long_as_was_best(selecting_run, tmp_path):
    flags = selecting_run.flags(tmp_path, select_on="devel", refit=True)
    run_ner.run(ner_settings.Settings(**flags))
    best = read_json(tmp_path / "best_checkpoint.json")["step"]
    record = read_json(tmp_path / "refit" / "run.json")["training"]
    assert record["num_train_steps"] == best
    assert (tmp_path / "refit" / f"model.ckpt-{best}.index").exists()


@pytest.mark.slow
def test_several_runs_report_mean_and_spread(ner_run, tmp_path):
    flags = ner_run.flags(tmp_path, num_runs=3, seed=5, do_predict=True)
    summary = run_ner.run(ner_settings.Settings(**flags))
    record = read_json(tmp_path / "runs.json")
    assert record["seeds"] == [5, 6, 7]
    f1 = [
        read_json(tmp_path / f"run_{seed}" / "test_scores.json")["entity_f1"]
        for seed in record["seeds"]
    ]
    assert summary["entity_f1_mean"] == pytest.approx(statistics.fmean(f1))
    assert summary["entity_f1_sd"] == pytest.approx(statistics.stdev(f1))
    assert summary["entity_f1_best"] == max(f1)
    assert summary["entity_f1_low"] <= statistics.median(f1) <= 1
    assert record["summary"] == summary


@pytest.mark.slow
def test_warns_where_devel_is_inside_the_training_file(make_ner_run, ner_run, caplog):
    text = (ner_run.folder / "devel.tsv").read_text()
    run = make_ner_run(train_dev=text)
    run(run.folder / "out", do_eval=True)
    assert "5 of the 5 sentences of" in caplog.text
    assert "are no estimate for new text" in caplog.text


@pytest.mark.slow
def test_reads_iobes_as_iob2(make_ner_run, ner_run):
    texts = {
        name: (ner_run.folder / f"{name}.tsv")
        .read_text()
        .replace("flu\tB", "flu\tS")
        .replace("cancer\tI", "cancer\tE")
        for name in ("train_dev", "devel", "test")
    }
    run = make_ner_run(**texts)
    run(run.folder / "out")
    labels = read_json(run.folder / "out" / "label2id.json")
    assert set(labels) == {"[PAD]", "B", "I", "O", "X", "[CLS]", "[SEP]"}


def test_the_scheme_that_training_found_is_remembered(make_ner_run, ner_run, tmp_path):
    texts = {
        name: (ner_run.folder / f"{name}.tsv").read_text().replace("\tB\n", "\tI\n")
        for name in ("train_dev", "devel", "test")
    }
    run = make_ner_run(**texts)
    run(tmp_path / "out", do_eval=True)
    results = (tmp_path / "out" / "eval_results.txt").read_text()
    assert read_json(tmp_path / "out" / "run.json")["training"]["tag_scheme"] == "iob1"
    run(tmp_path / "out", do_train=False, do_eval=True)
    assert (tmp_path / "out" / "eval_results.txt").read_text() == results
    flags = {"init_checkpoint": str(tmp_path / "out"), "do_train": False}
    run(tmp_path / "other", do_eval=True, **flags)
    other = (tmp_path / "other" / "eval_results.txt").read_text()
    assert lines_but_step(other) == lines_but_step(results)


def lines_but_step(text):
    return [line for line in text.splitlines() if not line.startswith("global_step")]


def test_a_sentence_without_pieces_keeps_its_place(make_ner_run, trained_ner, tmp_path):
    run = make_ner_run(test="flu\tO\n\n\u200b\tO\n\ncancer\tO\n")
    expected = ["[CLS]", "flu", "[SEP]", "[CLS]", "[SEP]", "[CLS]", "cancer", "[SEP]"]
    for mode in ("cut", "window"):
        options = {"long_sentences": mode, "output_probabilities": True}
        run.predict(tmp_path / mode, trained_ner.folder, **options)
        assert lines_of(tmp_path / mode / "token_test.txt") == expected
        for name, more in (("label_test.txt", 0), ("probabilities_test.tsv", 1)):
            assert len(lines_of(tmp_path / mode / name)) == len(expected) + more


def test_a_wrong_predict_file_is_refused_before_training(ner_run, tmp_path):
    flags = ner_run.flags(tmp_path / "out", predict_file=str(tmp_path / "none.txt"))
    with pytest.raises(errors.InputError, match=r"none\.txt: A text file is needed"):
        run_ner.run(ner_settings.Settings(**flags))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("length_buckets", [False, True])
def test_bfloat16_predicts_nearly_the_same_labels(
    ner_run, trained_ner, tmp_path, length_buckets
):
    options = {"precision": "bfloat16", "length_buckets": length_buckets}
    ner_run.predict(tmp_path, trained_ner.folder, output_probabilities=True, **options)
    low = lines_of(tmp_path / "label_test.txt")
    high = lines_of(trained_ner.folder / "label_test.txt")
    same = sum(one == other for one, other in zip(low, high, strict=True))
    assert same >= 0.98 * len(high)
