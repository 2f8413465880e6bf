# SPDX-License-Identifier: Apache-2.0
"""What Hugging Face's sides of `ner_prediction.py` and `qa_prediction.py` share.

Imports nothing of ours.
"""

import argparse
import pathlib
from collections.abc import Iterator, Sequence

import torch
import transformers

_BATCH_SIZE = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags that both have."""
    add = parser.add_argument
    add("--model", required=True, help="folder with config.json and the weights")
    add("--vocab_file", required=True)
    add("--output_dir", type=pathlib.Path, required=True)
    add("--max_seq_length", type=int, required=True)
    add("--do_lower_case", action="store_true")
    add("--precision", choices=("float32", "bfloat16"), required=True)
    add("--attention", choices=("sdpa", "eager"), required=True)
    add("--threads", type=int, required=True)


def load(
    args: argparse.Namespace, model_class: type[transformers.PreTrainedModel]
) -> tuple[transformers.PreTrainedModel, transformers.PreTrainedTokenizerBase]:
    """Returns the model, ready to predict, and the fast tokenizer."""
    torch.set_num_threads(args.threads)
    model = model_class.from_pretrained(
        args.model,
        dtype=getattr(torch, args.precision),
        attn_implementation=args.attention,
    ).eval()
    tokenizer = transformers.BertTokenizerFast(
        args.vocab_file, do_lower_case=args.do_lower_case, strip_accents=None
    )
    args.output_dir.mkdir(parents=True, exist_ok=True)
    return model, tokenizer


def outputs(
    model: transformers.PreTrainedModel,
    tokenizer: transformers.PreTrainedTokenizerBase,
    rows: Sequence[dict[str, list[int]]],
    *,
    by_length: bool,
) -> Iterator[tuple[list[int], transformers.utils.ModelOutput]]:
    """Yields the numbers of a batch's rows and what the model makes of them.

    Args:
        model: The model.
        tokenizer: Pads each batch to its longest row.
        rows: Features.
        by_length: Whether the longest come first; in the order given otherwise.
    """
    order = list(range(len(rows)))
    if by_length:
        order.sort(key=lambda row: -len(rows[row]["input_ids"]))
    with torch.inference_mode():
        for start in range(0, len(order), _BATCH_SIZE):
            batch = order[start : start + _BATCH_SIZE]
            features = tokenizer.pad([rows[row] for row in batch], return_tensors="pt")
            yield batch, model(**features)
