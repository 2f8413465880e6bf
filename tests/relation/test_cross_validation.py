# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.relation.cross_validation, and for seeds of it."""

import json
import statistics

import numpy as np
import pytest

import run_re
from modeling import errors
from modeling.relation import cross_validation

LAST = 13


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def folds(write_corpus, tmp_path):
    for name in ("10", "2"):
        write_corpus(tmp_path / "folds" / name, seed=int(name), without=["dev"])
    (tmp_path / "folds" / "notes").mkdir()
    return tmp_path / "folds"


@pytest.mark.slow
def test_cross_validation_runs_every_fold(relation_run, folds, tmp_path, caplog):
    changes = {"data_dir": None, "cv_dir": str(folds), "do_eval": True}
    settings = relation_run.settings(tmp_path / "out", **changes)
    assert [p.name for p in cross_validation.find_folds(settings)] == ["2", "10"]
    scores = run_re.run(settings)
    record = read_json(tmp_path / "out" / "cross_validation.json")
    assert list(record["folds"]) == ["2", "10"]
    values = []
    for name, of_fold in record["folds"].items():
        folder = tmp_path / "out" / f"fold_{name}"
        assert read_json(folder / "test_scores.json") == of_fold
        assert (folder / f"model.ckpt-{LAST}.index").exists()
        values.append(of_fold["f1"])
    assert scores["f1_mean"] == pytest.approx(statistics.fmean(values))
    assert scores["f1_sd"] == pytest.approx(statistics.stdev(values))
    confusions = [
        np.array(list(map(list, map(dict.values, x["confusion"].values()))))
        for x in record["folds"].values()
    ]
    total = sum(confusions)
    f1 = 2 * total[1, 1] / (total[1].sum() + total[:, 1].sum())
    assert scores["f1"] == record["pooled"]["f1"] == pytest.approx(f1)
    assert record["pooled"]["num_rows"] == 12
    for name in ("f1", "recall", "precision", "specificity"):
        assert record["mean"][name] == scores[f"{name}_mean"]
    assert "2 folds of" in caplog.text
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert ">10:2</a>" in text


def test_a_bad_fold_is_refused_before_the_first_is_run(relation_run, folds, tmp_path):
    (folds / "10" / "test.tsv").write_text("index\tsentence\tlabel\n0\ta\t2\n")
    changes = {"data_dir": None, "cv_dir": str(folds)}
    with pytest.raises(errors.InputError, match=r"10/test\.tsv:2: A label must be one"):
        run_re.run(relation_run.settings(tmp_path / "out", **changes))
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_folds_of_a_custom_task_share_their_labels(
    relation_run, write_corpus, folds, tmp_path
):
    write_corpus(folds / "2", labels=("0", "1", "2"), without=["dev"])
    changes = {"data_dir": None, "cv_dir": str(folds), "task_name": "custom"}
    run_re.run(relation_run.settings(tmp_path / "out", num_train_epochs=0.4, **changes))
    for name in ("2", "10"):
        labels = read_json(tmp_path / "out" / f"fold_{name}" / "label2id.json")
        assert list(labels) == ["0", "1", "2"]


@pytest.mark.parametrize("name", ["none", "data"])
def test_refuses_a_folder_without_folds(relation_run, tmp_path, name):
    folder = relation_run.folder / name
    settings = relation_run.settings(tmp_path, data_dir=None, cv_dir=str(folder))
    with pytest.raises(errors.InputError, match="--cv_dir must hold a folder for each"):
        run_re.run(settings)


@pytest.mark.slow
def test_seeds_of_folds_are_in_folders_of_folders(relation_run, folds, tmp_path):
    changes = {"data_dir": None, "cv_dir": str(folds), "num_runs": 2}
    changes |= {"num_train_epochs": 0.4}
    summary = run_re.run(relation_run.settings(tmp_path / "out", **changes))
    scores = [
        read_json(tmp_path / "out" / f"run_{seed}" / "cross_validation.json")["pooled"]
        for seed in (0, 1)
    ]
    assert summary["f1_mean"] == pytest.approx(
        statistics.fmean(one["f1"] for one in scores)
    )
