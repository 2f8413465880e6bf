# SPDX-License-Identifier: Apache-2.0
"""Records of pre-training to batches: read by number, parsed, masked anew if asked.

Any step of a run can be asked for at once, so a run that was interrupted goes on
without reading what it has read before.
"""

import dataclasses
import glob
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import tensorflow as tf
from absl import logging

from modeling import errors
from modeling.data import batching, record_index, record_order
from modeling.instances import masking

# What is written beside records to tell of them.
_NO_RECORDS = (".manifest.json", ".report.txt", ".progress.jsonl")
# What the random numbers of masks are for.
_TRAINING, _EVALUATION = 0, 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shape:
    """Sizes of a record.

    Attributes:
        max_seq_length: T, WordPieces of a sequence, padding included.
        max_predictions: P, masked positions of a sequence, unused ones included.
        vocab_size: V, the ids are below.
    """

    max_seq_length: int
    max_predictions: int
    vocab_size: int


def list_files(patterns: str) -> list[list[str]]:
    """Finds the files of patterns.

    Args:
        patterns: Paths or patterns, separated by commas.

    Returns:
        For each pattern its files, sorted by name, without what
        create_pretraining_data.py writes beside records, unless that is named itself.

    Raises:
        errors.InputError: If a pattern fits no file.
    """
    found = []
    for pattern in patterns.split(","):
        fitting = sorted(glob.glob(pattern.strip()))
        paths = [
            path
            for path in fitting
            if path == pattern.strip() or not path.endswith(_NO_RECORDS)
        ]
        if len(paths) < len(fitting):
            logging.warning(
                "%s: %d files that tell of records are left out.",
                pattern,
                len(fitting) - len(paths),
            )
        if not paths:
            raise errors.InputError(
                f"{pattern}: A file, or a pattern that fits files, is needed. "
                "Received: no such file."
            )
        found.append(paths)
    return found


