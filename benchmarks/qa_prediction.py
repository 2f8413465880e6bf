# SPDX-License-Identifier: Apache-2.0
"""Measures answering a file of questions, start to end, beside Hugging Face.

Usage:
    python benchmarks/qa_prediction.py --predict_file=JSON --vocab_file=TXT
        [--hugging_face_python=PATH] [--model=DIR] [--bert_config_file=JSON]
        [--do_lower_case] [--rounds=3] [--precisions=float32,bfloat16] [--threads=2]
        [--max_seq_length=384] [--doc_stride=128]

Each measurement is a process of its own: imports, loading weights, cutting windows,
predicting, choosing answers, writing. The sides take turns on the same cores:

    ours           run_qa.py --do_predict --length_buckets --precision=...
    theirs         BertForQuestionAnswering on PyTorch, windows in the file's order, in
                   batches of 8 padded to their longest
    theirs_sorted  the same, windows sorted by length

The windows are the same (their number is compared), so that the ratio of wall times is
that of windows a second. The model is BERT-Base with random weights, a function of
--seed, in a Hugging Face folder that both load; or what is in --model. Without
--hugging_face_python only our side runs.

One more run of ours, padded and in float32 (run_qa.py without --length_buckets), says
how many best answers are the same. Random weights are a hard case, as the scores of
many spans are close; and the other side neither ranks nor writes answers as BERT does.

Prints wall seconds, CPU seconds (user and system) and peak memory, medians of the
rounds, and all of them as JSON in the last line.
"""

import argparse
import json
import pathlib
import sys
import tempfile

import qa_answers
import random_weights
import whole_processes

from modeling.text import tokenization, vocabulary


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--predict_file", required=True, help="in SQuAD's form")
    parser.add_argument("--max_seq_length", type=int, default=384)
    parser.add_argument("--doc_stride", type=int, default=128)
    whole_processes.add_arguments(parser)
    return parser.parse_args()


class Sides(whole_processes.Sides):
    """Answers the questions of a file."""

    THEIRS = ("theirs", "theirs_sorted")

    def __init__(self, args: argparse.Namespace, folder: pathlib.Path) -> None:
        """Counts the windows, and makes the model; see the base class."""
        tokenizer = tokenization.BertTokenizer(
            vocabulary.read_vocabulary(args.vocab_file).pieces,
            do_lower_case=args.do_lower_case,
        )
        windows = qa_answers.make_windows(
            args.predict_file,
            tokenizer,
            max_seq_length=args.max_seq_length,
            doc_stride=args.doc_stride,
        )
        self.num_windows = len(windows)
        self._lengths = [
            f"--max_seq_length={args.max_seq_length}",
            f"--doc_stride={args.doc_stride}",
        ]
        head = random_weights.Head("BertForQuestionAnswering", "qa_outputs", 2)
        super().__init__(args, folder, head)

    def ours(self, name: str, precision: str, *extra: str) -> whole_processes.Cost:
        """Runs run_qa.py."""
        flags = ["--do_predict", f"--predict_file={self._args.predict_file}"]
        flags += [*self._lengths, *extra]
        return self._run_ours("run_qa.py", name, precision, flags)

    def theirs(self, side: str, name: str, precision: str) -> whole_processes.Cost:
        """Runs Hugging Face's, with windows as they come or sorted."""
        flags = [f"--data={self._args.predict_file}", *self._lengths]
        flags += ["--by_length"] if side == "theirs_sorted" else []
        cost = self._run_theirs("theirs_qa.py", name, precision, flags)
        num_windows = json.loads((self._folder / name / "windows.json").read_text())
        if num_windows != self.num_windows:
            sys.exit(
                f"{self._args.predict_file}: Both sides must cut the same windows. "
                f"Received: {num_windows} of theirs, {self.num_windows} of ours."
            )
        return cost

    def agreement(self, name: str, other: str) -> dict[str, int]:
        """Compares the best answers of two runs."""
        found, expected = (
            json.loads((self._folder / run / "predictions.json").read_text("utf-8"))
            for run in (name, other)
        )
        if found.keys() != expected.keys():
            sys.exit(f"{name}, {other}: Both must answer the same questions.")
        return {
            "questions": len(expected),
            "different": sum(found[key] != expected[key] for key in expected),
        }


def main() -> None:
    """Measures what the command line asks for and prints what came out."""
    args = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        sides = Sides(args, pathlib.Path(folder))
        print(f"{sides.num_windows} windows", flush=True)
        report = whole_processes.compare(sides, args)
        print(json.dumps({"windows": sides.num_windows, **report}), flush=True)


if __name__ == "__main__":
    main()
