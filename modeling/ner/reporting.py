# SPDX-License-Identifier: Apache-2.0
"""What a run tells of itself beyond its scores: report.html and warnings."""

import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
from absl import logging

from modeling.data import ner, ner_files
from modeling.ner import settings as settings_lib
from modeling.reports import mentions
from modeling.reports import ner as ner_report
from modeling.training import metrics


def warn_of_overlap(training: ner_files.Split, devel: ner_files.Split) -> None:
    """Warns where the development set is part of the training set.

    It is in all data sets of the original, whose evaluation then shows how
    well the training set is remembered.

    Args:
        training: What is trained on.
        devel: What is evaluated on.
    """
    trained_on = {sentence.words for sentence in training.sentences}
    num_inside = sum(sentence.words in trained_on for sentence in devel.sentences)
    if 2 * num_inside > len(devel.sentences):
        logging.warning(
            "%d of the %d sentences of %s are in %s too: scores on it are no "
            "estimate for new text. --select_on=devel holds them out.",
            num_inside,
            len(devel.sentences),
            devel.path,
            training.path,
        )


def write_report(
    settings: settings_lib.Settings,
    split: ner_files.Split,
    predicted: Sequence[Sequence[str]],
    *,
    training: ner_files.Split | None,
    facts: Mapping[str, str],
) -> np.ndarray:
    """Writes report.html to the output folder.

    Args:
        settings: The run's settings.
        split: The test sentences.
        predicted: A label for each of their words.
        training: What the model was trained on, if that was read.
        facts: What else there is to know of the run.

    Returns:
        int64[N, 3]: gold, predicted and correct mentions of each sentence.
    """
    words = ner.join_parts(split.sentences, [s.words for s in split.sentences])
    gold = ner.join_parts(split.sentences, [s.labels for s in split.sentences])
    labels = ner.join_parts(split.sentences, predicted)
    path = pathlib.Path(settings.output_dir) / ner_report.REPORT_FILE
    names = ("data_dir", "init_checkpoint", "num_train_epochs", "train_batch_size")
    names += ("learning_rate", "max_seq_length", "loss", "ner_reader", "seed")
    ner_report.write_report(
        path,
        title=f"Entities in {split.path}",
        facts={name: str(getattr(settings, name)) for name in names} | dict(facts),
        sentences=words,
        gold=gold,
        predicted=labels,
        training_mentions=training
        and mentions.forms(
            [s.words for s in training.sentences],
            [s.labels for s in training.sentences],
        ),
        metrics=metrics.read_metrics(settings.output_dir),
    )
    logging.info("Scores, curves and errors are in %s.", path)
    compared = mentions.compare_sentences(words, gold, labels)
    by_type = mentions.count(compared, lambda _, mention: mention.type)
    return sum(by_type.values(), mentions.no_counts(compared))
