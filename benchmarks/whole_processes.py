# SPDX-License-Identifier: Apache-2.0
"""Runs whole commands and says what they cost: `*_prediction.py`, `replication.py`.

`compare` lets commands of ours and of Hugging Face's take turns on the same cores.
"""

import abc
import argparse
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import random_weights

from modeling import config as config_lib

ROOT = pathlib.Path(__file__).resolve().parent.parent
_SIDES = ROOT / "benchmarks" / "hugging_face_sides"


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one process took.

    Attributes:
        wall: Seconds from its start to its end.
        cpu: Seconds of all its threads, user and system.
        peak_mb: Most memory it held.
        load: Processes that wanted a core when it ended, its own threads included.
    """

    wall: float
    cpu: float
    peak_mb: float
    load: float


def measure(command: Sequence[str], num_cores: int, env: Mapping[str, str]) -> Cost:
    """Runs a command to its end on some cores; prints its output if it fails."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))[:num_cores]
        os.sched_setaffinity(0, cores)  # What is started inherits them.
    with tempfile.TemporaryFile("w+") as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=ROOT, env={**os.environ, **env}
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            sys.exit(
                f"{' '.join(command)}: The process must end well. Received: status "
                f"{process.returncode}, and\n{log.read()[-3000:]}"
            )
    # Linux counts memory in KiB.
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(wall, cpu, usage.ru_maxrss / 1024, os.getloadavg()[0])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the flags that every comparison has."""
    add = parser.add_argument
    add("--vocab_file", required=True)
    add("--hugging_face_python", help="with PyTorch in it; none to leave theirs out")
    add("--model", help="weights; random ones by default")
    add("--bert_config_file", help="sizes; BERT-Base's by default")
    add("--do_lower_case", action="store_true")
    add("--rounds", type=int, default=3, help="turns of each side")
    add("--precisions", default="float32,bfloat16")
    add("--attention", default="sdpa", help="theirs: sdpa or eager")
    add("--threads", type=int, default=2, help="cores of each side")
    add("--seed", type=int, default=0, help="of random weights")


class Sides(abc.ABC):
    """The commands that are compared, and where they write.

    Attributes:
        THEIRS: What is compared with "ours", by name.
    """

    THEIRS: ClassVar[Sequence[str]] = ("theirs",)

    def __init__(
        self,
        args: argparse.Namespace,
        folder: pathlib.Path,
        head: random_weights.Head,
    ) -> None:
        """Makes the model, if none is given.

        Args:
            args: The command line's.
            folder: For the model and what is predicted.
            head: Of the model that is made.
        """
        self._args, self._folder = args, folder
        config = random_weights.BERT_BASE
        if args.bert_config_file:
            config = config_lib.read_config(args.bert_config_file)
        self._config_file = folder / "bert_config.json"
        self._config_file.write_text(json.dumps(config.to_dict()), encoding="utf-8")
        self._model = args.model
        if not args.model:
            self._model = str(folder / "model")
            random_weights.make_model(folder / "model", config, head, args.seed)

    @abc.abstractmethod
    def ours(self, name: str, precision: str, *extra: str) -> Cost:
        """Runs ours with some more flags; its files are in the folder `name`."""

    @abc.abstractmethod
    def theirs(self, side: str, name: str, precision: str) -> Cost:
        """Runs one of `THEIRS`; its files are in the folder `name`."""

    @abc.abstractmethod
    def agreement(self, name: str, other: str) -> dict[str, int]:
        """Compares what two runs have written."""

    def _run_ours(
        self, program: str, name: str, precision: str, flags: Sequence[str]
    ) -> Cost:
        args = self._args
        command = [sys.executable, program, *flags, f"--vocab_file={args.vocab_file}"]
        command += [f"--bert_config_file={self._config_file}"]
        command += [f"--init_checkpoint={self._model}", f"--precision={precision}"]
        command += [f"--output_dir={self._folder / name}"]
        command += [f"--do_lower_case={str(args.do_lower_case).lower()}"]
        return measure(command, args.threads, {"TF_CPP_MIN_LOG_LEVEL": "3"})

    def _run_theirs(
        self, program: str, name: str, precision: str, flags: Sequence[str]
    ) -> Cost:
        args = self._args
        command = [args.hugging_face_python, str(_SIDES / program), *flags]
        command += [f"--model={self._model}", f"--vocab_file={args.vocab_file}"]
        command += [f"--precision={precision}", f"--threads={args.threads}"]
        command += [f"--output_dir={self._folder / name}"]
        command += [f"--attention={args.attention}"]
        command += ["--do_lower_case"] if args.do_lower_case else []
        env = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(args.threads)}
        return measure(command, args.threads, env)


def compare(sides: Sides, args: argparse.Namespace) -> dict[str, Any]:
    """Lets both sides take turns in each precision; prints and returns what came out.

    One more run of ours, padded and in float32, is what all are compared with.
    """
    padded = sides.ours("padded", "float32")
    print(f"ours, padded, float32: {padded.wall:.1f} s", flush=True)
    report: dict[str, Any] = {"padded": dataclasses.asdict(padded)}
    names = ["ours", *(sides.THEIRS if args.hugging_face_python else ())]
    for precision in args.precisions.split(","):
        costs: dict[str, list[Cost]] = {name: [] for name in names}
        for _ in range(args.rounds):
            for name, of_side in costs.items():
                to = f"{name}_{precision}"
                of_side.append(
                    sides.ours(to, precision, "--length_buckets")
                    if name == "ours"
                    else sides.theirs(name, to, precision)
                )
        report[precision] = _summarize(precision, costs)
        for name in names:
            found = sides.agreement(f"{name}_{precision}", "padded")
            report[precision][f"{name} beside padded"] = found
            print(f"  {name} beside ours padded in float32: {found}", flush=True)
    return report


def _summarize(precision: str, costs: Mapping[str, Sequence[Cost]]) -> dict[str, Any]:
    """Prints and returns the medians for one precision, and ours divided by theirs."""
    print(f"{precision}: wall s, CPU s, peak MB")
    medians: dict[str, dict[str, float]] = {}
    for name, of_side in costs.items():
        medians[name] = {
            field: statistics.median(getattr(cost, field) for cost in of_side)
            for field in ("wall", "cpu", "peak_mb")
        }
        print(f"  {name:14}" + "".join(f"{x:9.1f}" for x in medians[name].values()))
    ours = medians["ours"]
    ratios = {
        name: {field: round(ours[field] / values[field], 3) for field in ours}
        for name, values in medians.items()
        if name != "ours"
    }
    for name, ratio in ratios.items():
        print(f"  ours / {name}: {ratio}", flush=True)
    return {
        "runs": {n: [dataclasses.asdict(c) for c in cs] for n, cs in costs.items()},
        "medians": medians,
        "ratios": ratios,
    }
