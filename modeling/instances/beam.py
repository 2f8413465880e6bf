# SPDX-License-Identifier: Apache-2.0
"""The streaming builder on Apache Beam: a machine's processes, or a cluster.

The files are those that `local` makes. Going on with a build that was killed is left
to the runner, which repeats what a worker did not finish.

Beam is not among the project's requirements, so it is imported where it is used.
"""

# ruff: noqa: PLC0415

import dataclasses
import json
import os
import pathlib
import re
import shutil
import tempfile
from collections.abc import Sequence
from typing import Any, BinaryIO

from absl import logging

from modeling import errors
from modeling.instances import corpus as corpus_lib
from modeling.instances import jobs, outputs, plan, sanity
from modeling.instances import settings as settings_lib

_AS_IT_IS = "uncompressed"  # Beam's name of it.
_GZIP_MARK = b"\x1f\x8b"  # No UTF-8 text begins with these.


def _file_systems() -> Any:  # noqa: ANN401
    """Returns Beam's way to files, whatever system they are on.

    Raises:
        errors.InputError: If Beam is not installed.
    """
    try:
        from apache_beam.io import filesystems
    except ModuleNotFoundError as error:
        raise errors.InputError(
            "Apache Beam must be installed: pip install -r requirements-beam.txt. "
            f"Received: {error}."
        ) from error
    return filesystems.FileSystems


def open_file(path: str) -> BinaryIO:
    """Opens a file of any file system that Beam knows, for bytes."""
    try:
        return _file_systems().open(path, compression_type=_AS_IT_IS)
    except OSError as error:
        raise errors.InputError(
            f"{path}: A text file is needed. Received: {error}."
        ) from error


def build(
    settings: settings_lib.Settings,
    beam_flags: Sequence[str],
    paths: Sequence[str] | None = None,
) -> sanity.Counts:
    """Builds pre-training data with Beam.

    Inputs and outputs may be on any file system that Beam knows and all workers
    reach; the vocabulary is read here. Files of an earlier build of the same name
    are not removed.

    Args:
        settings: What the user asks for; `num_workers` and `resume` mean nothing.
        beam_flags: Beam's own flags, such as --runner.
        paths: The files of text; None takes all that --input_file stands for.

    Returns:
        Counts of what was built; they are in the manifest, too.

    Raises:
        errors.InputError: If an input cannot be read or no good data can be made of
            it.
    """
    paths = paths or expand_files(settings.input_file)
    job = jobs.prepare(settings, corpus_lib.Source(tuple(paths), open_file))
    shards = [(job.plan.parts(i), output) for i, output in enumerate(job.outputs)]
    manifest = f"{settings.output_files[0]}.manifest.json"
    _check_no_other_build(manifest, job.fingerprint)
    logging.info("%d documents, %d shards.", len(job.plan.corpus.starts), len(shards))
    _run(job, shards, manifest, beam_flags)
    counts = sum((s.counts for s in _read_shards(manifest)), sanity.Counts())
    sanity.check(counts)
    logging.info("Built %d instances.\n%s", counts.instances, sanity.describe(counts))
    return counts


def _run(
    job: jobs.Job,
    shards: list[tuple[plan.Shard, str]],
    manifest: str,
    beam_flags: Sequence[str],
) -> None:
    """Builds all shards, and writes the manifest.

    Raises:
        errors.InputError: If a worker raised one. Runners that have workers in other
            processes pass its text on, inside of their own errors.
    """
    import apache_beam
    from apache_beam.options import pipeline_options

    pipeline = apache_beam.Pipeline(
        options=pipeline_options.PipelineOptions(list(beam_flags))
    )
    _ = (
        pipeline
        | "Shards" >> apache_beam.Create(shards)
        # Else the runner may build all of them on one worker.
        | "Spread" >> apache_beam.Reshuffle()
        | "Build" >> apache_beam.Map(_build_shard, job.work)
        | "Gather" >> apache_beam.combiners.ToList()
        | "Manifest"
        >> apache_beam.Map(_write_manifest, manifest, job.fingerprint, job.manifest)
    )
    try:
        pipeline.run().wait_until_finish()
    except RuntimeError as error:
        message = re.search(r"\bInputError: (.+)", str(error))
        if message is None:
            raise
        raise errors.InputError(message[1]) from error


def expand_files(patterns: str) -> list[str]:
    """Returns the files that names and patterns stand for.

    Raises:
        errors.InputError: If one stands for no file, or a file is compressed.
    """
    paths: list[str] = []
    for pattern in patterns.split(","):
        (match,) = _file_systems().match([pattern])
        if not match.metadata_list:
            raise errors.InputError(
                f"--input_file must name files. Received: {pattern!r}, which none has."
            )
        paths += sorted(file.path for file in match.metadata_list)
    for path in paths:
        with open_file(path) as file:
            if file.read(len(_GZIP_MARK)) == _GZIP_MARK:
                raise errors.InputError(
                    f"{path}: Texts must not be compressed, as workers begin in their "
                    "middle. Received: a file compressed with gzip."
                )
    return paths


def _build_shard(
    element: tuple[list[plan.Shard], str], work: jobs.Work
) -> outputs.Finished:
    """Builds one shard on a worker.

    Args:
        element: The parts of the shard, and its file.
        work: What all shards need.

    Returns:
        What is in the file.
    """
    parts, output = element
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, os.path.basename(output))
        finished = jobs.write_shard(work, parts, path)
        _copy(path, output)
    return dataclasses.replace(finished, output=output)


def _copy(path: str, output: str) -> None:
    """Copies a local file to any file system, whole or not at all."""
    folder, name = _file_systems().split(output)
    if folder and not _file_systems().exists(folder):
        _make_folder(folder)
    temporary = _file_systems().join(folder, f".{name}.{os.urandom(8).hex()}.tmp")
    with (
        open(path, "rb") as source,
        _file_systems().create(temporary, compression_type=_AS_IT_IS) as copy,
    ):
        shutil.copyfileobj(source, copy, 2**20)
    _file_systems().rename([temporary], [output])


def _make_folder(folder: str) -> None:
    """Makes a folder, unless another worker does, or there are none as such."""
    try:
        _file_systems().mkdirs(folder)
    except OSError:
        if not _file_systems().exists(folder):
            raise


def _write_manifest(
    shards: list[outputs.Finished],
    path: str,
    fingerprint: str,
    manifest: dict[str, Any],
) -> None:
    """Writes what was built of what."""
    ordered = sorted(shards, key=lambda shard: shard.index)
    text = outputs.format_manifest(fingerprint, manifest, ordered)
    with tempfile.TemporaryDirectory() as folder:
        local = pathlib.Path(folder, "manifest.json")
        local.write_text(text, encoding="utf-8", newline="\n")
        _copy(str(local), path)


def _read_manifest(path: str) -> dict[str, Any]:
    """Returns a manifest."""
    with _file_systems().open(path, compression_type=_AS_IT_IS) as file:
        return json.loads(file.read())


def _read_shards(path: str) -> list[outputs.Finished]:
    """Returns the shards that a manifest lists."""
    shards = _read_manifest(path)["shards"]
    return [outputs.Finished.from_json(shard, shard["output"]) for shard in shards]


def _check_no_other_build(path: str, fingerprint: str) -> None:
    """Raises `errors.InputError` where files of another build have the same name."""
    if (
        _file_systems().exists(path)
        and _read_manifest(path)["fingerprint"] != fingerprint
    ):
        raise errors.InputError(
            f"{path}: --output_file must be a new name, or that of the same build. "
            "Received: one with the manifest of another build; remove its files."
        )
