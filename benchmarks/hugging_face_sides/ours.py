# SPDX-License-Identifier: Apache-2.0
"""Our side: the graphs that run_ner.py trains and predicts with."""

import functools
from collections.abc import Mapping
from typing import Any

import commands
import numpy as np
import tensorflow as tf

from modeling import config as config_lib
from modeling.data import batching
from modeling.nn import dropout, layers
from modeling.tasks import ner
from modeling.training import inference, optimizers, replication, schedule, steps

_SEED = 12345
_NUM_TRAIN_STEPS = 10_000


class Side:
    """BERT with a label head, its optimizer and its data."""

    def __init__(self, setup: Mapping[str, Any]) -> None:
        """Makes the model with random weights.

        Args:
            setup: See `hugging_face.make_setup`.
        """
        tf.config.set_visible_devices([], "GPU")
        tf.config.threading.set_intra_op_parallelism_threads(setup["threads"])
        tf.config.threading.set_inter_op_parallelism_threads(setup["threads"])
        with np.load(setup["arrays"]) as file:
            self._arrays = dict(file)
        self._batch_size = setup["predict_batch_size"]
        self._model = self._make_model(setup)
        layers.compute_in(
            self._model,
            tf.as_dtype(setup["precision"]),
            weights_are_final=setup["predicts_only"],
        )
        replicas = replication.SingleProcess()
        self._predictor = inference.Graph(self._infer, replicas)
        updater = steps.Updater(
            self._model,
            optimizers.AdamWeightDecay(self._model.trained_variables),
            learning_rate=functools.partial(
                schedule.learning_rate,
                peak=setup["learning_rate"],
                num_train_steps=_NUM_TRAIN_STEPS,
                num_warmup_steps=0,
            ),
            step_seed=functools.partial(dropout.step_seed, _SEED),
            replicas=replicas,
            compiles=setup["xla"],
        )
        self._run_steps = updater.make_runner()
        order = batching.TrainingOrder(
            len(self._arrays["input_ids"]), setup["train_batch_size"], _SEED
        )
        self._batches = iter(
            batching.training_batches(
                self._arrays, order, first_step=0, num_steps=_NUM_TRAIN_STEPS
            )
        )

    def _make_model(self, setup: Mapping[str, Any]) -> tf.Module:
        """Returns the task's model."""
        return ner.NerModel(
            config_lib.BertConfig(**setup["config"]), setup["num_labels"]
        )

    def _infer(self, batch: Mapping[str, tf.Tensor]) -> Mapping[str, tf.Tensor]:
        return self._model.predict(batch)

    def train(self, first: int, count: int) -> None:
        """Makes some steps in one call of the graph, as the training loop does."""
        log = self._run_steps(
            self._batches, tf.constant(first, tf.int64), tf.constant(count, tf.int64)
        )
        assert np.isfinite(log.loss.numpy()).all()

    def predict(self, first: int, end: int) -> None:
        """Labels sentences in batches of equal size, padded to equal length."""
        rows = {name: values[first:end] for name, values in self._arrays.items()}
        batches = batching.inference_batches(rows, self._batch_size)
        labels = self._predictor.collect(batches)["predictions"]
        assert labels.shape == rows["input_ids"].shape

    def describe(self) -> dict[str, Any]:
        """Returns the version of TensorFlow."""
        return {"versions": f"TensorFlow {tf.__version__}"}


if __name__ == "__main__":
    commands.serve(Side)
