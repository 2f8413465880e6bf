# SPDX-License-Identifier: Apache-2.0
"""Makes rows of documents, and tells what became of what.

Which files there are is left to `inputs`; the corpora of others are made to rows by
`corpora`.
"""

import collections
from collections.abc import Mapping

from absl import logging

from modeling import errors
from modeling.annotations import (
    candidates,
    inputs,
    outputs,
    records,
    rows,
    settings,
)

SEVERAL = "rows with several relations, of which the first in the file counts"
UNUSED = "annotated relations without a row"


def build(options: settings.Settings) -> str:
    """Writes the rows of --input; returns what was read and written, in lines.

    Raises:
        errors.InputError: If an input is bad, or there is no pair.
    """
    paths = inputs.list_files(options.input)
    outputs.check_can_be_written(options.output_file, paths)
    problems = records.Problems(options.on_error)
    style = options.row_style
    seen: collections.Counter[str] = collections.Counter()
    num_documents = num_relations = 0
    with outputs.writing(options.output_file, options.form) as writer:
        for document in inputs.read_documents(
            paths, file_format=options.format, problems=problems
        ):
            num_documents += 1
            seen.update(mention.type for mention in document.mentions)
            num_relations += write_document(document, writer, options, style, problems)
        check_rows(writer, num_documents, seen)
        if options.labels != settings.NO_LABELS and not num_relations:
            raise errors.InputError(
                f"{options.input}: --labels={options.labels} needs annotated "
                "relations, of --relation_types if these are given. Received: none."
            )
    warn_of_unused(options.output_file, num_relations, problems)
    return report(options.output_file, num_documents, seen, writer, problems)


def write_document(
    document: records.Document,
    writer: outputs.Writer,
    options: settings.Settings,
    style: rows.Style,
    problems: records.Problems,
) -> int:
    """Writes the rows of a document; returns how many relations of it count."""
    relations = [
        relation
        for relation in document.relations
        if not options.counted_types or relation.type.lower() in options.counted_types
    ]
    labels = candidates.Labels(relations)
    for pair in candidates.find_pairs(
        document,
        options.pair_types,
        window_sentences=options.window_sentences,
        problems=problems,
    ):
        found = labels.find(pair)
        label = ""
        if options.labels == settings.BINARY:
            label = "1" if found else "0"
        elif options.labels == settings.TYPES:
            label = found[0] if found else options.negative_label
            problems.counts[SEVERAL] += len(found) > 1
        write_pair(
            document,
            pair,
            label,
            writer=writer,
            style=style,
            max_words=options.max_words,
            problems=problems,
        )
    if options.labels != settings.NO_LABELS:
        problems.counts[UNUSED] += len(labels.unused)
    return len(relations)


def write_pair(
    document: records.Document,
    pair: candidates.Pair,
    label: str,
    *,
    writer: outputs.Writer,
    style: rows.Style,
    max_words: int,
    problems: records.Problems,
) -> None:
    """Writes the row of a pair."""
    sentence = make_row(document, pair, style, max_words=max_words, problems=problems)
    if sentence is not None:
        writer.write(sentence, label, document, pair)


def make_row(
    document: records.Document,
    pair: candidates.Pair,
    style: rows.Style,
    *,
    max_words: int,
    problems: records.Problems,
) -> str | None:
    """Returns the sentence of a pair, as `rows` does; None where it is skipped."""
    try:
        return rows.make_sentence(document, pair, style, max_words=max_words)
    except errors.InputError as error:
        problems.report(error)
        return None


def check_rows(
    writer: outputs.Writer, num_documents: int, seen: collections.Counter[str]
) -> None:
    """Raises if there is no row."""
    if not writer.num_rows:
        raise errors.InputError(
            "The input must hold a pair of mentions of the types that are asked for, "
            f"close by. Received: none in {num_documents} documents, with "
            f"{format_counts(seen) or 'no'} mentions."
        )


def warn_of_unused(path: str, num_relations: int, problems: records.Problems) -> None:
    """Warns if more than half of the relations have no row.

    Args:
        path: The file of rows, for the message.
        num_relations: Those that count.
        problems: Counted them.
    """
    num_unused = problems.counts[UNUSED]
    if 2 * num_unused > num_relations:
        logging.warning(
            "%s: %d of %d annotated relations have no row: their mentions are of "
            "other types, not close by, or have other identifiers than they name.",
            path,
            num_unused,
            num_relations,
        )


def report(
    path: str,
    num_documents: int,
    seen: collections.Counter[str],
    writer: outputs.Writer,
    problems: records.Problems,
) -> str:
    """Returns what was read and written, in lines, and logs what is rare."""
    problems.log()
    labels = {label or "no label": n for label, n in sorted(writer.labels.items())}
    return (
        f"documents: {num_documents}\n"
        f"mentions: {format_counts(seen)}\n"
        f"{path}: {writer.num_rows} rows; {format_counts(labels)}\n"
        f"skipped: {problems.num_skipped}\n"
    )


def format_counts(counts: Mapping[str, int]) -> str:
    """Returns numbers by name, in words.

    Example:
        >>> format_counts({"gene": 2, "drug": 1})
        'drug 1, gene 2'
    """
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
