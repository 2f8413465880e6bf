# SPDX-License-Identifier: Apache-2.0
"""Pre-training: masked words and next sentences."""

import math
from collections.abc import Mapping

import numpy as np
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
            losses.Term(
                tf.reduce_sum(word_losses * weights),
                tf.reduce_sum(weights),
                offset=_MASK_WEIGHT_EPSILON,
            ),
            losses.mean(losses.negative_log_likelihood(pairs, labels)),
        ]

    def loss_weights(self, batch: dict[str, tf.Tensor]) -> list[tf.Tensor | None]:
        """Returns the weights of `loss_terms` without computing them.

        Args:
            batch: As for `loss_terms`.
        """
        words = tf.reduce_sum(batch["masked_lm_weights"])
        return [words, losses.count(batch["next_sentence_labels"])]

    def evaluate(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Counts what the scores of a batch are made of.

        Args:
            batch: As for `loss_terms`.

        Returns:
            Each float32[]: "loss", the batch's; "words", the weight of masked
            words; "words_correct" and "words_loss" of them, weighted; "pairs",
            their number; "pairs_correct" and "pairs_loss" of them.
        """
        words, pairs = self.logits(batch)
        weights, labels = batch["masked_lm_weights"], batch["next_sentence_labels"]
        word_losses = losses.negative_log_likelihood(words, batch["masked_lm_ids"])
        pair_losses = losses.negative_log_likelihood(pairs, labels[:, 0])
        sums = {
            "words": weights,
            "words_correct": weights * _is_best(words, batch["masked_lm_ids"]),
            "words_loss": weights * word_losses,
            "pairs": tf.ones_like(pair_losses),
            "pairs_correct": _is_best(pairs, labels[:, 0]),
            "pairs_loss": pair_losses,
        }
        sums = {name: tf.reduce_sum(values) for name, values in sums.items()}
        word_term = losses.Term(
            sums["words_loss"], sums["words"], offset=_MASK_WEIGHT_EPSILON
        )
        pair_term = losses.Term(sums["pairs_loss"], sums["pairs"])
        return sums | {"loss": losses.value([word_term, pair_term])}


def _is_best(logits: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
    """Returns 1 where the largest of float32[..., C] is that of the id, else 0."""
    best = tf.argmax(logits, axis=-1, output_type=ids.dtype)
    return tf.cast(tf.equal(best, ids), tf.float32)


def score(outputs: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Computes the scores of pre-training.

    Args:
        outputs: For each output of `PretrainingModel.evaluate` its values of all
            batches, float32[batches].

    Returns:
        "loss", the mean of the batches' losses; "masked_lm_accuracy",
        "masked_lm_loss", over all masked words; "masked_lm_perplexity", the
        exponential of that; "next_sentence_accuracy", "next_sentence_loss",
        over all pairs. Accuracies are shares, losses in nats.

    Source:
        `metric_fn` in dmis-lab/biobert, run_pretraining.py at e283eaa, but for
        the perplexity.
    """
    sums = {name: float(np.sum(x, dtype=np.float64)) for name, x in outputs.items()}
    words = max(sums["words"], _MASK_WEIGHT_EPSILON)
    word_loss = sums["words_loss"] / words
    return {
        "loss": float(np.mean(outputs["loss"], dtype=np.float64)),
        "masked_lm_accuracy": sums["words_correct"] / words,
        "masked_lm_loss": word_loss,
        # Beyond that it means nothing, and would be no number.
        "masked_lm_perplexity": math.exp(min(word_loss, 700.0)),
        "next_sentence_accuracy": sums["pairs_correct"] / sums["pairs"],
        "next_sentence_loss": sums["pairs_loss"] / sums["pairs"],
    }
