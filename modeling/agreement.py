# SPDX-License-Identifier: Apache-2.0
"""Whether all processes of a run do the same with the same data.

Compared before they meet in anything else: processes that differ would wait for each
other forever, or mix what they compute. Weights need no comparison, as all take those
of the first process.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from modeling import errors, files
from modeling.training import replication

# Where files are written, and what is large and taken from the first process.
_NOT_COMPARED = ("output_dir", "init_checkpoint")


def check(replicas: replication.Replication, facts: Mapping[str, Any]) -> None:
    """Checks that facts are the same in all processes.

    Args:
        replicas: Where the run is; every process must call this.
        facts: Values of JSON's kinds by name.

    Raises:
        errors.InputError: If a process differs from the first, in all of them.
    """
    if replicas.num_processes == 1:
        return
    short = {name: _digest(value) for name, value in facts.items()}
    gathered = replicas.gather_objects(short)
    for index, other in enumerate(gathered):
        for name in gathered[0] | other:
            mine, theirs = gathered[0].get(name), other.get(name)
            if mine != theirs:
                raise errors.InputError(
                    "All processes must have the same flags and data. Received of "
                    f"process {index}: {name} {theirs}, of process 0: {mine}."
                )


def flags_and_files(of_run: Any) -> dict[str, Any]:  # noqa: ANN401
    """Returns the values of flags; of those that name files, what is in these.

    Args:
        of_run: The settings, a dataclass. Files of `--x_dir` count without those in
            its folders; checkpoints do not.
    """
    facts: dict[str, Any] = {}
    for name, value in dataclasses.asdict(of_run).items():
        # One process may see a file under another path than the others.
        if not name.endswith(("_dir", "_file", "_checkpoint")):
            facts[f"--{name}"] = value
        elif value and name not in _NOT_COMPARED and os.path.exists(value):
            facts[f"files of --{name}"] = _content(pathlib.Path(value))
    return facts


def of_training(record: Mapping[str, Mapping[str, Any]], step: int) -> dict[str, Any]:
    """Returns what a training begins with.

    Args:
        record: What `run_record.make` says of the run, with digests of its data.
        step: Updates made so far, which the output folder tells.
    """
    facts: dict[str, Any] = {"updates made so far": step}
    for part in record.values():
        facts |= part
    return facts


def _content(path: pathlib.Path) -> dict[str, str]:
    """Returns digests of a file, or of the files of a folder, by name."""
    paths = sorted(path.iterdir()) if path.is_dir() else [path]
    return {
        one.name if path.is_dir() else "": files.sha256(one)
        for one in paths
        if one.is_file()
    }


def _digest(value: Any) -> str:  # noqa: ANN401
    """Returns a short digest of a value of JSON's kinds; short texts as they are."""
    text = json.dumps(value, sort_keys=True)
    return text if len(text) < 80 else hashlib.sha256(text.encode()).hexdigest()[:16]
