# SPDX-License-Identifier: Apache-2.0
"""The streaming builder on the processes of one machine.

The files are the same for any number of processes, and where a build is started again
after it was killed. What a shard is, and how one is built, is left to `jobs`.
"""

import concurrent.futures
import contextlib
import dataclasses
import gzip
import itertools
import os
import shutil
import signal
import sys
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import process
from multiprocessing import context, get_context

from absl import logging

from modeling import cores, errors, files
from modeling.instances import corpus as corpus_lib
from modeling.instances import jobs, outputs, plan, sanity
from modeling.instances import settings as settings_lib

_GZIP_MARK = b"\x1f\x8b"  # No UTF-8 text begins with these.
_SECONDS_BETWEEN_LOGS = 10
_SECONDS_BETWEEN_LOOKS = 0.2
# So many shards wait for each process that is free: enough that none waits for one.
_SHARDS_AHEAD = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """What a build has made.

    Attributes:
        outputs: The files, one for each shard.
        counts: What they were made of and what is in them.
        num_kept: Shards that were there from an earlier run.
        manifest: The file that lists all of that.
    """

    outputs: tuple[str, ...]
    counts: sanity.Counts
    num_kept: int
    manifest: str


def build(
    settings: settings_lib.Settings, names: Sequence[str] | None = None
) -> Report:
    """Builds pre-training data from texts of any size.

    Writes a file for each shard, named from --output_file (`outputs.name_outputs`);
    beside the first name `.manifest.json`, what was built of what, and `.report.txt`,
    counts of it. While it runs, `.progress.jsonl` lists the finished shards: a
    run that is killed goes on from there.

    Args:
        settings: What the user asks for.
        names: The files of text; None takes all that --input_file stands for.

    Returns:
        What was built.

    Raises:
        errors.InputError: If an input cannot be read or no good data can be made of
            it, or a process dies.
        OSError: If a file cannot be written.
    """
    names = names or jobs.expand_files(settings.input_file)
    name = settings.output_files[0]
    with _unpacked(names, f"{name}.unpacked") as paths:
        job = jobs.prepare(settings, corpus_lib.Source(paths), names)
        keep = settings.resume != "never"
        ledger = outputs.Ledger(name, job.outputs, job.fingerprint, keep=keep)
        num_kept = len(ledger.finished)
        logging.info(
            "%d documents in %d shards, %d of them finished before.",
            len(job.plan.corpus.starts),
            len(job.plan),
            num_kept,
        )
        _build_missing(job, ledger, settings.num_workers or cores.count())
    counts = sum((s.counts for s in ledger.finished.values()), sanity.Counts())
    sanity.check(counts)
    ledger.close(job.manifest, counts)
    logging.info("Built %d instances.\n%s", counts.instances, sanity.describe(counts))
    return Report(
        outputs=tuple(job.outputs),
        counts=counts,
        num_kept=num_kept,
        manifest=str(ledger.manifest),
    )


@contextlib.contextmanager
def _unpacked(names: Sequence[str], folder: str) -> Iterator[tuple[str, ...]]:
    """Unpacks files that are compressed, as shards begin in their middle.

    Args:
        names: Files, some of them perhaps compressed with gzip.
        folder: Where to unpack them; it is removed in the end.

    Yields:
        The files to read.
    """
    paths = []
    try:
        for index, name in enumerate(names):
            paths.append(name)
            with corpus_lib.open_file(name) as file:
                is_packed = file.read(len(_GZIP_MARK)) == _GZIP_MARK
            if is_packed:
                os.makedirs(folder, exist_ok=True)
                paths[-1] = os.path.join(folder, f"{index:05d}.txt")
                _unpack(name, paths[-1])
        yield tuple(paths)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unpack(name: str, path: str) -> None:
    """Writes what is in a compressed file to another."""
    logging.info("%s: Is compressed; unpacking it.", name)
    try:
        with (
            gzip.open(name) as packed,
            files.replacing(path) as temporary,
            temporary.open("wb") as file,
        ):
            shutil.copyfileobj(packed, file, 2**20)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise errors.InputError(
            f"{name}: A compressed file must be whole. Received: {error}."
        ) from error


