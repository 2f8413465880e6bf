# SPDX-License-Identifier: Apache-2.0
"""Spans and yes/no answers, trained together on one encoder."""

import tensorflow as tf

from modeling import config as config_lib
from modeling.data import question as question_data
from modeling.nn import heads
from modeling.tasks import losses, question


class JointModel(question.QuestionModel):
    """BERT with a span head on its positions and a label head on its pooled output.

    Its variables are those of `question.QuestionModel` and `yes_no.YesNoModel`, so
    either of them takes its weights and answers its own type of question.

    Attributes:
        bert: `bert.Bert`.
        head: `heads.SpanHead`.
        label_head: `heads.LabelHead`, whose classes are `question.LABELS`.
    """

    def __init__(self, config: config_lib.BertConfig) -> None:
        """Creates all variables with random weights.

        Args:
            config: BERT's sizes.
        """
        super().__init__(config)
        self.label_head = heads.LabelHead(
            config.hidden_size,
            len(question_data.LABELS),
            dropout_rate=config.head_dropout_prob,
        )

    @property
    def trained_variables(self) -> list[tf.Variable]:
        """The variables that the loss depends on: all."""
        return list(self.trainable_variables)

    def loss_terms(
        self, batch: dict[str, tf.Tensor], *, seed: tf.Tensor | None = None
    ) -> list[losses.Term]:
        """Returns the mean loss over windows of both types, each by its own head.

        Args:
            batch: As for `QuestionModel.loss_terms`, with "label_ids", int32[B] or
                int32[B, 1]: the label of a yes/no question, whose positions do not
                count, or -1 for a question with a span.
            seed: As for `logits`.

        Returns:
            One term, weighted by B.
        """
        sequence = self.bert(
            batch["input_ids"], batch["input_mask"], batch["segment_ids"], seed=seed
        ).sequence
        of_spans = question.span_losses(self.head(sequence), batch)
        ids = tf.reshape(batch["label_ids"], [-1])
        of_labels = losses.negative_log_likelihood(
            self.label_head(self.bert.pool(sequence), seed=seed), tf.maximum(ids, 0)
        )
        return [losses.mean(tf.where(ids < 0, of_spans, of_labels))]
