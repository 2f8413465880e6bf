# SPDX-License-Identifier: Apache-2.0
"""Measures our speed against Hugging Face's: a training step, and prediction.

Usage:
    python benchmarks/hugging_face.py [--hugging_face_python=PATH]
        [--data=TSV --vocab_file=TXT] [--bert_config_file=JSON] [--threads=2]
        [--rounds=8] [--steps=2]

Both sides run in processes of their own, on the same cores, with the same sizes and
the same arrays, and take turns, so that a busy spell of the machine meets both:

    training    `--steps` steps of 16 sentences x 128 WordPieces a turn, with dropout:
                forward, loss, backward, clipping, AdamW. Ours are those of run_ner.py,
                its input pipeline included; theirs BertForTokenClassification with
                the fastest of PyTorch's implementations of AdamW.
    prediction  all sentences of --data once, an equal part of them a turn, in batches
                of 8 padded to 128.

Weights are random, as speed does not depend on them. Takes about ten minutes on two
cores. Prints the median of the turns and, as the last line, all of them as JSON. How
to set up the other side is in README.md beside this file.
"""

import argparse
import datetime
import itertools
import json
import os
import pathlib
import platform
import statistics
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from hugging_face_sides import commands

from modeling import config as config_lib
from modeling.data import ner, ner_files
from modeling.text import tokenization, vocabulary

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIDES = pathlib.Path(__file__).resolve().parent / "hugging_face_sides"
BERT_BASE = config_lib.BertConfig(vocab_size=28996, type_vocab_size=2)
LENGTH = 128
TRAIN_BATCH_SIZE = 16
PREDICT_BATCH_SIZE = 8

Report = dict[str, Any]
Seconds = dict[str, list[float]]  # Of each turn, by side.


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--hugging_face_python", default=sys.executable, help="with PyTorch in it")
    add("--data", default=ROOT / "sample_data/ner/test.tsv", help="BIO file")
    add("--vocab_file", default=ROOT / "sample_data/vocab.txt")
    add("--bert_config_file", help="sizes; BERT-Base's by default")
    add("--threads", type=int, default=2, help="cores and threads of each side")
    add("--rounds", type=int, default=8, help="turns of each side")
    add("--steps", type=int, default=2, help="training steps in a turn")
    return parser.parse_args()


def write_arrays(args: argparse.Namespace, path: pathlib.Path) -> tuple[int, int]:
    """Writes the features of all sentences.

    Args:
        args: Names the data and the vocabulary.
        path: The file to write.

    Returns:
        The numbers of sentences and of labels.
    """
    sentences = ner_files.read_file(args.data, "original")
    labels = ner.derive_labels(sentences)
    pieces = vocabulary.read_vocabulary(args.vocab_file).pieces
    split = ner_files.featurize_file(
        args.data,
        sentences,
        tokenization.BertTokenizer(pieces),
        labels=labels,
        max_seq_length=LENGTH,
    )
    np.savez(path, **split.data.arrays)
    return len(sentences), len(labels)


def make_setup(
    args: argparse.Namespace, arrays: pathlib.Path, num_labels: int
) -> dict[str, Any]:
    """Returns what both sides are made of: training and prediction in float32."""
    config = BERT_BASE
    if args.bert_config_file:
        config = config_lib.read_config(args.bert_config_file)
    return {
        "config": config.to_dict(),
        "num_labels": num_labels,
        "arrays": str(arrays),
        "threads": args.threads,
        "learning_rate": 1e-5,
        "train_batch_size": TRAIN_BATCH_SIZE,
        "predict_batch_size": PREDICT_BATCH_SIZE,
        "precision": "float32",
        "xla": False,
        "predicts_only": False,
    }


