# SPDX-License-Identifier: Apache-2.0
"""Question answering: the start and end of an answer in each passage."""

import tensorflow as tf

from modeling import config as config_lib
from modeling.nn import bert, heads
from modeling.tasks import losses


class QuestionModel(tf.Module):
    """BERT with a span head.

    Dimensions:
        B: windows in the batch.
        T: positions in a window, in WordPieces.

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
                "end_positions", int32[B], in [0, T).
            seed: As for `logits`.

        Returns:
            One term, weighted by B.
        """
        start, end = self.logits(batch, seed=seed)
        values = losses.negative_log_likelihood(start, batch["start_positions"])
        values += losses.negative_log_likelihood(end, batch["end_positions"])
        return [losses.mean(values / 2.0)]

    def predict(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Predicts the logits that answers are chosen by.

        Args:
            batch: As for `logits`.

        Returns:
            "start_logits" and "end_logits", each float32[B, T].
        """
        start, end = self.logits(batch)
        return {"start_logits": start, "end_logits": end}
