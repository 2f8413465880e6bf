# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.relation.predictor."""

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


@pytest.mark.parametrize("name", ["run.json", "label2id.json"])
def test_refuses_folders_of_others(trained, tmp_path, name):
    folder = tmp_path / "copy"
    shutil.copytree(trained.folder, folder)
    (folder / name).unlink()
    with pytest.raises(errors.InputError, match=r"A folder that run_re\.py trained in"):
        predictor.load(folder)
