# SPDX-License-Identifier: Apache-2.0
"""The settings of run_re.py; each field is a flag of the same name."""

import dataclasses

from modeling import errors
from modeling import settings as settings_lib
from modeling.annotations import settings as annotation_settings
from modeling.data import relation_features, relation_tasks
from modeling.relation import weighting

AUTO = "auto"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(
    settings_lib.FinetuneSettings,
    settings_lib.CloudTpuSettings,
    annotation_settings.PairSettings,
):
    """What a run of run_re.py depends on; pairs are those of --predict_file."""

    task_name: str = settings_lib.setting(
        f"The task: one of {', '.join(relation_tasks.TASKS)}."
    )
    data_dir: str | None = settings_lib.setting(
        "Folder of train.tsv, dev.tsv and test.tsv, or of what the task has.", None
    )
    cv_dir: str | None = settings_lib.setting(
        "Folder of folders like --data_dir, the folds of a cross-validation: each is "
        "run in a folder of its own in --output_dir and predicted.",
        None,
    )
    predict_file: str | None = settings_lib.setting(
        "Texts with annotated entities, or folders or patterns of them, separated by "
        "commas, to find relations in: PubTator's text, BioC's XML or JSON, brat's "
        ".txt and .ann, run_ner.py's predictions.jsonl, or rows (.tsv) that "
        "make_re_data.py wrote. Writes relations.jsonl.",
        None,
    )
    labels: str | None = settings_lib.setting(
        "With --task_name=custom, the labels in the order of ids, separated by "
        "commas. Without it, those of the training file, sorted.",
        None,
    )
    negative_label: str | None = settings_lib.setting(
        "With --task_name=custom, the label of rows without a relation, which F1, "
        "recall and precision do not count. Without it, it is found by its name "
        "(false, 0, none, ...); of two labels it is the first if none has such a name.",
        None,
    )
    long_sentences: str = settings_lib.setting(
        "What sentences over --max_seq_length lose: cut loses their end, as in the "
        "original, mentions what is far from @GENE$, <e1>...</e1> and the like. auto "
        "is cut, and for --predict_file mentions.",
        AUTO,
        choices=(AUTO, *relation_features.LONG_SENTENCES),
    )
    class_weights: str = settings_lib.setting(
        "How much rows of a class count in training: none (1 each, as in the "
        "original), balanced (the rarer, the more), or a number for each label in "
        "the order of ids, separated by commas.",
        "none",
    )
    length_buckets: bool = settings_lib.setting(
        "Whether batches hold rows of similar length, so that less padding is "
        "computed. Predictions are the same; training sees other batches.",
        False,
    )
    select_on: str = settings_lib.setting(
        "none trains to the end, as the original does. dev keeps the checkpoint with "
        "the best F1 on dev.tsv, and stops early.",
        "none",
        choices=("none", "dev"),
    )
    patience: int = settings_lib.setting(
        "With --select_on=dev, evaluations without a better score before the "
        "training stops.",
        3,
        minimum=1,
    )
    num_runs: int = settings_lib.setting(
        "Runs with the seeds --seed, --seed + 1, ..., each in a folder of its own "
        "in --output_dir; the mean and the spread of their scores are reported.",
        1,
        minimum=1,
    )

    @property
    def cut_rows(self) -> str:
        """What rows of a data set lose: one of `LONG_SENTENCES`."""
        return "cut" if self.long_sentences == AUTO else self.long_sentences

    @property
    def cut_pairs(self) -> str:
        """What pairs of --predict_file lose: one of `LONG_SENTENCES`."""
        return "mentions" if self.long_sentences == AUTO else self.long_sentences

    def __post_init__(self) -> None:
        super().__post_init__()
        is_custom = relation_tasks.find(self.task_name).name == relation_tasks.CUSTOM
        self._check_inputs()
        self._check_pairs()
        for name in ("labels", "negative_label"):
            if getattr(self, name) is not None and not is_custom:
                raise errors.InputError(
                    f"--{name} is for --task_name=custom: the labels of other tasks "
                    f"are fixed. Received: --{name}={getattr(self, name)} with "
                    f"--task_name={self.task_name}."
                )
        if self.select_on != "none" and not self.do_train:
            raise errors.InputError(
                f"--select_on={self.select_on} needs --do_train. "
                "Received: --do_train=false."
            )
        weighting.parse(self.class_weights)
        if self.labels is not None:
            _ = self.task  # Checks the labels.

    def _check_inputs(self) -> None:
        """Raises if there is nothing to do, or nothing to do it with."""
        uses_data = self.do_train or self.do_eval or self.do_predict
        if self.data_dir is not None and self.cv_dir is not None:
            raise errors.InputError(
                "Either --data_dir or --cv_dir is needed. Received: both."
            )
        has_data = self.data_dir is not None or self.cv_dir is not None
        if not has_data and (uses_data or self.predict_file is None):
            also = "" if uses_data else ", or --predict_file alone"
            raise errors.InputError(
                f"Either --data_dir or --cv_dir is needed{also}. Received: none."
            )
        if not (uses_data or self.predicts or self.predict_file is not None):
            raise errors.InputError(
                "At least one of --do_train, --do_eval, --do_predict and "
                "--predict_file is needed. Received: none."
            )

    def _check_pairs(self) -> None:
        """Raises if what is said of --predict_file does not fit the rest."""
        self.check_pairs()
        if self.predict_file is None:
            for name, value in self.chosen.items():
                raise errors.InputError(
                    f"--{name} is for --predict_file. Received: --{name}={value} "
                    "without it."
                )
            return
        if self.num_runs > 1 or self.cv_dir is not None:
            several = f"--num_runs={self.num_runs}" if self.num_runs > 1 else "--cv_dir"
            raise errors.InputError(
                "--num_runs above 1 and --cv_dir are for scores: --predict_file needs "
                f"one model. Received: {several}."
            )
        columns = self.task.columns.values()
        if any(of_file.second is not None for of_file in columns):
            raise errors.InputError(
                "--predict_file needs a task whose rows are one sentence. Received: "
                f"--task_name={self.task_name}, of two."
            )

    @property
    def task(self) -> relation_tasks.Task:
        """The task, with its labels if they are known without files."""
        task = relation_tasks.find(self.task_name)
        if self.labels is None:
            return task
        labels = [label.strip() for label in self.labels.split(",")]
        return task.with_labels(labels, self.negative_label)

    @property
    def evaluates(self) -> bool:
        """Whether dev.tsv is scored, if there are rows in it."""
        return self.do_eval or self.select_on == "dev"

    @property
    def predicts(self) -> bool:
        """Whether test.tsv is predicted."""
        return self.do_predict or self.cv_dir is not None
