# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.settings, and for the flags that programs make with it."""

import dataclasses
import sys

import pytest
from absl import flags

from modeling import command_line, errors
from modeling import settings as settings_lib
from modeling.ner import settings as ner_settings

# Flag: its default in the original release; required ones are in `REQUIRED`.
RUN_NER = {
    "task_name": "NER",
    "init_checkpoint": None,
    "do_lower_case": False,
    "max_seq_length": 128,
    "do_train": True,
    "do_eval": False,
    "do_predict": True,
    "train_batch_size": 32,
    "eval_batch_size": 8,
    "predict_batch_size": 8,
    "learning_rate": 5e-5,
    "num_train_epochs": 10.0,
    "warmup_proportion": 0.1,
    "save_checkpoints_steps": 1000,
    "iterations_per_loop": 1000,
    "use_tpu": False,
    "master": None,
    "num_tpu_cores": 8,
}
REQUIRED = {
    "data_dir": "data",
    "output_dir": "out",
    "bert_config_file": "bert_config.json",
    "vocab_file": "vocab.txt",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Small:
    """One field of each kind."""

    name: str = settings_lib.setting("A name.")
    other: str | None = settings_lib.setting("Another one.", None)
    count: int = settings_lib.setting("A count.", 3)
    rate: float = settings_lib.setting("A rate.", 0.5)
    is_on: bool = settings_lib.setting("A switch.", default=True)


def parse(settings_class, *arguments):
    """Returns the settings of a command line, with flags of its own."""
    flag_values = flags.FlagValues()
    command_line.define_flags(settings_class, flag_values)
    flag_values(["program", *arguments])
    return command_line.from_flags(settings_class, flag_values)


def parse_run_ner(*arguments):
    required = [f"--{name}={value}" for name, value in REQUIRED.items()]
    return parse(ner_settings.Settings, *required, *arguments)


def make(**changes):
    return ner_settings.Settings(**{**REQUIRED, **changes})


def test_flags_of_the_original_are_there_with_their_defaults():
    settings = parse_run_ner()
    assert {name: getattr(settings, name) for name in RUN_NER} == RUN_NER
    assert {name: getattr(settings, name) for name in REQUIRED} == REQUIRED


def test_flags_and_fields_have_the_same_defaults():
    assert parse_run_ner() == make()


@pytest.mark.parametrize("name", sorted(REQUIRED.keys() - {"data_dir"}))
def test_required_flags(name):
    rest = [f"--{other}={value}" for other, value in REQUIRED.items() if other != name]
    with pytest.raises(flags.IllegalFlagValueError, match=f"--{name}"):
        parse(ner_settings.Settings, *rest)


def test_a_data_set_or_raw_text_is_required():
    rest = {name: value for name, value in REQUIRED.items() if name != "data_dir"}
    with pytest.raises(errors.InputError, match=r"--data_dir, or --predict_file.*none"):
        ner_settings.Settings(**rest)
    settings = ner_settings.Settings(**rest, predict_file="-")
    # Without a data set there is nothing to train on, whatever the default is.
    assert (settings.do_train, settings.trains, settings.predicts) == (
        True,
        False,
        False,
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"length_buckets": True}, "--length_buckets needs --loss=masked_mean"),
        ({"refit": True}, "--refit needs --select_on=devel"),
        ({"num_runs": 2, "predict_file": "-"}, "--predict_file need one model"),
    ],
)
def test_flags_that_need_each_other(changes, message):
    with pytest.raises(errors.InputError, match=message):
        make(**changes)


def test_every_field_is_a_flag_and_every_flag_a_field():
    flag_values = flags.FlagValues()
    command_line.define_flags(ner_settings.Settings, flag_values)
    fields = {field.name for field in dataclasses.fields(ner_settings.Settings)}
    assert set(flag_values) == fields
    for field in dataclasses.fields(ner_settings.Settings):
        assert flag_values[field.name].help == field.metadata["help"]


def test_values_come_from_the_command_line_in_their_types():
    assert parse(Small, "--name=a") == Small(name="a")
    settings = parse(
        Small, "--name", "a b", "--other=x", "--count=7", "--rate=1", "--nois_on"
    )
    assert settings == Small(name="a b", other="x", count=7, rate=1.0, is_on=False)
    assert isinstance(settings.rate, float)


