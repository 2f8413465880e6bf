# SPDX-License-Identifier: Apache-2.0
r"""Pre-trains BERT on masked words and next sentences, or goes on with it.

Usage:
    python run_pretraining.py --do_train --do_eval \
        --input_file='records/*.tfrecord' --output_dir=pretraining_outputs \
        --bert_config_file=$BIOBERT_DIR/bert_config.json \
        --init_checkpoint=$BIOBERT_DIR/model.ckpt-1000000 \
        --num_train_steps=10000 --num_warmup_steps=1000

Reads records of create_pretraining_data.py.

Writes to --output_dir:
    model.ckpt-N           Weights and training state; the newest five and,
                           with --eval_every_steps, the best.   (--do_train)
    run.json, bert_config.json, vocab.txt (with --vocab_file)
                           What the checkpoints belong to.      (--do_train)
    metrics.jsonl, training.png, TensorBoard's events
                           Loss, speed and scores over time.    (--do_train)
    eval_results.txt       The original's scores.                (--do_eval)
    eval_scores.json       Those and the perplexity.             (--do_eval)
    input_index/           Where records begin, to resume at once.
"""

from modeling import (
    lean_start,  # noqa: F401 (for its effect)
    runs,
)
from modeling.pretraining import experiment
from modeling.pretraining import settings as settings_lib


def run(settings: settings_lib.Settings) -> dict[str, float]:
    """Trains and evaluates as the settings ask.

    Args:
        settings: What the command line asks for.

    Returns:
        Scores by name.
    """
    return experiment.Experiment(settings).run()


if __name__ == "__main__":
    runs.main(settings_lib.Settings, run)
