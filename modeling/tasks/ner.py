# SPDX-License-Identifier: Apache-2.0
"""Named-entity recognition: a label for each position, and the loss on them.

Reading and featurizing are in `data/`, scores in `biocodes/conlleval.py`.
"""

import tensorflow as tf

from modeling import config as config_lib
from modeling.nn import bert, heads, layers
from modeling.tasks import losses

# The sum over all positions, as in the original, or the mean over WordPieces.
LOSSES = ("original", "masked_mean")


class NerModel(tf.Module):
    """BERT with a label head on every position.

    Dimensions:
        B: sequences in the batch.
        T: positions in a sequence, in WordPieces.
        C: labels, the special ones included.

    Attributes:
        bert: `bert.Bert`.
        head: `heads.LabelHead`.

    Source:
        Lee et al. 2020, section 3.3; `create_model` in dmis-lab/biobert,
        run_ner.py at e283eaa.
    """

    def __init__(
        self, config: config_lib.BertConfig, num_labels: int, *, loss: str = "original"
    ) -> None:
        """Creates all variables with random weights.

        Args:
            config: BERT's sizes.
            num_labels: C.
            loss: One of `LOSSES`.
        """
        super().__init__(name="ner")
        self._loss = loss
        self.bert = bert.Bert(config)
        self.head = heads.LabelHead(
            config.hidden_size, num_labels, dropout_rate=config.head_dropout_prob
        )

    @property
    def trained_variables(self) -> list[tf.Variable]:
        """The variables that the loss depends on: all but the pooler."""
        unused = {id(variable) for variable in self.bert.pooler.variables}
        return [v for v in self.trainable_variables if id(v) not in unused]

    def lower_precision(self, dtype: tf.DType) -> None:
        """Computes in a shorter type, with weights that are final; see `layers`."""
        layers.compute_in(self.bert, dtype, weights_are_final=True)

    def logits(
        self, batch: dict[str, tf.Tensor], *, seed: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Scores the labels of each position.

        Args:
            batch: "input_ids", "input_mask" and "segment_ids", int32[B, T].
            seed: int64[2], the dropout seed of this step, or None outside
                training.

        Returns:
            float32[B, T, C].
        """
        outputs = self.bert(
            batch["input_ids"], batch["input_mask"], batch["segment_ids"], seed=seed
        )
        return self.head(outputs.sequence, seed=seed)

    def loss_terms(
        self, batch: dict[str, tf.Tensor], *, seed: tf.Tensor | None = None
    ) -> list[losses.Term]:
        """Returns the loss of the positions.

        The original's is the sum over all B x T positions. Padding counts too,
        with label 0, and nothing is averaged; gradients are clipped afterwards.

        Args:
            batch: As for `logits`, with "label_ids" int32[B, T].
            seed: As for `logits`.

        Returns:
            One term: without weight, or weighted by the number of WordPieces.
        """
        return [self._term(self.logits(batch, seed=seed), batch)]

    def loss_weights(self, batch: dict[str, tf.Tensor]) -> list[tf.Tensor | None]:
        """Returns the weights of `loss_terms` without computing them.

        Args:
            batch: As for `loss_terms`.
        """
        if self._loss == "original":
            return [None]
        return [tf.reduce_sum(tf.cast(batch["input_mask"], tf.float32))]

    def _term(self, logits: tf.Tensor, batch: dict[str, tf.Tensor]) -> losses.Term:
        """Returns the loss of logits."""
        values = losses.negative_log_likelihood(logits, batch["label_ids"])
        (weight,) = self.loss_weights(batch)
        if weight is not None:
            values *= tf.cast(batch["input_mask"], values.dtype)
        return losses.Term(tf.reduce_sum(values), weight)

    def evaluate(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Predicts labels and computes the loss.

        Args:
            batch: As for `loss_terms`.

        Returns:
            "predictions" int32[B, T], label ids, and "loss" float32[], the
            batch's.
        """
        logits = self.logits(batch)
        loss = losses.value([self._term(logits, batch)])
        return {"predictions": _best(logits), "loss": loss}

    def predict(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Predicts labels.

        Args:
            batch: As for `logits`.

        Returns:
            "predictions" int32[B, T], label ids, and "probabilities"
            float32[B, T, C], the model's probability of each label.
        """
        logits = self.logits(batch)
        return {
            "predictions": _best(logits),
            "probabilities": tf.nn.softmax(logits),
        }


def _best(logits: tf.Tensor) -> tf.Tensor:
    """Returns the label with the highest score, the first one on a tie."""
    return tf.argmax(logits, axis=-1, output_type=tf.int32)
