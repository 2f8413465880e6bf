# SPDX-License-Identifier: Apache-2.0
r"""Writes BioBERT's vectors of each WordPiece of a text, as JSON.

Usage:
    python extract_features.py --input_file=texts.txt --output_file=vectors.jsonl \
        --vocab_file=$BIOBERT_DIR/vocab.txt \
        --bert_config_file=$BIOBERT_DIR/bert_config.json \
        --init_checkpoint=$BIOBERT_DIR/model.ckpt-1000000 \
        --do_lower_case=false

Reads a text per line of --input_file ("-" is standard input), or two as
`first ||| second`. Writes one JSON object per line, in the same order:
    {"linex_index": 0, "features": [{"token": "[CLS]", "layers": [
        {"index": -1, "values": [0.1, ...]}, ...]}, ...]}
Memory does not grow with the input.
"""

import dataclasses
import itertools
import json
import os
import re
from collections.abc import Iterator

import numpy as np
from absl import logging

from modeling import (
    errors,
    files,
    lean_start,  # noqa: F401 (for its effect)
    run_start,
    runs,
)
from modeling import settings as settings_lib
from modeling.data import pairs
from modeling.nn import bert
from modeling.text import lines, tokenization
from modeling.training import inference, metrics, replication

_PAIR = re.compile(r"(.*) \|\|\| (.*)", re.DOTALL)
_DECIMALS = 6


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(settings_lib.ModelSettings):
    """Settings of a run; each is a flag of the same name."""

    input_file: str = settings_lib.setting("Texts, one per line, or - .")
    output_file: str = settings_lib.setting("JSON lines to write.")
    init_checkpoint: str = settings_lib.setting("Weights; see run_ner.py.")
    layers: str = settings_lib.setting(
        "Which layers, as a list with commas; -1 is the last, 0 the first.",
        "-1,-2,-3,-4",
    )
    batch_size: int = settings_lib.setting("Texts per step.", 32, minimum=1)
    use_one_hot_embeddings: bool = settings_lib.setting(
        "Accepted for old commands; has no effect.", False
    )


def run(settings: Settings) -> int:
    """Writes the vectors of all texts.

    Args:
        settings: What the command line asks for.

    Returns:
        The number of texts.
    """
    _make_folder(settings.output_file)
    config, tokenizer = runs.load_text(settings)
    indices = _parse_layers(settings.layers, config.num_hidden_layers)
    model = bert.Bert(config)
    runs.load_weights(model, run_start.selected(settings.init_checkpoint))

    def compute(batch: inference.Batch) -> dict[str, object]:
        outputs = model(batch["input_ids"], batch["input_mask"], batch["segment_ids"])
        return {str(index): outputs.layers[index] for index in indices}

    graph = inference.Graph(compute, replication.SingleProcess())
    rows = _read(settings.input_file, tokenizer, settings.max_seq_length)
    rows, rows_again = itertools.tee(rows)  # Holds back one batch, not all.

    def batches() -> Iterator[dict[str, np.ndarray]]:
        while batch := list(itertools.islice(rows, settings.batch_size)):
            yield pairs.pad(batch, tokenizer)

    progress = metrics.Progress("extracting", total=None, unit="text")
    done = 0
    with (
        files.replacing(settings.output_file) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as output,
    ):
        for outputs in graph.infer(batches(), spec=pairs.SPEC):
            batch = itertools.islice(rows_again, settings.batch_size)
            for i, row in enumerate(batch):
                vectors = {index: outputs[str(index)][i] for index in indices}
                output.write(_format(done, row, vectors) + "\n")
                done += 1
            progress.update(done, {})
    logging.info("%s: the vectors of %d texts.", settings.output_file, done)
    return done


def _make_folder(output_file: str) -> None:
    """Makes the folder of the output, so that its lack is not found at the end."""
    folder = os.path.dirname(output_file) or "."
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise errors.InputError(
            f"{output_file}: --output_file must be in a folder that can be made. "
            f"Received: {error.strerror}."
        ) from error


def _parse_layers(text: str, num_layers: int) -> list[int]:
    """Returns the numbers of the layers that --layers lists."""
    try:
        indices = [int(part) for part in text.split(",")]
    except ValueError:
        indices = []
    if not indices or any(not -num_layers <= i < num_layers for i in indices):
        raise errors.InputError(
            f"--layers must list whole numbers from {-num_layers} to "
            f"{num_layers - 1}, with commas. Received: {text!r}."
        )
    return indices


def _read(
    path: str, tokenizer: tokenization.BertTokenizer, max_seq_length: int
) -> Iterator[pairs.Pieces]:
    """Yields the pieces of each line."""
    for _, line in lines.read_lines(path):
        text = line.strip()
        match = _PAIR.fullmatch(text)
        first, second = match.groups() if match else (text, None)
        yield pairs.join(
            tokenizer.tokenize(first),
            None if second is None else tokenizer.tokenize(second),
            max_seq_length=max_seq_length,
        )


def _format(number: int, row: pairs.Pieces, vectors: dict[int, np.ndarray]) -> str:
    """Returns one line of output.

    Args:
        number: Of the text, from 0.
        row: Its pieces.
        vectors: Layer to float32[T, D], T at least the number of pieces.
    """
    rounded = {
        index: np.round(values[: len(row.pieces)].astype(np.float64), _DECIMALS)
        for index, values in vectors.items()
    }
    features = [
        {
            "token": piece,
            "layers": [
                {"index": index, "values": values[i].tolist()}
                for index, values in rounded.items()
            ],
        }
        for i, piece in enumerate(row.pieces)
    ]
    return json.dumps({"linex_index": number, "features": features})


if __name__ == "__main__":
    runs.main(Settings, run)
