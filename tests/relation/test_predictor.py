# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.relation.predictor."""

import json
import shutil

import numpy as np
import pytest

from modeling import errors
from modeling.relation import predictor


def test_a_folder_is_enough(relation_run, trained):
    model = predictor.load(trained.folder)
    assert model.labels == ("0", "1")
    lines = (relation_run.folder / "data" / "test.tsv").read_text().splitlines()[1:]
    found = model.classify([line.split("\t")[1] for line in lines])
    table = np.loadtxt(trained.folder / "test_results.tsv")
    np.testing.assert_allclose(found, table, rtol=1e-5)
    assert found.dtype == np.float32
    assert model.classify([]).shape == (0, 2)


def test_what_is_cut_is_counted(trained):
    model = predictor.load(trained.folder, max_seq_length=8)
    assert model.max_seq_length == 8
    model.classify(["flu", "flu @GENE$ causes @DISEASE$"])
    assert (model.num_cut_rows, model.num_cut_mentions) == (1, 1)
    model.classify(["flu @GENE$ causes @DISEASE$"])
    assert (model.num_cut_rows, model.num_cut_mentions) == (2, 2)


FAR = f"@GENE$ {'mice ' * 20} @X$ @DISEASE$ ."


@pytest.mark.slow
def test_mentions_of_others_may_be_lost(relation_run, trained, tmp_path):
    for blind, num_lost in (("", 1), ("@X$", 0)):
        model = predictor.load(
            trained.folder, long_sentences="mentions", other_blind=blind
        )
        model.classify([FAR])
        assert model.num_cut_mentions == num_lost
    one = relation_run.start(
        tmp_path,
        do_train=False,
        data_dir=None,
        init_checkpoint=str(trained.folder),
        predict_file="some.txt",
        other_blind="@X$",
    )
    one.predictor.classify([FAR])
    assert one.predictor.num_cut_mentions == 0


@pytest.mark.parametrize("name", ["run.json", "label2id.json"])
def test_refuses_folders_of_others(trained, tmp_path, name):
    folder = tmp_path / "copy"
    shutil.copytree(trained.folder, folder)
    (folder / name).unlink()
    with pytest.raises(errors.InputError, match=r"A folder that run_re\.py trained in"):
        predictor.load(folder)


def test_refuses_models_of_other_tasks(trained, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(trained.folder, folder)
    record = json.loads((folder / "run.json").read_text())
    record["model"]["task"] = "ner"
    (folder / "run.json").write_text(json.dumps(record))
    with pytest.raises(errors.InputError, match=r"Received: one of the task ner\.$"):
        predictor.load(folder)
