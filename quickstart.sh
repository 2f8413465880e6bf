#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Sets up .venv and goes the whole way on sample_data/: a corpus, a vocabulary, records,
# pre-training, and from its weights three models: one finds diseases and chemicals, one
# relations of genes and diseases, and one answers questions, all in text they have not
# seen. Takes some minutes the first time, about three afterwards. All results go to
# quickstart_output/.
#
# Usage: ./quickstart.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly OUTPUT_DIR=quickstart_output
readonly CORPUS=$OUTPUT_DIR/corpus
readonly VOCABULARY=$OUTPUT_DIR/vocabulary
readonly RECORDS=$OUTPUT_DIR/records
readonly PRETRAINING=$OUTPUT_DIR/pretraining
readonly NER=$OUTPUT_DIR/ner
readonly RELATIONS=$OUTPUT_DIR/re
readonly QUESTIONS=$OUTPUT_DIR/qa

./set_up.sh requirements.txt
readonly PYTHON=.venv/bin/python

say() { printf '\nquickstart.sh: %s\n' "$*"; }

# Makes this script run from the start again.
rm -rf "$OUTPUT_DIR"
mkdir -p "$OUTPUT_DIR" "$RECORDS"

say "A corpus of the abstracts and of the training sentences, none of the tests'."
awk 'NF { printf "%s%s", space, $1; space = " "; next } { print ""; space = "" }' \
  sample_data/ner/train_dev.tsv >"$OUTPUT_DIR/sentences.txt"
cut -f1 sample_data/re/train.tsv >>"$OUTPUT_DIR/sentences.txt"
"$PYTHON" biocodes/make_corpus.py \
  --input="sample_data/abstracts.jsonl,$OUTPUT_DIR/sentences.txt" \
  --exclude_texts="sample_data/*/test.tsv,sample_data/qa/test.json" \
  --output_dir="$CORPUS"

say "A vocabulary, and the sizes of a model for it."
"$PYTHON" biocodes/learn_vocab.py --input_file="$CORPUS/corpus-*.txt" \
  --vocab_size=1500 --min_frequency=1 \
  --bert_config_file=sample_data/bert_config.json --output_dir="$VOCABULARY"

say "Records of pre-training."
"$PYTHON" create_pretraining_data.py --input_file="$CORPUS/corpus-*.txt" \
  --output_file="$RECORDS/records.tfrecord" \
  --vocab_file="$VOCABULARY/vocab.txt" --do_lower_case=false \
  --max_seq_length=64 --max_predictions_per_seq=10 --dupe_factor=20

# What all models are made of. All texts are cased, which only run_ner.py takes for
# granted.
readonly MODEL=(
  --vocab_file="$VOCABULARY/vocab.txt"
  --bert_config_file="$VOCABULARY/bert_config.json"
)

say "Pre-training. On so little text it teaches little; it shows the way."
# The weights start at random, so the learning rate is ten times BioBERT's, here and
# below.
"$PYTHON" run_pretraining.py --do_train --do_eval "${MODEL[@]}" \
  --input_file="$RECORDS/*.tfrecord" --output_dir="$PRETRAINING" \
  --max_seq_length=64 --max_predictions_per_seq=10 --train_batch_size=32 \
  --learning_rate=5e-4 --num_train_steps=400 --num_warmup_steps=50 \
  --eval_every_steps=100

say "Entities: training on sample_data/ner, and labelling its test sentences."
"$PYTHON" run_ner.py --do_train --do_eval --do_predict "${MODEL[@]}" \
  --init_checkpoint="$PRETRAINING" \
  --data_dir=sample_data/ner --output_dir="$NER" \
  --max_seq_length=64 --train_batch_size=16 --learning_rate=5e-4 \
  --num_train_epochs=30 --eval_every_steps=200

say "Entities: from labelled WordPieces to labelled words."
"$PYTHON" biocodes/ner_detokenize.py \
  --token_test_path="$NER/token_test.txt" --label_test_path="$NER/label_test.txt" \
  --answer_path=sample_data/ner/test.tsv --output_dir="$NER"

say "Relations: training on sample_data/re, and classifying its test sentences."
"$PYTHON" run_re.py --task_name=gad --do_train --do_eval --do_predict "${MODEL[@]}" \
  --init_checkpoint="$PRETRAINING" --do_lower_case=false \
  --data_dir=sample_data/re --output_dir="$RELATIONS" \
  --max_seq_length=64 --train_batch_size=16 --learning_rate=5e-4 \
  --num_train_epochs=20

say "Questions: training on sample_data/qa, and answering its test questions."
# The training questions are evaluated on, too: to see whether anything was learned.
"$PYTHON" run_qa.py --do_train --do_eval --do_predict "${MODEL[@]}" \
  --init_checkpoint="$PRETRAINING" --do_lower_case=false \
  --train_file=sample_data/qa/train.json --devel_file=sample_data/qa/train.json \
  --predict_file=sample_data/qa/test.json \
  --golden_file=sample_data/qa/test_bioasq.json --output_dir="$QUESTIONS" \
  --max_seq_length=128 --doc_stride=64 --train_batch_size=16 --learning_rate=5e-4 \
  --num_train_epochs=20

say "Questions: one on the spot, from a passage of the training data."
"$PYTHON" run_qa.py "${MODEL[@]}" --do_lower_case=false --output_dir="$QUESTIONS" \
  --max_seq_length=128 --n_best_size=3 \
  --question="Which laxative shortened transit by about a third?" \
  --passage="Daily use of macrogol shortened transit by about a third in the eight \
patients who took it. Asking patients about their bowels is therefore not enough."

say "Questions: from the answers to each passage to a submission for BioASQ."
"$PYTHON" biocodes/transform_nbset2bioasqform.py \
  --nbest_path="$QUESTIONS/nbest_predictions.json" --output_path="$QUESTIONS"

say "Mentions found in sample_data/ner/test.tsv, with the right words and type:"
"$PYTHON" biocodes/conlleval.py <"$NER/NER_result_conll.txt"

say "Relations found in sample_data/re/test.tsv, and the scores of calling all one:"
"$PYTHON" biocodes/re_eval.py --task=gad --verbose \
  --output_path="$RELATIONS/test_results.tsv" --answer_path=sample_data/re/test.tsv

say "Answers to sample_data/qa/test.json, as BioASQ scores factoid questions:"
"$PYTHON" biocodes/bioasq_eval.py --verbose sample_data/qa/test_bioasq.json \
  "$QUESTIONS/BioASQform_BioASQ-answer.json" | grep '^Factoid'
echo "and as SQuAD does, in percent; first those that it was trained on:"
grep -E '^(exact_match|f1) ' "$QUESTIONS/eval_results.txt"
"$PYTHON" biocodes/squad_eval.py sample_data/qa/test.json "$QUESTIONS/predictions.json"

cat <<END

What to make of these scores: names and endings of words tell many entities, so most
are found. Relations and answers take knowledge of language, which so little text does
not teach: expect a Matthews correlation near 0, which is chance, and right answers to
few questions but those trained on. That knowledge is what released weights bring.

The curves of the pre-training: $PWD/$PRETRAINING/training.png
The curves of the trainings:    $PWD/$NER/training.png
                                $PWD/$RELATIONS/training.png
                                $PWD/$QUESTIONS/training.png
Every mention, right or wrong:  $PWD/$NER/report.html
Every relation:                 $PWD/$RELATIONS/report.html
END
