# SPDX-License-Identifier: Apache-2.0
"""The settings of run_ner.py; each field is a flag of the same name."""

import dataclasses

from modeling import errors
from modeling import settings as settings_lib
from modeling.data import document_files, ner, ner_schemes, ner_windows
from modeling.tasks import ner as ner_task


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(settings_lib.FinetuneSettings):
    """What a run of run_ner.py depends on."""

    task_name: str = settings_lib.setting(
        "Name of the task.", "NER", choices=("NER", "ner")
    )
    data_dir: str | None = settings_lib.setting(
        "Folder of one NER data set. Without it, only --predict_file is labelled.",
        None,
    )
    do_lower_case: bool = settings_lib.setting(
        "Whether to lower-case the text; must fit the vocabulary.", False
    )
    do_train: bool = settings_lib.setting("Whether to train.", True)
    do_predict: bool = settings_lib.setting("Whether to label test.tsv.", True)
    num_train_epochs: float = settings_lib.setting(
        "Passes over the training set.", 10.0, minimum=0
    )
    ner_reader: str = settings_lib.setting(
        "How files are cut into sentences: as the original release does now, or "
        "as it did for the paper (at most 30 words).",
        "original",
        choices=ner.READERS,
    )
    tag_scheme: str = settings_lib.setting(
        "How labels are written. auto sees IOBES and BILOU by their prefixes and "
        "IOB1 by a training file in which B only separates mentions.",
        "auto",
        choices=ner_schemes.SCHEMES,
    )
    on_bad_tags: str = settings_lib.setting(
        "What to do with labels that continue a mention which is not there.",
        "keep",
        choices=ner_schemes.BAD_TAGS,
    )
    long_sentences: str = settings_lib.setting(
        "Whether sentences over --max_seq_length are cut, as the original does, or "
        "read in overlapping windows. Raw text is always read in windows.",
        "cut",
        choices=ner_windows.LONG_SENTENCES,
    )
    loss: str = settings_lib.setting(
        "The sum over all positions, padding included, as in the original, or the "
        "mean over the WordPieces.",
        "original",
        choices=ner_task.LOSSES,
    )
    length_buckets: bool = settings_lib.setting(
        "Whether batches hold sentences of similar length, so that less padding is "
        "computed. Predictions are the same; training needs --loss=masked_mean.",
        False,
    )
    predict_file: str | None = settings_lib.setting(
        "Raw text to find entities in: .txt (a text per line), .jsonl "
        '({"id", "text"}), .tsv (a word per line), a folder of such files, or - '
        "for standard input. Writes predictions.jsonl.",
        None,
    )
    document_per_file: bool = settings_lib.setting(
        "Whether a .txt file of --predict_file is one text.", False
    )
    on_error: str = settings_lib.setting(
        "What to do with a file of --predict_file that cannot be read.",
        "stop",
        choices=document_files.ON_ERROR,
    )
    output_probabilities: bool = settings_lib.setting(
        "Whether to write the probability of every label: for each WordPiece of "
        "test.tsv to probabilities_test.tsv, for each word of --predict_file.",
        False,
    )
    select_on: str = settings_lib.setting(
        "none trains on train_dev.tsv to the end, as the original does. devel "
        "trains on train.tsv, keeps the checkpoint with the best entity F1 on "
        "devel.tsv, and stops early.",
        "none",
        choices=("none", "devel"),
    )
    patience: int = settings_lib.setting(
        "With --select_on=devel, evaluations without a better score before the "
        "training stops.",
        3,
        minimum=1,
    )
    refit: bool = settings_lib.setting(
        "With --select_on=devel, whether to train again on train_dev.tsv, for as "
        "many passes as were best, in the folder refit of --output_dir.",
        False,
    )
    num_runs: int = settings_lib.setting(
        "Runs with the seeds --seed, --seed + 1, ..., each in a folder of its own "
        "in --output_dir; the mean and the spread of their scores are reported.",
        1,
        minimum=1,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.data_dir is None and self.predict_file is None:
            raise errors.InputError(
                "--data_dir, or --predict_file, or both are needed. Received: none."
            )
        if not (self.trains or self.evaluates or self.predicts or self.predict_file):
            raise errors.InputError(
                "At least one of --do_train, --do_eval, --do_predict and "
                "--predict_file is needed. Received: none."
            )
        if self.trains and self.length_buckets and self.loss == "original":
            raise errors.InputError(
                "--length_buckets needs --loss=masked_mean in training: the "
                "original's loss counts padding. Received: --loss=original."
            )
        if self.num_runs > 1 and (self.refit or self.predict_file):
            raise errors.InputError(
                "--num_runs above 1 is for scores: --refit and --predict_file need "
                f"one model. Received: --num_runs={self.num_runs}."
            )
        if self.refit and self.select_on == "none":
            raise errors.InputError(
                "--refit needs --select_on=devel. Received: --select_on=none."
            )

    @property
    def trains(self) -> bool:
        """Whether there is something to train on."""
        return self.do_train and self.data_dir is not None

    @property
    def evaluates(self) -> bool:
        """Whether devel.tsv is scored."""
        selects = self.trains and self.select_on == "devel"
        return (self.do_eval or selects) and self.data_dir is not None

    @property
    def predicts(self) -> bool:
        """Whether test.tsv is labelled."""
        return self.do_predict and self.data_dir is not None

    @property
    def training_file(self) -> str:
        """Name of the file that is trained on."""
        return "train" if self.select_on == "devel" else "train_dev"
