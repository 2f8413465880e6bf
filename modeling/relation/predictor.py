# SPDX-License-Identifier: Apache-2.0
"""Relations of sentences whose mentions are blinded or marked, from a model in memory.

Which sentences there are is left to `from_text`.

Example:
    from modeling.relation import predictor
    model = predictor.load("re_outputs")
    print(model.labels, model.classify(["@GENE$ causes @DISEASE$ in mice."]))
"""

import os
import pathlib
from collections.abc import Sequence

import numpy as np

from modeling import config as config_lib
from modeling import errors, run_record, run_start, runs
from modeling.data import relation, relation_features, relation_files
from modeling.relation import classifier, dataset
from modeling.tasks import relation as relation_task
from modeling.text import tokenization, vocabulary
from modeling.training import checkpoint_folders, replication

# The model's variables besides the encoder's.
HEAD = ("output_weights", "output_bias")


class RelationPredictor:
    """Classifies sentences as a model does that was trained on such.

    Attributes:
        labels: The labels in the order of ids.
        max_seq_length: Longest row, in WordPieces.
        num_cut_rows: Sentences that lost WordPieces so far.
        num_cut_mentions: Mentions, blinded or marked, that were lost with them.
    """

    def __init__(
        self,
        model: relation_task.RelationModel,
        tokenizer: tokenization.BertTokenizer,
        labels: Sequence[str],
        *,
        max_seq_length: int,
        long_sentences: str,
        other_blind: str = "",
        replicas: replication.Replication,
    ) -> None:
        """Remembers the parts.

        Args:
            model: With its final weights.
            tokenizer: Splits text into pieces.
            labels: C labels in the order of ids.
            max_seq_length: T, in WordPieces.
            long_sentences: One of `relation_features.LONG_SENTENCES`.
            other_blind: What stands for mentions that the relation is not about.
            replicas: Where it runs.
        """
        self._classifier = classifier.Classifier(
            model, length_buckets=True, replicas=replicas
        )
        self._tokenizer, self._long_sentences = tokenizer, long_sentences
        self._other_blind = other_blind
        self.labels, self.max_seq_length = tuple(labels), max_seq_length
        self.num_cut_rows = self.num_cut_mentions = 0

    def classify(self, sentences: Sequence[str]) -> np.ndarray:
        """Returns the probability of each label for each sentence, float32[N, C].

        Args:
            sentences: N texts with two mentions, shown as in training. All of them
                are in memory, as WordPieces.
        """
        if not sentences:
            return np.zeros([0, len(self.labels)], np.float32)
        data = relation_features.featurize_all(
            [relation.Row(i, text, None, None) for i, text in enumerate(sentences, 1)],
            self._tokenizer,
            label_ids={None: 0},
            max_seq_length=self.max_seq_length,
            long_sentences=self._long_sentences,
            other_blind=self._other_blind,
        )
        self.num_cut_rows += data.num_cut_rows
        self.num_cut_mentions += data.num_cut_mentions
        return self._classifier.predict(data.arrays, len(sentences), verb="")


def load(
    path: str | os.PathLike[str],
    *,
    max_seq_length: int | None = None,
    long_sentences: str | None = None,
    other_blind: str = "",
) -> RelationPredictor:
    """Loads what run_re.py trained.

    Args:
        path: Its --output_dir.
        max_seq_length: Longest row, in WordPieces; as in training if None.
        long_sentences: One of `relation_features.LONG_SENTENCES`; as in training if
            None.
        other_blind: What stands for mentions that the relation is not about.

    Returns:
        A predictor with the best checkpoint of the folder if the run selected by
        scores, else with the newest.

    Raises:
        InputError: If the folder does not hold a trained model.
    """
    folder = pathlib.Path(path)
    dataset.check_task(folder)
    record = run_record.read(folder)
    checkpoint = run_start.trained_checkpoint(folder) if record else None
    labels = relation_files.labels_beside(folder)
    if record is None or checkpoint is None or labels is None:
        raise errors.InputError(
            f"{folder}: A folder that run_re.py trained in is needed, with "
            f"{run_record.RUN_FILE}, {relation_files.LABEL_FILE} and a checkpoint. "
            f"Received one without: {checkpoint_folders.describe(folder)}."
        )
    config = config_lib.read_config(folder / run_record.CONFIG_FILE)
    model = runs.load_model(
        lambda: relation_task.RelationModel(config, len(labels)),
        checkpoint,
        needed=HEAD,
    )
    pieces = vocabulary.read_vocabulary(folder / run_record.VOCAB_FILE).pieces
    training = record[run_record.TRAINING]
    return RelationPredictor(
        model,
        tokenization.BertTokenizer(
            pieces, do_lower_case=record[run_record.MODEL]["do_lower_case"]
        ),
        labels,
        max_seq_length=max_seq_length or training["max_seq_length"],
        long_sentences=long_sentences or training["long_sentences"],
        other_blind=other_blind,
        replicas=replication.SingleProcess(),
    )