@pytest.mark.parametrize("argument", ["--count=1.5", "--rate=fast", "--is_on=maybe"])
def test_values_of_other_types_are_refused(argument):
    with pytest.raises(flags.IllegalFlagValueError, match=argument.split("=")[0]):
        parse(Small, "--name=a", argument)


def test_help_lists_our_flags_and_what_they_may_be():
    flag_values = flags.FlagValues()
    command_line.define_flags(ner_settings.Settings, flag_values)
    text = flag_values.module_help(sys.argv[0])
    for field in dataclasses.fields(ner_settings.Settings):
        assert field.name in text
    assert "One of auto, never, must." in " ".join(text.split())


@pytest.mark.parametrize(
    ("name", "value", "need"),
    [
        ("resume", "maybe", "one of auto, never, must"),
        ("ner_reader", "Paper", "one of original, paper"),
        ("task_name", "RE", "one of NER, ner"),
        ("max_seq_length", 2, "at least 3"),
        ("train_batch_size", 0, "at least 1"),
        ("eval_batch_size", 0, "at least 1"),
        ("predict_batch_size", -8, "at least 1"),
        ("learning_rate", -1e-5, "at least 0"),
        ("learning_rate", float("nan"), "at least 0"),
        ("learning_rate", float("inf"), "finite"),
        ("num_train_epochs", -1.0, "at least 0"),
        ("num_train_epochs", float("inf"), "finite"),
        ("warmup_proportion", -0.1, "at least 0"),
        ("save_checkpoints_steps", 0, "at least 1"),
        ("iterations_per_loop", 0, "at least 1"),
        ("eval_every_steps", -1, "at least 0"),
        ("seed", -1, "at least 0"),
        ("seed", 2**63, f"at most {2**63 - 1}"),
    ],
)
def test_values_out_of_range_are_refused(name, value, need):
    with pytest.raises(errors.InputError) as caught:
        make(**{name: value})
    assert str(caught.value) == f"--{name} must be {need}. Received: {value}."


def test_values_at_the_bounds_are_accepted():
    make(max_seq_length=3, train_batch_size=1, learning_rate=0.0, seed=2**63 - 1)


def test_tpu_flags_are_accepted_and_the_tpu_is_refused():
    settings = parse_run_ner("--use_tpu=false", "--master=x", "--num_tpu_cores=16")
    assert (settings.master, settings.num_tpu_cores) == ("x", 16)
    with pytest.raises(errors.InputError, match="--use_tpu must be false: "):
        parse_run_ner("--use_tpu=true")


def test_a_run_without_anything_to_do_is_refused():
    make(do_train=False, do_predict=False, do_eval=True)
    with pytest.raises(errors.InputError, match="At least one of --do_train"):
        make(do_train=False, do_predict=False)


def test_importing_a_program_defines_no_flag():
    # It is imported above; the tests here define theirs apart.
    fields = {field.name for field in dataclasses.fields(ner_settings.Settings)}
    assert not fields & set(flags.FLAGS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"plan": True, "do_train": False}, "--plan is for a training"),
        ({"profile_steps": "3"}, "must be two steps, FIRST,LAST"),
        ({"profile_steps": "5,3"}, "Received: 5,3"),
        ({"profile_steps": "a,b"}, "Received: a,b"),
        ({"num_processes": 2, "distribution": "mirrored"}, "--num_processes is for"),
        (
            {"accumulate_steps": 2, "max_examples_per_device": 4},
            "give one of them. Received: 2 and 4",
        ),
        ({"distribution": "tpu"}, "--distribution must be one of auto, none"),
        ({"precision": "float8"}, "--precision must be one of float32, bfloat16"),
    ],
)
def test_refuses_ways_to_train_that_do_not_fit(changes, message):
    needed = {"bert_config_file": "c", "output_dir": "o", "do_train": True}
    with pytest.raises(errors.InputError, match=message):
        settings_lib.TrainSettings(**needed | changes)


def test_profiled_steps_are_numbers():
    needed = {"bert_config_file": "c", "output_dir": "o"}
    assert settings_lib.TrainSettings(**needed).profiled is None
    settings = settings_lib.TrainSettings(**needed, profile_steps="10, 20")
    assert settings.profiled == (10, 20)
