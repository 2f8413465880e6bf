# SPDX-License-Identifier: Apache-2.0
"""Relation extraction: one label for each sentence or pair of sentences."""

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

    def __init__(self, config: config_lib.BertConfig, num_labels: int) -> None:
        """Creates all variables with random weights.

        Args:
            config: BERT's sizes.
            num_labels: C.
        """
        super().__init__(name="relation")
        self.bert = bert.Bert(config)
        self.head = heads.LabelHead(config.hidden_size, num_labels)

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
            batch: As for `logits`, with "label_ids" int32[B].
            seed: As for `logits`.

        Returns:
            One term, weighted by B.
        """
        logits = self.logits(batch, seed=seed)
        return [losses.mean(losses.negative_log_likelihood(logits, batch["label_ids"]))]

    def predict(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Predicts class probabilities.

        Args:
            batch: As for `logits`.

        Returns:
            "probabilities" float32[B, C].
        """
        return {"probabilities": tf.nn.softmax(self.logits(batch))}
