# SPDX-License-Identifier: Apache-2.0
"""One run of run_qa.py: its files, its model, training and evaluation.

What is written of answers is in `predictions.py`.
"""

import dataclasses
import functools

from absl import logging

from modeling import distribution, files, run_record, run_start, run_training, runs
from modeling.data import batching, question
from modeling.question import answerer, dataset, predictions, scoring
from modeling.question import settings as settings_lib
from modeling.tasks import joint_question, yes_no
from modeling.tasks import question as question_task

# Flags that change what is trained on, besides those of all programs.
_TRAINED_BY = (
    "answers",
    "doc_stride",
    "max_query_length",
    "on_bad_answers",
    "version_2_with_negative",
)
_JOINT_DATA = "yesno_training_data_sha256"
_SPAN_HEAD = ("cls/squad/output_weights", "cls/squad/output_bias")
_LABEL_HEAD = ("output_weights", "output_bias")


class Experiment:
    """One run: its data, its model and what is done with them."""

    def __init__(self, settings: settings_lib.Settings) -> None:
        """Reads and checks what `settings` names, logs the plan, loads the model."""
        self._settings = settings
        self._replicas = distribution.obtain(settings)
        self._config, self._tokenizer = runs.load_text(settings)
        self._output_dir = runs.make_output_dir(settings.output_dir)
        trains = settings.trains
        self._resumed_from = run_start.newest_checkpoint(settings, trains=trains)
        self._reader = dataset.Reader(settings, self._tokenizer)
        self._training, self._devel, self._predicted = self._read_files()
        self._length = digest = None
        if self._training:
            # As the original: questions are counted, which may have several windows.
            num_examples = len(self._training.questions)
            self._length = run_training.plan_length(num_examples, settings)
            digest = files.sha256(settings.train_file)
        self._record = run_record.make(
            settings,
            self._config,
            task="yesno" if settings.is_yes_no else "question",
            labels=question.LABELS if settings.is_yes_no else (),
            length=self._length and dataclasses.asdict(self._length),
            training_data=digest,
            trained_by=self._trained_by(),
        )
        self._threshold = predictions.stored_threshold(settings, self._resumed_from)
        self._log_plan()
        runs.seed_new_weights(settings.seed)
        self._model, self._step = self._make_model()

    def _trained_by(self) -> dict[str, object]:
        """Returns what the training depends on besides what all programs have."""
        values = {name: getattr(self._settings, name) for name in _TRAINED_BY}
        path = self._settings.yesno_train_file
        values[_JOINT_DATA] = files.sha256(path) if path else None
        return values

    def run(self) -> dict[str, float]:
        """Trains, evaluates and answers as the settings ask.

        Returns:
            The scores of what was done last, if anything was scored.
        """
        scores: dict[str, float] = {}
        if self._training:
            self._train(self._training)
        if self._settings.do_eval:
            scores = self._write_evaluation()
        if self._settings.question_type == "list" and self._devel:
            self._choose_threshold(self._devel)
        if self._predicted:
            scores = self._predict(self._predicted)
        if self._settings.question is not None:
            self._answer_on_the_spot()
        return scores

    def _read_files(self) -> tuple[dataset.Split | None, ...]:
        """Reads the files for training, evaluation and prediction."""
        settings, reader = self._settings, self._reader
        training = devel = predicted = None
        if settings.trains:
            training = reader.read_training(
                settings.train_file, settings.yesno_train_file
            )
        if settings.devel_file and (settings.do_eval or self._needs_threshold):
            devel = reader.read(settings.devel_file)
            predictions.check_right_answers(devel, settings)
        if settings.do_predict:
            predicted = reader.read(settings.predict_file)
            predictions.check_scorable(predicted, settings)
        return training, devel, predicted

    @property
    def _needs_threshold(self) -> bool:
        """Whether a threshold is to be chosen."""
        is_list = self._settings.question_type == "list"
        return is_list and self._settings.list_threshold is None

    def _log_plan(self) -> None:
        """Logs what will be done and what will be written."""
        settings = self._settings
        start = self._resumed_from or settings.init_checkpoint or "random weights"
        plan = [f"Questions: {settings.question_type}", f"Weights: {start}"]
        if self._training:
            plan.append(
                f"Train: {len(self._training.questions)} examples in "
                f"{len(self._training.windows)} windows of {self._training.path}, "
                f"{self._length}, {settings.train_batch_size} x "
                f"{settings.max_seq_length} WordPieces each, a checkpoint every "
                f"{settings.save_checkpoints_steps}"
            )
        if settings.do_eval:
            plan.append(f"Evaluate: {settings.devel_file}: eval_results.txt")
        if self._predicted:
            plan.append(f"Predict: {settings.predict_file}: predictions.json and more")
        if settings.question is not None:
            plan.append("Answer: --question from --passage, to standard output")
        plan.append(f"Output: {settings.output_dir}")
        logging.info("The plan of this run:\n  %s", "\n  ".join(plan))

    def _make_model(
        self,
    ) -> tuple[question_task.QuestionModel | yes_no.YesNoModel, int]:
        """Makes the model with its first weights.

        Those of a training that is resumed are loaded when it begins.

        Returns:
            The model, and the updates that its weights have seen.
        """
        settings = self._settings
        kind = yes_no.YesNoModel if settings.is_yes_no else question_task.QuestionModel
        head = _LABEL_HEAD if settings.is_yes_no else _SPAN_HEAD
        if settings.yesno_train_file:
            kind, head = joint_question.JointModel, _SPAN_HEAD + _LABEL_HEAD
        make = functools.partial(kind, self._config)
        if self._resumed_from:
            if settings.trains:
                self._check_same_heads()
            run_record.check_same_run(settings.output_dir, self._record)
        return run_start.make_model(
            make,
            settings,
            trains=settings.trains,
            resumed_from=self._resumed_from,
            replicas=self._replicas,
            head=head,
            loads_head=settings.init_head,
        )

    def _check_same_heads(self) -> None:
        """Raises if a training that goes on would lose a head, or lacks one."""
        settings = self._settings
        records = (run_record.read(settings.output_dir), self._record)
        there, wanted = (
            bool(record and record[run_record.TRAINING].get(_JOINT_DATA))
            for record in records
        )
        if there != wanted:
            raise run_record.other_run(
                settings.output_dir,
                "types of questions",
                *(
                    "with --yesno_train_file" if x else "without"
                    for x in (there, wanted)
                ),
                trains=True,
            )

    def _train(self, split: dataset.Split) -> None:
        """Trains the model."""
        settings = self._settings
        split.write_records(
            self._output_dir / "train.tf_record",
            has_impossible=settings.version_2_with_negative,
        )
        dataset.write_skipped(self._output_dir, split)
        order = batching.TrainingOrder(
            len(split.windows), settings.train_batch_size, settings.seed
        )
        self._step = run_training.train(
            self._model,
            settings,
            length=self._length,
            resumed_from=self._resumed_from,
            record=self._record,
            make_batches=functools.partial(split.training_batches, order),
            describe_batch=lambda step: split.describe(order.indices(step)),
            evaluate=self._evaluate_shares if settings.do_eval else None,
            eval_every=settings.eval_every_steps,
            best_metric=scoring.BEST_METRICS[settings.question_type],
            patience=None,
            replicas=self._replicas,
        )

    def _make_answerer(self, precision: str) -> answerer.Answerer:
        """Makes what answers with the model; a lower precision is for good."""
        return answerer.Answerer(
            self._model,
            self._tokenizer,
            self._settings,
            precision=precision,
            replicas=self._replicas,
        )

    @functools.cached_property
    def _evaluator(self) -> answerer.Answerer:
        """Made once, as training may evaluate many times."""
        return self._make_answerer("float32")

    @functools.cached_property
    def _answerer(self) -> answerer.Answerer:
        """Made when the weights are final."""
        if self._settings.precision == "float32":
            return self._evaluator
        return self._make_answerer(self._settings.precision)

    def _evaluate(self) -> dict[str, float]:
        """Scores the development set with the weights as they are."""
        settings = self._settings
        is_list = settings.question_type == "list"
        outcome = scoring.Outcome(of_lists=is_list)
        predicted = self._evaluator.answer(
            self._devel.windows,
            batch_size=settings.eval_batch_size,
            verb="evaluating",
        )
        for one, answer in zip(self._devel.questions, predicted, strict=True):
            outcome.add(one.id, answer, keeps_nbest=is_list)
        return scoring.score(
            self._devel.questions, outcome, settings, threshold=settings.list_threshold
        )

    def _evaluate_shares(self) -> dict[str, float]:
        """Does what `_evaluate` does, for curves and the best checkpoint."""
        return scoring.as_shares(self._evaluate())

    def _write_evaluation(self) -> dict[str, float]:
        """Scores the development set and writes the scores."""
        scores = self._evaluate()
        runs.write_results(
            self._output_dir / "eval_results.txt", scores | {"global_step": self._step}
        )
        files.write_json(self._output_dir / "eval_scores.json", scores)
        predictions.log_scores(self._devel.path, scores)
        return scores

    def _choose_threshold(self, devel: dataset.Split) -> None:
        """Chooses the threshold of list answers, with the weights as they are."""
        self._threshold = predictions.choose_threshold(
            self._answerer, devel, self._settings
        )

    def _predict(self, split: dataset.Split) -> dict[str, float]:
        """Answers the questions of --predict_file and scores what can be scored."""
        split.write_records(self._output_dir / "eval.tf_record", has_impossible=False)
        return predictions.write(
            self._answerer, split, self._settings, threshold=self._threshold
        )

    def _answer_on_the_spot(self) -> None:
        """Prints the answers to --question."""
        one = question.Question(
            id="question",
            text=self._settings.question,
            context=self._settings.passage,
            path="--passage",
        )
        windows = self._reader.windows([one])
        predictions.print_answers(self._answerer, windows, self._settings)
