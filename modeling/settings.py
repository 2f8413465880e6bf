# SPDX-License-Identifier: Apache-2.0
"""Run settings: one dataclass field per command-line flag.

A field is the only declaration of a setting. Its type, default and help make
the flag, and code reads the field, so nothing below a run script knows flags.
"""

import dataclasses
import math
import sys
import types
import typing
from typing import Any, TypeVar

from absl import flags

from modeling import errors

SettingsT = TypeVar("SettingsT")

_DEFINE = {
    bool: flags.DEFINE_bool,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
}


def setting(
    help_text: str,
    default: Any = dataclasses.MISSING,  # noqa: ANN401
    *,
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:  # noqa: ANN401
    """Declares a field of a settings class.

    Args:
        help_text: What the flag means, for `--help`.
        default: Value without the flag; without a default it is required.
        choices: The values that are allowed; any if empty.
        minimum: The smallest number that is allowed; any if None.
        maximum: The largest; any finite one if None.

    Returns:
        The dataclass field.
    """
    if choices:
        help_text += f" One of {', '.join(choices)}."
    metadata = {
        "help": help_text,
        "choices": choices,
        "minimum": minimum,
        "maximum": maximum,
    }
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BertSettings:
    """What every program that computes with a BERT needs."""

    bert_config_file: str = setting("BERT's sizes, as JSON.")
    init_checkpoint: str | None = setting(
        "Weights to start from: a TensorFlow checkpoint (its prefix, any of its "
        "files, its folder or a .tar.gz of it), or a Hugging Face folder.",
        None,
    )
    max_seq_length: int = setting(
        "Sequence length in WordPieces, [CLS] and [SEP] included.", 128, minimum=3
    )
    use_tpu: bool = setting("Accepted for old commands; must be false.", False)
    master: str | None = setting("Accepted for old commands; has no effect.", None)
    num_tpu_cores: int = setting("Accepted for old commands; has no effect.", 8)

    def __post_init__(self) -> None:
        check(self)
        if self.use_tpu:
            raise errors.InputError(
                "--use_tpu must be false: this program runs on CPUs and GPUs. "
                "Received: --use_tpu=true."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelSettings(BertSettings):
    """What every program that computes with a model of text needs."""

    vocab_file: str = setting("Vocabulary, one WordPiece per line.")
    do_lower_case: bool = setting(
        "Whether to lower-case the text; must fit the vocabulary.", True
    )
    force_case: bool = setting(
        "Whether to accept a vocabulary whose casing contradicts --do_lower_case.",
        False,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainSettings(BertSettings):
    """What every program that trains needs."""

    output_dir: str = setting("Folder to write checkpoints and results to.")
    do_train: bool = setting("Whether to train.", False)
    do_eval: bool = setting("Whether to score the development set.", False)
    train_batch_size: int = setting("Sequences per training step.", 32, minimum=1)
    eval_batch_size: int = setting("Sequences per evaluation step.", 8, minimum=1)
    learning_rate: float = setting("Peak learning rate.", 5e-5, minimum=0)
    adam_bias_correction: bool = setting(
        "Whether Adam corrects its running means as its paper does. "
        "The original BioBERT does not.",
        False,
    )
    save_checkpoints_steps: int = setting(
        "Training steps between checkpoints.", 1000, minimum=1
    )
    eval_every_steps: int = setting(
        "Training steps between evaluations, with --do_eval; the best checkpoint "
        "is kept. 0 evaluates at the end only.",
        0,
        minimum=0,
    )
    iterations_per_loop: int = setting(
        "At most this many training steps between two looks at the clock.",
        1000,
        minimum=1,
    )
    resume: str = setting(
        "What to do with a checkpoint in --output_dir: auto goes on from it if "
        "there is one, never starts over, must refuses to start over.",
        "auto",
        choices=("auto", "never", "must"),
    )
    seed: int = setting(
        "Decides the order of examples, dropout and new weights.",
        0,
        minimum=0,
        maximum=2**63 - 1,  # Seeds of TensorFlow are int64.
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class FinetuneSettings(ModelSettings, TrainSettings):
    """What every fine-tuning run needs."""

    do_predict: bool = setting("Whether to predict the test set.", False)
    predict_batch_size: int = setting("Sequences per prediction step.", 8, minimum=1)
    num_train_epochs: float = setting("Passes over the training set.", 3.0, minimum=0)
    warmup_proportion: float = setting(
        "Share of the training steps in which the learning rate rises.", 0.1, minimum=0
    )
    init_head: bool = setting(
        "Whether to load the task's head from --init_checkpoint where it fits.", True
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class CloudTpuSettings:
    """The original's flags for TPUs of Google Cloud, of the programs that had them."""

    tpu_name: str | None = setting("Accepted for old commands; has no effect.", None)
    tpu_zone: str | None = setting("Accepted for old commands; has no effect.", None)
    gcp_project: str | None = setting("Accepted for old commands; has no effect.", None)


def check(settings: object) -> None:
    """Checks each value of a settings dataclass against its field.

    Args:
        settings: An instance of a dataclass whose fields `setting` made.

    Raises:
        InputError: If a value is outside of what its field allows.
    """
    for field in dataclasses.fields(settings):
        _check(field, getattr(settings, field.name))


def _check(field: dataclasses.Field, value: Any) -> None:  # noqa: ANN401
    """Raises where a value is outside of what its field allows."""
    choices = field.metadata["choices"]
    minimum, maximum = field.metadata["minimum"], field.metadata["maximum"]
    need = ""
    if choices and value not in choices:
        need = f"one of {', '.join(choices)}"
    # `not >=` also refuses NaN.
    elif minimum is not None and not value >= minimum:
        need = f"at least {minimum}"
    elif maximum is not None and not value <= maximum:
        need = f"at most {maximum}"
    elif isinstance(value, float) and not math.isfinite(value):
        need = "finite"
    if need:
        raise errors.InputError(f"--{field.name} must be {need}. Received: {value}.")


def define_flags(
    settings_class: type[Any], flag_values: flags.FlagValues = flags.FLAGS
) -> None:
    """Defines one flag per field of `settings_class` in `flag_values`."""
    hints = typing.get_type_hints(settings_class)
    for field in dataclasses.fields(settings_class):
        hint = hints[field.name]
        if isinstance(hint, types.UnionType):  # `str | None` takes a str flag.
            (hint,) = set(typing.get_args(hint)) - {types.NoneType}
        required = field.default is dataclasses.MISSING
        _DEFINE[hint](
            field.name,
            None if required else field.default,
            field.metadata["help"],
            flag_values=flag_values,
            module_name=sys.argv[0],  # Or `--help` would not list the flag.
            required=required,
        )


def from_flags(
    settings_class: type[SettingsT],
    flag_values: flags.FlagValues = flags.FLAGS,
) -> SettingsT:
    """Returns the settings that the parsed command line asks for."""
    names = [field.name for field in dataclasses.fields(settings_class)]
    return settings_class(**{name: flag_values[name].value for name in names})
