# SPDX-License-Identifier: Apache-2.0
"""What a run's output folder says of the model in it, and whether it is ours.

The record lets a run refuse checkpoints of another one, and lets a trained
folder be used by its name alone. Used by the programs only.
"""

import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from absl import logging

from modeling import config as config_lib
from modeling import errors, files
from modeling import settings as settings_lib

RUN_FILE = "run.json"
VOCAB_FILE = "vocab.txt"
CONFIG_FILE = "bert_config.json"

# What a resumed run must have in common with the record, and what it had
# better have.
MODEL = "model"
TRAINING = "training"

Record = Mapping[str, Mapping[str, Any]]


def make(
    settings: settings_lib.TrainSettings,
    config: config_lib.BertConfig,
    *,
    task: str,
    labels: Sequence[str] = (),
    length: Mapping[str, int] | None = None,
    training_data: str | None = None,
    trained_by: Mapping[str, Any] | None = None,
) -> dict[str, dict[str, Any]]:
    """Returns what run.json says of a run.

    Args:
        settings: The run's settings.
        config: BERT's sizes.
        task: Name of the task.
        labels: The labels in the order of ids; none for a task without.
        length: Counts that say how long it trains; None for a run without training.
        training_data: Digest of what it is trained on; None for no training.
        trained_by: What else the training depends on, by the names of flags.

    Returns:
        "model", what a resumed run must have in common with it, and
        "training", what it had better have.
    """
    model = {"task": task, "labels": list(labels), "sizes": config.to_dict()}
    if vocab_file := _vocab_file(settings):
        model["vocabulary_sha256"] = files.sha256(vocab_file)
    if isinstance(settings, settings_lib.ModelSettings):
        model["do_lower_case"] = settings.do_lower_case
    training: dict[str, Any] = {}
    if length and training_data:
        names = (
            "train_batch_size",
            "learning_rate",
            "max_seq_length",
            "adam_bias_correction",
            "optimizer",
            "precision",
            "seed",
        )
        training = {name: getattr(settings, name) for name in names}
        training |= {**length, **(trained_by or {})}
        training["select_on"] = getattr(settings, "select_on", "none")
        training["training_data_sha256"] = training_data
    return {MODEL: model, TRAINING: training}


def _vocab_file(settings: settings_lib.TrainSettings) -> str | None:
    """Returns the run's vocabulary, which pre-training can do without."""
    return getattr(settings, "vocab_file", None)


def write(record: Record, settings: settings_lib.TrainSettings) -> None:
    """Writes the record, and copies of what a model cannot be used without.

    Args:
        record: What `make` says of the run.
        settings: Names the output folder, the vocabulary and the sizes.
    """
    folder = pathlib.Path(settings.output_dir)
    sources = {
        VOCAB_FILE: _vocab_file(settings),
        CONFIG_FILE: settings.bert_config_file,
    }
    for name, source in sources.items():
        if source is None:
            continue
        content = pathlib.Path(source).read_bytes()
        with files.replacing(folder / name) as temporary:
            temporary.write_bytes(content)
    files.write_json(folder / RUN_FILE, record)


def read(output_dir: str | os.PathLike[str]) -> Record | None:
    """Reads the record of a run.

    Args:
        output_dir: Its output folder.

    Returns:
        The record, or None if there is none, as in the original's folders.

    Raises:
        InputError: If the file is not such a record.
    """
    path = pathlib.Path(output_dir) / RUN_FILE
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {part: dict(found[part]) for part in (MODEL, TRAINING)}
    except (ValueError, KeyError, TypeError) as error:
        raise errors.InputError(
            f"{path}: The record of a run must be the JSON that this program "
            f"wrote. Received: {error}."
        ) from None


def read_beside(checkpoint: str | os.PathLike[str]) -> Record | None:
    """Reads the record beside a checkpoint; see `read`.

    Args:
        checkpoint: Its folder, or a path in its folder.
    """
    path = pathlib.Path(checkpoint).expanduser()
    return read(path if path.is_dir() else path.parent)


def of_training(name: str, *places: str | None) -> Any:  # noqa: ANN401
    """Returns a value of the training that made the weights of a run.

    Args:
        name: Of a value under "training".
        places: Folders, or paths in folders, that may have a record; the first that
            has one counts.

    Returns:
        The value; None if no record has it.
    """
    records = map(read_beside, filter(None, places))
    first = next((record for record in records if record is not None), None)
    return first and first[TRAINING].get(name)


def check_same_run(
    output_dir: str | os.PathLike[str], record: Mapping[str, Mapping[str, Any]]
) -> None:
    """Checks that the folder's checkpoints are of the run that is asked for.

    What both have under "model" must be equal; what differs under
    "training" is warned of.

    Args:
        output_dir: Folder with checkpoints; one of the original release,
            without our record, passes.
        record: What `make` says of the run that is asked for.

    Raises:
        InputError: If a value of "model" differs.
    """
    before = read(output_dir)
    if before is None:
        return
    for name, value in record[MODEL].items():
        # A run may be told more than the one before, such as a vocabulary.
        there = before[MODEL].get(name, value)
        if there != value:
            trains = bool(record[TRAINING])
            raise other_run(output_dir, name, there, value, trains=trains)
    for name in changed_training(before, record):
        logging.warning(
            "The run goes on with another %s: %s before, %s now.",
            name,
            _short(before[TRAINING][name]),
            _short(record[TRAINING][name]),
        )


def changed_training(before: Record, record: Record) -> list[str]:
    """Returns what of a training is not as it was.

    Args:
        before: The record in the output folder.
        record: What `make` says of the run that is asked for.

    Returns:
        Names of values under "training" that are in both and differ.
    """
    old, new = before[TRAINING], record[TRAINING]
    return [name for name in new if name in old and old[name] != new[name]]


def other_run(
    output_dir: str | os.PathLike[str],
    name: str,
    there: Any,  # noqa: ANN401
    wanted: Any,  # noqa: ANN401
    *,
    trains: bool,
) -> errors.InputError:
    """Returns the error for a folder whose checkpoints are of another run.

    Args:
        output_dir: The folder.
        name: What differs.
        there: What it is in the folder.
        wanted: What it is in the run that is asked for.
        trains: Whether that run trains, and so might start over.
    """
    if isinstance(there, dict) and isinstance(wanted, dict):
        there, wanted = (
            {key: value for key, value in one.items() if other.get(key) != value}
            for one, other in ((there, wanted), (wanted, there))
        )
    advice = (
        "Use another --output_dir, or --resume=never to delete its checkpoints and "
        "start over."
        if trains
        else "Give the flags that it was trained with, or use another --output_dir."
    )
    return errors.InputError(
        f"{output_dir}: --output_dir holds another run, of other {name}. "
        f"There: {_short(there)}. Received: {_short(wanted)}. {advice}"
    )


def _short(value: Any) -> str:  # noqa: ANN401
    """Returns a value as JSON, cut to what can be read."""
    text = json.dumps(value)
    return text if len(text) <= 200 else f"{text[:197]}..."
