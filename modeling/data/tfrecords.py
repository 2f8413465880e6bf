# SPDX-License-Identifier: Apache-2.0
"""Arrays to TFRecord files of `tf.train.Example`, and back.

What the arrays mean is left to those who make them.
"""

import math
import os
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from modeling import errors, files

# More at a time is not faster and takes more memory.
_RECORDS_PER_READ = 1000


def write_records(
    path: str | os.PathLike[str], features: Mapping[str, np.ndarray]
) -> None:
    """Writes one record for each row of the arrays.

    The file is written whole or not at all, and equal arrays give equal bytes.

    Args:
        path: The file to write or replace.
        features: Arrays [N, ...] by feature key. Integers and booleans become
            int64 lists, floats float32 lists; each holds one row, flattened.

    Raises:
        ValueError: If there is no array, if the numbers of rows differ, or if
            an array holds other than numbers.
    """
    num_records = _num_rows(features)
    columns = [
        (key, _feature_maker(key, array), _flat_rows(array))
        for key, array in features.items()
    ]
    with (
        files.replacing(path) as temporary,
        tf.io.TFRecordWriter(os.fspath(temporary)) as writer,
    ):
        for row in range(num_records):
            feature = {key: make(array[row].tolist()) for key, make, array in columns}
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            # Else protobuf writes the keys in a random order.
            writer.write(example.SerializeToString(deterministic=True))


def _num_rows(features: Mapping[str, np.ndarray]) -> int:
    """Returns N, or raises `ValueError` if arrays differ in it."""
    lengths = {key: len(array) for key, array in features.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"Arrays must have as many rows each. Received: {lengths}.")
    return next(iter(lengths.values()))


def _flat_rows(array: np.ndarray) -> np.ndarray:
    """Returns [N, ...] as [N, values of a row]."""
    if array.dtype.kind == "b":  # Which protobuf takes for no integer.
        array = array.astype(np.int64)
    return array.reshape(len(array), math.prod(array.shape[1:]))


def _feature_maker(
    key: str, array: np.ndarray
) -> Callable[[list[int] | list[float]], tf.train.Feature]:
    """Returns what makes a feature of a row of `array`."""
    if array.dtype.kind in "iub":
        return lambda row: tf.train.Feature(int64_list=tf.train.Int64List(value=row))
    if array.dtype.kind == "f":
        return lambda row: tf.train.Feature(float_list=tf.train.FloatList(value=row))
    raise ValueError(
        f"Arrays must hold integers or floats. Received: {array.dtype} for {key!r}."
    )


def read_records(
    path: str | os.PathLike[str], spec: Mapping[str, tf.io.FixedLenFeature]
) -> dict[str, np.ndarray]:
    """Reads records back into arrays, all at once: for tools and tests.

    Args:
        path: The file.
        spec: For each wanted feature, the shape of one record's, and its type,
            `tf.int64` or `tf.float32`.

    Returns:
        An array [N, *shape] for each key of `spec`.

    Raises:
        errors.InputError: If the file is not there, is damaged, or a record has
            no such feature.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise errors.InputError(
            f"{path}: A TFRecord file is needed. Received: no file."
        )
    batches = tf.data.TFRecordDataset(path).batch(_RECORDS_PER_READ)
    try:
        parsed = [tf.io.parse_example(records, dict(spec)) for records in batches]
    except (tf.errors.InvalidArgumentError, tf.errors.DataLossError) as error:
        raise errors.InputError(
            f"{path}: Records must be whole and hold {', '.join(sorted(spec))} as "
            f"specified. Received: {error.message}."
        ) from error
    return {
        key: np.concatenate([batch[key].numpy() for batch in parsed])
        if parsed
        else np.zeros([0, *feature.shape], feature.dtype.as_numpy_dtype)
        for key, feature in spec.items()
    }
