# SPDX-License-Identifier: Apache-2.0
"""Measures training and prediction as shares of the machine's matrix products.

Usage:
    python benchmarks/training_speed.py [--hugging_face_python=PATH]
        [--workloads=pretraining_128,...] [--precisions=float32,bfloat16]
        [--sides=theirs,ours,ours_xla] [--bert_config_file=JSON] [--threads=2]
        [--rounds=3] [--steps=1]

Of BERT-Base with random weights, whole steps (forward with dropout, loss, backward,
clipping, AdamW) on sequences without padding, and prediction without the steps:

    pretraining_128   8 x 128 WordPieces, 20 masked
    pretraining_512   2 x 512 WordPieces, 77 masked
    ner_128           16 x 128 WordPieces, a label for each
    prediction_128    the labels of 64 x 128 WordPieces, in batches of 8 (ours are of
                      1,024 WordPieces in programs, too), weights cast beforehand

Sides take turns, each in a process of its own on the same cores: `ours`, `ours_xla`
(--xla; nothing changes for prediction, so it is left out), and `theirs`, Hugging
Face's on PyTorch, in bfloat16 by `torch.autocast`. Without --hugging_face_python
theirs is left out. In each turn the products of two large matrices are timed, too:
what TensorFlow computes in a second when it does nothing else.

What an example needs is counted as

    forward   2 x (weights of its matrix products x positions) + 4 L T^2 D
    training  3 x forward

with L layers and D hidden size on T positions. The weights are L (4 D^2 + 2 D I) for
all T positions, I being the feed-forward size; in pre-training D^2 + V D for P masked
positions of V WordPieces and D^2 + 2 D for one; in NER C D for all, with C labels.
Look-ups, LayerNorm, softmax, dropout and the update count for nothing, so no share
reaches 1.

Prints medians, and everything as JSON in the last line. One workload takes about five
minutes on two cores; choose some to stay within ten.
"""

import argparse
import dataclasses
import json
import pathlib
import statistics
import tempfile
from typing import Any

import hugging_face
import numpy as np
import pretraining_step
from hugging_face_sides import commands

from modeling import config as config_lib

NUM_LABELS = 7
NUM_EXAMPLES = 64
PRODUCT_SIZE = 2048
NUM_PRODUCTS = 8  # In a turn.
SIDES = ("theirs", "ours", "ours_xla")
PRECISIONS = ("float32", "bfloat16")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Workload:
    """What is computed.

    Attributes:
        task: What the names of the sides' programs end with.
        batch_size: Sequences of a step.
        length: T, WordPieces of a sequence.
        predictions: P, masked positions of a sequence; 0 for NER.
        trains: Whether to train, or to predict.
    """

    task: str = ""
    batch_size: int
    length: int
    predictions: int = 0
    trains: bool = True

    def count_operations(self, config: config_lib.BertConfig) -> int:
        """Returns the floating-point operations of an example; see above."""
        size, length, layers = config.hidden_size, self.length, config.num_hidden_layers
        of_layer = 4 * size**2 + 2 * size * config.intermediate_size
        products = layers * of_layer * length
        if self.predictions:
            of_word = size**2 + config.vocab_size * size
            products += of_word * self.predictions + size**2 + 2 * size
        else:
            products += NUM_LABELS * size * length
        forward = 2 * products + 4 * layers * length**2 * size
        return 3 * forward if self.trains else forward

    def make_arrays(self, vocab_size: int) -> dict[str, np.ndarray]:
        """Returns features of full sequences."""
        masked = max(self.predictions, 1)
        arrays = pretraining_step.make_arrays(vocab_size, self.length, masked)
        arrays = {name: rows[:NUM_EXAMPLES] for name, rows in arrays.items()}
        if self.predictions:
            return arrays
        features = {n: arrays[n] for n in ("input_ids", "input_mask", "segment_ids")}
        return features | {"label_ids": arrays["input_ids"] % NUM_LABELS}


WORKLOADS = {
    "pretraining_128": Workload(
        task="_pretraining", batch_size=8, length=128, predictions=20
    ),
    "pretraining_512": Workload(
        task="_pretraining", batch_size=2, length=512, predictions=77
    ),
    "ner_128": Workload(batch_size=16, length=128),
    "prediction_128": Workload(batch_size=8, length=128, trains=False),
}


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--hugging_face_python", help="with PyTorch in it; none to leave theirs out")
    add("--workloads", default=",".join(WORKLOADS), help="some of them")
    add("--precisions", default=",".join(PRECISIONS), help="some of them")
    add("--sides", default=",".join(SIDES), help="some of them")
    add("--bert_config_file", help="sizes; BERT-Base's by default")
    add("--threads", type=int, default=2, help="cores and threads of each side")
    add("--rounds", type=int, default=3, help="turns of each side")
    add("--steps", type=int, default=1, help="steps in a turn")
    args = parser.parse_args()
    for name, known in (
        ("workloads", tuple(WORKLOADS)),
        ("precisions", PRECISIONS),
        ("sides", SIDES),
    ):
        chosen = getattr(args, name).split(",")
        if not set(chosen) <= set(known):
            parser.error(f"--{name} must be some of {','.join(known)}.")
        setattr(args, name, chosen)
    if not args.hugging_face_python:
        args.sides = [side for side in args.sides if side != "theirs"]
    return args