def start_sides(
    args: argparse.Namespace,
    setup: dict[str, Any],
    task: str = "",
    names: Sequence[str] = ("theirs", "ours"),
) -> dict[str, commands.Client]:
    """Starts both sides, one after the other: theirs measures as it starts.

    Theirs comes first, as its environment is the one that may be missing. `task`
    is what the names of the sides' programs end with.
    """
    ours_env = {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    threads = {"OMP_NUM_THREADS": str(args.threads)}
    processes = {
        "theirs": (args.hugging_face_python, {"HF_HUB_OFFLINE": "1", **threads}),
        "ours": (sys.executable, ours_env),
        "products": (sys.executable, ours_env),
    }
    sides = {}
    for name in names:
        python, env = processes[name]
        side = commands.Client(python, str(SIDES / f"{name}{task}.py"), setup, env)
        side.wait_until_ready()
        sides[name] = side
    return sides


def measure_training(
    sides: dict[str, commands.Client], rounds: int, steps: int
) -> Seconds:
    """Returns the seconds of a step in each turn, by side."""
    for side in sides.values():
        side.call("train", 0, 1)  # Traces, and makes room for gradients and slots.
    seconds: Seconds = {name: [] for name in sides}
    for turn in range(rounds):
        for name, side in sides.items():
            seconds[name].append(side.call("train", 1 + turn * steps, steps) / steps)
    return seconds


def measure_prediction(
    sides: dict[str, commands.Client], rounds: int, num_sentences: int
) -> Seconds:
    """Returns the seconds per padded position in each turn, by side."""
    for side in sides.values():
        side.call("predict", 0, PREDICT_BATCH_SIZE)
    # Parts end where batches do, or the last batch of each part would be smaller.
    num_batches = -(-num_sentences // PREDICT_BATCH_SIZE)
    cuts = np.linspace(0, num_batches, rounds + 1).astype(int) * PREDICT_BATCH_SIZE
    cuts = np.unique(np.minimum(cuts, num_sentences)).tolist()
    seconds: Seconds = {name: [] for name in sides}
    for first, end in itertools.pairwise(cuts):
        for name, side in sides.items():
            taken = side.call("predict", first, end)
            seconds[name].append(taken / ((end - first) * LENGTH))
    return seconds


def describe_machine(threads: int) -> Report:
    """Returns what the numbers depend on besides the programs."""
    model = platform.processor()
    cpu_info = pathlib.Path("/proc/cpuinfo")
    if cpu_info.exists():
        lines = cpu_info.read_text(encoding="utf-8").splitlines()
        names = [line.partition(":")[2] for line in lines if "model name" in line]
        model = names[0].strip() if names else model
    return {
        "machine": f"{platform.machine()} {model}, {os.cpu_count()} cores",
        "threads": threads,
        "load_at_start": round(os.getloadavg()[0], 2),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def report_training(
    sides: dict[str, commands.Client], seconds: Seconds, sizes: str
) -> Report:
    """Prints and returns what came out for training in batches of `sizes`."""
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(f"Training step, {sizes}, float32")
    for name in sides:
        print(f"{name:8}{medians[name]:8.3f} s")
    report: Report = {"step_seconds": seconds, "step_medians": medians}
    if "theirs" in medians:
        report["training_ratio"] = medians["theirs"] / medians["ours"]
        print(f"ours is {report['training_ratio']:.2f} times as fast", flush=True)
    return report


def report_prediction(sides: dict[str, commands.Client], seconds: Seconds) -> Report:
    """Prints and returns what came out for prediction."""
    speeds = {name: 1 / statistics.median(values) for name, values in seconds.items()}
    ratio = speeds["ours"] / speeds["theirs"]
    print(f"Prediction, batches of {PREDICT_BATCH_SIZE} padded to {LENGTH}, float32")
    for name in sides:
        print(f"{name:8}{speeds[name]:8.0f} positions/s")
    print(f"ours is {ratio:.2f} times as fast", flush=True)
    return {
        "position_seconds": seconds,
        "positions_per_second": speeds,
        "prediction_ratio": ratio,
    }


def main() -> None:
    """Measures both and prints what came out."""
    args = parse_arguments()
    report = describe_machine(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        arrays = pathlib.Path(folder) / "arrays.npz"
        num_sentences, num_labels = write_arrays(args, arrays)
        sides = start_sides(args, make_setup(args, arrays, num_labels))
        print(
            f"{report['machine']}, {args.threads} threads, "
            f"load {report['load_at_start']}, {num_sentences} sentences"
        )
        for name, side in sides.items():
            report[name] = side.about
            print(f"{name:8}{side.about['versions']}", flush=True)
        seconds = measure_training(sides, args.rounds, args.steps)
        report |= report_training(sides, seconds, f"{TRAIN_BATCH_SIZE} x {LENGTH}")
        seconds = measure_prediction(sides, args.rounds, num_sentences)
        report |= report_prediction(sides, seconds)
        print(json.dumps(report), flush=True)
        for side in sides.values():
            side.close()


if __name__ == "__main__":
    main()
