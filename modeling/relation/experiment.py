# SPDX-License-Identifier: Apache-2.0
"""One run of run_re.py on one data set.

Several data sets are in `cross_validation.py`, several seeds in `modeling/repeats.py`.
"""

import dataclasses
import functools

import numpy as np
from absl import logging

from modeling import distribution, files, run_record, run_start, run_training, runs
from modeling.data import (
    lengths,
    pairs,
    relation_files,
    relation_tasks,
    tfrecords,
)
from modeling.relation import (
    classifier,
    dataset,
    report_page,
    reporting,
    scoring,
    weighting,
)
from modeling.relation import predictor as predictor_lib
from modeling.relation import settings as settings_lib
from modeling.tasks import relation

_BEST_METRIC = "f1"
_SCORES_FILE = "test_scores.json"
_TRAIN, _DEV, _TEST = relation_tasks.TRAIN, relation_tasks.DEV, relation_tasks.TEST


class Experiment:
    """One run: its data, its model and what is done with them.

    Attributes:
        predictions: What was predicted for the test set, once it is, if its labels
            are known.
        test_rows: Its rows; none without prediction.
    """

    def __init__(self, settings: settings_lib.Settings) -> None:
        """Reads and checks what `settings` names, logs the plan, loads the model."""
        self._settings = settings
        self._replicas = distribution.obtain(settings)
        self._config, self._tokenizer = runs.load_text(settings)
        self._output_dir = runs.make_output_dir(settings.output_dir)
        trains = settings.trains
        rows = dataset.read(settings)
        self._resumed_from = run_start.newest_checkpoint(settings, trains=trains)
        checkpoint = self._resumed_from or settings.init_checkpoint
        if not settings.do_train:
            dataset.check_task(checkpoint)
        known = relation_files.labels_beside(checkpoint)
        self._task = dataset.choose_task(settings, rows, known)
        if self._resumed_from:
            dataset.check_resumed(settings, known, self._task.labels)
        self._loads_head = settings.init_head and known in (None, self._task.labels)
        self._splits = {
            part: relation_files.featurize_file(
                dataset.path_of(settings, part),
                of_file,
                self._tokenizer,
                task=self._task,
                part=part,
                max_seq_length=settings.max_seq_length,
                long_sentences=settings.cut_rows,
                other_blind=settings.other_blind,
            )
            for part, of_file in rows.items()
        }
        self._length = self._class_weights = None
        if trains:
            training = self._splits[_TRAIN]
            self._length = run_training.plan_length(len(training.rows), settings)
            self._class_weights = weighting.weights(
                settings.class_weights, training.counts
            )
        self._record = self._make_record()
        self._log_plan()
        runs.seed_new_weights(settings.seed)
        self._model, self._step = self._make_model()
        self._classifier = classifier.Classifier(
            self._model,
            length_buckets=settings.length_buckets,
            replicas=self._replicas,
        )
        self.predictions: scoring.Predictions | None = None
        self.test_rows = rows.get(_TEST, [])

    def run(self) -> dict[str, float]:
        """Trains, evaluates and predicts as the settings ask.

        Returns:
            The scores of what was done last, if anything was scored.
        """
        scores: dict[str, float] = {}
        if self._settings.trains:
            self._train()
        if _DEV in self._splits:
            scores = self._write_evaluation()
        if _TEST in self._splits:
            scores = self._predict() or scores
        return scores

    @functools.cached_property
    def predictor(self) -> predictor_lib.RelationPredictor:
        """Classifies other rows with the model, when its weights are final."""
        return predictor_lib.RelationPredictor(
            self._model,
            self._tokenizer,
            self._task.labels,
            max_seq_length=self._settings.max_seq_length,
            long_sentences=self._settings.cut_pairs,
            other_blind=self._settings.other_blind,
            replicas=self._replicas,
        )

    def _make_record(self) -> dict[str, dict[str, object]]:
        """Returns what run.json says of the run."""
        settings = self._settings
        return run_record.make(
            settings,
            self._config,
            task=f"{dataset.TASK}/{self._task.name}",
            labels=self._task.labels,
            length=self._length and dataclasses.asdict(self._length),
            training_data=self._length
            and files.sha256(dataset.path_of(settings, _TRAIN)),
            trained_by={
                "class_weights": settings.class_weights,
                "length_buckets": settings.length_buckets,
                "long_sentences": settings.cut_rows,
                "other_blind": settings.other_blind,
            },
        )

    def _log_plan(self) -> None:
        """Logs what is read, what will be done and what will be written."""
        settings = self._settings
        start = self._resumed_from or settings.init_checkpoint or "random weights"
        plan = [str(split) for split in self._splits.values()]
        negative = self._task.negative
        without = "" if negative is None else f" (no relation: {negative})"
        plan.append(f"Labels: {' '.join(self._task.labels)}{without}")
        plan.append(f"Weights: {start}")
        if self._length:
            plan.append(
                f"Train: {self._length}, {settings.train_batch_size} x "
                f"{settings.max_seq_length} WordPieces each, a checkpoint every "
                f"{settings.save_checkpoints_steps}"
            )
        if self._class_weights:
            numbers = " ".join(f"{weight:.4g}" for weight in self._class_weights)
            plan.append(f"Class weights: {numbers}")
        if _DEV in self._splits:
            plan.append("Evaluate: eval_results.txt, eval_scores.json")
        if _TEST in self._splits:
            plan.append("Predict: test_results.tsv, test_scores.json, report.html")
        if settings.predict_file:
            plan.append(f"Find relations: {settings.predict_file}, relations.jsonl")
        plan.append(f"Output: {settings.output_dir}")
        logging.info("The plan of this run:\n  %s", "\n  ".join(plan))
        dataset.warn(self._splits)

    def _make_model(self) -> tuple[relation.RelationModel, int]:
        """Makes the model with its first weights.

        Those of a training that is resumed are loaded when it begins.

        Returns:
            The model, and the updates that its weights have seen.
        """
        settings = self._settings
        make = functools.partial(
            relation.RelationModel,
            self._config,
            len(self._task.labels),
            class_weights=self._class_weights,
        )
        if self._resumed_from:
            run_record.check_same_run(settings.output_dir, self._record)
        return run_start.make_model(
            make,
            settings,
            trains=settings.trains,
            resumed_from=self._resumed_from,
            replicas=self._replicas,
            head=predictor_lib.HEAD,
            loads_head=self._loads_head,
        )

    def _train(self) -> None:
        """Trains the model; with --select_on, leaves it with the best weights."""
        settings = self._settings
        split = self._splits[_TRAIN]
        tfrecords.write_records(self._output_dir / "train.tf_record", split.arrays)
        relation_files.write_labels(self._output_dir, self._task.labels)
        order, make_batches = lengths.order_training(
            {key: split.arrays[key] for key in (*pairs.SPEC, "label_ids")},
            batch_size=settings.train_batch_size,
            seed=settings.seed,
            by_length=settings.length_buckets,
        )
        selects = settings.select_on == "dev"
        every = settings.eval_every_steps
        if selects and not every:
            every = max(1, len(split.rows) // settings.train_batch_size)
        self._step = run_training.train(
            self._model,
            settings,
            length=self._length,
            resumed_from=self._resumed_from,
            record=self._record,
            make_batches=make_batches,
            describe_batch=lambda step: split.describe(order.indices(step)),
            evaluate=self._evaluate if _DEV in self._splits else None,
            eval_every=every,
            best_metric=_BEST_METRIC,
            patience=settings.patience if selects else None,
            replicas=self._replicas,
        )
        if selects:
            self._step = run_training.load_best(self._model, settings)

    def _score_dev(self) -> tuple[scoring.Predictions, dict[str, float]]:
        """Scores dev.tsv with the weights as they are: labels, and losses."""
        split = self._splits[_DEV]
        batch_size = self._settings.eval_batch_size
        probabilities, losses = self._classifier.evaluate(split.arrays, batch_size)
        predictions = scoring.Predictions(
            split.gold, scoring.likeliest(probabilities, self._task.labels), self._task
        )
        predictions.log(split.path)
        starts = range(0, len(losses), batch_size)
        return predictions, {
            "eval_accuracy": predictions.numbers["accuracy"],
            "eval_loss": float(losses.mean()),
            # As the original's: the mean over batches, a smaller last one included.
            "loss": float(np.mean([losses[i : i + batch_size].mean() for i in starts])),
        }

    def _evaluate(self) -> dict[str, float]:
        predictions, legacy = self._score_dev()
        return predictions.numbers | legacy

    def _write_evaluation(self) -> dict[str, float]:
        """Scores dev.tsv and writes what the original writes, and more."""
        tfrecords.write_records(
            self._output_dir / "eval.tf_record", self._splits[_DEV].arrays
        )
        predictions, legacy = self._score_dev()
        runs.write_results(
            self._output_dir / "eval_results.txt", legacy | {"global_step": self._step}
        )
        files.write_json(
            self._output_dir / "eval_scores.json", legacy | predictions.summary
        )
        return predictions.numbers | legacy

    def _predict(self) -> dict[str, float]:
        """Predicts test.tsv, and scores it if its labels are there."""
        split, folder = self._splits[_TEST], self._output_dir
        tfrecords.write_records(folder / "predict.tf_record", split.arrays)
        probabilities = self._classifier.predict(
            split.arrays, self._settings.predict_batch_size
        )
        relation_files.write_probabilities(folder, probabilities)
        predicted = scoring.likeliest(probabilities, self._task.labels)
        if split.gold is None:
            scoring.warn_if_constant(predicted, split.path)
            logging.info("%s: There are no labels, so nothing is scored.", split.path)
            for name in (_SCORES_FILE, report_page.REPORT_FILE):
                files.remove(folder / name)  # Of an earlier prediction.
            return {}
        self.predictions = scoring.Predictions(split.gold, predicted, self._task)
        self.predictions.log(split.path)
        files.write_json(folder / _SCORES_FILE, self.predictions.summary)
        reporting.write_report(
            folder,
            self._settings,
            self.predictions,
            split.rows,
            title=f"Relations in {split.path}",
            probabilities=probabilities.max(axis=1),
            steps=self._step,
        )
        return self.predictions.numbers
