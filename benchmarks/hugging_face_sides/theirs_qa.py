# SPDX-License-Identifier: Apache-2.0
"""Hugging Face's side of `qa_prediction.py`: a file of questions in, answers out.

A program as short as its documentation would have it: BertForQuestionAnswering, the
fast tokenizer, which cuts the windows, batches of 8 padded to their longest, and of
each window the best spans among its 20 best starts and ends. Imports nothing of ours.
"""

import argparse
import json
from typing import Any

import numpy as np
import theirs_common
import transformers

_NUM_BEST = 20
_MAX_ANSWER_LENGTH = 30


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="in SQuAD's form")
    parser.add_argument("--doc_stride", type=int, required=True)
    parser.add_argument("--by_length", action="store_true", help="longest first")
    theirs_common.add_arguments(parser)
    return parser.parse_args()


def cut_windows(
    tokenizer: transformers.PreTrainedTokenizerBase,
    question: str,
    context: str,
    *,
    length: int,
    stride: int,
) -> list[dict[str, Any]]:
    """Returns the windows of a question, with the characters of each WordPiece.

    Args:
        tokenizer: A fast one.
        question: Shorter than a window.
        context: Where the answer is.
        length: Most WordPieces of a window.
        stride: From the start of a window to that of the next, as BERT counts; the
            tokenizer wants the overlap.
    """
    num_pieces = len(tokenizer.tokenize(question))
    found = tokenizer(
        question,
        context,
        truncation="only_second",
        max_length=length,
        stride=length - num_pieces - 3 - stride,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    return [
        {
            "input_ids": found["input_ids"][i],
            "token_type_ids": found["token_type_ids"][i],
            "offsets": [
                place if part == 1 else None
                for place, part in zip(
                    found["offset_mapping"][i], found.sequence_ids(i), strict=True
                )
            ],
        }
        for i in range(len(found["input_ids"]))
    ]


def best_spans(
    start: np.ndarray, end: np.ndarray, offsets: list[tuple[int, int] | None]
) -> list[tuple[float, int, int]]:
    """Returns the scores of the best spans of a window, and their characters."""
    spans = []
    for first in np.argsort(-start)[:_NUM_BEST].tolist():
        for last in np.argsort(-end)[:_NUM_BEST].tolist():
            if (
                first < len(offsets)
                and last < len(offsets)
                and offsets[first]
                and offsets[last]
                and first <= last < first + _MAX_ANSWER_LENGTH
            ):
                score = float(start[first] + end[last])
                spans.append((score, offsets[first][0], offsets[last][1]))
    return sorted(spans, reverse=True)[:_NUM_BEST]


def n_best(
    spans: list[tuple[float, int, int]], context: str
) -> list[dict[str, str | float]]:
    """Returns the best spans of all windows of a question, and their shares."""
    if not spans:  # No pair of best starts and ends is an answer.
        return [{"text": "empty", "probability": 1.0}]
    best = sorted(spans, reverse=True)[:_NUM_BEST]
    shares = np.exp([score - best[0][0] for score, _, _ in best])
    return [
        {"text": context[first:end], "probability": share}
        for (_, first, end), share in zip(
            best, (shares / shares.sum()).tolist(), strict=True
        )
    ]


def main() -> None:
    """Answers a file; writes (n-best) predictions and the number of windows."""
    args = parse_arguments()
    model, tokenizer = theirs_common.load(args, transformers.BertForQuestionAnswering)
    with open(args.data, encoding="utf-8") as file:
        articles = json.load(file)["data"]
    contexts: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    owners: list[str] = []
    for paragraph in (p for article in articles for p in article["paragraphs"]):
        for asked in paragraph["qas"]:
            contexts[asked["id"]] = paragraph["context"]
            cut = cut_windows(
                tokenizer,
                asked["question"],
                paragraph["context"],
                length=args.max_seq_length,
                stride=args.doc_stride,
            )
            rows += cut
            owners += [asked["id"]] * len(cut)
    spans: dict[str, list[tuple[float, int, int]]] = {name: [] for name in contexts}
    features = [{k: v for k, v in row.items() if k != "offsets"} for row in rows]
    for batch, output in theirs_common.outputs(
        model, tokenizer, features, by_length=args.by_length
    ):
        starts = output.start_logits.float().numpy()
        ends = output.end_logits.float().numpy()
        for i, row in enumerate(batch):
            spans[owners[row]] += best_spans(starts[i], ends[i], rows[row]["offsets"])
    nbest = {name: n_best(found, contexts[name]) for name, found in spans.items()}
    for name, values in (
        ("predictions", {name: best[0]["text"] for name, best in nbest.items()}),
        ("nbest_predictions", nbest),
        ("windows", len(rows)),
    ):
        text = json.dumps(values, indent=4) + "\n"
        (args.output_dir / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
