# SPDX-License-Identifier: Apache-2.0
"""Scores of labels that a model predicted for a file, logged as they are made."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
from absl import logging

from biocodes import conlleval
from modeling.data import ner, ner_files
from modeling.tasks import ner_scores


def score_entities(
    split: ner_files.Split, predicted: Sequence[Sequence[str]]
) -> dict[str, float]:
    """Scores mentions as conlleval counts them, and logs its report.

    Args:
        split: The file.
        predicted: A label for each word of its sentences.

    Returns:
        See `ner_scores.entity_scores`.
    """
    gold = [sentence.labels for sentence in split.sentences]
    counts = conlleval.score_labels(
        ner.join_parts(split.sentences, gold),
        ner.join_parts(split.sentences, predicted),
    )
    logging.info("%s\n%s", split.path, conlleval.report(counts).rstrip())
    return ner_scores.entity_scores(counts)


def score_evaluation(
    split: ner_files.Split, outputs: Mapping[str, np.ndarray], labels: Sequence[str]
) -> dict[str, float]:
    """Scores mentions, and positions as the original does.

    Args:
        split: The file.
        outputs: "predictions", int32[N, T], and "loss", float32[batches].
        labels: The model's labels in the order of ids.

    Returns:
        Entity-level scores, the original's scores, and the mean of the losses.
    """
    predictions = outputs["predictions"]
    scores = score_entities(split, split.word_labels(predictions, labels))
    legacy = ner_scores.legacy_scores(
        split.data.arrays["label_ids"], predictions, labels
    )
    logging.info("Legacy, token level: %s", json.dumps(legacy))
    # As the original's: the mean is over batches, a smaller last one
    # included, and a batch's loss is a sum by default.
    return scores | legacy | {"loss": float(outputs["loss"].mean())}
