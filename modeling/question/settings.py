# SPDX-License-Identifier: Apache-2.0
"""The settings of run_qa.py; each field is a flag of the same name."""

import dataclasses

from modeling import errors
from modeling import settings as settings_lib
from modeling.data import question_targets, question_windows

TYPES = ("factoid", "list", "yesno")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(settings_lib.FinetuneSettings, settings_lib.CloudTpuSettings):
    """What a run of run_qa.py depends on."""

    train_file: str | None = settings_lib.setting(
        "Questions to train on, as JSON in SQuAD's form; may be .gz.", None
    )
    predict_file: str | None = settings_lib.setting(
        "Questions to answer. If their answers are given, they are scored.", None
    )
    yesno_train_file: str | None = settings_lib.setting(
        "Yes/no questions to train on together with --train_file, on one encoder: "
        "the weights then answer both types.",
        None,
    )
    devel_file: str | None = settings_lib.setting(
        "Held-out questions with their answers: --do_eval scores them, and with "
        "--question_type=list, the threshold of answers is chosen on them.",
        None,
    )
    golden_file: str | None = settings_lib.setting(
        "BioASQ's right answers to the questions of --predict_file, to score by.", None
    )
    question: str | None = settings_lib.setting(
        "A question to answer on the spot, from --passage.", None
    )
    passage: str | None = settings_lib.setting("The passage for --question.", None)
    max_seq_length: int = settings_lib.setting(
        "Length of a window in WordPieces, question, [CLS] and [SEP]s included.",
        384,
        minimum=3,
    )
    doc_stride: int = settings_lib.setting(
        "WordPieces from the start of a window of a long passage to that of the next.",
        128,
        minimum=1,
    )
    max_query_length: int = settings_lib.setting(
        "The most WordPieces of a question; it is cut at its end.", 64, minimum=1
    )
    n_best_size: int = settings_lib.setting(
        "Answers in nbest_predictions.json, and starts and ends to choose them from.",
        20,
        minimum=1,
    )
    max_answer_length: int = settings_lib.setting(
        "The most WordPieces of an answer.", 30, minimum=1
    )
    verbose_logging: bool = settings_lib.setting(
        "Whether to log each answer whose characters could not be told from the "
        "words they are in.",
        False,
    )
    version_2_with_negative: bool = settings_lib.setting(
        "Whether questions may have no answer, as in SQuAD 2.0.", False
    )
    null_score_diff_threshold: float = settings_lib.setting(
        "There is no answer where the logits of none exceed those of the best one "
        "by more than this.",
        0.0,
    )
    question_type: str = settings_lib.setting(
        "factoid: an answer is a part of the passage; list: all likely ones are "
        "answers; yesno: the answer is yes or no.",
        "factoid",
        choices=TYPES,
    )
    list_threshold: float | None = settings_lib.setting(
        "Least probability of an answer to a list question. Without it, the one "
        "that is chosen on --devel_file, or was when the weights were trained.",
        None,
    )
    answers: str = settings_lib.setting(
        "What to train on where a question has several answers: the first, all of "
        "them as right ones of one example, or an example for each.",
        "first",
        choices=question_targets.ANSWERS,
    )
    on_bad_answers: str = settings_lib.setting(
        "What to do with training answers that are not where the file says.",
        "skip",
        choices=question_targets.BAD_ANSWERS,
    )
    length_buckets: bool = settings_lib.setting(
        "Whether prediction batches hold about 1,024 WordPieces in windows of "
        "similar length, so that less padding is computed. Logits are the same. "
        "Padding then takes no places among the --n_best_size best starts and ends, "
        "so more of the less likely answers may be listed.",
        False,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.do_train or self.do_eval or self.do_predict or self.question):
            raise errors.InputError(
                "At least one of --do_train, --do_eval, --do_predict and --question "
                "is needed. Received: none."
            )
        for flag, file in (
            ("do_train", "train_file"),
            ("do_eval", "devel_file"),
            ("do_predict", "predict_file"),
        ):
            if getattr(self, flag) and not getattr(self, file):
                raise errors.InputError(f"--{flag} needs --{file}. Received: none.")
        if (self.question is None) != (self.passage is None):
            one = "--question" if self.passage is None else "--passage"
            raise errors.InputError(
                f"--question and --passage need each other. Received: {one} alone."
            )
        self._check_combinations()

    def _check_combinations(self) -> None:
        """Raises where values do not fit each other."""
        needed = self.max_query_length + question_windows.NUM_SPECIAL
        if self.max_seq_length <= needed:
            raise errors.InputError(
                "--max_seq_length must be greater than --max_query_length + "
                f"{question_windows.NUM_SPECIAL}, or a window would have no room for "
                f"the passage. Received: {self.max_seq_length} and "
                f"{self.max_query_length}."
            )
        if self.version_2_with_negative and self.question_type != "factoid":
            raise errors.InputError(
                "--version_2_with_negative needs --question_type=factoid. Received: "
                f"--question_type={self.question_type}."
            )
        if self.yesno_train_file and (self.is_yes_no or not self.do_train):
            raise errors.InputError(
                "--yesno_train_file needs --do_train and --question_type=factoid or "
                f"list. Received: --do_train={self.do_train}, "
                f"--question_type={self.question_type}."
            )
        if self.golden_file and not self.do_predict:
            raise errors.InputError(
                "--golden_file needs --do_predict. Received: --do_predict=false."
            )
        threshold = self.list_threshold
        if threshold is not None and not 0 <= threshold <= 1:
            raise errors.InputError(
                f"--list_threshold must be in [0, 1]. Received: {threshold}."
            )

    @property
    def is_yes_no(self) -> bool:
        """Whether the model chooses a label, not a part of the passage."""
        return self.question_type == "yesno"