def _build_missing(job: jobs.Job, ledger: outputs.Ledger, num_workers: int) -> None:
    """Builds the shards that are not finished."""
    missing = [i for i in range(len(job.plan)) if i not in ledger.finished]
    num_workers = min(num_workers, len(missing))
    progress = _Progress(job, missing)
    run = _run_here if num_workers <= 1 else _run_in_processes
    for shard in run(job, missing, num_workers):
        if shard.index == 0:
            # A vocabulary that does not fit shows early.
            sanity.check_unknown(shard.counts)
        ledger.add(shard)
        progress.add(shard)


def _run_here(
    job: jobs.Job, missing: Sequence[int], num_workers: int
) -> Iterator[outputs.Finished]:
    """Builds shards one after the other."""
    del num_workers
    for index in missing:
        yield jobs.write_shard(job.work, job.plan.parts(index), job.outputs[index])


def _run_in_processes(
    job: jobs.Job, missing: Sequence[int], num_workers: int
) -> Iterator[outputs.Finished]:
    """Builds shards in several processes, in no fixed order."""
    executor = concurrent.futures.ProcessPoolExecutor(
        num_workers,
        mp_context=_context(),
        initializer=_start_worker,
        initargs=(job.work, os.getpid()),
    )
    waiting = iter(missing)
    running: set[concurrent.futures.Future] = set()
    try:
        while True:
            free = num_workers * _SHARDS_AHEAD - len(running)
            for index in itertools.islice(waiting, free):
                parts = job.plan.parts(index)
                running.add(executor.submit(_write_shard, parts, job.outputs[index]))
            if not running:
                break
            done, running = concurrent.futures.wait(
                running, return_when=concurrent.futures.FIRST_COMPLETED
            )
            for future in done:
                yield future.result()
    except process.BrokenProcessPool as error:
        raise errors.InputError(
            "Processes must live until their shards are built. Received: one that was "
            "killed, perhaps for want of memory. Finished shards are kept: the same "
            "command goes on from them; --num_workers=1 takes the least memory."
        ) from error
    finally:
        executor.shutdown(cancel_futures=True)


def _context() -> context.BaseContext:
    """Returns how to start processes.

    Copying this process is fastest, but only safe while it has a single thread;
    TensorFlow has many.
    """
    is_alone = threading.active_count() == 1 and "tensorflow" not in sys.modules
    return get_context("fork" if is_alone and sys.platform == "linux" else "spawn")


_work: jobs.Work | None = None  # Of this process, if it is a worker.


def _start_worker(work: jobs.Work, parent: int) -> None:
    """Sets up a process that builds shards."""
    global _work  # noqa: PLW0603
    _work = work
    # Ctrl-C reaches all processes; the parent alone should tell of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """Ends this process when its parent has ended, which may have been killed."""
    while os.getppid() == parent:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    os._exit(1)


def _write_shard(parts: list[plan.Shard], output: str) -> outputs.Finished:
    """Builds a shard in a worker."""
    if _work is None:
        raise RuntimeError("This process was not started by `_start_worker`.")
    return jobs.write_shard(_work, parts, output)


class _Progress:
    """Logs how far a build is, how fast, and how long it will take."""

    def __init__(self, job: jobs.Job, missing: Sequence[int]) -> None:
        cuts = job.plan.cuts.tolist()
        self._sizes = {index: cuts[index + 1] - cuts[index] for index in missing}
        self._left = sum(self._sizes.values())
        self._total = self._left
        self._instances = 0
        self._start = self._logged = time.monotonic()

    def add(self, shard: outputs.Finished) -> None:
        """Takes note of a finished shard."""
        self._left -= self._sizes[shard.index]
        self._instances += shard.counts.instances
        now = time.monotonic()
        if now < self._logged + _SECONDS_BETWEEN_LOGS or not self._left:
            return
        self._logged = now
        seconds = now - self._start
        share = 1 - self._left / self._total
        logging.info(
            "%.1f%% of the text, %d instances, %.0f instances/s, about %.0f min left.",
            100 * share,
            self._instances,
            self._instances / seconds,
            seconds * (1 / share - 1) / 60,
        )
