# SPDX-License-Identifier: Apache-2.0
"""Our side of pre-training: the graph that run_pretraining.py trains."""

from collections.abc import Mapping
from typing import Any

import commands
import ours
import tensorflow as tf

from modeling import config as config_lib
from modeling.tasks import pretraining


class Side(ours.Side):
    """BERT with both heads of pre-training."""

    def _make_model(self, setup: Mapping[str, Any]) -> tf.Module:
        return pretraining.PretrainingModel(config_lib.BertConfig(**setup["config"]))

    def _infer(self, batch: Mapping[str, tf.Tensor]) -> Mapping[str, tf.Tensor]:
        return self._model.evaluate(batch)


if __name__ == "__main__":
    commands.serve(Side)
