# SPDX-License-Identifier: Apache-2.0
"""The settings of run_pretraining.py; each field is a flag of the same name."""

import dataclasses

from modeling import errors
from modeling import settings as settings_lib


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(settings_lib.TrainSettings, settings_lib.CloudTpuSettings):
    """What a run of run_pretraining.py depends on."""

    input_file: str = settings_lib.setting(
        "TFRecord files to train on (and to evaluate on without --eval_input_file): "
        "files or patterns, separated by commas. They may be compressed."
    )
    input_weights: str | None = settings_lib.setting(
        "How often the files of each pattern of --input_file are drawn from: numbers, "
        "separated by commas. Without it all records are drawn equally often.",
        None,
    )
    eval_input_file: str | None = settings_lib.setting(
        "TFRecord files to evaluate on, which should not be trained on.", None
    )
    eval_all: bool = settings_lib.setting(
        "Whether to evaluate on each record once. Otherwise as many batches are read "
        "as --max_eval_steps says, from the front, again and again if need be.",
        False,
    )
    max_eval_steps: int = settings_lib.setting(
        "Batches of an evaluation.", 100, minimum=1
    )
    max_predictions_per_seq: int = settings_lib.setting(
        "The most masked WordPieces of a sequence; must be that of the files.",
        20,
        minimum=1,
    )
    num_train_steps: int = settings_lib.setting("Training steps.", 100000, minimum=1)
    num_warmup_steps: int = settings_lib.setting(
        "Training steps in which the learning rate rises.", 10000, minimum=0
    )
    vocab_file: str | None = settings_lib.setting(
        "The vocabulary that the files were made with; needed for "
        "--dynamic_masking. It is copied to --output_dir.",
        None,
    )
    dynamic_masking: bool = settings_lib.setting(
        "Whether to draw masks anew whenever a record is seen. Masks in the files are "
        "taken back first.",
        False,
    )
    masked_lm_prob: float = settings_lib.setting(
        "With --dynamic_masking, the share of WordPieces to mask.",
        0.15,
        minimum=0,
        maximum=1,
    )
    whole_word_masking: bool = settings_lib.setting(
        "With --dynamic_masking, whether all WordPieces of a word are masked together.",
        False,
    )
    ngram_masking: int = settings_lib.setting(
        "With --dynamic_masking, the most words that are masked in a row as one; the "
        "more, the rarer.",
        1,
        minimum=1,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.do_train or self.do_eval):
            raise errors.InputError(
                "At least one of --do_train and --do_eval is needed. Received: none."
            )
        if self.dynamic_masking and self.vocab_file is None:
            raise errors.InputError(
                "--dynamic_masking needs --vocab_file: it tells the id of [MASK]. "
                "Received: none."
            )
        redrawn = self.whole_word_masking or self.ngram_masking > 1
        if redrawn and not self.dynamic_masking:
            raise errors.InputError(
                "--whole_word_masking and --ngram_masking need --dynamic_masking here; "
                "create_pretraining_data.py has them for masks in the files. Received: "
                "--dynamic_masking=false."
            )

    @property
    def weights(self) -> list[float] | None:
        """The numbers of --input_weights; None without it.

        Raises:
            errors.InputError: If they are none.
        """
        if self.input_weights is None:
            return None
        try:
            return [float(text) for text in self.input_weights.split(",")]
        except ValueError:
            raise errors.InputError(
                "--input_weights must be numbers, separated by commas. Received: "
                f"{self.input_weights!r}."
            ) from None
