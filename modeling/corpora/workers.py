# SPDX-License-Identifier: Apache-2.0
"""Work in several processes, with counts that all of them add to.

The processes are started afresh (spawn), so that the work may use threads. They end
when the process that started them ends, however it does.
"""

import concurrent.futures
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import process
from typing import Any, TypeVar

from modeling import errors

TaskT = TypeVar("TaskT")

_CONTEXT = multiprocessing.get_context("spawn")
_WAIT_SECONDS = 0.2
_KILLED = 1


class Stopped(Exception):  # noqa: N818
    """Ends a task that nobody waits for any longer."""


class Tally:
    """Counts of what was done so far, shared between processes."""

    def __init__(self, on_add: Callable[[], None] | None = None) -> None:
        """Begins at 0.

        Args:
            on_add: Is called after each `add` of the process that made the tally.
        """
        self._counts = _CONTEXT.Array("q", 3)
        self._on_add = on_add

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_on_add": None}

    def add(self, *, articles: int, words: int) -> None:
        """Counts what a task has done.

        Raises:
            Stopped: If another task failed.
        """
        with self._counts.get_lock():
            self._counts[0] += articles
            self._counts[1] += words
            if self._counts[2]:
                raise Stopped
        if self._on_add is not None:
            self._on_add()

    def read(self) -> tuple[int, int]:
        """Returns articles and words."""
        return self._counts[0], self._counts[1]

    def stop(self) -> None:
        """Makes every task end at its next `add`."""
        self._counts[2] = 1


# A task, what all tasks share, and the counts.
Work = Callable[[TaskT, Any, Tally], None]

# What a process keeps from its start for all of its tasks.
_kept: dict[str, Any] = {}


def run_tasks(
    work: Work,
    tasks: Sequence[TaskT],
    *,
    shared: Any,  # noqa: ANN401
    tally: Tally,
    num_workers: int,
    on_wait: Callable[[], None] = lambda: None,
) -> Iterator[int]:
    """Does all tasks.

    Args:
        work: A function of a module; called with a task, `shared` and `tally`.
        tasks: What to do; sent to the processes one by one.
        shared: What all tasks need; sent to each process once.
        tally: Counts that the tasks add to.
        num_workers: Processes; with 1, or one task, all is done in this one.
        on_wait: Called a few times in a second while other processes work.

    Yields:
        The index of each task that is done, as they end.

    Raises:
        errors.InputError: If a task raises it, or a process was killed. What else
            a task raises is raised too; the others are ended first.
    """
    num_workers = min(num_workers, len(tasks))
    if num_workers <= 1:
        for number, task in enumerate(tasks):
            work(task, shared, tally)
            yield number
        return
    executor = process.ProcessPoolExecutor(
        num_workers, _CONTEXT, _start, (work, shared, tally)
    )
    try:
        futures = {executor.submit(_do, task): n for n, task in enumerate(tasks)}
        while futures:
            done, _ = concurrent.futures.wait(
                futures, _WAIT_SECONDS, concurrent.futures.FIRST_COMPLETED
            )
            on_wait()
            for future in done:
                future.result()
                yield futures.pop(future)
    except process.BrokenProcessPool as error:
        raise errors.InputError(
            "Every process must be left to do its work. Received: one that was "
            "killed, perhaps for want of memory; --num_workers sets their number. "
            "What is done is kept, and the same command goes on from it."
        ) from error
    finally:
        tally.stop()
        executor.shutdown(cancel_futures=True)


def _start(work: Work, shared: Any, tally: Tally) -> None:  # noqa: ANN401
    """Prepares a process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The first process ends the others.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _kept.update(work=work, shared=shared, tally=tally)


def _end_with_parent() -> None:
    """Waits until the process that started this one is gone."""
    multiprocessing.parent_process().join()
    os._exit(_KILLED)


def _do(task: Any) -> None:  # noqa: ANN401
    _kept["work"](task, _kept["shared"], _kept["tally"])
