# SPDX-License-Identifier: Apache-2.0
"""Files of questions as windows, and with what is trained on."""

import dataclasses
import pathlib
import random
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from modeling import files
from modeling.data import (
    batching,
    example_records,
    question,
    question_passages,
    question_targets,
    question_windows,
)
from modeling.question import settings as settings_lib
from modeling.text import tokenization

SKIPPED_FILE = "skipped_questions.json"

# The original's, for the order of its examples and so of train.tf_record.
_SHUFFLE_SEED = 12345
_ROWS_PER_WRITE = 512


@dataclasses.dataclass(frozen=True)
class Split:
    """A file of questions.

    Attributes:
        path: The file.
        windows: N windows of its questions, or of its examples.
        targets: With answers to train on, arrays [N, ...] by feature key:
            "start_positions" and "end_positions", or "label_ids"; or all of them,
            where -1 is the label of a question with a span.
        skipped: By reason, the ids of questions that are not trained on, or not
            with all their answers.
    """

    path: str
    windows: question_windows.Windows
    targets: Mapping[str, np.ndarray]
    skipped: Mapping[str, Sequence[str]]

    @property
    def questions(self) -> Sequence[question.Question]:
        """The questions."""
        return self.windows.questions

    def describe(self, rows: np.ndarray) -> str:
        """Returns the questions of some windows, for messages."""
        ids = [self.questions[i].id for i in self.windows.of_question[rows]]
        return f"{self.path}: questions {', '.join(ids)}"

    def training_batches(
        self, order: batching.TrainingOrder, first_step: int, num_steps: int
    ) -> tf.data.Dataset:
        """Makes the batches of some training steps.

        Args:
            order: Which windows each step sees.
            first_step: The step of the first batch, from 0.
            num_steps: The number of batches.

        Returns:
            Dicts of "input_ids", "input_mask" and "segment_ids", int32[B, T], and
            the targets.
        """

        def make(rows: np.ndarray) -> dict[str, np.ndarray]:
            targets = {key: array[rows] for key, array in self.targets.items()}
            return self.windows.arrays(rows) | targets

        def generate() -> Iterator[dict[str, np.ndarray]]:
            for step in range(first_step, first_step + num_steps):
                yield make(order.indices(step))

        spec = {
            key: tf.TensorSpec([order.batch_size, *array.shape[1:]], tf.int32, name=key)
            for key, array in make(np.zeros(1, np.int64)).items()
        }
        return batching.make_dataset(generate, spec, num_steps)

    def write_records(self, path: pathlib.Path, *, has_impossible: bool) -> None:
        """Writes the windows as the original does, with their targets.

        Args:
            path: The file.
            has_impossible: Whether questions may have no answer.
        """
        impossible = np.array([q.is_impossible for q in self.questions])
        with example_records.writing(path) as write:
            for start in range(0, len(self.windows), _ROWS_PER_WRITE):
                rows = np.arange(start, min(start + _ROWS_PER_WRITE, len(self.windows)))
                arrays = self.windows.arrays(rows)
                arrays["unique_ids"] = self.windows.unique_ids(rows)
                arrays |= {key: values[rows] for key, values in self.targets.items()}
                if "start_positions" in self.targets:
                    of_rows = impossible[self.windows.of_question[rows]]
                    arrays["is_impossible"] = of_rows & has_impossible
                write({key: a.reshape(len(rows), -1) for key, a in arrays.items()})


