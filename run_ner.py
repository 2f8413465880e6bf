# SPDX-License-Identifier: Apache-2.0
r"""Fine-tunes BioBERT to find entities, and labels a test set with it.

Usage:
    python run_ner.py --do_train --do_eval --do_predict \
        --data_dir=datasets/NER/NCBI-disease --output_dir=ner_outputs \
        --vocab_file=$BIOBERT_DIR/vocab.txt \
        --bert_config_file=$BIOBERT_DIR/bert_config.json \
        --init_checkpoint=$BIOBERT_DIR/model.ckpt-1000000

Reads train_dev.tsv (training), devel.tsv (evaluation) and test.tsv
(prediction) in --data_dir: a word and its label on each line, an empty line
after each sentence.

Writes to --output_dir:
    model.ckpt-N           Weights and training state; the newest five and,
                           with --eval_every_steps, the best.   (--do_train)
    run.json               What the checkpoints belong to.      (--do_train)
    metrics.jsonl, training.png, TensorBoard's events
                           Loss, speed and scores over time.    (--do_train)
    label2id.json, .pkl    The id of each label.                (--do_train)
    train.tf_record, eval.tf_record, predict.tf_record
                           What the model reads.
    eval_results.txt       The original's token-level scores on devel.tsv.
    eval_scores.json       Those and the entity-level ones.     (--do_eval)
    token_test.txt         The WordPieces of test.tsv, in order. (--do_predict)
    label_test.txt         One predicted label per line of it.   (--do_predict)
    test_scores.json       Entity-level scores on test.tsv.      (--do_predict)
"""

import dataclasses
import functools
import itertools
import json
import os

import numpy as np
from absl import logging

from biocodes import conlleval
from modeling import errors, files, finetuning, runs
from modeling import settings as settings_lib
from modeling.data import (
    batching,
    ner,
    ner_features,
    ner_files,
    ner_labels,
    tfrecords,
)
from modeling.tasks import ner as ner_task
from modeling.tasks import ner_scores
from modeling.training import inference, replication

_FILES = ("train_dev", "devel", "test")
_HEAD = ("output_weights", "output_bias")
_LEGACY_SCORES = ("eval_f", "eval_precision", "eval_recall", "loss")
_BEST_METRIC = "entity_f1"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(settings_lib.FinetuneSettings):
    """Settings of a run; each is a flag of the same name."""

    task_name: str = settings_lib.setting(
        "Name of the task.", "NER", choices=("NER", "ner")
    )
    data_dir: str = settings_lib.setting("Folder of one NER data set.")
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

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.do_train or self.do_eval or self.do_predict):
            raise errors.InputError(
                "At least one of --do_train, --do_eval and --do_predict must be "
                "true. Received: none."
            )


