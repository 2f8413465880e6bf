# SPDX-License-Identifier: Apache-2.0
"""Labels for words, from a trained model: rows of pieces in, words' labels out.

Computes as little padding as it can: rows are sorted by length, and put back
in order. Used by the programs and by `predictor.py`.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from modeling.data import lengths, ner, ner_features, ner_windows
from modeling.tasks import ner as ner_task
from modeling.text import tokenization
from modeling.training import inference, replication

_SPEC = {
    key: tf.TensorSpec([None, None], tf.int32, name=key)
    for key in ("input_ids", "input_mask", "segment_ids")
}


@dataclasses.dataclass(frozen=True)
class Labelled:
    """A sentence with what was predicted for its words.

    Attributes:
        labels: A label for each word; "O" for one without pieces.
        probabilities: The model's probability of each word's label.
        all_probabilities: Those of all labels, float32[C] for each word.
            Zeros, and a `probability` of 1, for a word without pieces.
    """

    labels: list[str]
    probabilities: list[float]
    all_probabilities: list[np.ndarray]


class Tagger:
    """Labels the words of sentences of any length.

    Attributes:
        labels: The model's labels in the order of ids.
        graph: Features to "predictions" and "probabilities", of a batch.
    """

    def __init__(
        self,
        model: ner_task.NerModel,
        tokenizer: tokenization.BertTokenizer,
        labels: Sequence[str],
        *,
        max_seq_length: int,
        precision: str = "float32",
        replicas: replication.Replication,
    ) -> None:
        """Remembers the parts; the graph is traced when it is first needed.

        Args:
            model: With its final weights, if the precision is lower.
            tokenizer: Splits words into pieces.
            labels: The model's labels in the order of ids.
            max_seq_length: Longest row, in WordPieces.
            precision: Type of the matrix products: a name of TensorFlow's.
            replicas: Where it runs.
        """
        if precision != "float32":
            model.lower_precision(tf.as_dtype(precision))
        self.graph = inference.Graph(model.predict, replicas)
        self._tokenizer, self.labels = tokenizer, tuple(labels)
        self._max_seq_length = max_seq_length

    def label_rows(
        self, arrays: Mapping[str, np.ndarray], *, verb: str = ""
    ) -> dict[str, np.ndarray]:
        """Predicts every position of rows that are padded to one length.

        Args:
            arrays: "input_ids", "input_mask" and "segment_ids", int32[N, T].
            verb: What is going on, for a progress line; none if empty.

        Returns:
            "predictions" int32[N, T] and "probabilities" float32[N, T, C],
            zero at padding.
        """
        row_lengths = lengths.row_lengths_of(arrays["input_mask"])
        # As long as the longest row and no longer: on a CPU, a multiple of eight
        # positions is no faster and has 8% more of them (NCBI-disease).
        groups = lengths.group(row_lengths, multiple=1)
        inputs = {key: arrays[key] for key in _SPEC}
        batches = (
            {key: array[rows, : row_lengths[rows[0]]] for key, array in inputs.items()}
            for rows in groups
        )
        outputs: dict[str, np.ndarray] = {}
        computed = self.graph.infer(
            batches, len(groups) if verb else None, spec=_SPEC, verb=verb
        )
        for rows, batch in zip(groups, computed, strict=True):
            for name, values in batch.items():
                if name not in outputs:
                    shape = [*inputs["input_ids"].shape, *values.shape[2:]]
                    outputs[name] = np.zeros(shape, values.dtype)
                outputs[name][rows, : values.shape[1]] = values
        return outputs

    def label(self, sentences: Sequence[ner.Sentence]) -> list[Labelled]:
        """Predicts the labels of words; long sentences are read in windows.

        Args:
            sentences: The sentences; their own labels are not looked at.

        Returns:
            What was predicted for each.
        """
        blank = [
            dataclasses.replace(s, labels=(ner.OUTSIDE,) * len(s.words))
            for s in sentences
        ]
        windows = ner_windows.split(
            blank, self._tokenizer, max_seq_length=self._max_seq_length
        )
        if not windows:
            return []
        data = ner_features.featurize_all(
            [window.sentence for window in windows],
            self._tokenizer,
            labels=self.labels,
            max_seq_length=self._max_seq_length,
        )
        outputs = self.label_rows(data.arrays)
        of_words = zip(
            ner_features.word_labels(
                outputs["predictions"], data.word_starts, self.labels
            ),
            outputs["predictions"],
            outputs["probabilities"],
            data.word_starts,
            strict=True,
        )
        rows = [
            list(zip(labels, *_at(ids, shares, starts), strict=True))
            for labels, ids, shares, starts in of_words
        ]
        return [
            Labelled(*map(list, zip(*row, strict=True)))
            for row in ner_windows.merge(windows, rows)
        ]


def _at(
    ids: np.ndarray, shares: np.ndarray, starts: np.ndarray
) -> tuple[list[float], np.ndarray]:
    """Picks what belongs to words.

    Args:
        ids: int32[T], predicted labels.
        shares: float32[T, C], probabilities.
        starts: int32[words], positions, or -1.

    Returns:
        The probability of each word's label, and float32[words, C].
    """
    best = np.where(starts < 0, 1.0, shares[starts, ids[starts]])
    of_words = np.where(starts[:, np.newaxis] < 0, 0.0, shares[starts])
    return best.tolist(), of_words
