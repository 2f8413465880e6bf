# SPDX-License-Identifier: Apache-2.0
"""Rows of the corpora that others distribute: ChemProt and DDI-2013."""

import collections
import dataclasses
from collections.abc import Iterator

from modeling import errors
from modeling.annotations import (
    building,
    candidates,
    chemprot,
    ddi,
    outputs,
    records,
    rows,
    settings,
)


def build(options: settings.CorpusSettings) -> str:
    """Writes the rows of a corpus; returns what was read and written, in lines.

    Raises:
        errors.InputError: If an input is bad, or there is no pair.
    """
    is_chemprot = options.corpus == settings.CHEMPROT
    corpus, write = (chemprot, _write_chemprot) if is_chemprot else (ddi, _write_ddi)
    outputs.check_can_be_written(options.output_file, corpus.list_files(options.input))
    problems = records.Problems(options.on_error)
    seen: collections.Counter[str] = collections.Counter()
    num_documents = num_relations = 0
    with outputs.writing(options.output_file, options.form) as writer:
        for document in write(options, writer, problems):
            num_documents += 1
            num_relations += len(document.relations)
            seen.update(mention.type for mention in document.mentions)
        building.check_rows(writer, num_documents, seen)
        _check_labels(writer, options)
    building.warn_of_unused(options.output_file, num_relations, problems)
    return building.report(options.output_file, num_documents, seen, writer, problems)


def _check_labels(writer: outputs.Writer, options: settings.CorpusSettings) -> None:
    """Raises where rows lack the labels that they need."""
    without = writer.labels[""]
    if without and (options.form == outputs.TRAIN or without < writer.num_rows):
        raise errors.InputError(
            f"{options.input}: All pairs must have a label; with --form=test, all or "
            f"none. Received: {without} of {writer.num_rows} without."
        )


def _write_chemprot(
    options: settings.CorpusSettings,
    writer: outputs.Writer,
    problems: records.Problems,
) -> Iterator[records.Document]:
    """Writes the rows of ChemProt; yields each document."""
    is_released = options.blinds == "released"
    style = chemprot.RELEASED if is_released else rows.Style()
    style = dataclasses.replace(style, name=options.style)
    if options.style == rows.MARKED:
        style = dataclasses.replace(style, other="")
    has_labels = chemprot.has_relations(options.input)
    for document in chemprot.read(options.input, problems):
        labels = candidates.Labels(document.relations)
        for pair in candidates.find_pairs(
            document,
            chemprot.PAIR_TYPES,
            window_sentences=options.window_sentences,
            problems=problems,
        ):
            found = labels.find(pair) or (chemprot.NEGATIVE,)
            label = found[0] if has_labels else ""
            problems.counts[building.SEVERAL] += len(found) > 1
            building.write_pair(
                document,
                pair,
                label,
                writer=writer,
                style=style,
                max_words=options.max_words,
                problems=problems,
            )
        problems.counts[building.UNUSED] += len(labels.unused)
        yield document


def _write_ddi(
    options: settings.CorpusSettings,
    writer: outputs.Writer,
    problems: records.Problems,
) -> Iterator[records.Document]:
    """Writes the rows of DDI-2013; yields each sentence as a document."""
    style = dataclasses.replace(ddi.STYLE, name=options.style)
    for document, pairs in ddi.read(options.input, problems):
        for pair, label in pairs:
            building.write_pair(
                document,
                pair,
                label,
                writer=writer,
                style=style,
                max_words=options.max_words,
                problems=problems,
            )
        yield document
