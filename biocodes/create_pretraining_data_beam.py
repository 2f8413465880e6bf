# SPDX-License-Identifier: Apache-2.0
r"""Builds pre-training data with Apache Beam: on a machine's cores, or on a cluster.

Usage:
    python biocodes/create_pretraining_data_beam.py \
        --input_file='corpus/corpus-*.txt' --output_file=data/out.tfrecord \
        --vocab_file=$BIOBERT_DIR/vocab.txt --do_lower_case=false \
        --runner=DirectRunner --direct_running_mode=multi_processing \
        --direct_num_workers=4

Takes the flags of create_pretraining_data.py, and passes all others on to Beam;
docs/beam.md has those of Dataflow, Flink and Spark. The files are those of
create_pretraining_data.py --builder=streaming: a numbered one for each shard, and
beside them data/out.tfrecord.manifest.json, which says what is in them.
"""

import logging as std_logging
import pathlib
import sys
from collections.abc import Sequence

from absl import app, flags, logging

from modeling import command_line, errors
from modeling.corpora import reports
from modeling.instances import beam, settings

_USAGE_ERROR = 2


def main(argv: Sequence[str]) -> None:
    """Does what the command line asks for; unknown flags are Beam's."""
    _set_up_logging()
    try:
        options = command_line.from_flags(settings.Settings)
        found = beam.expand_files(options.input_file)
        paths = reports.leave_out(found, options.input_file, beam.open_file)
        beam.build(options, argv[1:], paths)
    except errors.InputError as error:
        _refuse(str(error))


def _refuse(message: str) -> None:
    """Ends the program with a message and without a traceback."""
    print(f"{pathlib.Path(sys.argv[0]).name}: {message}", file=sys.stderr)
    sys.exit(_USAGE_ERROR)


def _set_up_logging() -> None:
    """Shows what goes on, unless the user chose a level."""
    if flags.FLAGS["verbosity"].present:
        return
    logging.set_verbosity(logging.INFO)
    logging.get_absl_handler().setFormatter(
        std_logging.Formatter("%(asctime)s %(levelname).1s  %(message)s", "%H:%M:%S")
    )
    # Tells of every channel that it opens.
    std_logging.getLogger("apache_beam").setLevel(std_logging.WARNING)


def _parse(argv: Sequence[str]) -> list[str]:
    """Takes the flags that are ours; returns the rest."""
    try:
        return flags.FLAGS(argv, known_only=True)
    except flags.Error as error:
        return _refuse(str(error))


if __name__ == "__main__":
    command_line.define_flags(settings.Settings)
    app.run(main, flags_parser=_parse)