def start(
    args: argparse.Namespace, workload: Workload, setup: dict[str, Any]
) -> dict[str, commands.Client]:
    """Starts the sides that are asked for, and the one that only multiplies."""
    starters = {"products": ("products", "", False)}
    for side in args.sides:
        name, _, xla = side.partition("_")
        if workload.trains or not xla:
            starters[side] = (name, workload.task, bool(xla))
    return {
        side: hugging_face.start_sides(args, setup | {"xla": xla}, task, (name,))[name]
        for side, (name, task, xla) in starters.items()
    }


def measure(
    args: argparse.Namespace, workload: Workload, sides: dict[str, commands.Client]
) -> hugging_face.Seconds:
    """Returns the seconds of a step, or of a product, in each turn, by side."""

    def make(name: str, first: int, count: int) -> float:
        if name == "products":
            return sides[name].call("multiply", NUM_PRODUCTS) / NUM_PRODUCTS
        if workload.trains:
            return sides[name].call("train", first, count) / count
        taken = sides[name].call("predict", 0, NUM_EXAMPLES)
        return taken * workload.batch_size / NUM_EXAMPLES

    for name in sides:
        make(name, 0, 1)  # Traces, compiles, and makes room.
    seconds: hugging_face.Seconds = {name: [] for name in sides}
    for turn in range(args.rounds):
        for name, of_side in seconds.items():
            of_side.append(make(name, 1 + turn * args.steps, args.steps))
    return seconds


def summarize(
    title: str,
    workload: Workload,
    operations: int,
    seconds: hugging_face.Seconds,
    peaks: dict[str, float],
) -> hugging_face.Report:
    """Prints and returns what came out for a workload in a precision."""
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    rate = 2 * PRODUCT_SIZE**3 / medians.pop("products")
    print(
        f"{title}: products {rate / 1e9:.0f} GFLOP/s, an example "
        f"{operations / 1e9:.1f} GFLOP\n"
        f"  {'':10}{'examples/s':>11}{'s/step':>9}{'share':>8}{'peak MB':>9}"
    )
    report: hugging_face.Report = {
        "seconds": seconds,
        "operations_per_example": operations,
        "products_per_second": rate,
        "sides": {},
    }
    for name, median in medians.items():
        speed = workload.batch_size / median
        share = speed * operations / rate
        print(
            f"  {name:10}{speed:11.2f}{median:9.3f}{share:8.1%}{peaks[name]:9.0f}",
            flush=True,
        )
        report["sides"][name] = {
            "examples_per_second": speed,
            "share_of_products": share,
            "peak_megabytes": peaks[name],
        }
    return report


def run(
    args: argparse.Namespace, name: str, precision: str, folder: pathlib.Path
) -> hugging_face.Report:
    """Measures a workload in a precision."""
    workload = WORKLOADS[name]
    arrays = folder / f"{name}.npz"
    setup = hugging_face.make_setup(args, arrays, NUM_LABELS)
    setup |= {
        "train_batch_size": workload.batch_size,
        "predict_batch_size": workload.batch_size,
        "precision": precision,
        "predicts_only": not workload.trains,
        "product_size": PRODUCT_SIZE,
    }
    config = config_lib.BertConfig(**setup["config"])
    np.savez(arrays, **workload.make_arrays(config.vocab_size))
    sides = start(args, workload, setup)
    seconds = measure(args, workload, sides)
    peaks = {side: client.peak_megabytes() for side, client in sides.items()}
    report = summarize(
        f"{name}, {precision}",
        workload,
        workload.count_operations(config),
        seconds,
        peaks,
    )
    report["about"] = {side: client.about for side, client in sides.items()}
    for client in sides.values():
        client.close()
    return report


def main() -> None:
    """Measures what the command line asks for and prints what came out."""
    args = parse_arguments()
    report = hugging_face.describe_machine(args.threads)
    print(f"{report['machine']}, {args.threads} threads", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in args.workloads:
            for precision in args.precisions:
                found = run(args, name, precision, pathlib.Path(folder))
                report[f"{name}, {precision}"] = found
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
