# SPDX-License-Identifier: Apache-2.0
"""Pre-training: masked words and next sentences."""

import tensorflow as tf

from modeling import config as config_lib
from modeling.nn import bert, heads
from modeling.tasks import losses

# Keeps a batch without masked words finite; the original's constant.
_MASK_WEIGHT_EPSILON = 1e-5


class PretrainingModel(tf.Module):
    """BERT with a masked-word head and a next-sentence head.

    Dimensions:
        B: sequences in the batch.
        T: positions in a sequence, in WordPieces.
        P: masked positions per sequence.
        V: vocabulary size.

    Attributes:
        bert: `bert.Bert`.
        masked_words: `heads.MaskedWordHead`, tied to the word embeddings.
        next_sentence: `heads.NextSentenceHead`.

    Source:
        Devlin et al. 2019, section 3.1; `model_fn_builder` in
        dmis-lab/biobert, run_pretraining.py at e283eaa.
    """

    def __init__(self, config: config_lib.BertConfig) -> None:
        """Creates all variables with random weights.

        Args:
            config: BERT's sizes.
        """
        super().__init__(name="pretraining")
        self.bert = bert.Bert(config)
        self.masked_words = heads.MaskedWordHead(config)
        self.next_sentence = heads.NextSentenceHead(
            config.hidden_size, initializer_range=config.initializer_range
        )

    @property
    def trained_variables(self) -> list[tf.Variable]:
        """The variables that the loss depends on: all."""
        return list(self.trainable_variables)

    def logits(
        self, batch: dict[str, tf.Tensor], *, seed: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Scores masked words and sentence pairs.

        Args:
            batch: "input_ids", "input_mask" and "segment_ids", int32[B, T],
                and "masked_lm_positions", int32[B, P].
            seed: int64[2], the dropout seed of this step, or None outside
                training.

        Returns:
            float32[B, P, V] and float32[B, 2].
        """
        outputs = self.bert(
            batch["input_ids"], batch["input_mask"], batch["segment_ids"], seed=seed
        )
        words = self.masked_words(
            outputs.sequence,
            batch["masked_lm_positions"],
            self.bert.embeddings.word_embeddings,
        )
        return words, self.next_sentence(self.bert.pool(outputs.sequence))

    def loss_terms(
        self, batch: dict[str, tf.Tensor], *, seed: tf.Tensor | None = None
    ) -> list[losses.Term]:
        """Returns the masked words' weighted mean and the pairs' mean.

        Args:
            batch: As for `logits`, with "masked_lm_ids" int32[B, P],
                "masked_lm_weights" float32[B, P] and "next_sentence_labels"
                int32[B, 1].
            seed: As for `logits`.

        Returns:
            Two terms.
        """
        words, pairs = self.logits(batch, seed=seed)
        weights = batch["masked_lm_weights"]
        word_losses = losses.negative_log_likelihood(words, batch["masked_lm_ids"])
        labels = batch["next_sentence_labels"][:, 0]
        return [
            (
                tf.reduce_sum(word_losses * weights),
                tf.reduce_sum(weights) + _MASK_WEIGHT_EPSILON,
            ),
            losses.mean(losses.negative_log_likelihood(pairs, labels)),
        ]