class Reader:
    """Reads the files of a run."""

    def __init__(
        self, settings: settings_lib.Settings, tokenizer: tokenization.BertTokenizer
    ) -> None:
        """Remembers what all files are read by.

        Args:
            settings: Lengths, and what is trained on.
            tokenizer: Splits texts into pieces.
        """
        self._settings, self._tokenizer = settings, tokenizer

    def windows(
        self,
        questions: Sequence[question.Question],
        passages: Sequence[question_passages.Passage] | None = None,
    ) -> question_windows.Windows:
        """Cuts passages into windows.

        Args:
            questions: The questions.
            passages: Theirs, if they are split already.
        """
        if passages is None:
            contexts = [one.context for one in questions]
            passages = question_passages.split_all(contexts, self._tokenizer)
        return question_windows.Windows(
            questions,
            passages,
            self._tokenizer,
            max_seq_length=self._settings.max_seq_length,
            doc_stride=self._settings.doc_stride,
            max_query_length=self._settings.max_query_length,
        )

    def read(self, path: str) -> Split:
        """Reads questions to answer."""
        is_yes_no = self._settings.is_yes_no
        windows = self.windows(question.read_file(path, is_yes_no=is_yes_no))
        windows.log_size(path)
        return Split(path, windows, {}, {})

    def read_training(self, path: str, yes_no_path: str | None = None) -> Split:
        """Reads questions to train on, in the original's order.

        Args:
            path: The file.
            yes_no_path: One of yes/no questions, to train on with those of the other.

        Raises:
            errors.InputError: If a question or an answer is not as it must be.
        """
        if self._settings.is_yes_no:
            split = self._with_labels(path, _read_labelled(path))
        else:
            labelled = _read_labelled(yes_no_path) if yes_no_path else []
            questions = question.read_file(path, unique_ids=False)
            split = self._with_positions(path, questions, labelled)
            if labelled:
                both = f"{path} and {yes_no_path}"
                split = dataclasses.replace(split, path=both)
        split.windows.log_size(split.path)
        return split

    def _with_positions(
        self,
        path: str,
        questions: Sequence[question.Question],
        labelled: Sequence[question.Question],
    ) -> Split:
        """Returns windows with the positions of answers; and labels, if any."""
        settings = self._settings
        contexts = [one.context for one in questions]
        found = question_targets.find_targets(
            questions,
            question_passages.split_all(contexts, self._tokenizer),
            self._tokenizer,
            has_impossible=settings.version_2_with_negative,
            answers=settings.answers,
            on_bad_answers=settings.on_bad_answers,
        )
        question_targets.log_skipped(found, path, settings.answers)
        passages = question_passages.split_all(
            [one.context for one in labelled], self._tokenizer
        )
        examples = found.examples + [
            question_targets.Example(one, passage, ())
            for one, passage in zip(labelled, passages, strict=True)
        ]
        examples = _shuffled(examples)
        windows = self.windows(
            [example.question for example in examples],
            [example.passage for example in examples],
        )
        starts, ends = question_windows.positions(
            windows, [example.spans for example in examples]
        )
        targets = {"start_positions": starts, "end_positions": ends}
        if labelled:
            targets["label_ids"] = _label_ids(windows)
        partly = {
            f"trained on without some answers: {reason}": ids
            for reason, ids in found.incomplete.items()
        }
        return Split(path, windows, targets, found.skipped | partly)

    def _with_labels(self, path: str, questions: Sequence[question.Question]) -> Split:
        """Returns windows with the labels of their questions."""
        windows = self.windows(_shuffled(questions))
        return Split(path, windows, {"label_ids": _label_ids(windows)}, {})


def _read_labelled(path: str) -> list[question.Question]:
    """Reads yes/no questions to train on.

    Raises:
        errors.InputError: If one has no label.
    """
    questions = question.read_file(path, is_yes_no=True, unique_ids=False)
    for one in questions:
        if one.label is None:
            raise one.error('In training it must have an "answer", yes or no', "none")
    return questions


def _label_ids(windows: question_windows.Windows) -> np.ndarray:
    """Returns int32[N], the label of each window, -1 where there is none."""
    ids = [
        -1 if one.label is None else question.LABELS.index(one.label)
        for one in windows.questions
    ]
    return np.array(ids, np.int32)[windows.of_question]


def _shuffled(items: Sequence) -> list:
    """Returns items in the order in which the original trains on them."""
    shuffled = list(items)
    random.Random(_SHUFFLE_SEED).shuffle(shuffled)  # noqa: S311
    return shuffled


def write_skipped(folder: pathlib.Path, split: Split) -> None:
    """Writes the ids of the questions that are not trained on, by reason."""
    files.write_json(folder / SKIPPED_FILE, split.skipped)
