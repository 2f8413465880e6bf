# SPDX-License-Identifier: Apache-2.0
"""Relation extraction: one label for each sentence or pair of sentences.

Reading and featurizing are in `data/`, scores in `biocodes/re_eval.py`.
"""

from collections.abc import Sequence

import tensorflow as tf

from modeling import config as config_lib
from modeling.nn import bert, heads
from modeling.tasks import losses


class RelationModel(tf.Module):
    """BERT with a label head on the pooled output.

    Dimensions:
        B: sequences in the batch.
        T: positions in a sequence, in WordPieces.
        C: classes.

    Attributes:
        bert: `bert.Bert`.
        head: `heads.LabelHead`.

    Source:
        Lee et al. 2020, section 3.3; `create_model` in dmis-lab/biobert,
        run_re.py at e283eaa.
    """

    def __init__(
        self,
        config: config_lib.BertConfig,
        num_labels: int,
        *,
        class_weights: Sequence[float] | None = None,
    ) -> None:
        """Creates all variables with random weights.

        Args:
            config: BERT's sizes.
            num_labels: C.
            class_weights: How much a sequence of each class counts in the
                training loss; None for 1 each, as in the original.
        """
        super().__init__(name="relation")
        self._class_weights = None if class_weights is None else tuple(class_weights)
        self.bert = bert.Bert(config)
        self.head = heads.LabelHead(
            config.hidden_size, num_labels, dropout_rate=config.head_dropout_prob
        )

    @property
    def trained_variables(self) -> list[tf.Variable]:
        """The variables that the loss depends on: all."""
        return list(self.trainable_variables)

    def logits(
        self, batch: dict[str, tf.Tensor], *, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Scores the classes of each sequence.

        Args:
            batch: "input_ids", "input_mask" and "segment_ids", int32[B, T].
            seed: int64[2], the dropout seed of this step, or None outside
                training.

        Returns:
            float32[B, C].
        """
        outputs = self.bert(
            batch["input_ids"], batch["input_mask"], batch["segment_ids"], seed=seed
        )
        return self.head(self.bert.pool(outputs.sequence), seed=seed)

    def loss_terms(
        self, batch: dict[str, tf.Tensor], *, seed: tf.Tensor | None = None
    ) -> list[losses.Term]:
        """Returns the mean loss over the sequences.

        Args:
            batch: As for `logits`, with "label_ids" int32[B] or int32[B, 1].
            seed: As for `logits`.

        Returns:
            One term, weighted by B. With class weights, too: a batch of one
            class only must count as much as the weight of this class says.
        """
        ids = _flat(batch["label_ids"])
        values = losses.negative_log_likelihood(self.logits(batch, seed=seed), ids)
        if self._class_weights is not None:
            values *= tf.gather(tf.constant(self._class_weights, values.dtype), ids)
        return [losses.mean(values)]

    def loss_weights(self, batch: dict[str, tf.Tensor]) -> list[tf.Tensor | None]:
        """Returns the weights of `loss_terms` without computing them.

        Args:
            batch: As for `loss_terms`.
        """
        return [losses.count(batch["label_ids"])]

    def predict(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Predicts class probabilities.

        Args:
            batch: As for `logits`.

        Returns:
            "probabilities" float32[B, C].
        """
        return {"probabilities": tf.nn.softmax(self.logits(batch))}

    def evaluate(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Predicts class probabilities and computes the loss of each sequence.

        Args:
            batch: As for `loss_terms`.

        Returns:
            "probabilities" float32[B, C] and "losses" float32[B], which class
            weights do not change.
        """
        logits = self.logits(batch)
        values = losses.negative_log_likelihood(logits, _flat(batch["label_ids"]))
        return {"probabilities": tf.nn.softmax(logits), "losses": values}


def _flat(ids: tf.Tensor) -> tf.Tensor:
    """Returns int32[B] of int32[B] or int32[B, 1]."""
    return tf.reshape(ids, [-1])
