# SPDX-License-Identifier: Apache-2.0
"""The numbers of a run over time: a progress line, metrics.jsonl, TensorBoard.

Drawing them is in `plots.py`.
"""

import json
import math
import os
import pathlib
import time
from collections.abc import Mapping

import tensorflow as tf
from absl import logging

from modeling import files

METRICS_FILE = "metrics.jsonl"
# What the names of an evaluation's scores begin with in a record.
SCORE = "eval/"

# Seconds between two progress lines.
_LINE_SECONDS = 10.0


def read_metrics(output_dir: str | os.PathLike[str]) -> list[dict[str, float]]:
    """Returns the records of a run's metrics.jsonl, none if it is absent.

    A last line that a killed run left unfinished is passed over.
    """
    path = pathlib.Path(output_dir) / METRICS_FILE
    records = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").split("\n"):
            try:
                records.append(json.loads(line))
            except ValueError:
                continue
    return records


def score_names(record: Mapping[str, float]) -> list[str]:
    """Returns the names in a record that are those of scores."""
    return [name for name in record if name.startswith(SCORE)]


class MetricsWriter:
    """Appends records to metrics.jsonl and to TensorBoard's event file."""

    def __init__(self, output_dir: str | os.PathLike[str], *, first_step: int) -> None:
        """Opens both files.

        Args:
            output_dir: Folder of the run.
            first_step: Updates made so far. Records of later steps, which a
                killed run wrote after its last checkpoint, are dropped.
        """
        self._path = pathlib.Path(output_dir) / METRICS_FILE
        kept = [r for r in read_metrics(output_dir) if r["step"] <= first_step]
        files.write_text(
            self._path, "".join(json.dumps(record) + "\n" for record in kept)
        )
        self._is_muted = files.writes_nothing()
        if self._is_muted:
            self._events = tf.summary.create_noop_writer()
        else:
            self._events = tf.summary.create_file_writer(str(output_dir))

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Writes one record.

        Args:
            step: Updates made.
            values: Numbers by name.
        """
        if self._is_muted:
            return
        record = {"step": step} | {name: float(x) for name, x in values.items()}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        with self._events.as_default(step=step):
            for name, value in values.items():
                tf.summary.scalar(name, value)

    def close(self) -> None:
        """Writes what is still held back and closes TensorBoard's file."""
        self._events.close()


class Progress:
    """Logs a line every ten seconds: position, numbers, rate, time left."""

    def __init__(
        self,
        verb: str,
        *,
        total: int | None,
        unit: str,
        first: int = 0,
        device: str = "",
    ) -> None:
        """Starts the clock.

        Args:
            verb: What is going on, such as "training".
            total: Units until the end; None if that is not known.
            unit: What is counted, such as "step".
            first: Units that are done already.
            device: What it runs on; no part of the line if empty.
        """
        self._verb, self._unit, self._device = verb, unit, device
        self._total, self._first = total, first
        self._start = self._warm = self._last_line = time.monotonic()
        self._is_warm = False

    def update(self, done: int, values: Mapping[str, float], rate: str = "") -> None:
        """Logs a line if it is time for one, or if this is the end.

        Args:
            done: Units that are done.
            values: Numbers to show, by name.
            rate: Speed in words; units per second if empty.
        """
        now = time.monotonic()
        is_end = done == self._total
        if not self._is_warm and not is_end:
            # The first call traces the graph; its time would spoil the rate.
            self._is_warm, self._first, self._warm = True, done, now
        if not is_end and now - self._last_line < _LINE_SECONDS:
            return
        self._last_line = now
        speed = (done - self._first) / max(now - self._warm, 1e-9)
        parts = [
            f"{self._verb} {self._unit} {self._position(done)}",
            *(f"{name} {value:.4g}" for name, value in values.items()),
            rate or f"{speed:.4g} {self._unit}/s",
        ]
        if is_end:
            parts.append(f"took {format_seconds(now - self._start)}")
        elif self._total is not None:
            left = (self._total - done) / speed if speed else math.nan
            parts.append(f"ETA {format_seconds(left)}")
        logging.info("%s", "  ".join([*parts, self._device]).rstrip())

    def _position(self, done: int) -> str:
        """Returns how far it is."""
        return str(done) if self._total is None else f"{done}/{self._total}"


def format_seconds(seconds: float) -> str:
    """Returns a duration as h:mm:ss.

    Example:
        >>> format_seconds(3725.2)
        '1:02:05'
        >>> format_seconds(float("nan"))
        'unknown'
    """
    if math.isnan(seconds):
        return "unknown"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
