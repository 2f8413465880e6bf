# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.agreement; two real processes are in tests/scripts."""

import pytest

from modeling import agreement, errors
from modeling import settings as settings_lib
from modeling.training import replication


class Processes(replication.SingleProcess):
    """Several processes: this one and others that say what is given."""

    def __init__(self, *others):
        self.others = others
        self.num_processes = self.num_replicas = 1 + len(others)

    def gather_objects(self, value):
        return [value, *(change(dict(value)) for change in self.others)]


def make_settings(**changes):
    values = {"bert_config_file": "c", "output_dir": "o", "do_train": True} | changes
    return settings_lib.TrainSettings(**values)


FACTS = {"--learning_rate": 0.5, "labels": ["B", "I"], "text": "long " * 99}


def test_processes_that_agree_pass():
    agreement.check(Processes(dict, dict), FACTS)
    agreement.check(replication.SingleProcess(), FACTS)


@pytest.mark.parametrize(
    ("name", "value"),
    [("--learning_rate", "1.0"), ("labels", "[]"), ("text", "x"), ("of one", "1")],
)
def test_processes_that_differ_are_refused(name, value):
    others = dict, lambda facts: facts | {name: value}
    with pytest.raises(errors.InputError, match="the same flags and data") as e:
        agreement.check(Processes(*others), FACTS)
    assert f"of process 2: {name} {value}, of process 0: " in str(e.value)


def facts_of(**changes):
    return agreement.flags_and_files(make_settings(**changes))


def test_flags_are_compared_but_the_place_of_files(tmp_path):
    facts = facts_of()
    assert facts["--train_batch_size"] == 32
    assert facts == facts_of(output_dir=str(tmp_path), init_checkpoint="elsewhere")
    # All take the weights of the first process, so these need not be read for it.
    (tmp_path / "weights").write_text("x")
    assert facts == facts_of(init_checkpoint=f"{tmp_path}/weights")
    assert facts != facts_of(train_batch_size=64)


def test_files_are_compared_by_what_is_in_them(tmp_path):
    for name, content in (("a", "x"), ("b", "x"), ("c", "y")):
        (tmp_path / name).write_text(content)
    a, b, c = (facts_of(bert_config_file=f"{tmp_path}/{name}") for name in "abc")
    assert a == b
    assert a != c
    assert facts_of(bert_config_file=str(tmp_path)) != a


def test_files_of_folders_are_compared_by_name(tmp_path):
    for folder, name, content in (
        ("a", "train.tsv", "x"),
        ("b", "train.tsv", "x"),
        ("c", "test.tsv", "x"),
        ("d", "train.tsv", "y"),
    ):
        (tmp_path / folder / "deep").mkdir(parents=True)
        (tmp_path / folder / name).write_text(content)
    found = [facts_of(bert_config_file=f"{tmp_path}/{name}") for name in "abcd"]
    assert [facts == found[0] for facts in found] == [True, True, False, False]


def test_what_a_training_begins_with():
    record = {"model": {"labels": ["B"]}, "training": {"training_data_sha256": "ab"}}
    assert agreement.of_training(record, 3) == {
        "labels": ["B"],
        "training_data_sha256": "ab",
        "updates made so far": 3,
    }
