# SPDX-License-Identifier: Apache-2.0
"""Hugging Face's side of `ner_prediction.py`: a file of words in, labels out.

A program as short as its documentation would have it: BertForTokenClassification,
the fast tokenizer, sentences sorted by length, batches of 8 padded to their longest.
Imports nothing of ours.
"""

import argparse
import json

import theirs_common
import transformers


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="a word and its label per line")
    parser.add_argument("--labels", required=True, help="JSON list, in order of ids")
    theirs_common.add_arguments(parser)
    return parser.parse_args()


def read_words(path: str) -> list[list[str]]:
    """Reads the words of each sentence."""
    sentences: list[list[str]] = [[]]
    with open(path, encoding="utf-8") as file:
        for line in file:
            columns = line.split()
            if columns:
                sentences[-1].append(columns[0])
            elif sentences[-1]:
                sentences.append([])
    return [sentence for sentence in sentences if sentence]


def main() -> None:
    """Labels a file and writes what run_ner.py calls token_ and label_test.txt."""
    args = parse_arguments()
    model, tokenizer = theirs_common.load(args, transformers.BertForTokenClassification)
    ids = tokenizer(
        read_words(args.data),
        is_split_into_words=True,
        truncation=True,
        max_length=args.max_seq_length,
    )["input_ids"]
    predicted: list[list[int]] = [[]] * len(ids)
    rows = [{"input_ids": row} for row in ids]
    for batch, output in theirs_common.outputs(model, tokenizer, rows, by_length=True):
        for row, labels in zip(batch, output.logits.argmax(-1).tolist(), strict=True):
            predicted[row] = labels[: len(ids[row])]
    names = json.loads(args.labels)
    for name, lines in (
        ("token", (p for row in ids for p in tokenizer.convert_ids_to_tokens(row))),
        ("label", (names[label] for of_row in predicted for label in of_row)),
    ):
        text = "".join(f"{line}\n" for line in lines)
        (args.output_dir / f"{name}_test.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
