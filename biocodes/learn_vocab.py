# SPDX-License-Identifier: Apache-2.0
r"""Learns a WordPiece vocabulary, extends one, or reports how one splits text.

Usage:
    python biocodes/learn_vocab.py --input_file='corpus/corpus-*.txt' \
        --output_dir=vocabulary --vocab_size=30000
    python biocodes/learn_vocab.py --input_file='corpus/corpus-*.txt' \
        --output_dir=extended --extend=$BIOBERT_DIR/vocab.txt \
        --init_checkpoint=$BIOBERT_DIR/model.ckpt-1000000 \
        --bert_config_file=$BIOBERT_DIR/bert_config.json
    python biocodes/learn_vocab.py --input_file=test.txt --output_dir=report \
        --report --vocab_file=$BIOBERT_DIR/vocab.txt

Reads text, a sentence on each line. Writes to --output_dir:
    vocab.txt              The new or extended vocabulary; ids of old pieces stay.
    learning.json          What was counted and learned.        (--vocab_size)
    extension.json         The new pieces, and what they were.  (--extend)
    bert_model.ckpt.*      Weights with rows for the new pieces, each the mean of those
                           of its old pieces.                   (--init_checkpoint)
    bert_config.json       The model's sizes.                   (--bert_config_file)
    fragmentation.txt, fragmentation.json
                           How words are split.                 (--report)
    fragmentation_old.txt, fragmentation_old.json
                           The same for the old vocabulary.     (--report, --extend)
"""

import dataclasses
import os
import pathlib

from absl import logging

from modeling import errors, files, programs
from modeling.corpora import reports
from modeling.text import vocabulary
from modeling.vocabularies import (
    configs,
    corpora,
    counting,
    extension,
    fragmentation,
    learning,
    settings,
)

_CHECKPOINT = "bert_model.ckpt"


def run(options: settings.Settings) -> None:
    """Does what `options` ask for.

    Raises:
        errors.InputError: If a flag, a file or the corpus is of no use.
    """
    paths = reports.leave_out(
        corpora.list_files(options.input_file), options.input_file
    )
    folder = _make_folder(options)
    if options.extend:
        _extend(options, paths, folder)
    elif options.vocab_file:
        pieces = _read_vocabulary(options.vocab_file, options)
        _report(_count(options, paths), pieces, folder, options)
    else:
        _learn(options, paths, folder)


