# SPDX-License-Identifier: Apache-2.0
"""Yes/no questions: one of two answers to each question with its passage."""

import tensorflow as tf

from modeling import config as config_lib
from modeling.data import question
from modeling.nn import layers
from modeling.tasks import relation


class YesNoModel(relation.RelationModel):
    """BERT with a head for two classes on the pooled output.

    The model and its names are those of relation extraction: a model of pairs of
    sentences (MNLI) gives it its encoder, and its head if that has two classes too.

    Attributes:
        bert: `bert.Bert`.
        head: `heads.LabelHead`, whose classes are `question.LABELS`.

    Source:
        Jeong et al. 2020, https://arxiv.org/abs/2007.00217: yes/no
        questions of BioASQ as sequence classification.
    """

    def __init__(self, config: config_lib.BertConfig) -> None:
        """Creates all variables with random weights.

        Args:
            config: BERT's sizes.
        """
        super().__init__(config, len(question.LABELS))

    def lower_precision(self, dtype: tf.DType) -> None:
        """Computes in a shorter type, with weights that are final; see `layers`."""
        layers.compute_in(self.bert, dtype, weights_are_final=True)
