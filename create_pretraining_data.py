# SPDX-License-Identifier: Apache-2.0
r"""Makes pre-training data of text: pairs of segments with masked WordPieces.

Usage:
    python create_pretraining_data.py --input_file='corpus/corpus-*.txt' \
        --output_file=pretraining.tfrecord --vocab_file=$BIOBERT_DIR/vocab.txt \
        --do_lower_case=false

Reads one sentence per line, with a blank line between documents; such files are made
by biocodes/make_corpus.py. Its report.txt is left out of what a pattern stands for.

Writes:
    --output_file          TFRecords with what run_pretraining.py reads: one file
                           per name, or with the streaming builder one per shard.
    *.manifest.json        Beside the first of them: what was built of what.
    *.report.txt           Counts: documents, sentences, random pairs, [UNK].

There are two builders. The original one gives the very records of the original release
and keeps everything in memory; the streaming one makes records of the same kind from
texts of any size, on all cores, and goes on where it was killed. See --builder.
"""

import os
import pathlib

from absl import logging

from modeling import errors, programs
from modeling.corpora import reports
from modeling.instances import in_memory, jobs, local, sanity
from modeling.instances import settings as settings_lib

_BYTES_PER_MEGABYTE = 10**6
# About so many times as large is text before it is compressed.
_COMPRESSION = 4


def run(settings: settings_lib.Settings) -> sanity.Counts:
    """Makes the data with the builder that the settings ask for.

    Args:
        settings: What the command line asks for.

    Returns:
        What the data was made of.

    Raises:
        InputError: If an input cannot be read, no good data can be made of it, or
            the output cannot be written.
    """
    _check_folders(settings.output_files)
    names = reports.leave_out(
        jobs.expand_files(settings.input_file), settings.input_file
    )
    if _choose_builder(settings, names) == "original":
        return in_memory.build(settings, names)
    return local.build(settings, names).counts


def _check_folders(paths: list[str]) -> None:
    """Raises where files cannot be written, before time is spent on them."""
    for path in paths:
        folder = pathlib.Path(path).absolute().parent
        there = next(p for p in (folder, *folder.parents) if p.exists())
        if not there.is_dir() or not os.access(there, os.W_OK):
            raise errors.InputError(
                f"{path}: --output_file must be in a folder that can be written to. "
                f"Received: {there}, which is none."
            )


def _choose_builder(settings: settings_lib.Settings, names: list[str]) -> str:
    """Returns the name of the builder, and logs why if it was not given."""
    if settings.builder != "auto":
        return settings.builder
    flags = [f"--{name}" for name in settings.streaming_only]
    megabytes = _text_bytes(names) / _BYTES_PER_MEGABYTE
    is_large = megabytes > settings.max_corpus_megabytes
    builder = "streaming" if is_large or flags else "original"
    logging.info(
        "--builder=%s: the text has %.1f MB; from %d MB on, or for %s, it is streamed.",
        builder,
        megabytes,
        settings.max_corpus_megabytes,
        " and ".join(flags) if flags else "other ways of masking",
    )
    return builder


def _text_bytes(names: list[str]) -> int:
    """Returns about how many bytes of text files hold."""
    return sum(
        os.path.getsize(name) * (_COMPRESSION if name.endswith(".gz") else 1)
        for name in names
    )


if __name__ == "__main__":
    programs.main(settings_lib.Settings, run)
