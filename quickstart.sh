#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Sets up .venv, trains a small model on sample_data/ to find diseases and chemicals,
# and scores it on sentences it has not seen. Takes some minutes the first time, about
# one afterwards. All results go to quickstart_output/.
#
# Usage: ./quickstart.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly OUTPUT_DIR=quickstart_output

./set_up.sh requirements.txt
readonly PYTHON=.venv/bin/python

echo "quickstart.sh: Training on sample_data/, and labelling its test sentences."
# The weights start at random, so the learning rate is twenty times BioBERT's and
# there are more passes. --resume=never lets this script run again from the start.
"$PYTHON" run_ner.py --do_train --do_eval --do_predict \
  --data_dir=sample_data/ner --output_dir="$OUTPUT_DIR" \
  --vocab_file=sample_data/vocab.txt \
  --bert_config_file=sample_data/bert_config.json \
  --max_seq_length=64 --train_batch_size=16 --learning_rate=1e-3 \
  --num_train_epochs=30 --eval_every_steps=200 --resume=never

echo "quickstart.sh: From labelled WordPieces to labelled words."
"$PYTHON" biocodes/ner_detokenize.py \
  --token_test_path="$OUTPUT_DIR/token_test.txt" \
  --label_test_path="$OUTPUT_DIR/label_test.txt" \
  --answer_path=sample_data/ner/test.tsv --output_dir="$OUTPUT_DIR"

echo
echo "Mentions found in sample_data/ner/test.tsv, with the right words and type:"
"$PYTHON" biocodes/conlleval.py <"$OUTPUT_DIR/NER_result_conll.txt"
echo
echo "The curves of the training: $PWD/$OUTPUT_DIR/training.png"
echo "Every mention, right or wrong: $PWD/$OUTPUT_DIR/report.html"
