# SPDX-License-Identifier: Apache-2.0
r"""Fine-tunes BioBERT to find entities, and labels a test set with it.

Usage:
    python run_ner.py --do_train --do_eval --do_predict \
        --data_dir=datasets/NER/NCBI-disease --output_dir=ner_outputs \
        --vocab_file=$BIOBERT_DIR/vocab.txt \
        --bert_config_file=$BIOBERT_DIR/bert_config.json \
        --init_checkpoint=$BIOBERT_DIR/model.ckpt-1000000

    python run_ner.py --predict_file=abstracts.txt --output_dir=ner_outputs \
        --vocab_file=ner_outputs/vocab.txt \
        --bert_config_file=ner_outputs/bert_config.json

Reads train_dev.tsv (training), devel.tsv (evaluation) and test.tsv
(prediction) in --data_dir: a word and its label on each line, an empty line
after each sentence; or --predict_file, raw text.

Writes to --output_dir:
    model.ckpt-N           Weights and training state; the newest five and,
                           with --eval_every_steps, the best.   (--do_train)
    run.json, vocab.txt, bert_config.json
                           What the checkpoints belong to.      (--do_train)
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
    report.html            Scores, curves and errors to look at. (--do_predict)
    probabilities_test.tsv Each label's, for each WordPiece.
                                                     (--output_probabilities)
    predictions.jsonl      Entities in raw text.         (--predict_file)
    runs.json, run_<seed>/ Several runs and their mean.      (--num_runs)
"""

import dataclasses
import os

import numpy as np

from modeling import (
    lean_start,  # noqa: F401 (for its effect)
    repeats,
    runs,
)
from modeling.ner import experiment, predictor, raw_text
from modeling.ner import settings as settings_lib

_REPEATED_SCORES = ("entity_f1", "entity_precision", "entity_recall")


def run(settings: settings_lib.Settings) -> dict[str, float]:
    """Trains, evaluates and predicts as the settings ask.

    Args:
        settings: What the command line asks for.

    Returns:
        Scores by name; over several runs, their means and more.
    """
    if settings.num_runs > 1:
        return repeats.run(
            settings, _run_once, names=_REPEATED_SCORES, prefix="entity_"
        )
    if settings.predict_file and settings.trains:
        raw_text.make_reader(settings).check()  # Not only when all is trained.
    one = experiment.Experiment(settings)
    scores = one.run()
    if settings.predict_file:
        raw_text.predict(settings, predictor.NerPredictor(one.tagger))
    if settings.refit and settings.trains:
        scores = _refit(settings, one.best_num_epochs)
    return scores


def _run_once(
    settings: settings_lib.Settings,
) -> tuple[dict[str, float], np.ndarray | None]:
    """Makes the run of one seed."""
    one = experiment.Experiment(settings)
    return one.run(), one.counts


def _refit(settings: settings_lib.Settings, num_epochs: float) -> dict[str, float]:
    """Trains anew on train_dev.tsv, for as many passes as were best."""
    again = dataclasses.replace(
        settings,
        select_on="none",
        refit=False,
        num_train_epochs=num_epochs,
        predict_file=None,
        output_dir=os.path.join(settings.output_dir, "refit"),
    )
    return experiment.Experiment(again).run()


if __name__ == "__main__":
    runs.main(settings_lib.Settings, run)
