# SPDX-License-Identifier: Apache-2.0
r"""Fine-tunes BioBERT to answer questions from passages, and answers them.

Usage:
    python run_qa.py --do_train --do_predict --do_lower_case=false \
        --train_file=BioASQ-train-factoid-4b.json \
        --predict_file=BioASQ-test-factoid-4b-1.json --output_dir=qa_outputs \
        --vocab_file=$BIOBERT_DIR/vocab.txt \
        --bert_config_file=$BIOBERT_DIR/bert_config.json \
        --init_checkpoint=$BIOBERT_DIR/model.ckpt-1000000

    python run_qa.py --question="What causes cystic fibrosis?" \
        --passage="Cystic fibrosis is caused by mutations of CFTR." \
        --do_lower_case=false --output_dir=qa_outputs \
        --vocab_file=qa_outputs/vocab.txt \
        --bert_config_file=qa_outputs/bert_config.json

Reads questions in SQuAD's form, version 1.1 or with --version_2_with_negative 2.0.
With --question_type=yesno a question has an "answer", yes or no, in place of answers,
or a "label". biocodes/bioasq2squad.py makes such files.

Writes to --output_dir:
    model.ckpt-N           Weights and training state; the newest five and,
                           with --eval_every_steps, the best.   (--do_train)
    run.json, vocab.txt, bert_config.json
                           What the checkpoints belong to.      (--do_train)
    metrics.jsonl, training.png, TensorBoard's events
                           Loss, speed and scores over time.    (--do_train)
    train.tf_record, eval.tf_record
                           What the model reads.
    skipped_questions.json Questions that are not trained on, and why. (--do_train)
    eval_results.txt, eval_scores.json
                           Scores on --devel_file.              (--do_eval)
    predictions.json       The answer to each question.         (--do_predict)
    nbest_predictions.json Its n-best answers.                  (--do_predict)
    predictions_detail.json
                           Where these stand in the context.    (--do_predict)
    null_odds.json         How likely there is none. (--version_2_with_negative)
    test_scores.json       Scores, if the right answers are known. (--do_predict)
    bioasq_submission.json The answers in BioASQ's form, for its ids and for list
                           and yes/no questions.                (--do_predict)
    list_threshold.json    The threshold that was chosen.  (--question_type=list)
"""

from modeling import (
    lean_start,  # noqa: F401 (for its effect)
    runs,
)
from modeling.question import experiment
from modeling.question import settings as settings_lib


def run(settings: settings_lib.Settings) -> dict[str, float]:
    """Trains, evaluates and answers as the settings ask.

    Args:
        settings: What the command line asks for.

    Returns:
        Scores by name.
    """
    return experiment.Experiment(settings).run()


if __name__ == "__main__":
    runs.main(settings_lib.Settings, run)
