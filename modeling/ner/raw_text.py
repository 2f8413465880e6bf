# SPDX-License-Identifier: Apache-2.0
"""Entities in files of raw text, as JSON lines, however many texts there are."""

import dataclasses
import itertools
import json
import pathlib
from collections.abc import Iterator

from absl import logging

from modeling import files
from modeling.data import document_files, documents
from modeling.ner import predictor
from modeling.ner import settings as settings_lib
from modeling.training import metrics

OUTPUT_FILE = "predictions.jsonl"


def make_reader(settings: settings_lib.Settings) -> document_files.Reader:
    """Makes what reads --predict_file."""
    return document_files.Reader(
        settings.predict_file,
        document_per_file=settings.document_per_file,
        on_error=settings.on_error,
    )


def predict(settings: settings_lib.Settings, tagger: predictor.NerPredictor) -> int:
    """Finds the entities of --predict_file and writes predictions.jsonl.

    A line is an object with the document's "id" and "text" and its "mentions",
    in their order: "start" and "end" (characters, half open), "text", "type"
    and "probability". With --output_probabilities it has "words" too. Lines
    are in the order of the documents, and empty documents have one.

    Args:
        settings: Names the input and the output folder.
        tagger: Finds the entities of texts.

    Returns:
        The number of documents.
    """
    path = pathlib.Path(settings.output_dir) / OUTPUT_FILE
    reader = make_reader(settings)
    progress = metrics.Progress("predicting", total=None, unit="document")
    num_documents = num_mentions = 0
    with (
        files.replacing(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="\n") as output,
    ):
        for document, tagged in _tag(reader, tagger, settings):
            record = _record(document, tagged, settings.output_probabilities)
            output.write(json.dumps(record, ensure_ascii=False) + "\n")
            num_documents += 1
            num_mentions += len(tagged.mentions)
            progress.update(num_documents, {})
    logging.info("%s: %d mentions in %d documents.", path, num_mentions, num_documents)
    if reader.num_failed:
        logging.warning(
            "%d files or lines of %s could not be read and were skipped; they are "
            "named above.",
            reader.num_failed,
            settings.predict_file,
        )
    return num_documents


def _tag(
    reader: document_files.Reader,
    tagger: predictor.NerPredictor,
    settings: settings_lib.Settings,
) -> Iterator[tuple[documents.Document, predictor.Tagged]]:
    """Yields documents with their mentions; few are in memory at once."""
    read, again = itertools.tee(reader)  # Holds what is being tagged.
    tagged = tagger.tag_stream(
        (document.text for document in read),
        with_words=settings.output_probabilities,
    )
    return zip(again, tagged, strict=True)


def _record(
    document: documents.Document, tagged: predictor.Tagged, has_words: bool
) -> dict[str, object]:
    """Returns what is written of a document."""
    record: dict[str, object] = {
        "id": document.id,
        "text": document.text,
        "mentions": [dataclasses.asdict(mention) for mention in tagged.mentions],
    }
    if has_words:
        record["words"] = tagged.words
    return record
