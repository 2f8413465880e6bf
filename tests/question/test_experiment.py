# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.question.experiment: run_qa.py on questions with answers."""

import json
import random

import numpy as np
import pytest
import tensorflow as tf

from modeling import errors
from modeling.data import question, tfrecords
from modeling.training import checkpoints

# int(10 questions / 4 * 4 passes).
LAST = 10
ANSWER_FILES = ("predictions.json", "nbest_predictions.json", "predictions_detail.json")


def read(folder, name):
    return json.loads((folder / name).read_text(encoding="utf-8"))


def weights(folder, step=LAST):
    reader = checkpoints.CheckpointReader(folder / f"model.ckpt-{step}")
    return {name: reader.read(name) for name in reader.names()}


def test_writes_what_its_docstring_names(trained_qa):
    names = {path.name for path in trained_qa[0].iterdir()}
    rest = {n for n in names if not n.startswith(("model.ckpt-", "events.out."))}
    assert rest == {
        "checkpoint",
        "best_checkpoint.json",
        "run.json",
        "vocab.txt",
        "bert_config.json",
        "metrics.jsonl",
        "training.png",
        "train.tf_record",
        "eval.tf_record",
        "skipped_questions.json",
        "eval_results.txt",
        "eval_scores.json",
        "test_scores.json",
        "bioasq_submission.json",
        *ANSWER_FILES,
    }
    assert (trained_qa[0] / f"model.ckpt-{LAST}.index").exists()


def test_scores_are_squads(trained_qa):
    folder, scores = trained_qa
    assert (
        scores.keys()
        == {"exact_match", "f1"}
        == read(folder, "eval_scores.json").keys()
    )
    assert scores == read(folder, "test_scores.json")
    assert f"global_step = {LAST}\n" in (folder / "eval_results.txt").read_text()


def test_skipped_questions_are_named(trained_qa):
    expected = {"the answer is not at its answer_start": ["q4"]}
    assert read(trained_qa[0], "skipped_questions.json") == expected


def test_records_are_the_originals_in_its_order(trained_qa, qa_folder):
    row, one = (tf.io.FixedLenFeature(shape, tf.int64) for shape in ([16], [1]))
    rows = ("input_ids", "input_mask", "segment_ids")
    names = ("unique_ids", "start_positions", "end_positions", "is_impossible")
    spec = dict.fromkeys(rows, row) | dict.fromkeys(names, one)
    arrays = tfrecords.read_records(trained_qa[0] / "train.tf_record", spec)
    count = len(arrays["unique_ids"])
    assert arrays["unique_ids"].ravel().tolist() == [10**9 + i for i in range(count)]
    assert not arrays["is_impossible"].any()

    questions = question.read_file(qa_folder / "train.json")
    kept = [one for one in questions if one.id != "q4"]
    random.Random(12345).shuffle(kept)
    # A window of each question at least; its answer is the piece "flu".
    starts = arrays["start_positions"].ravel()
    assert (starts == arrays["end_positions"].ravel()).all()
    pieces = (qa_folder / "vocab.txt").read_text().split("\n")
    has_answer = starts > 0
    found = arrays["input_ids"][np.arange(count), starts]
    assert {pieces[i] for i in found[has_answer]} == {"flu"}
    first = arrays["input_ids"][0]
    assert pieces[first[6]] == kept[0].context.split()[0].replace("BRCA1", "BR")

    spec = dict.fromkeys(rows, row) | {"unique_ids": one}
    tfrecords.read_records(trained_qa[0] / "eval.tf_record", spec)


def test_answers_stand_in_their_contexts(trained_qa, qa_folder):
    questions = question.read_file(qa_folder / "test.json")
    predictions, nbest, detail = (read(trained_qa[0], name) for name in ANSWER_FILES)
    assert list(predictions) == [one.id for one in questions]
    for one in questions:
        assert predictions[one.id] == nbest[one.id][0]["text"]
        assert [entry["text"] for entry in detail[one.id]] == [
            one.context[entry["start"] : entry["end"]] for entry in detail[one.id]
        ]


@pytest.fixture(scope="module")
def answer(qa_run, trained_qa, tmp_path_factory):
    """Answers questions with the trained model; returns the folder."""

    def call(path, **changes):
        folder = tmp_path_factory.mktemp("answers")
        options = {"do_predict": True, "init_checkpoint": str(trained_qa[0])}
        qa_run(folder, predict_file=str(path), **options | changes)
        return folder

    return call


