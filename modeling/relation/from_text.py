# SPDX-License-Identifier: Apache-2.0
"""Relations in annotated texts, as JSON lines, however many texts there are.

Which pairs of mentions there are is left to `modeling.annotations`.
"""

import collections
import json
import pathlib
from collections.abc import Iterable, Iterator

from absl import logging

from modeling import files
from modeling.annotations import outputs, sources
from modeling.relation import predictor as predictor_lib
from modeling.relation import scoring
from modeling.relation import settings as settings_lib
from modeling.training import metrics

OUTPUT_FILE = "relations.jsonl"

# Pairs that are classified together: enough to sort them by length, and few enough
# that memory stays small. Long sentences count by their characters.
_ROWS_AT_ONCE = 2048
_CHARACTERS_AT_ONCE = 2**20


def open_source(settings: settings_lib.Settings) -> sources.Source:
    """Finds what --predict_file names.

    Before a training it is read once, as what is wrong with it must not show hours
    later.

    Args:
        settings: With `predict_file`.

    Returns:
        Its pairs.

    Raises:
        errors.InputError: If something is bad and not skipped, or there is something
            else than a file to write.
    """
    outputs.check_is_file(
        pathlib.Path(settings.output_dir) / OUTPUT_FILE, what="What is written"
    )
    source = sources.Source(settings.predict_file, settings, flag="--predict_file")
    if settings.do_train and source.can_be_read_twice and settings.on_error == "stop":
        collections.deque(source, maxlen=0)
        logging.info("%s.", source)
    return source


def predict(
    settings: settings_lib.Settings,
    source: sources.Source,
    predictor: predictor_lib.RelationPredictor,
) -> int:
    """Classifies the pairs of --predict_file and writes relations.jsonl.

    A line is an object with the pair's "index", from 0, the document's "id", the
    "start" and "end" of the text around the pair, its mentions "first" and "second",
    each with "start", "end" (characters, half open), "text", "type", "keys" (what
    the file calls it, such as T1) and "ids" (such as MESH:D001943), the likeliest
    "label", its "probability" and, by label, all "probabilities". Lines are in the
    order of the pairs.

    Args:
        settings: Names the output folder.
        source: The pairs.
        predictor: Classifies them.

    Returns:
        The number of pairs.
    """
    path = pathlib.Path(settings.output_dir) / OUTPUT_FILE
    progress = metrics.Progress("predicting", total=None, unit="pair")
    counts = collections.Counter(dict.fromkeys(predictor.labels, 0))
    with (
        files.replacing(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as output,
    ):
        for rows in _batch(source):
            for record in _classify(rows, predictor):
                output.write(json.dumps(record, ensure_ascii=False) + "\n")
                counts[record["label"]] += 1
            progress.update(source.num_rows, {})
    _log(path, source, predictor, counts)
    return source.num_rows


def _batch(rows: Iterable[sources.Row]) -> Iterator[list[sources.Row]]:
    """Yields so many rows at once as memory is meant to hold."""
    batch: list[sources.Row] = []
    num_characters = 0
    for row in rows:
        batch.append(row)
        num_characters += len(row.sentence)
        if len(batch) == _ROWS_AT_ONCE or num_characters >= _CHARACTERS_AT_ONCE:
            yield batch
            batch, num_characters = [], 0
    if batch:
        yield batch


def _classify(
    rows: list[sources.Row], predictor: predictor_lib.RelationPredictor
) -> Iterator[dict[str, object]]:
    """Yields what is written of each row."""
    probabilities = predictor.classify([row.sentence for row in rows])
    labels = scoring.likeliest(probabilities, predictor.labels)
    for row, label, shares in zip(rows, labels, probabilities.tolist(), strict=True):
        by_label = dict(zip(predictor.labels, shares, strict=True))
        yield row.record | {
            "label": label,
            "probability": by_label[label],
            "probabilities": by_label,
        }


def _log(
    path: pathlib.Path,
    source: sources.Source,
    predictor: predictor_lib.RelationPredictor,
    counts: collections.Counter[str],
) -> None:
    """Logs what was read and found, and what was left out."""
    source.problems.log()
    if not source.num_rows:
        logging.warning(
            "%s is empty: there is no pair of mentions of the types that are asked "
            "for, close by.",
            path,
        )
    if predictor.num_cut_rows:
        logging.warning(
            "%d of %d pairs were cut at %d WordPieces, and %d mentions are never "
            "seen whole. A larger --max_seq_length, --long_sentences=mentions or a "
            "lower --max_words helps.",
            predictor.num_cut_rows,
            source.num_rows,
            predictor.max_seq_length,
            predictor.num_cut_mentions,
        )
    found = ", ".join(f"{label} {count}" for label, count in counts.items())
    logging.info("%s. %s: labels: %s.", source, path, found)