class Run:
    """One run: its data, its model and what is done with them."""

    def __init__(self, settings: Settings) -> None:
        """Reads and checks all inputs, logs the plan and loads the model.

        Args:
            settings: What the command line asks for.
        """
        self._settings = settings
        self._config, tokenizer = runs.load_text(settings)
        self._output_dir = runs.make_output_dir(settings.output_dir)
        sentences = self._read_files()
        self._resumed_from = finetuning.newest_checkpoint(settings)
        self._labels, self._loads_head = self._choose_labels(sentences)
        self._splits = {
            name: ner_files.featurize_file(
                self._path(name),
                of_file,
                tokenizer,
                labels=self._labels,
                max_seq_length=settings.max_seq_length,
            )
            for name, of_file in sentences.items()
        }
        self._length = None
        if settings.do_train:
            self._length = finetuning.plan_length(len(sentences["train_dev"]), settings)
        self._record = finetuning.run_record(
            settings,
            self._config,
            task="ner",
            labels=self._labels,
            length=self._length,
            training_file=self._path("train_dev"),
        )
        self._log_plan()
        self._replicas = replication.SingleProcess()
        runs.seed_new_weights(settings.seed)
        self._model = ner_task.NerModel(self._config, len(self._labels))
        self._step = self._load_weights()

    def run(self) -> dict[str, float]:
        """Trains, evaluates and predicts as the settings ask.

        Returns:
            The scores of what was done last, if anything was scored.
        """
        scores: dict[str, float] = {}
        if self._settings.do_train:
            self._train()
        if self._settings.do_eval:
            scores = self._write_evaluation()
        if self._settings.do_predict:
            scores = self._predict()
        return scores

    def _path(self, name: str) -> str:
        return os.path.join(self._settings.data_dir, f"{name}.tsv")

    def _read_files(self) -> dict[str, list[ner.Sentence]]:
        """Reads the files that the run needs."""
        settings = self._settings
        wanted = (settings.do_train, settings.do_eval, settings.do_predict)
        return {
            name: ner_files.read_file(self._path(name), settings.ner_reader)
            for name in itertools.compress(_FILES, wanted)
        }

    def _choose_labels(
        self, sentences: dict[str, list[ner.Sentence]]
    ) -> tuple[tuple[str, ...], bool]:
        """Returns the labels, and whether the first weights' head is for them."""
        settings = self._settings
        known = ner_labels.labels_beside(self._resumed_from or settings.init_checkpoint)
        if not settings.do_train or (known and self._resumed_from):
            return known or ner.LEGACY_LABELS, True
        labels = ner.derive_labels(sentences["train_dev"])
        return labels, settings.init_head and known in (None, labels)

    def _log_plan(self) -> None:
        """Logs what is read, what will be done and what will be written."""
        settings = self._settings
        start = self._resumed_from or settings.init_checkpoint or "random weights"
        plan = [str(split) for split in self._splits.values()]
        plan += [f"Labels: {' '.join(self._labels)}", f"Weights: {start}"]
        if settings.do_train:
            plan.append(
                f"Train: {self._length}, {settings.train_batch_size} x "
                f"{settings.max_seq_length} WordPieces each, a checkpoint every "
                f"{settings.save_checkpoints_steps}"
            )
        if settings.do_eval:
            plan.append("Evaluate: eval_results.txt, eval_scores.json")
        if settings.do_predict:
            plan.append("Predict: token_test.txt, label_test.txt, test_scores.json")
        plan.append(f"Output: {settings.output_dir}")
        logging.info("The plan of this run:\n  %s", "\n  ".join(plan))

    def _load_weights(self) -> int:
        """Loads the first weights and returns the updates they have seen.

        Those of a training that is resumed are loaded when it begins.
        """
        settings = self._settings
        if self._resumed_from:
            finetuning.check_same_run(settings.output_dir, self._record)
        if self._resumed_from and settings.do_train:
            return 0
        checkpoint = self._resumed_from or settings.init_checkpoint
        if checkpoint:
            runs.load_weights(
                self._model,
                checkpoint,
                skip=() if self._loads_head else _HEAD,
                needed=() if settings.do_train else _HEAD,
            )
        else:
            runs.check_random_start(settings)
        return finetuning.step_of(self._resumed_from) if self._resumed_from else 0

    def _train(self) -> None:
        """Trains the model."""
        split, settings = self._splits["train_dev"], self._settings
        tfrecords.write_records(self._output_dir / "train.tf_record", split.data.arrays)
        ner_labels.write_labels(self._output_dir, self._labels)
        order = batching.TrainingOrder(
            len(split.sentences), settings.train_batch_size, settings.seed
        )
        self._step = finetuning.train(
            self._model,
            settings,
            length=self._length,
            resumed_from=self._resumed_from,
            record=self._record,
            make_batches=lambda first, count: batching.training_batches(
                split.data.arrays, order, first_step=first, num_steps=count
            ),
            describe_batch=lambda step: split.describe(order.indices(step)),
            evaluate=self._evaluate if settings.do_eval else None,
            best_metric=_BEST_METRIC,
            replicas=self._replicas,
        )

    @functools.cached_property
    def _evaluator(self) -> inference.Graph:
        """Made once, as training may evaluate many times."""
        return inference.Graph(self._model.evaluate, self._replicas)

    def _count_entities(
        self, split: ner_files.Split, predictions: np.ndarray
    ) -> conlleval.Counts:
        """Counts mentions as conlleval does, and logs its report."""
        predicted = ner_features.word_labels(
            predictions, split.data.word_starts, self._labels
        )
        gold = [list(sentence.labels) for sentence in split.sentences]
        counts = conlleval.score_labels(
            ner.join_parts(split.sentences, gold),
            ner.join_parts(split.sentences, predicted),
        )
        logging.info("%s\n%s", split.path, conlleval.report(counts).rstrip())
        return counts

    def _evaluate(self) -> dict[str, float]:
        """Scores devel.tsv with the weights as they are."""
        split = self._splits["devel"]
        batches = batching.inference_batches(
            split.data.arrays, self._settings.eval_batch_size
        )
        outputs = self._evaluator.collect(batches, verb="evaluating")
        counts = self._count_entities(split, outputs["predictions"])
        legacy = ner_scores.legacy_scores(
            split.data.arrays["label_ids"], outputs["predictions"], self._labels
        )
        logging.info("Legacy, token level: %s", json.dumps(legacy))
        # As the original's: a batch's loss is a sum, and the mean is over
        # batches, a smaller last one included.
        loss = float(outputs["loss"].mean())
        return {**ner_scores.entity_scores(counts), **legacy, "loss": loss}

    def _write_evaluation(self) -> dict[str, float]:
        """Scores devel.tsv and writes what the original writes, and more."""
        tfrecords.write_records(
            self._output_dir / "eval.tf_record", self._splits["devel"].data.arrays
        )
        scores = self._evaluate()
        legacy = {name: scores[name] for name in _LEGACY_SCORES}
        runs.write_results(
            self._output_dir / "eval_results.txt", legacy | {"global_step": self._step}
        )
        files.write_json(self._output_dir / "eval_scores.json", scores)
        return scores

    def _predict(self) -> dict[str, float]:
        """Labels test.tsv and scores the labels against those of the file."""
        split = self._splits["test"]
        tfrecords.write_records(
            self._output_dir / "predict.tf_record", split.data.arrays
        )
        ner_files.write_pieces(self._output_dir, split)
        batches = batching.inference_batches(
            split.data.arrays, self._settings.predict_batch_size
        )
        graph = inference.Graph(self._model.predict, self._replicas)
        predictions = graph.collect(batches)["predictions"]
        ner_files.write_labels(self._output_dir, split, predictions, self._labels)
        counts = self._count_entities(split, predictions)
        scores = ner_scores.entity_scores(counts)
        files.write_json(self._output_dir / "test_scores.json", scores)
        return scores


if __name__ == "__main__":
    runs.main(Settings, lambda settings: Run(settings).run())
