# SPDX-License-Identifier: Apache-2.0
"""Measures dropout: milliseconds for one mask, ours against TensorFlow's.

Usage:
    python benchmarks/dropout.py [--rows=2048] [--columns=3072] [--runs=31]

Prints the fastest run, one call of a graph on ROWS x COLUMNS values on the CPU, as
other work on the machine only adds to the time:

    copy        reads and writes the values once, which no dropout can save;
    modeling    modeling.nn.dropout.apply;
    stateless   tf.nn.experimental.stateless_dropout;
    stateful    tf.nn.dropout, which a resumed run could not repeat.

The four take turns, so that none has a busy spell to itself.
The default is as many values as two layers of BERT-Base have attention weights, for 16
sequences of 128 WordPieces.
"""

import argparse
import time

import tensorflow as tf

from modeling.nn import dropout

RATE = 0.1


def make_functions(seed: tf.Tensor) -> dict[str, tf.types.experimental.GenericFunction]:
    """Returns the graphs that are compared, by name."""
    functions = {
        "copy": lambda x: x * 1.5,
        "modeling": lambda x: dropout.apply(x, RATE, seed),
        "stateless": lambda x: tf.nn.experimental.stateless_dropout(x, RATE, seed),
        "stateful": lambda x: tf.nn.dropout(x, RATE),
    }
    return {name: tf.function(function) for name, function in functions.items()}


def measure(rows: int, columns: int, runs: int) -> dict[str, list[float]]:
    """Returns the seconds of each run, by name."""
    inputs = tf.random.stateless_normal([rows, columns], [1, 2])
    functions = make_functions(dropout.step_seed(1, 2))
    for function in functions.values():
        function(inputs)  # Traces.
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(runs):
        for name, function in functions.items():
            start = time.perf_counter()
            function(inputs)
            seconds[name].append(time.perf_counter() - start)
    return seconds


def main() -> None:
    """Measures what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=2048)
    parser.add_argument("--columns", type=int, default=3072)
    parser.add_argument("--runs", type=int, default=31)
    args = parser.parse_args()

    with tf.device("CPU"):
        seconds = measure(args.rows, args.columns, args.runs)
    print(f"{args.rows} x {args.columns} values, {args.runs} runs")
    for name, values in seconds.items():
        print(f"{name:10}{1e3 * min(values):8.2f} ms")


if __name__ == "__main__":
    main()