def assert_same_answers(folder, expected):
    predictions, nbest = (read(folder, name) for name in ANSWER_FILES[:2])
    assert predictions == read(expected, ANSWER_FILES[0])
    for name, entries in read(expected, ANSWER_FILES[1]).items():
        for ours, theirs in zip(nbest[name], entries, strict=True):
            assert ours.pop("text") == theirs.pop("text")
            assert ours == pytest.approx(theirs, abs=1e-5)


def test_neither_batches_nor_the_order_of_questions_matter(
    answer, trained_qa, qa_folder, tmp_path
):
    content = read(qa_folder, "test.json")
    random.Random(0).shuffle(content["data"][0]["paragraphs"])
    (tmp_path / "shuffled.json").write_text(json.dumps(content))
    folder = answer(tmp_path / "shuffled.json", predict_batch_size=3)
    assert_same_answers(folder, trained_qa[0])


@pytest.mark.slow
def test_buckets_answer_the_same_whatever_the_order(answer, qa_folder, tmp_path):
    content = read(qa_folder, "test.json")
    content["data"][0]["paragraphs"].reverse()
    (tmp_path / "reversed.json").write_text(json.dumps(content))
    expected = answer(qa_folder / "test.json", length_buckets=True)
    assert list(read(expected, ANSWER_FILES[0])) == [
        one.id for one in question.read_file(qa_folder / "test.json")
    ]
    folder = answer(tmp_path / "reversed.json", length_buckets=True)
    assert_same_answers(folder, expected)


def test_bfloat16_changes_little(answer, trained_qa, qa_folder):
    folder = answer(qa_folder / "test.json", precision="bfloat16", length_buckets=True)
    ours, theirs = (read(f, ANSWER_FILES[1]) for f in (folder, trained_qa[0]))
    for name, entries in theirs.items():
        best = max(entry["start_logit"] for entry in entries)
        found = max(entry["start_logit"] for entry in ours[name])
        assert found == pytest.approx(best, abs=0.1)
    assert ours != theirs


def test_golden_answers_are_scored(answer, trained_qa, qa_folder, tmp_path):
    golden = {"id": "0123456789abcdef01234567", "type": "factoid", "exact_answer": []}
    best = read(trained_qa[0], "bioasq_submission.json")["questions"][0]
    golden["exact_answer"] = [["absent", best["exact_answer"][1][0]]]
    path = tmp_path / "golden.json"
    path.write_text(json.dumps({"questions": [golden]}))
    folder = answer(qa_folder / "test.json", golden_file=str(path))
    scores = read(folder, "test_scores.json")
    assert {"exact_match", "f1"} < scores.keys()
    assert scores["factoid_strict_acc"] == 0.0
    assert scores["factoid_mrr"] == 0.5
    path.write_text(json.dumps({"questions": [golden | {"id": "other"}]}))
    with pytest.raises(errors.InputError, match="must have factoid questions of"):
        answer(qa_folder / "test.json", golden_file=str(path))


def test_golden_answers_need_bioasqs_ids(answer, qa_folder):
    with pytest.raises(errors.InputError) as caught:
        answer(qa_folder / "devel.json", golden_file="absent.json")
    assert str(caught.value) == (
        f"{qa_folder / 'devel.json'}: With --golden_file, ids must be BioASQ's, 24 "
        "characters, '_' and three digits. Received: 'q0'."
    )


@pytest.mark.slow
def test_resumes_to_the_same_weights(qa_run, trained_qa, qa_folder, tmp_path):
    options = {"do_train": True, "train_file": str(qa_folder / "train.json")}
    qa_run(tmp_path, save_checkpoints_steps=4, **options)
    for path in [*tmp_path.glob("model.ckpt-8*"), *tmp_path.glob("model.ckpt-10*")]:
        path.unlink()
    qa_run(tmp_path, save_checkpoints_steps=4, resume="must", **options)
    ours, theirs = weights(tmp_path), weights(trained_qa[0])
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    with pytest.raises(errors.InputError, match="of other task"):
        qa_run(
            tmp_path,
            question_type="yesno",
            do_predict=True,
            predict_file=str(qa_folder / "yesno_test.json"),
        )


def test_answers_on_the_spot(qa_run, trained_qa, capsys):
    context = "BRCA1 causes  flu in mice"
    qa_run(trained_qa[0], question="What causes flu ?", passage=context)
    shown = json.loads(capsys.readouterr().out)
    assert shown["answers"]
    for entry in shown["answers"]:
        assert context[entry["start"] : entry["end"]] == entry["text"]
    assert shown["answer"].split() == shown["answers"][0]["text"].split()


def test_prediction_needs_a_trained_head(qa_run, qa_folder, tmp_path):
    with pytest.raises(errors.InputError, match="need a trained model"):
        qa_run(tmp_path, do_predict=True, predict_file=str(qa_folder / "test.json"))
