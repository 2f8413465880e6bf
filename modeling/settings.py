# SPDX-License-Identifier: Apache-2.0
"""Run settings: one dataclass field per command-line flag.

A field is the only declaration of a setting. Its type, default and help make
the flag, and code reads the field, so nothing below a run script knows flags.
"""

import dataclasses
import math
from typing import Any

from modeling import errors


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
class ReplicationSettings:
    """On what devices and in which processes a program computes."""

    distribution: str = setting(
        "auto uses all GPUs of this machine, none one device; mirrored: all devices "
        "of one process; multi_worker: several processes, of TF_CONFIG, Slurm or "
        "--num_processes; horovod: those that horovodrun started.",
        "auto",
        choices=("auto", "none", "mirrored", "multi_worker", "horovod"),
    )
    num_processes: int = setting(
        "Processes to start on this machine, for --distribution=multi_worker; one "
        "for each GPU, if there are any.",
        1,
        minimum=1,
    )
    accumulate_steps: int = setting(
        "Parts that each device computes one after the other in a training step; "
        "--train_batch_size is what all of them sum up to.",
        1,
        minimum=1,
    )
    max_examples_per_device: int | None = setting(
        "The most sequences that a device computes at a time in training: "
        "--accumulate_steps follows from it.",
        None,
        minimum=1,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_processes > 1 and self.distribution not in ("auto", "multi_worker"):
            raise errors.InputError(
                "--num_processes is for --distribution=multi_worker. Received: "
                f"--num_processes={self.num_processes} with "
                f"--distribution={self.distribution}."
            )
        if self.max_examples_per_device and self.accumulate_steps > 1:
            raise errors.InputError(
                "--accumulate_steps follows from --max_examples_per_device: give one "
                f"of them. Received: {self.accumulate_steps} and "
                f"{self.max_examples_per_device}."
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainSettings(ReplicationSettings, BertSettings):
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
    optimizer: str = setting(
        "adam is the original's; lamb is for batches of thousands of sequences.",
        "adam",
        choices=("adam", "lamb"),
    )
    precision: str = setting(
        "Type of the matrix products. bfloat16 is faster where the processor has it; "
        "float16 scales the loss. All else stays in float32.",
        "float32",
        choices=("float32", "bfloat16", "float16"),
    )
    xla: bool = setting(
        "Whether XLA compiles the computation of gradients, anew for each shape. On a "
        "CPU, not for bfloat16, which it makes slower.",
        False,
    )
    recompute: bool = setting(
        "Whether to compute each layer twice rather than to keep what it computes: "
        "less memory, about a third more time.",
        False,
    )
    plan: bool = setting(
        "Whether to make some updates, say how long the training would take and what "
        "would fit, and stop. Nothing is written.",
        False,
    )
    profile_steps: str | None = setting(
        "FIRST,LAST: updates to write a trace of, for TensorBoard's profiler.", None
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.plan and not self.do_train:
            raise errors.InputError(
                "--plan is for a training: it needs --do_train. "
                "Received: --do_train=false."
            )
        _ = self.profiled

    @property
    def trains(self) -> bool:
        """Whether there is something to train on."""
        return self.do_train

    @property
    def profiled(self) -> tuple[int, int] | None:
        """The first and the last update to profile, from 0."""
        if self.profile_steps is None:
            return None
        first, comma, last = self.profile_steps.partition(",")
        is_pair = comma and first.strip().isdecimal() and last.strip().isdecimal()
        if not is_pair or int(first) > int(last):
            raise errors.InputError(
                "--profile_steps must be two steps, FIRST,LAST, from 0. "
                f"Received: {self.profile_steps}."
            )
        return int(first), int(last)


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
    if value is None:
        return
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
