# SPDX-License-Identifier: Apache-2.0
"""What a folder of checkpoints stands for: its newest one.

TF1 notes the newest checkpoint in a text file named `checkpoint`. What is in
the checkpoints is left to `checkpoints`, which of them to keep to `saver`.
"""

import pathlib
from collections.abc import Sequence

import tensorflow as tf
from absl import logging

from modeling import errors, files
from modeling.training import checkpoint_files


def newest_in(folder: pathlib.Path) -> pathlib.Path:
    """Returns the prefix of the checkpoint that a folder stands for.

    Args:
        folder: Holds the files of one or more checkpoints.

    Returns:
        What the state file calls newest, if that is there whole; else the
        only checkpoint or, where they differ in their number of steps alone,
        the one with most steps, whole ones first.

    Raises:
        errors.InputError: If there is none, or several to choose from.
    """
    stated = stated_newest(folder)
    if stated is not None:
        return stated
    names = [
        name
        for name in checkpoint_files.list_prefixes(folder)
        if (folder / f"{name}.index").is_file()
    ]
    if not names:
        raise errors.InputError(
            f"{folder}: A folder with a checkpoint is needed, that is with files "
            f"named *.index and *.data-00000-of-00001. {describe(folder)}"
        )
    _check_related(folder, names)
    names.sort(key=lambda name: checkpoint_files.split_step(name)[1] or 0)
    for name in reversed(names):
        missing = checkpoint_files.what_is_missing(folder / name)
        if missing is None:
            return folder / name
        logging.warning("%s: Passed over, as %s is missing.", folder / name, missing)
    return folder / names[-1]


def describe(folder: pathlib.Path) -> str:
    """Says what a folder holds, or only its checkpoints if there are some."""
    if not folder.is_dir():
        return f"There is no folder {folder}."
    below = sorted(folder.glob("*.index")) + sorted(folder.glob("*/*.index"))
    if below:
        found = [checkpoint_files.strip_part(str(path)) for path in below]
        return f"Did you mean {' or '.join(found[:5])}?"
    names = sorted(path.name for path in folder.iterdir())
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"{folder} holds {', '.join(names[:10]) or 'nothing'}{more}."


def write_state(folder: pathlib.Path, newest: str, names: Sequence[str]) -> None:
    """Writes the state file, from which TF1 learns what is newest.

    Args:
        folder: The folder of the checkpoints.
        newest: Name of the newest checkpoint, relative to the folder, so that
            the folder can be moved.
        names: All checkpoints, `newest` included, oldest first.
    """
    lines = [f'model_checkpoint_path: "{newest}"']
    lines += [f'all_model_checkpoint_paths: "{name}"' for name in names]
    files.write_text(folder / "checkpoint", "\n".join(lines) + "\n")


def stated_newest(folder: pathlib.Path) -> pathlib.Path | None:
    """Returns the newest checkpoint by the state file, if it says and is there."""
    if not (folder / "checkpoint").is_file():
        return None
    try:
        state = tf.train.get_checkpoint_state(str(folder))
    except (tf.errors.OpError, ValueError):
        state = None
    if state is None or not state.model_checkpoint_path:
        logging.warning("%s: The state file cannot be read.", folder / "checkpoint")
        return None
    stated = pathlib.Path(state.model_checkpoint_path)
    # The state file of a folder that was moved names the old place.
    for prefix in (stated, folder / stated.name):
        if checkpoint_files.what_is_missing(prefix) is None:
            return prefix
    logging.warning(
        "%s names %s, which is not there whole; looking for others.",
        folder / "checkpoint",
        stated,
    )
    return None


def _check_related(folder: pathlib.Path, names: Sequence[str]) -> None:
    """Raises an error unless the names differ in their number of steps alone."""
    stems, steps = zip(*map(checkpoint_files.split_step, names), strict=True)
    if len(names) > 1 and (len(set(stems)) > 1 or None in steps):
        raise errors.InputError(
            f"{folder}: Which of the checkpoints here is meant? There are "
            f"{', '.join(names)}, and no file named 'checkpoint' that says which is "
            "the newest. Give the prefix of one."
        )
