# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of one run: which to keep, which is newest, which is best.

How a checkpoint is written is left to `checkpoints`; when to save, and what a
score is, to the training loop.
"""

import contextlib
import json
import math
import operator
import os
import pathlib
import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from modeling import errors, files
from modeling.training import checkpoint_files, checkpoint_folders, checkpoints

_STEM = "model.ckpt"
_BEST = "best_checkpoint.json"
_TEMPORARY = re.compile(
    rf"\.(?:{re.escape(_STEM)}-\d+|checkpoint|{re.escape(_BEST)})"
    r"\.(?P<pid>\d+)\.tmp(?:\..+)?"
)


class Saver:
    """Writes `model.ckpt-N` into a folder, and keeps the newest and the best.

    Attributes:
        output_dir: The folder.
    """

    def __init__(
        self,
        output_dir: str | os.PathLike[str],
        max_to_keep: int = 5,
        *,
        read_only: bool = False,
    ) -> None:
        """Makes the folder and removes what killed runs left half-written.

        Args:
            output_dir: Folder of the checkpoints.
            max_to_keep: How many of the newest to keep, at least 1. The best
                one is kept besides.
            read_only: Leaves the folder as it is. For all but one of the
                processes of a run, as the one may be writing.

        Raises:
            ValueError: If `max_to_keep` is below 1.
            errors.InputError: If the folder cannot be made.
        """
        if max_to_keep < 1:
            raise ValueError(
                f"`max_to_keep` must be at least 1. Received: {max_to_keep}."
            )
        self.output_dir = pathlib.Path(output_dir)
        self._max_to_keep = max_to_keep
        self._read_only = read_only
        self._last_saved: int | None = None
        if not read_only:
            try:
                self.output_dir.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise errors.InputError(
                    f"{output_dir}: A folder that can be written is needed for the "
                    f"checkpoints. Received one that cannot be made: {error}."
                ) from error
            self._remove_leftovers()

    def save(
        self,
        step: int,
        values: Mapping[str, np.ndarray | np.generic | tf.Tensor | tf.Variable],
    ) -> str:
        """Writes a checkpoint, then deletes those no longer to be kept.

        Args:
            step: N in `model.ckpt-N`.
            values: Array by name, slots included. `global_step` is added if it
                is not there.

        Returns:
            The checkpoint's prefix.

        Raises:
            ValueError: If `values` holds another `global_step`, or this saver is
                read-only.
            errors.InputError: If the checkpoint cannot be written; then all
                earlier ones are as they were.
        """
        self._check_writable()
        values = {"global_step": np.int64(step), **values}
        global_step = int(tf.convert_to_tensor(values["global_step"]))
        if global_step != step:
            raise ValueError(
                "The step in a checkpoint's name must be its `global_step`. Received: "
                f"step={step}, global_step={global_step}."
            )
        prefix = self._prefix(step)
        checkpoints.write(prefix, values)
        self._last_saved = step
        self._clean_up()
        return str(prefix)

    def steps(self) -> list[int]:
        """Returns the steps whose checkpoints have all their files, ascending."""
        return [
            step
            for step in self._known_steps()
            if checkpoint_files.what_is_missing(self._prefix(step)) is None
        ]

    def latest(self) -> str | None:
        """Returns the prefix of the newest checkpoint that can be read.

        Looks at the files themselves, as the state file may be lost, or older
        than they are. Incomplete and damaged ones are passed over, with a warning.
        """
        for step in reversed(self._known_steps()):
            try:
                return checkpoints.CheckpointReader(self._prefix(step)).prefix
            except errors.InputError as error:
                logging.warning("A checkpoint is passed over. %s", error)
        return None

    def is_better(self, score: float) -> bool:
        """Tells whether `score` is above that of the best checkpoint so far.

        Any score is better than none; one that is not a number is not.
        """
        best = self.best()
        return not math.isnan(score) and (best is None or score > best["score"])

    def mark_best(self, step: int, score: float, name: str) -> None:
        """Keeps the checkpoint of `step` as the best, in place of the last best.

        Args:
            step: A step whose checkpoint is there.
            score: Its score, kept for the record; the caller compares.
            name: What was scored, such as "entity_f1".

        Raises:
            ValueError: If this saver is read-only.
            errors.InputError: If there is no such checkpoint, or the record
                cannot be written.
        """
        self._check_writable()
        if step not in self.steps():
            raise errors.InputError(
                f"{self.output_dir}: Only a checkpoint that is there can be the best. "
                f"Received: step {step}. There are {self.steps()}."
            )
        record = {
            "checkpoint": f"{_STEM}-{step}",
            "step": step,
            "name": name,
            "score": float(score),
        }
        try:
            files.write_json(self.output_dir / _BEST, record)
        except OSError as error:
            raise errors.InputError(
                f"{self.output_dir / _BEST}: The best checkpoint cannot be recorded: "
                f"{error}."
            ) from error
        self._clean_up()

    def best(self) -> dict[str, Any] | None:
        """Returns the record of the best checkpoint, or None if there is none.

        Returns:
            "checkpoint", its name in the folder; "step"; "name", what was
            scored; and "score". None, with a warning, if the record is there
            and the checkpoint is not.
        """
        path = self.output_dir / _BEST
        if not path.is_file():
            return None
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            step = operator.index(record["step"])
            float(record["score"])
            missing = checkpoint_files.what_is_missing(self._prefix(step))
        except (ValueError, TypeError, KeyError):
            record, missing = None, "a readable record"
        if missing is not None:
            logging.warning("%s: Passed over, as %s is missing.", path, missing)
            return None
        return record

    def discard_all(self, *, keep: Collection[str] = ()) -> None:
        """Deletes all checkpoints in the folder, for a run that starts over.

        Args:
            keep: Prefixes not to delete, such as that of the initial weights.

        Raises:
            ValueError: If this saver is read-only.
        """
        self._check_writable()
        kept = {pathlib.Path(prefix).resolve() for prefix in keep}
        for name in ("checkpoint", _BEST):
            (self.output_dir / name).unlink(missing_ok=True)
        for step in self._known_steps():
            prefix = self._prefix(step)
            if prefix.resolve() not in kept:
                logging.info("Deleting %s: the run starts over.", prefix)
                checkpoint_files.delete(prefix)

    def _prefix(self, step: int) -> pathlib.Path:
        """Returns the prefix of one step's checkpoint."""
        return self.output_dir / f"{_STEM}-{step}"

    def _known_steps(self) -> list[int]:
        """Returns the steps of which any file is there, ascending."""
        if not self.output_dir.is_dir():
            return []
        pairs = map(
            checkpoint_files.split_step,
            checkpoint_files.list_prefixes(self.output_dir),
        )
        return sorted(
            step for stem, step in pairs if stem == _STEM and step is not None
        )

    def _clean_up(self) -> None:
        """Writes the state file, then deletes what is older and not to be kept.

        What has a higher step than the one saved last stays: it is incomplete,
        or of a run that this one does not know of.
        """
        steps = self.steps()
        newest = steps[-1] if self._last_saved is None else self._last_saved
        kept = set(steps[-self._max_to_keep :]) | {newest}
        best = self.best()
        if best is not None:
            kept.add(best["step"])
        names = [f"{_STEM}-{step}" for step in [*sorted(kept - {newest}), newest]]
        try:
            checkpoint_folders.write_state(self.output_dir, names[-1], names)
            for step in self._known_steps():
                if step < newest and step not in kept:
                    checkpoint_files.delete(self._prefix(step))
        except OSError as error:
            # The new checkpoint itself is safe: no reason to stop a long run.
            logging.warning("%s: Tidying up failed: %s", self.output_dir, error)

    def _check_writable(self) -> None:
        if self._read_only:
            raise ValueError(
                "This saver was made with read_only=True and cannot write to "
                f"{self.output_dir}."
            )

    def _remove_leftovers(self) -> None:
        """Removes temporary files of processes that are no more."""
        for path in self.output_dir.iterdir():
            match = _TEMPORARY.fullmatch(path.name)
            if match and not _is_running_elsewhere(int(match["pid"])):
                logging.info("Removing %s, left by a killed run.", path)
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)


def _is_running_elsewhere(pid: int) -> bool:
    """Tells whether another process of this machine has the id `pid`.

    Our own id does not count: we have not written yet, and in a container every
    run has the same one.
    """
    # On Windows a signal cannot only ask, and open files cannot be removed.
    if pid == os.getpid() or os.name == "nt":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # Someone else's, or no id at all.
        return True
    return True
