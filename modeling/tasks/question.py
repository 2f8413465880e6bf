# SPDX-License-Identifier: Apache-2.0
"""Question answering: the start and end of an answer in each passage."""

import tensorflow as tf

from modeling import config as config_lib
from modeling.nn import bert, heads, layers
from modeling.tasks import losses


class QuestionModel(tf.Module):
    """BERT with a span head.

    Dimensions:
        B: windows in the batch.
        T: positions in a window, in WordPieces.
        A: right answers of a window.

    Attributes:
        bert: `bert.Bert`.
        head: `heads.SpanHead`.

    Source:
        Devlin et al. 2019, section 4.2; `create_model` in dmis-lab/biobert,
        run_qa.py at e283eaa.
    """

    def __init__(self, config: config_lib.BertConfig) -> None:
        """Creates all variables with random weights.

        Args:
            config: BERT's sizes.
        """
        super().__init__(name="question")
        self.bert = bert.Bert(config)
        self.head = heads.SpanHead(config.hidden_size)

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
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Scores each position as start and as end.

        Args:
            batch: "input_ids", "input_mask" and "segment_ids", int32[B, T].
            seed: int64[2], the dropout seed of this step, or None outside
                training.

        Returns:
            Start and end logits, each float32[B, T].
        """
        outputs = self.bert(
            batch["input_ids"], batch["input_mask"], batch["segment_ids"], seed=seed
        )
        return self.head(outputs.sequence)

    def loss_terms(
        self, batch: dict[str, tf.Tensor], *, seed: tf.Tensor | None = None
    ) -> list[losses.Term]:
        """Returns the mean of the start's and the end's loss.

        Args:
            batch: As for `logits`, with "start_positions" and
                "end_positions", in [0, T): int32[B], or int32[B, A] where each of
                several is right, the same one any number of times.
            seed: As for `logits`.

        Returns:
            One term, weighted by B.
        """
        return [losses.mean(span_losses(self.logits(batch, seed=seed), batch))]

    def loss_weights(self, batch: dict[str, tf.Tensor]) -> list[tf.Tensor | None]:
        """Returns the weights of `loss_terms` without computing them.

        Args:
            batch: As for `loss_terms`.
        """
        return [losses.count(batch["start_positions"])]

    def predict(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Predicts the logits that answers are chosen by.

        Args:
            batch: As for `logits`.

        Returns:
            "start_logits" and "end_logits", each float32[B, T].
        """
        start, end = self.logits(batch)
        return {"start_logits": start, "end_logits": end}


def span_losses(
    logits: tuple[tf.Tensor, tf.Tensor], batch: dict[str, tf.Tensor]
) -> tf.Tensor:
    """Returns the mean of the start's and the end's loss of each window.

    Args:
        logits: Of start and end, each float32[B, T].
        batch: As for `QuestionModel.loss_terms`.

    Returns:
        float32[B].
    """
    start, end = logits
    values = _negative_log_likelihood(start, batch["start_positions"])
    values += _negative_log_likelihood(end, batch["end_positions"])
    return values / 2.0


def _negative_log_likelihood(logits: tf.Tensor, positions: tf.Tensor) -> tf.Tensor:
    """Returns -log of the probability of the right positions, taken together.

    Args:
        logits: float32[B, T].
        positions: int32[B] or int32[B, A].

    Returns:
        float32[B].

    Source:
        For several positions, Clark and Gardner 2018,
        https://arxiv.org/abs/1710.10723.
    """
    if positions.shape.rank == 1:
        return losses.negative_log_likelihood(logits, positions)
    is_right = tf.one_hot(positions, tf.shape(logits)[1], True, False, dtype=tf.bool)
    right = tf.where(tf.reduce_any(is_right, axis=1), logits, logits.dtype.min)
    return tf.reduce_logsumexp(logits, axis=1) - tf.reduce_logsumexp(right, axis=1)