def _make_folder(options: settings.Settings) -> pathlib.Path:
    """Makes the output folder, and checks that no input would be overwritten."""
    folder = pathlib.Path(options.output_dir)
    outputs = [folder / name for name in ("vocab.txt", "bert_config.json")]
    for path in (options.extend, options.bert_config_file):
        if path and os.path.realpath(path) in map(os.path.realpath, outputs):
            raise errors.InputError(
                f"{path}: --output_dir must be another folder than that of the old "
                "vocabulary and its model. Received: the same."
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise errors.InputError(
            f"{folder}: --output_dir must be a folder that can be written to. "
            f"Received: {error.strerror}."
        ) from error
    return folder


def _read_vocabulary(path: str, options: settings.Settings) -> vocabulary.Vocabulary:
    """Reads a vocabulary and checks its casing."""
    pieces = vocabulary.read_vocabulary(path)
    vocabulary.check_casing(
        pieces, do_lower_case=options.do_lower_case, force_case=options.force_case
    )
    return pieces


def _count(options: settings.Settings, paths: list[str]) -> counting.WordCounts:
    """Counts the words of the texts."""
    words = counting.count_words(
        corpora.read_lines(paths),
        do_lower_case=options.do_lower_case,
        max_distinct_words=options.max_distinct_words,
    )
    logging.info(
        "%d words, %d different, in %d lines of %d files.",
        words.num_words,
        len(words.counts),
        words.num_lines,
        len(paths),
    )
    return words


def _learn(options: settings.Settings, paths: list[str], folder: pathlib.Path) -> None:
    """Learns and writes a new vocabulary, and the sizes of a model for it."""
    config = None
    if options.bert_config_file:
        config = configs.read_config(options.bert_config_file, None)
    words = _count(options, paths)
    learned = learning.learn(
        words,
        vocab_size=options.vocab_size,
        do_lower_case=options.do_lower_case,
        num_unused=options.num_unused,
        character_coverage=options.character_coverage,
        min_frequency=options.min_frequency,
    )
    logging.info(
        "%d pieces: %d of single characters, which are %.5f%% of the text, and %d "
        "longer ones, each used %d times or more.",
        len(learned.pieces),
        len(learned.alphabet.pieces),
        100 * learned.alphabet.coverage,
        learned.num_longer,
        learned.min_uses,
    )
    pieces = _write_vocabulary(folder, learned.pieces)
    record = {
        "do_lower_case": options.do_lower_case,
        "num_pieces": len(learned.pieces),
        "num_character_pieces": len(learned.alphabet.pieces),
        "character_coverage": learned.alphabet.coverage,
        "num_characters_left_out": learned.alphabet.num_left_out,
        "num_longer_pieces": learned.num_longer,
        "min_uses_of_longer_pieces": learned.min_uses,
        **_describe(words),
    }
    files.write_json(folder / "learning.json", record)
    if config is not None:
        configs.write_config(folder / "bert_config.json", config, len(pieces))
    if options.report:
        _report(words, pieces, folder, options)


def _describe(words: counting.WordCounts) -> dict[str, int]:
    """Returns what was counted, for a record."""
    fields = {**vars(words), "num_distinct_words": len(words.counts)}
    return {name: value for name, value in fields.items() if name != "counts"}


def _extend(options: settings.Settings, paths: list[str], folder: pathlib.Path) -> None:
    """Extends a vocabulary and its model; all is checked before words are counted."""
    old = _read_vocabulary(options.extend, options)
    config = source = None
    if options.bert_config_file:
        config = configs.read_config(options.bert_config_file, old)
    if options.init_checkpoint:
        # Takes seconds to import, as it needs TensorFlow.
        from modeling.vocabularies import embeddings  # noqa: PLC0415

        source = embeddings.open_checkpoint(
            options.init_checkpoint, folder / _CHECKPOINT, old
        )
    words = _count(options, paths)
    extended = extension.extend(
        old,
        words.counts,
        mode=options.extend_mode,
        num_new=options.num_new,
        min_frequency=options.min_frequency,
    )
    saved = sum(new.num_saved for new in extended.new)
    logging.info("%d new pieces; the texts take %d fewer.", len(extended.new), saved)
    if source is not None:
        embeddings.extend_checkpoint(
            source, folder / _CHECKPOINT, old=old, extended=extended
        )
    if config is not None:
        path = folder / "bert_config.json"
        configs.write_config(path, config, len(extended.pieces))
    pieces = _write_vocabulary(folder, extended.pieces)
    _write_extension(folder, extended, words)
    if options.report:
        _report(words, old, folder, options, suffix="_old")
        _report(words, pieces, folder, options)


def _write_vocabulary(
    folder: pathlib.Path, pieces: tuple[str, ...]
) -> vocabulary.Vocabulary:
    """Writes vocab.txt and reads it back, so that a bad one is found here."""
    path = folder / "vocab.txt"
    files.write_text(path, "".join(f"{piece}\n" for piece in pieces))
    logging.info("Wrote %s.", path)
    return vocabulary.read_vocabulary(path)


def _write_extension(
    folder: pathlib.Path, extended: extension.Extension, words: counting.WordCounts
) -> None:
    """Writes what was added."""
    new = [
        {"id": piece_id, **dataclasses.asdict(piece)}
        for piece_id, piece in zip(extended.new_ids, extended.new, strict=True)
    ]
    record = {"num_pieces": len(extended.pieces), **_describe(words), "new": new}
    files.write_json(folder / "extension.json", record)


def _report(
    words: counting.WordCounts,
    pieces: vocabulary.Vocabulary,
    folder: pathlib.Path,
    options: settings.Settings,
    *,
    suffix: str = "",
) -> None:
    """Writes and prints how a vocabulary splits the words."""
    report = fragmentation.measure(words, pieces, num_terms=options.num_terms)
    text = fragmentation.format_report(report)
    files.write_json(folder / f"fragmentation{suffix}.json", report.to_dict())
    files.write_text(folder / f"fragmentation{suffix}.txt", text)
    print(text)


if __name__ == "__main__":
    programs.main(settings.Settings, run)
