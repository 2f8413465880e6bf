# SPDX-License-Identifier: Apache-2.0
"""One run of run_pretraining.py: its files, its model, training and evaluation."""

import dataclasses
import functools
import itertools

import numpy as np
import tensorflow as tf
from absl import logging

from modeling import config as config_lib
from modeling import (
    distribution,
    errors,
    files,
    run_record,
    run_start,
    run_training,
    runs,
)
from modeling.data import record_index, record_order
from modeling.instances import masking
from modeling.pretraining import examples
from modeling.pretraining import settings as settings_lib
from modeling.tasks import pretraining
from modeling.text import tokenization, vocabulary
from modeling.training import inference

_BEST_METRIC = "masked_lm_accuracy"
# Flags that change what is trained on, besides those of all programs.
_TRAINED_BY = (
    "dynamic_masking",
    "input_weights",
    "masked_lm_prob",
    "max_predictions_per_seq",
    "ngram_masking",
    "whole_word_masking",
)
# What eval_results.txt has besides the step, as the original's.
_LEGACY_SCORES = (
    "loss",
    "masked_lm_accuracy",
    "masked_lm_loss",
    "next_sentence_accuracy",
    "next_sentence_loss",
)
_HEADS = (
    "cls/predictions/transform/dense/kernel",
    "cls/predictions/transform/dense/bias",
    "cls/predictions/transform/LayerNorm/gamma",
    "cls/predictions/transform/LayerNorm/beta",
    "cls/predictions/output_bias",
    "cls/seq_relationship/output_weights",
    "cls/seq_relationship/output_bias",
)
# In the output folder: where the records of the input files begin.
_CACHE = "input_index"
_SPECIAL_PIECES = ("[CLS]", "[SEP]", "[PAD]")