class Examples:
    """Records, as batches of features.

    Attributes:
        records: The files.
        error: What was wrong with a record, if something was. TensorFlow, which
            calls this class for batches, passes on another kind of error.
    """

    def __init__(
        self,
        records: record_index.RecordFiles,
        shape: Shape,
        *,
        rules: masking.Rules | None,
        seed: int,
    ) -> None:
        """Reads the first record, to see that the sizes are right.

        Args:
            records: The files.
            shape: Sizes of each record.
            rules: How to mask anew; None keeps the masks of the files.
            seed: Decides the masks.

        Raises:
            errors.InputError: If the record has other features or sizes.
        """
        self.records = records
        self.error: errors.InputError | None = None
        self._shape, self._rules, self._seed = shape, rules, seed
        self.read(np.array([0]), _EVALUATION, 0)

    def read(self, numbers: np.ndarray, *draw: int) -> dict[str, np.ndarray]:
        """Returns the features of some records.

        Args:
            numbers: Which, int64[B].
            *draw: What the masks are for; the same numbers give the same masks.

        Returns:
            int32[B, T] "input_ids", "input_mask", "segment_ids"; int32[B, P]
            "masked_lm_positions", "masked_lm_ids"; float32[B, P]
            "masked_lm_weights"; int32[B, 1] "next_sentence_labels".

        Raises:
            errors.InputError: If a record is damaged, has other features or
                sizes, or ids that the model does not have.
        """
        serialized = self.records.read(numbers)
        try:
            parsed = tf.io.parse_example(serialized, self._features())
        except (tf.errors.InvalidArgumentError, tf.errors.DataLossError) as error:
            raise self._bad_record(numbers, error.message) from None
        batch = {
            key: value.numpy().astype(self.spec[key].dtype.as_numpy_dtype)
            for key, value in parsed.items()
        }
        self._check_ids(numbers, batch)
        if self._rules is None:
            return batch
        rng = np.random.default_rng([self._seed, *draw])
        lengths = batch["input_mask"].sum(axis=1)
        masked = masking.mask(_unmask(batch), lengths, self._rules, rng)
        return batch | masked

    @property
    def spec(self) -> dict[str, tf.TensorSpec]:
        """Types and shapes of a batch."""
        length, predictions = self._shape.max_seq_length, self._shape.max_predictions
        widths = dict.fromkeys(("input_ids", "input_mask", "segment_ids"), length)
        widths |= dict.fromkeys(("masked_lm_positions", "masked_lm_ids"), predictions)
        widths |= {"next_sentence_labels": 1}
        spec = {key: tf.TensorSpec([None, n], tf.int32) for key, n in widths.items()}
        weights = tf.TensorSpec([None, predictions], tf.float32)
        return spec | {"masked_lm_weights": weights}

    def training_batches(
        self, order: record_order.RecordOrder, first_step: int, num_steps: int
    ) -> tf.data.Dataset:
        """Makes the batches of some training steps.

        Args:
            order: Which records each step sees.
            first_step: The first of them, from 0.
            num_steps: How many.

        Returns:
            Batches as `read` describes them.
        """

        def make(step: int) -> dict[str, np.ndarray]:
            numbers, _ = order.indices(step)
            return self.read(numbers, _TRAINING, step)

        return self._make_dataset(make, range(first_step, first_step + num_steps))

    def evaluation_batches(
        self, batch_size: int, num_batches: int | None
    ) -> tf.data.Dataset:
        """Makes the batches of an evaluation, which are the same in each.

        Args:
            batch_size: Records in a batch.
            num_batches: How many, from the first record on and after the last one
                again from the first; None for each record once, where the last
                batch has what is left.

        Returns:
            Batches as `read` describes them.
        """
        total = len(self.records)
        count = -(-total // batch_size) if num_batches is None else num_batches

        def make(batch: int) -> dict[str, np.ndarray]:
            numbers = np.arange(batch * batch_size, (batch + 1) * batch_size)
            if num_batches is None:
                numbers = numbers[numbers < total]
            else:
                # Passes are chained before they are cut into batches.
                numbers %= total
            return self.read(numbers, _EVALUATION, batch)

        return self._make_dataset(make, range(count))

    def _make_dataset(
        self, make: Callable[[int], dict[str, np.ndarray]], numbers: Sequence[int]
    ) -> tf.data.Dataset:
        """Makes a data set of the batches that `make` returns for the numbers."""

        def generate() -> Iterator[dict[str, np.ndarray]]:
            for number in numbers:
                try:
                    yield make(number)
                except errors.InputError as error:
                    self.error = error
                    raise

        return batching.make_dataset(generate, self.spec, len(numbers))

    def _features(self) -> dict[str, tf.io.FixedLenFeature]:
        """Returns what a record holds."""
        features = {}
        for key, spec in self.spec.items():
            dtype = tf.float32 if spec.dtype.is_floating else tf.int64
            width = spec.shape[1]
            # Files for --dynamic_masking hold no masks.
            is_optional = self._rules is not None and key.startswith("masked_lm")
            default = [0] * width if is_optional else None
            features[key] = tf.io.FixedLenFeature([width], dtype, default)
        return features

    def _check_ids(self, numbers: np.ndarray, batch: dict[str, np.ndarray]) -> None:
        """Raises if an id is not in the vocabulary, or a position not in the text."""
        shape = self._shape
        vocabulary = f"vocabulary's size, {shape.vocab_size}"
        for key, end, what in (
            ("input_ids", shape.vocab_size, vocabulary),
            ("masked_lm_ids", shape.vocab_size, vocabulary),
            ("masked_lm_positions", shape.max_seq_length, "length"),
            ("next_sentence_labels", 2, "number of classes, 2"),
        ):
            values = batch[key]
            bad = (values < 0) | (values >= end)
            if bad.any():
                row = int(np.argmax(bad.any(axis=1)))
                raise errors.InputError(
                    f"{self.records.describe(numbers[row])}: `{key}` must be below "
                    f"the {what}. Received: {values[row][bad[row]][0]}."
                )

    def _bad_record(self, numbers: np.ndarray, reason: str) -> errors.InputError:
        """Returns the error for records that cannot be parsed."""
        shape = self._shape
        where = self.records.describe(numbers[0])
        return errors.InputError(
            f"{where}{' and others' if len(numbers) > 1 else ''}: A record of "
            f"pre-training, of --max_seq_length={shape.max_seq_length} and "
            f"--max_predictions_per_seq={shape.max_predictions}, is needed; records "
            "without masks need --dynamic_masking. Received: another "
            f"({reason.splitlines()[0]})."
        )


def _unmask(batch: dict[str, np.ndarray]) -> np.ndarray:
    """Returns the ids that stood there before they were masked, int32[B, T]."""
    ids = batch["input_ids"].copy()
    rows, columns = np.nonzero(batch["masked_lm_weights"])
    positions = batch["masked_lm_positions"][rows, columns]
    ids[rows, positions] = batch["masked_lm_ids"][rows, columns]
    return ids
