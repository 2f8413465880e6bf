# SPDX-License-Identifier: Apache-2.0
"""Measures how long answers take to be chosen from logits, on one core.

Usage:
    python benchmarks/qa_answers.py SQUAD VOCABULARY OUTPUT_DIR
        [--max_seq_length=384] [--do_lower_case] [--version_2]

SQUAD is a file of questions, such as SQuAD's dev-v1.1.json, and may be .gz. Logits are
random, so that answers are anywhere and mostly differ, which is the slow case: a
trained model's best spans overlap. Prints the seconds that it takes to read the file
and cut windows, to choose answers and write them, and the most memory that the
process had. The random logits are drawn on the way and timed on their own.
"""

import argparse
import pathlib
import resource
import time
from collections.abc import Iterator

import numpy as np

from modeling.data import (
    answer_files,
    answers,
    question,
    question_passages,
    question_windows,
)
from modeling.text import tokenization, vocabulary


class Clock:
    """Adds up the seconds of one part of the work."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        self.seconds += time.perf_counter() - self._start


def make_windows(
    path: str,
    tokenizer: tokenization.BertTokenizer,
    *,
    max_seq_length: int,
    doc_stride: int = 128,
) -> question_windows.Windows:
    """Reads the questions of a file and cuts their passages."""
    questions = question.read_file(path)
    contexts = [one.context for one in questions]
    return question_windows.Windows(
        questions,
        question_passages.split_all(contexts, tokenizer),
        tokenizer,
        max_seq_length=max_seq_length,
        doc_stride=doc_stride,
        max_query_length=64,
    )


def main() -> None:
    """Measures what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("questions")
    parser.add_argument("vocabulary")
    parser.add_argument("output_dir", type=pathlib.Path)
    parser.add_argument("--max_seq_length", type=int, default=384)
    parser.add_argument("--do_lower_case", action="store_true")
    parser.add_argument("--version_2", action="store_true")
    options = parser.parse_args()

    reading, drawing, whole = Clock(), Clock(), Clock()
    tokenizer = tokenization.BertTokenizer(
        vocabulary.read_vocabulary(options.vocabulary).pieces,
        do_lower_case=options.do_lower_case,
    )
    with reading:
        windows = make_windows(
            options.questions, tokenizer, max_seq_length=options.max_seq_length
        )
    rules = answers.Rules(has_impossible=options.version_2)
    extractor = answers.Extractor(windows, tokenizer, rules)
    draw = np.random.default_rng(0)

    def choose() -> Iterator[answers.Prediction]:
        for row in range(len(windows)):
            with drawing:
                logits = draw.normal(0, 3, [2, options.max_seq_length])
                start, end = logits.astype(np.float32)
            prediction = extractor.add(row, start, end)
            if prediction is not None:
                yield prediction

    options.output_dir.mkdir(parents=True, exist_ok=True)
    writer = answer_files.AnswerWriter(
        options.output_dir, has_impossible=options.version_2
    )
    with whole, writer:
        for one, prediction in zip(windows.questions, choose(), strict=True):
            writer.write(one, prediction)
    print(f"{len(windows.questions)} questions, {len(windows)} windows")
    print(f"read, tokenize, cut   {reading.seconds:8.1f} s")
    print(f"choose and write      {whole.seconds - drawing.seconds:8.1f} s")
    print(f"draw logits           {drawing.seconds:8.1f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"most memory           {peak / 2**10:8.0f} MiB")


if __name__ == "__main__":
    main()