class Experiment:
    """One run: its data, its model and what is done with them."""

    def __init__(self, settings: settings_lib.Settings) -> None:
        """Reads and checks what `settings` names, logs the plan, loads the model."""
        self._settings = settings
        self._replicas = distribution.obtain(settings)
        self._config = config_lib.read_config(settings.bert_config_file)
        self._check_sizes()
        self._rules = self._make_rules()
        self._output_dir = runs.make_output_dir(settings.output_dir)
        trains = settings.trains
        self._resumed_from = run_start.newest_checkpoint(settings, trains=trains)
        groups = examples.list_files(settings.input_file)
        self._training = self._open([path for group in groups for path in group])
        self._order = self._make_order(groups)
        self._held_out = self._training
        if settings.eval_input_file:
            found = examples.list_files(settings.eval_input_file)
            self._held_out = self._open([path for group in found for path in group])
            self._warn_of_overlap()
        self._length = run_training.Length(
            num_examples=len(self._training.records),
            num_train_steps=settings.num_train_steps,
            num_warmup_steps=settings.num_warmup_steps,
        )
        self._record = run_record.make(
            settings,
            self._config,
            task="pretraining",
            length=dataclasses.asdict(self._length),
            training_data=self._training.records.digest() if trains else None,
            trained_by={name: getattr(settings, name) for name in _TRAINED_BY},
        )
        self._log_plan()
        runs.seed_new_weights(settings.seed)
        if self._resumed_from:
            run_record.check_same_run(settings.output_dir, self._record)
        self._model, self._step = run_start.make_model(
            lambda: pretraining.PretrainingModel(self._config),
            settings,
            trains=trains,
            resumed_from=self._resumed_from,
            replicas=self._replicas,
            head=_HEADS,
        )

    def run(self) -> dict[str, float]:
        """Trains and evaluates as the settings ask.

        Returns:
            The scores, if anything was scored.
        """
        try:
            if self._settings.trains:
                self._train()
            return self._write_evaluation() if self._settings.do_eval else {}
        except tf.errors.OpError:
            # What was wrong with a record reaches us as an error of the graph.
            for data in (self._training, self._held_out):
                if data.error:
                    raise data.error from None
            raise

    def _check_sizes(self) -> None:
        """Raises where settings do not fit the model's sizes."""
        if self._settings.max_seq_length > self._config.max_position_embeddings:
            raise errors.InputError(
                "--max_seq_length must be at most `max_position_embeddings` of "
                f"{self._settings.bert_config_file}, "
                f"{self._config.max_position_embeddings}. Received: "
                f"{self._settings.max_seq_length}."
            )

    def _make_rules(self) -> masking.Rules | None:
        """Returns how to mask anew, None for the masks of the files.

        Raises:
            errors.InputError: If the vocabulary does not fit the model.
        """
        settings = self._settings
        if settings.vocab_file is None:
            return None
        pieces = vocabulary.read_vocabulary(settings.vocab_file)
        size = self._config.vocab_size
        vocabulary.check_size(pieces, size, settings.bert_config_file)
        if not settings.dynamic_masking:
            return None
        # Runs are of whole words, as in create_pretraining_data.py.
        masks_words = settings.whole_word_masking or settings.ngram_masking > 1
        is_continuation = np.zeros(size, bool)
        is_continuation[: len(pieces)] = [
            piece.startswith(tokenization.CONTINUATION_MARK) for piece in pieces.pieces
        ]
        return masking.Rules(
            mask_id=pieces.ids["[MASK]"],
            special_ids=[pieces.ids[piece] for piece in _SPECIAL_PIECES],
            vocab_size=len(pieces),
            masked_lm_prob=settings.masked_lm_prob,
            max_predictions=settings.max_predictions_per_seq,
            is_continuation=is_continuation if masks_words else None,
            max_ngram=settings.ngram_masking,
        )

    def _open(self, paths: list[str]) -> examples.Examples:
        """Opens files of records."""
        shape = examples.Shape(
            max_seq_length=self._settings.max_seq_length,
            max_predictions=self._settings.max_predictions_per_seq,
            vocab_size=self._config.vocab_size,
        )
        return examples.Examples(
            record_index.RecordFiles(paths, cache_dir=self._output_dir / _CACHE),
            shape,
            rules=self._rules,
            seed=self._settings.seed,
        )

    def _make_order(self, groups: list[list[str]]) -> record_order.RecordOrder:
        """Returns which records each step sees."""
        ends = np.cumsum([len(group) for group in groups])[:-1]
        per_group = np.split(self._training.records.counts, ends)
        return record_order.RecordOrder(
            [int(counts.sum()) for counts in per_group],
            self._settings.train_batch_size,
            self._settings.seed,
            weights=self._settings.weights,
        )

    def _warn_of_overlap(self) -> None:
        """Warns where files that are evaluated on are trained on too."""
        both = set(self._training.records.paths) & set(self._held_out.records.paths)
        if both and self._settings.trains:
            logging.warning(
                "%d files of --eval_input_file are in --input_file too, so their "
                "scores are those of training: %s",
                len(both),
                ", ".join(itertools.islice(sorted(both), 5)),
            )

    def _log_plan(self) -> None:
        """Logs what this run will do."""
        settings, records = self._settings, self._training.records
        batch = settings.train_batch_size
        plan = []
        if settings.trains:
            passes = settings.num_train_steps * batch / len(records)
            plan.append(
                f"Train: {len(records)} records of {len(records.paths)} files, "
                f"{self._length}, {batch} x {settings.max_seq_length} WordPieces each "
                f"({passes:.3g} passes), masks "
                f"{'drawn anew' if settings.dynamic_masking else 'of the files'}, "
                f"a checkpoint every {settings.save_checkpoints_steps}"
            )
        if settings.do_eval:
            held_out = self._held_out.records
            count = settings.max_eval_steps * settings.eval_batch_size
            count = len(held_out) if settings.eval_all else count
            which = "held-out " if settings.eval_input_file else ""
            plan.append(
                f"Evaluate: {count} {which}records of {len(held_out)}: "
                "eval_results.txt, eval_scores.json"
            )
        plan.append(f"Output: {settings.output_dir}")
        logging.info("The plan of this run:\n  %s", "\n  ".join(plan))
        if settings.trains and settings.num_warmup_steps >= settings.num_train_steps:
            logging.warning(
                "The learning rate rises to the last step and never falls, as "
                "--num_warmup_steps=%d is no fewer than --num_train_steps=%d. A tenth "
                "of these is usual.",
                settings.num_warmup_steps,
                settings.num_train_steps,
            )

    def _train(self) -> None:
        """Trains the model."""
        settings = self._settings
        self._step = run_training.train(
            self._model,
            settings,
            length=self._length,
            resumed_from=self._resumed_from,
            record=self._record,
            make_batches=functools.partial(
                self._training.training_batches, self._order
            ),
            describe_batch=self._describe_batch,
            evaluate=self._evaluate if settings.do_eval else None,
            eval_every=settings.eval_every_steps,
            best_metric=_BEST_METRIC,
            patience=None,
            replicas=self._replicas,
        )

    def _describe_batch(self, step: int) -> str:
        """Returns where the records of a step are from."""
        numbers, _ = self._order.indices(step)
        return "; ".join(map(self._training.records.describe, numbers))

    @functools.cached_property
    def _evaluator(self) -> inference.Graph:
        """Made once, as training may evaluate many times."""
        return inference.Graph(self._model.evaluate, self._replicas)

    def _evaluate(self) -> dict[str, float]:
        """Scores the weights as they are."""
        settings = self._settings
        batches = self._held_out.evaluation_batches(
            settings.eval_batch_size,
            None if settings.eval_all else settings.max_eval_steps,
        )
        return pretraining.score(self._evaluator.collect(batches, verb="evaluating"))

    def _write_evaluation(self) -> dict[str, float]:
        """Writes the scores, as the original does and in full."""
        scores = self._evaluate()
        legacy = {name: scores[name] for name in _LEGACY_SCORES}
        runs.write_results(
            self._output_dir / "eval_results.txt", legacy | {"global_step": self._step}
        )
        files.write_json(self._output_dir / "eval_scores.json", scores)
        logging.info(
            "Scores at step %d: %s",
            self._step,
            "  ".join(f"{name} {value:.4g}" for name, value in scores.items()),
        )
        return scores
