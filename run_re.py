# SPDX-License-Identifier: Apache-2.0
r"""Fine-tunes BioBERT to find relations, and classifies a test set with it.

Usage:
    python run_re.py --task_name=gad --do_train --do_eval --do_predict \
        --data_dir=datasets/RE/GAD/1 --output_dir=re_outputs \
        --vocab_file=$BIOBERT_DIR/vocab.txt --do_lower_case=false \
        --bert_config_file=$BIOBERT_DIR/bert_config.json \
        --init_checkpoint=$BIOBERT_DIR/model.ckpt-1000000

    python run_re.py --task_name=gad --do_train --cv_dir=datasets/RE/GAD ...

    python run_re.py --task_name=gad --predict_file=ner_outputs/predictions.jsonl \
        --types=GENE,DISEASE --init_checkpoint=re_outputs --output_dir=relations \
        --vocab_file=re_outputs/vocab.txt --do_lower_case=false \
        --bert_config_file=re_outputs/bert_config.json

Reads train.tsv (training) and dev.tsv (evaluation), a sentence and its label a line,
and test.tsv (prediction), an index, a sentence and its label, with tabs between them;
a header may name other columns. Quotes are characters like any other. --predict_file
is annotated texts, whose pairs of mentions are classified as make_re_data.py, with
the same flags, would show them; or the rows that it wrote.

Writes to --output_dir:
    model.ckpt-N           Weights and training state; the newest five and,
                           with --eval_every_steps, the best.   (--do_train)
    run.json, vocab.txt, bert_config.json
                           What the checkpoints belong to.      (--do_train)
    metrics.jsonl, training.png, TensorBoard's events
                           Loss, speed and scores over time.    (--do_train)
    label2id.json          The id of each label.                (--do_train)
    train.tf_record, eval.tf_record, predict.tf_record
                           What the model reads.
    eval_results.txt       The original's scores on dev.tsv.     (--do_eval)
    eval_scores.json       Those, F1 and more.                   (--do_eval)
    test_results.tsv       The probability of each class, a line for each row
                           of test.tsv.                       (--do_predict)
    test_scores.json       Scores on test.tsv, if it has labels; beside them
                           those of the commonest label for all rows.
    report.html            Scores, curves and wrong rows to look at.
    relations.jsonl        Pairs of mentions in texts, with the probability of
                           each label.                      (--predict_file)
    fold_<name>/, cross_validation.json
                           Each fold's run, and all together.     (--cv_dir)
    runs.json, run_<seed>/ Several runs and their mean.         (--num_runs)
"""

import numpy as np

from modeling import (
    lean_start,  # noqa: F401 (for its effect)
    repeats,
    runs,
)
from modeling.relation import cross_validation, experiment, from_text, scoring
from modeling.relation import settings as settings_lib


def run(settings: settings_lib.Settings) -> dict[str, float]:
    """Trains, evaluates and predicts as the settings ask.

    Args:
        settings: What the command line asks for.

    Returns:
        Scores by name; over several runs or folds, their means and more.
    """
    if settings.num_runs > 1:
        return repeats.run(settings, _run_once, names=list(scoring.NAMES))
    if settings.predict_file is None:
        return _run_once(settings)[0]
    source = from_text.open_source(settings)
    one = experiment.Experiment(settings)
    scores = one.run()
    from_text.predict(settings, source, one.predictor)
    return scores


def _run_once(
    settings: settings_lib.Settings,
) -> tuple[dict[str, float], np.ndarray | None]:
    """Makes the run of one seed, on one data set or the folds of --cv_dir."""
    if settings.cv_dir:
        scores, predictions = cross_validation.run(settings)
    else:
        one = experiment.Experiment(settings)
        scores, predictions = one.run(), one.predictions
    return scores, None if predictions is None else predictions.counts()


if __name__ == "__main__":
    runs.main(settings_lib.Settings, run)
