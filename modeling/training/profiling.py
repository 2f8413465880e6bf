# SPDX-License-Identifier: Apache-2.0
"""Traces of training steps, for TensorBoard's profiler."""

import contextlib
import os
import pathlib
from collections.abc import Iterator

import tensorflow as tf
from absl import logging

from modeling import files


@contextlib.contextmanager
def trace(
    output_dir: str | os.PathLike[str], step: int, profiled: tuple[int, int] | None
) -> Iterator[None]:
    """Writes a trace of what is done within it, if the step is to be profiled.

    Args:
        output_dir: Traces go to its folder "plugins", where TensorBoard looks.
        step: The first step within it.
        profiled: First and last step to trace; None for none.

    Yields:
        Nothing.
    """
    is_due = profiled and profiled[0] <= step <= profiled[1]
    if not is_due or files.writes_nothing():
        yield
        return
    # Tracing the graph itself is not what a profile is for, but the first call of a
    # run does that, too: profile later steps.
    tf.profiler.experimental.start(str(pathlib.Path(output_dir)))
    try:
        yield
    finally:
        tf.profiler.experimental.stop()
        logging.info(
            "Traced step %d and those of the same call: tensorboard --logdir=%s",
            step,
            output_dir,
        )
