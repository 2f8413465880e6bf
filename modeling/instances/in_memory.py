# SPDX-License-Identifier: Apache-2.0
"""The original's builder, from files to files, with everything in memory.

How instances are drawn is in `original`; texts of any size are left to `local`.
"""

import dataclasses
import hashlib
import json
import os
import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from absl import logging

from modeling import files
from modeling.data import example_records
from modeling.instances import flat, jobs, original, outputs, sanity, tokens
from modeling.instances import settings as settings_lib
from modeling.text import bulk, tokenization, vocabulary

# To be raised with every change that gives other records for the same settings.
_VERSION = 1

_INSTANCES_AT_A_TIME = 1024

# What the records do not depend on, or what is recorded otherwise.
_IRRELEVANT = (
    "input_file",
    "output_file",
    "vocab_file",
    "force_case",
    "max_corpus_megabytes",
    "num_workers",
    "resume",
)


def build(
    settings: settings_lib.Settings, names: Sequence[str] | None = None
) -> sanity.Counts:
    """Writes the records that the original writes, and a report.

    Instances are dealt to the files of --output_file one by one, in turn. Beside the
    first of them are `.manifest.json`, what was built of what, and `.report.txt`,
    counts of it.

    Args:
        settings: What the user asks for.
        names: The files of text; None takes all that --input_file stands for.

    Returns:
        What the records were made of.

    Raises:
        errors.InputError: If an input cannot be read, no good data can be made of
            it, or the output cannot be written.
    """
    names = names or jobs.expand_files(settings.input_file)
    pieces = vocabulary.read_vocabulary(settings.vocab_file)
    vocabulary.check_casing(
        pieces, do_lower_case=settings.do_lower_case, force_case=settings.force_case
    )
    documents, text_counts = _read(names, pieces, settings)
    paths = outputs.name_outputs(
        settings.output_files, len(settings.output_files), compress=settings.compress
    )
    manifest = _describe(settings, names, pieces)
    ledger = outputs.Ledger(
        settings.output_files[0],
        paths,
        _fingerprint(manifest, paths),
        keep=settings.resume != "never",
    )
    if len(ledger.finished) < len(paths):
        options = _options(settings, pieces)
        rng = random.Random(settings.random_seed)  # noqa: S311
        instances, order = original.draw_instances(documents, options, rng)
        for index, path in enumerate(paths):
            rows = np.array(order[index :: len(paths)], np.int64)
            counts = _write(path, instances, rows, settings)
            counts += text_counts if index == 0 else sanity.Counts()
            ledger.add(_finished(index, path, counts))
    counts = sum((file.counts for file in ledger.finished.values()), sanity.Counts())
    sanity.check(counts, single_document_ok=True)
    ledger.close(manifest, counts)
    logging.info("%s: %d instances.", settings.output_file, counts.instances)
    logging.info("Built of this:\n%s", sanity.describe(counts))
    return counts


def _read(
    names: Sequence[str],
    pieces: vocabulary.Vocabulary,
    settings: settings_lib.Settings,
) -> tuple[tokens.Documents, sanity.Counts]:
    """Reads the corpus, counts what is in it and refuses what cannot be meant."""
    tokenizer = tokenization.BertTokenizer(
        pieces.pieces, do_lower_case=settings.do_lower_case
    )
    documents = tokens.read_documents(names, bulk.BulkTokenizer(tokenizer))
    counts = sanity.count_text(
        documents.ids,
        num_documents=len(documents),
        num_sentences=documents.num_sentences,
        unknown_id=pieces.ids[tokenization.UNKNOWN_PIECE],
    )
    sanity.check_text(counts, single_document_ok=True)
    if counts.documents == 1:
        logging.warning(
            "All text is one document, so random next sentences are from it, too: "
            "blank lines must separate documents."
        )
    return documents, counts


def _options(
    settings: settings_lib.Settings, pieces: vocabulary.Vocabulary
) -> original.Options:
    """Returns how instances are made."""
    return original.Options(
        max_seq_length=settings.max_seq_length,
        max_predictions=settings.max_predictions_per_seq,
        masked_lm_prob=settings.masked_lm_prob,
        short_seq_prob=settings.short_seq_prob,
        dupe_factor=settings.dupe_factor,
        vocab_size=len(pieces),
        cls_id=pieces.ids["[CLS]"],
        sep_id=pieces.ids["[SEP]"],
        mask_id=pieces.ids["[MASK]"],
    )


def _write(
    path: str,
    instances: flat.Instances,
    rows: np.ndarray,
    settings: settings_lib.Settings,
) -> sanity.Counts:
    """Writes some instances to a file and counts them."""
    counts = sanity.Counts()
    with example_records.writing(path, compress=settings.compress) as write:
        for batch in _batches(rows):
            features = instances.featurize(
                batch,
                max_seq_length=settings.max_seq_length,
                max_predictions=settings.max_predictions_per_seq,
            )
            write(features)
            truncated = np.count_nonzero(instances.is_truncated[batch])
            counts += sanity.count_instances(features, truncated=truncated)
    return counts


def _batches(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yields a few rows at a time."""
    for start in range(0, len(rows), _INSTANCES_AT_A_TIME):
        yield rows[start : start + _INSTANCES_AT_A_TIME]


def _finished(index: int, path: str, counts: sanity.Counts) -> outputs.Finished:
    """Returns what the ledger says of a file."""
    return outputs.Finished(
        index=index,
        output=path,
        size=os.path.getsize(path),
        sha256=files.sha256(path),
        counts=counts,
    )


def _describe(
    settings: settings_lib.Settings,
    names: Sequence[str],
    pieces: vocabulary.Vocabulary,
) -> dict[str, Any]:
    """Returns what the build is made of, as the streaming builder's manifest does."""
    values = dataclasses.asdict(settings) | {"builder": "original"}
    return {
        "settings": {
            name: value for name, value in values.items() if name not in _IRRELEVANT
        },
        "vocabulary": settings.vocab_file,
        "vocabulary_sha256": hashlib.sha256(
            "\n".join(pieces.pieces).encode()
        ).hexdigest(),
        "inputs": [
            {"path": name, "size": os.path.getsize(name), "sha256": files.sha256(name)}
            for name in names
        ],
    }


def _fingerprint(manifest: dict[str, Any], paths: Sequence[str]) -> str:
    """Returns what tells this build from those with other records."""
    content = {
        "version": _VERSION,
        "settings": manifest["settings"],
        "vocabulary": manifest["vocabulary_sha256"],
        "inputs": [file["sha256"] for file in manifest["inputs"]],
        "outputs": [os.path.basename(path) for path in paths],
    }
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
