# SPDX-License-Identifier: Apache-2.0
"""Stopping a run from outside without losing its work."""

import signal
import types

from absl import logging

# Tells a scheduler that the run is unfinished and may be started again:
# EX_TEMPFAIL of BSD's sysexits.h.
EXIT_CODE = 75


class Stopped(SystemExit):
    """A run that saved its state and ended because it was asked to."""


class StopRequest:
    """Turns SIGTERM and SIGINT into a wish that the loop looks at.

    Use as a context: outside of it, and after a first signal, they end the
    process at once as usual.

    Attributes:
        requested: Whether a signal has come.
    """

    def __init__(self) -> None:
        """Starts without a wish; the context catches signals."""
        self.requested = False
        self._previous: dict[int, object] = {}

    def __enter__(self) -> "StopRequest":
        for number in (signal.SIGTERM, signal.SIGINT):
            self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def exit(self, step: int) -> None:
        """Ends the run.

        Args:
            step: The step that was saved, for the message.

        Raises:
            Stopped: Always, with status `EXIT_CODE`.
        """
        logging.warning(
            "Stopped after step %d, which is saved. The same command goes on "
            "from there.",
            step,
        )
        raise Stopped(EXIT_CODE)

    def _note(self, number: int, _: types.FrameType | None) -> None:
        """Notes the wish, and lets a second signal end the process."""
        self.requested = True
        self.__exit__()
        logging.warning(
            "%s: saving after this call of the graph; once more ends at once.",
            signal.Signals(number).name,
        )
