# SPDX-License-Identifier: Apache-2.0
"""Measures labelling a test set, from start to files written, beside Hugging Face.

Usage:
    python benchmarks/ner_prediction.py --data_dir=DIR --vocab_file=TXT
        [--hugging_face_python=PATH] [--model=DIR] [--bert_config_file=JSON]
        [--do_lower_case] [--rounds=3] [--precisions=float32,bfloat16] [--threads=2]

Each measurement is a process of its own: imports, loading weights, tokenizing,
predicting, writing. Both sides take turns on the same cores:

    ours    run_ner.py --do_predict --length_buckets --precision=...
    theirs  BertForTokenClassification on PyTorch, sentences sorted by length, in
            batches of 8 padded to their longest.

The model is BERT-Base with random weights, a function of --seed, in a Hugging Face
folder that both load; or what is in --model. Without --hugging_face_python only our
side runs, and --model may be an output folder of run_ner.py.

One more run of ours, padded and in float32 (run_ner.py without --length_buckets), says
how many labels of WordPieces are the same. Random weights are a hard case for
bfloat16, as the two best scores of a WordPiece are often close.

Prints wall seconds, CPU seconds (user and system) and peak memory, medians of the
rounds, and all of them as JSON in the last line.
"""

import argparse
import json
import pathlib
import tempfile

import random_weights
import whole_processes

from modeling.data import ner, ner_labels

_MAX_SEQ_LENGTH = 128


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data_dir", required=True, help="with test.tsv")
    whole_processes.add_arguments(parser)
    return parser.parse_args()


class Sides(whole_processes.Sides):
    """Labels test.tsv."""

    def __init__(self, args: argparse.Namespace, folder: pathlib.Path) -> None:
        """Makes the model, if none is given; see the base class."""
        labels = ner_labels.labels_beside(args.model) if args.model else None
        self._labels = labels or ner.LEGACY_LABELS
        head = random_weights.Head(
            "BertForTokenClassification", "classifier", len(self._labels)
        )
        super().__init__(args, folder, head)

    def ours(self, name: str, precision: str, *extra: str) -> whole_processes.Cost:
        """Runs run_ner.py."""
        flags = ["--do_train=false", "--do_predict", *extra]
        flags += [f"--data_dir={self._args.data_dir}"]
        flags += [f"--max_seq_length={_MAX_SEQ_LENGTH}"]
        return self._run_ours("run_ner.py", name, precision, flags)

    def theirs(self, side: str, name: str, precision: str) -> whole_processes.Cost:
        """Runs Hugging Face's, which has one way."""
        assert side in self.THEIRS
        names = [ner.OUTSIDE, *self._labels[1:]]  # As run_ner.py writes [PAD].
        flags = [f"--data={pathlib.Path(self._args.data_dir) / 'test.tsv'}"]
        flags += [f"--max_seq_length={_MAX_SEQ_LENGTH}"]
        flags += [f"--labels={json.dumps(names)}"]
        return self._run_theirs("theirs_ner.py", name, precision, flags)

    def _read(self, name: str) -> list[str]:
        """Returns the labels that a run has written, one for each WordPiece."""
        path = self._folder / name / "label_test.txt"
        return path.read_text(encoding="utf-8").split("\n")[:-1]

    def agreement(self, name: str, other: str) -> dict[str, int]:
        """Compares the labels of two runs."""
        pairs = list(zip(self._read(name), self._read(other), strict=True))
        return {
            "pieces": len(pairs),
            "different": sum(a != b for a, b in pairs),
            "labels in use": len({b for _, b in pairs}),
        }


def main() -> None:
    """Measures what the command line asks for and prints what came out."""
    args = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        sides = Sides(args, pathlib.Path(folder))
        print(json.dumps(whole_processes.compare(sides, args)), flush=True)


if __name__ == "__main__":
    main()
