# SPDX-License-Identifier: Apache-2.0
"""Measures training in several processes of one machine against one process.

Usage:
    python benchmarks/replication.py [--sizes=minilm] [--bert_config_file=JSON]
        [--num_processes=2] [--accumulate_steps=4] [--batch_size=32] [--steps=8]
        [--rounds=2] [--precision=float32]

Both sides are whole runs of run_ner.py on the same random sentences of 128 WordPieces,
with the same global batch, and take turns:

    one      one process with a thread for each core
    several  --num_processes, each with its share of the cores, that accumulate
             gradients over --accumulate_steps parts and then add them up

Speed is the median `examples_per_second` of metrics.jsonl, but for its first record,
which has the tracing in it. Starting and saving do not count. What several processes
lose on a machine is the time in which they add gradients up and update each its own
copy of the weights; accumulating makes that rarer.

Prints the medians of the rounds, their ratio beside the target of 0.8, and everything
as JSON in the last line. Takes about five minutes on two cores with MiniLM's sizes.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import random
import statistics
import sys
import tempfile

import hugging_face
import random_weights
import whole_processes

from modeling import config as config_lib
from modeling.training import metrics

TARGET = 0.8
LENGTH = 128
SIZES = {
    "base": random_weights.BERT_BASE,
    # Those of MiniLM-L12-H384.
    "minilm": config_lib.BertConfig(
        vocab_size=30522, hidden_size=384, intermediate_size=1536, type_vocab_size=2
    ),
}
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--sizes", choices=tuple(SIZES), default="minilm")
    add("--bert_config_file", help="other sizes")
    add("--num_processes", type=int, default=2, help="of the side with several")
    add("--accumulate_steps", type=int, default=4, help="likewise")
    add("--batch_size", type=int, default=32, help="sentences of an update, of both")
    add("--steps", type=int, default=8, help="updates of a run, at least 2")
    add("--rounds", type=int, default=2, help="runs of each side")
    add("--precision", default="float32")
    args = parser.parse_args()
    if args.steps < 2:
        parser.error("--steps must be at least 2: the first one traces.")
    return args


def write_data(
    folder: pathlib.Path, config: config_lib.BertConfig, num_sentences: int
) -> None:
    """Writes sizes, a vocabulary and sentences that fill all positions.

    Args:
        folder: Where to.
        config: The sizes.
        num_sentences: How many.
    """
    words = [f"Word{number}" for number in range(config.vocab_size - len(_SPECIAL))]
    draw = random.Random(0)
    sizes = json.dumps(config.to_dict())
    (folder / "bert_config.json").write_text(sizes, encoding="utf-8")
    pieces = "\n".join([*_SPECIAL, *words, ""])
    (folder / "vocab.txt").write_text(pieces, encoding="utf-8")
    with (folder / "train_dev.tsv").open("w", encoding="utf-8") as file:
        for _ in range(num_sentences):
            # [CLS] and [SEP] fill the rest.
            for word in draw.choices(words, k=LENGTH - 2):
                file.write(f"{word}\t{draw.choice('BO')}\n")
            file.write("\n")


def train(
    args: argparse.Namespace, folder: pathlib.Path, name: str, *flags: str
) -> dict[str, float]:
    """Trains in a folder of its own and returns what it took.

    Args:
        args: The command line's.
        folder: With the data.
        name: Of the output folder, in which nothing may be.
        *flags: What the side adds.
    """
    command = [sys.executable, "run_ner.py", "--do_train", "--do_predict=false"]
    command += [f"--data_dir={folder}", f"--vocab_file={folder / 'vocab.txt'}"]
    command += [f"--bert_config_file={folder / 'bert_config.json'}"]
    command += [f"--output_dir={folder / name}", f"--max_seq_length={LENGTH}"]
    command += [f"--train_batch_size={args.batch_size}", "--num_train_epochs=1"]
    command += [f"--precision={args.precision}", *flags]
    cost = whole_processes.measure(
        command, os.cpu_count() or 1, {"TF_CPP_MIN_LOG_LEVEL": "3"}
    )
    records = metrics.read_metrics(folder / name)
    speeds = [record["examples_per_second"] for record in records[1:]]
    for path in (folder / name).glob("model.ckpt-*"):
        path.unlink()
    found = {"examples_per_second": statistics.median(speeds)}
    return found | dataclasses.asdict(cost)


def main() -> None:
    """Measures both sides and prints what came out."""
    args = parse_arguments()
    config = SIZES[args.sizes]
    if args.bert_config_file:
        config = config_lib.read_config(args.bert_config_file)
    sides = {
        "one": ("--distribution=none",),
        "several": (
            f"--num_processes={args.num_processes}",
            f"--accumulate_steps={args.accumulate_steps}",
        ),
    }
    report = hugging_face.describe_machine(os.cpu_count() or 1)
    print(f"{report['machine']}, load {report['load_at_start']}", flush=True)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        write_data(folder, config, args.steps * args.batch_size)
        for turn in range(args.rounds):
            for name, flags in sides.items():
                found = train(args, folder, f"{name}_{turn}", *flags)
                runs[name].append(found)
                speed = found["examples_per_second"]
                print(f"{name:8}{speed:8.2f} examples/s", flush=True)
    speeds = {
        name: statistics.median(run["examples_per_second"] for run in of_side)
        for name, of_side in runs.items()
    }
    ratio = speeds["several"] / speeds["one"]
    print(
        f"{args.num_processes} processes, accumulating {args.accumulate_steps}, are "
        f"{ratio:.2f} times as fast as one (target: {TARGET})"
    )
    report |= {"settings": vars(args), "runs": runs, "medians": speeds, "ratio": ratio}
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
