# SPDX-License-Identifier: Apache-2.0
"""How every program starts and ends: flags in, messages out, without TensorFlow.

What only programs with a model need is in `runs`.
"""

import atexit
import errno
import gc
import logging as std_logging
import os
import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from absl import app, flags, logging

from modeling import command_line, errors, launcher

USAGE_ERROR = 2

# What a disk says that takes no more, or no file of this size.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main(settings_class: type[Any], run: Callable[[Any], object]) -> None:
    """Parses the command line, runs the program and reports what went wrong.

    Args:
        settings_class: Dataclass whose fields are the flags.
        run: Does the work, given the settings.
    """

    def start(argv: Sequence[str]) -> None:
        if len(argv) > 1:
            raise app.UsageError(f"Unexpected arguments: {argv[1:]}.")
        _set_up_logging()
        try:
            settings = command_line.from_flags(settings_class)
            num_processes = getattr(settings, "num_processes", 1)
            if num_processes > 1 and not launcher.is_started(os.environ):
                sys.exit(launcher.launch(num_processes, launcher.this_command()))
            run(settings)
        except errors.InputError as error:
            _refuse(str(error))
        except OSError as error:
            if error.errno not in FULL:
                raise
            _refuse(
                f"There must be room for the output on the disk. Received: {error}. "
                "What was saved before is kept, and the same command goes on from it."
            )

    command_line.define_flags(settings_class)
    # What is imported stays: it need not be looked through for garbage, and nothing at
    # all at the end, where that takes a second.
    gc.freeze()
    atexit.register(gc.freeze)
    app.run(start)


def name() -> str:
    """Returns the program's name, as messages begin with it."""
    return pathlib.Path(sys.argv[0]).name


def _refuse(message: str) -> NoReturn:
    """Ends the program with a message and without a traceback."""
    print(f"{name()}: {message}", file=sys.stderr)
    sys.exit(USAGE_ERROR)


def _set_up_logging() -> None:
    """Shows what goes on, unless the user chose a level."""
    if flags.FLAGS["verbosity"].present:
        return
    logging.set_verbosity(logging.INFO)
    logging.get_absl_handler().setFormatter(
        std_logging.Formatter("%(asctime)s %(levelname).1s  %(message)s", "%H:%M:%S")
    )
