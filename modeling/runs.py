# SPDX-License-Identifier: Apache-2.0
"""What programs with a model do around their task: check inputs, load weights.

Used by the programs at the top level only. Training is in `run_training.py`.
"""

import os
import pathlib
import sys
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf
from absl import logging

from modeling import config as config_lib
from modeling import distribution, errors, files, launcher, programs
from modeling import settings as settings_lib
from modeling.text import tokenization, vocabulary
from modeling.training import optimizers, restore, weights

ModelT = TypeVar("ModelT", bound=tf.Module)


def main(settings_class: type[Any], run: Callable[[Any], object]) -> None:
    """Does what `programs.main` does, for programs that use TensorFlow.

    Args:
        settings_class: Dataclass whose fields are the flags.
        run: Does the work, given the settings.
    """

    def run_with_tensorflow(settings: Any) -> None:  # noqa: ANN401
        if isinstance(settings, settings_lib.TrainSettings):
            distribution.give_batches_a_core_each(settings)
        try:
            distribution.ending_with_peers(lambda: run(settings))
        except errors.InputError as error:
            if not distribution.has_peers():
                raise
            print(f"{programs.name()}: {error}", file=sys.stderr, flush=True)
            # An orderly end tells the others nothing, so they would wait.
            os._exit(programs.USAGE_ERROR)
        except errors.PeerLostError as error:
            print(f"{programs.name()}: {error}", file=sys.stderr, flush=True)
            # The end that Python knows would wait for the process that is gone.
            os._exit(launcher.RESTARTABLE)
        except tf.errors.OpError as error:
            # That the disk is full, TensorFlow's own errors say in words only.
            for number in programs.FULL:
                if os.strerror(number) in error.message:
                    raise OSError(number, error.message) from error
            if isinstance(error, tf.errors.ResourceExhaustedError):
                raise errors.InputError(
                    "A batch must fit into the memory of a device. In training, "
                    "--max_examples_per_device=N computes as much at a time and "
                    "changes nothing else; --recompute helps, too. In prediction, a "
                    f"smaller batch does. Received: {error.message.splitlines()[0]}"
                ) from error
            raise

    programs.main(settings_class, run_with_tensorflow)


def load_text(
    settings: settings_lib.ModelSettings,
) -> tuple[config_lib.BertConfig, tokenization.BertTokenizer]:
    """Reads sizes and vocabulary, and checks that they fit each other.

    Args:
        settings: Names the files.

    Returns:
        The sizes and the tokenizer.

    Raises:
        InputError: If a file cannot be read or does not fit the other, or if
            the casing or the sequence length does not fit the model.
    """
    config = config_lib.read_config(settings.bert_config_file)
    pieces = vocabulary.read_vocabulary(settings.vocab_file)
    vocabulary.check_size(pieces, config.vocab_size, settings.bert_config_file)
    vocabulary.check_casing(
        pieces, do_lower_case=settings.do_lower_case, force_case=settings.force_case
    )
    if settings.max_seq_length > config.max_position_embeddings:
        raise errors.InputError(
            "--max_seq_length must be at most `max_position_embeddings` of "
            f"{settings.bert_config_file}, {config.max_position_embeddings}. "
            f"Received: {settings.max_seq_length}."
        )
    tokenizer = tokenization.BertTokenizer(
        pieces.pieces, do_lower_case=settings.do_lower_case
    )
    return config, tokenizer


def make_output_dir(path: str | os.PathLike[str]) -> pathlib.Path:
    """Makes the output folder and checks that files can be written to it.

    Args:
        path: The folder.

    Returns:
        The folder.

    Raises:
        InputError: If it cannot be made or written to.
    """
    folder = pathlib.Path(path)
    if files.writes_nothing():
        return folder
    probe = folder / f".write-test.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise errors.InputError(
            f"{folder}: --output_dir must be a folder that can be written to. "
            f"Received: {error.strerror}."
        ) from None
    return folder


def load_weights(
    model: tf.Module,
    checkpoint: str | os.PathLike[str],
    *,
    skip: Collection[str] = (),
    needed: Collection[str] = (),
) -> None:
    """Loads all weights that fit, and logs a table of what became of each.

    Args:
        model: Its variables are assigned.
        checkpoint: What --init_checkpoint may name.
        skip: Names of variables not to load.
        needed: Names of variables, besides the encoder's, that must be
            loaded: a head that is used without training.

    Raises:
        InputError: If the encoder is not there whole, or a needed variable
            is not there in its shape.
    """
    _load(model, weights.open_weights(checkpoint), skip, needed)


def load_model(
    make: Callable[[], ModelT],
    checkpoint: str | os.PathLike[str],
    *,
    needed: Collection[str] = (),
) -> ModelT:
    """Makes a model that will not be trained, and loads all weights that fit.

    Only weights that are not loaded are drawn, so they are others than those of a
    model that is made first and loaded with `load_weights`.

    Args:
        make: Makes the model.
        checkpoint: As for `load_weights`.
        needed: As for `load_weights`.

    Returns:
        The model.

    Raises:
        InputError: As for `load_weights`.
    """
    source = weights.open_weights(checkpoint)
    with weights.awaited(source):
        model = make()
    _load(model, source, (), needed)
    return model


def _load(
    model: tf.Module,
    source: weights.WeightSource,
    skip: Collection[str],
    needed: Collection[str],
) -> None:
    """Loads weights; see `load_weights`."""
    report = restore.restore(optimizers.by_name(model.variables), source, skip=skip)
    missing = {name: report.new[name] for name in needed if name in report.new}
    if missing:
        listed = "; ".join(f"{name}: {why}" for name, why in missing.items())
        raise errors.InputError(
            f"{source.description}: Evaluation and prediction need a fine-tuned "
            f"model with a fitting head. Received one without ({listed}). "
            "Train it first (--do_train), or name its output folder in "
            "--init_checkpoint."
        )


def check_random_start(*, trains: bool) -> None:
    """Accepts a start from random weights where they are trained.

    Args:
        trains: Whether they are.

    Raises:
        InputError: If there is nothing but random weights to predict with.
    """
    if not trains:
        raise errors.InputError(
            "Evaluation and prediction need a trained model: --do_train, "
            "--init_checkpoint, or a checkpoint in --output_dir. Received: none."
        )
    logging.warning("No --init_checkpoint: the weights start at random.")


def write_results(
    path: str | os.PathLike[str], results: Mapping[str, int | float]
) -> None:
    """Writes scores as the original does: `key = value` lines, sorted by key.

    Args:
        path: The file.
        results: Counts, and scores, which are written as float32.
    """
    files.write_text(
        path,
        "".join(
            f"{name} = {value if isinstance(value, int) else str(np.float32(value))}\n"
            for name, value in sorted(results.items())
        ),
    )


def seed_new_weights(seed: int) -> None:
    """Makes weights that are not loaded a function of `seed`."""
    tf.random.set_seed(seed)
