# SPDX-License-Identifier: Apache-2.0
"""One run of run_ner.py; several are in `modeling/repeats.py`, raw text elsewhere."""

import dataclasses
import functools
import itertools
import os

import numpy as np
from absl import logging

from modeling import distribution, files, run_record, run_start, run_training, runs
from modeling.data import (
    batching,
    lengths,
    ner,
    ner_files,
    ner_labels,
    ner_outputs,
    ner_schemes,
    tfrecords,
)
from modeling.ner import reporting, scoring, tagger
from modeling.ner import settings as settings_lib
from modeling.tasks import ner as ner_task
from modeling.training import inference

_HEAD = ("output_weights", "output_bias")
_LEGACY_SCORES = ("eval_f", "eval_precision", "eval_recall", "loss")
_BEST_METRIC = "entity_f1"
# Flags that change what is trained on, besides those of all programs.
_TRAINED_BY = ("length_buckets", "long_sentences", "loss", "ner_reader", "on_bad_tags")


class Experiment:
    """One run: its data, its model and what is done with them.

    Attributes:
        counts: Mentions of test.tsv per sentence, int64[N, 3] (gold,
            predicted, correct), once it is predicted.
    """

    def __init__(self, settings: settings_lib.Settings) -> None:
        """Reads and checks what `settings` names, logs the plan, loads the model."""
        self._settings = settings
        self._replicas = distribution.obtain(settings)
        self._config, self._tokenizer = runs.load_text(settings)
        self._output_dir = runs.make_output_dir(settings.output_dir)
        sentences = self._read_files()
        trains = settings.trains
        self._resumed_from = run_start.newest_checkpoint(settings, trains=trains)
        self._labels, self._loads_head = self._choose_labels(sentences)
        self._splits = {
            name: ner_files.featurize_file(
                self._path(name),
                of_file,
                self._tokenizer,
                labels=self._labels,
                max_seq_length=settings.max_seq_length,
                long_sentences=settings.long_sentences,
            )
            for name, of_file in sentences.items()
        }
        self._length = digest = None
        if trains:  # A window is an example of its own.
            num_examples = len(self._splits[settings.training_file].windows)
            self._length = run_training.plan_length(num_examples, settings)
            digest = files.sha256(self._path(settings.training_file))
        self._record = run_record.make(
            settings,
            self._config,
            task="ner",
            labels=self._labels,
            length=self._length and dataclasses.asdict(self._length),
            training_data=digest,
            trained_by={name: getattr(settings, name) for name in _TRAINED_BY}
            | {"tag_scheme": self._scheme},
        )
        self._log_plan()
        runs.seed_new_weights(settings.seed)
        self._model, self._step = self._make_model()
        self.counts: np.ndarray | None = None

    def run(self) -> dict[str, float]:
        """Trains, evaluates and predicts as the settings ask.

        Returns:
            The scores of what was done last, if anything was scored.
        """
        scores: dict[str, float] = {}
        if self._settings.trains:
            self._train()
        if self._settings.evaluates:
            scores = self._write_evaluation()
        if self._settings.predicts:
            scores = self._predict()
        return scores

    @property
    def best_num_epochs(self) -> float:
        """Passes over the training file that the weights in use have seen."""
        num_examples = self._length.num_examples
        return self._step * self._settings.train_batch_size / num_examples

    @functools.cached_property
    def tagger(self) -> tagger.Tagger:
        """Labels words with the model; made when the weights are final."""
        return tagger.Tagger(
            self._model,
            self._tokenizer,
            self._labels,
            max_seq_length=self._settings.max_seq_length,
            precision=self._settings.precision,
            replicas=self._replicas,
        )

    def _path(self, name: str) -> str:
        return os.path.join(self._settings.data_dir or "", f"{name}.tsv")

    def _read_files(self) -> dict[str, list[ner.Sentence]]:
        """Reads the files that the run needs, the training file first."""
        settings = self._settings
        wanted = (settings.trains, settings.evaluates, settings.predicts)
        names = itertools.compress((settings.training_file, "devel", "test"), wanted)
        self._scheme = self._known_scheme()
        read: dict[str, list[ner.Sentence]] = {}
        for name in names:
            path = self._path(name)
            sentences = ner_files.read_file(path, settings.ner_reader)
            is_training = settings.trains and not read
            if (found := self._scheme) == "auto":
                found = ner_schemes.detect(sentences, is_training=is_training)
            if is_training:
                self._scheme = found
            read[name] = ner_schemes.to_iob2(
                sentences, path=path, scheme=found, on_bad_tags=settings.on_bad_tags
            )
        return read

    def _known_scheme(self) -> str:
        """Returns --tag_scheme, or IOB1 where only the training file has told it."""
        settings = self._settings
        if settings.trains or settings.tag_scheme != "auto":
            return settings.tag_scheme
        places = (settings.output_dir, settings.init_checkpoint)
        scheme = run_record.of_training("tag_scheme", *places)
        return "iob1" if scheme == "iob1" else "auto"

    def _choose_labels(
        self, sentences: dict[str, list[ner.Sentence]]
    ) -> tuple[tuple[str, ...], bool]:
        """Returns the labels, and whether the first weights' head is for them."""
        settings = self._settings
        known = ner_labels.labels_beside(self._resumed_from or settings.init_checkpoint)
        if not settings.trains:
            return known or ner.LEGACY_LABELS, True
        labels = ner.derive_labels(sentences[settings.training_file])
        if self._resumed_from and known not in (None, labels):
            raise run_record.other_run(
                settings.output_dir, "labels", known, labels, trains=True
            )
        return labels, settings.init_head and known in (None, labels)

    def _log_plan(self) -> None:
        """Logs what is read, what will be done and what will be written."""
        settings = self._settings
        start = self._resumed_from or settings.init_checkpoint or "random weights"
        plan = [str(split) for split in self._splits.values()]
        plan += [f"Labels: {' '.join(self._labels)}", f"Weights: {start}"]
        if settings.trains:
            plan.append(
                f"Train: {self._length}, {settings.train_batch_size} x "
                f"{settings.max_seq_length} WordPieces each, a checkpoint every "
                f"{settings.save_checkpoints_steps}"
            )
        if settings.evaluates:
            plan.append("Evaluate: eval_results.txt, eval_scores.json")
        if settings.predicts:
            plan.append("Predict: token_test.txt, label_test.txt, report.html")
        plan.append(f"Output: {settings.output_dir}")
        logging.info("The plan of this run:\n  %s", "\n  ".join(plan))
        if settings.trains and settings.evaluates:
            reporting.warn_of_overlap(
                self._splits[settings.training_file], self._splits["devel"]
            )

    def _make_model(self) -> tuple[ner_task.NerModel, int]:
        """Makes the model with its first weights.

        Those of a training that is resumed are loaded when it begins.

        Returns:
            The model, and the updates that its weights have seen.
        """
        settings = self._settings
        make = functools.partial(
            ner_task.NerModel, self._config, len(self._labels), loss=settings.loss
        )
        if self._resumed_from:
            run_record.check_same_run(settings.output_dir, self._record)
        return run_start.make_model(
            make,
            settings,
            trains=settings.trains,
            resumed_from=self._resumed_from,
            replicas=self._replicas,
            head=_HEAD,
            loads_head=self._loads_head,
        )

    def _train(self) -> None:
        """Trains the model; with --select_on, leaves it with the best weights."""
        settings = self._settings
        split = self._splits[settings.training_file]
        arrays = split.data.arrays
        tfrecords.write_records(self._output_dir / "train.tf_record", arrays)
        ner_labels.write_labels(self._output_dir, self._labels)
        order, make_batches = lengths.order_training(
            arrays,
            batch_size=settings.train_batch_size,
            seed=settings.seed,
            by_length=settings.length_buckets,
        )
        selects = settings.select_on == "devel"
        every = settings.eval_every_steps
        if selects and not every:
            every = max(1, len(split.windows) // settings.train_batch_size)
        self._step = run_training.train(
            self._model,
            settings,
            length=self._length,
            resumed_from=self._resumed_from,
            record=self._record,
            make_batches=make_batches,
            describe_batch=lambda step: split.describe(order.indices(step)),
            evaluate=self._evaluate if settings.evaluates else None,
            eval_every=every,
            best_metric=_BEST_METRIC,
            patience=settings.patience if selects else None,
            replicas=self._replicas,
        )
        if selects:
            self._step = run_training.load_best(self._model, settings)

    @functools.cached_property
    def _evaluator(self) -> inference.Graph:
        """Made once, as training may evaluate many times."""
        return inference.Graph(self._model.evaluate, self._replicas)

    def _evaluate(self) -> dict[str, float]:
        """Scores devel.tsv with the weights as they are."""
        split = self._splits["devel"]
        batches = batching.inference_batches(
            split.data.arrays, self._settings.eval_batch_size
        )
        # Padding is computed: the original's loss and scores count it.
        outputs = self._evaluator.collect(batches, verb="evaluating")
        return scoring.score_evaluation(split, outputs, self._labels)

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
        split, folder = self._splits["test"], self._output_dir
        arrays = split.data.arrays
        tfrecords.write_records(folder / "predict.tf_record", arrays)
        ner_outputs.write_pieces(folder, split)
        if self._settings.length_buckets:
            outputs = self.tagger.label_rows(arrays, verb="predicting")
        else:
            outputs = self.tagger.graph.collect(
                batching.inference_batches(arrays, self._settings.predict_batch_size)
            )
        ner_outputs.write_labels(folder, split, outputs["predictions"], self._labels)
        if self._settings.output_probabilities:
            ner_outputs.write_probabilities(
                folder, split, outputs["probabilities"], self._labels
            )
        predicted = split.word_labels(outputs["predictions"], self._labels)
        scores = scoring.score_entities(split, predicted)
        files.write_json(folder / "test_scores.json", scores)
        self.counts = reporting.write_report(
            self._settings,
            split,
            predicted,
            training=self._splits.get(self._settings.training_file),
            facts={"labels": " ".join(self._labels), "training steps": str(self._step)},
        )
        return scores
