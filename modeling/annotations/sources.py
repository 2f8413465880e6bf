# SPDX-License-Identifier: Apache-2.0
"""Pairs to classify, one at a time: of annotated texts, or of rows made of them.

What a model says of them is left to `modeling.relation`.
"""

import collections
import dataclasses
import os
from collections.abc import Iterator

from modeling import errors
from modeling.annotations import (
    building,
    candidates,
    inputs,
    made_rows,
    outputs,
    records,
    settings,
)


@dataclasses.dataclass(frozen=True)
class Row:
    """A pair, as a model reads it and as it is written.

    Attributes:
        sentence: The text around it, with its mentions blinded or marked.
        record: Its document and mentions; see `outputs.describe`.
    """

    sentence: str
    record: dict[str, object]


class Source:
    """The pairs of files, in order; few of them are in memory at once.

    Attributes:
        num_rows: Pairs that the last iteration gave so far.
        num_documents: Documents that it read; of rows, those that have one.
        num_without: Documents without a pair, which rows cannot tell.
        seen: Mentions of each type; none of rows.
        problems: What was skipped or is rare.
    """

    def __init__(
        self, text: str, options: settings.PairSettings, *, flag: str = "--input"
    ) -> None:
        """Finds the files; reading begins with the iteration.

        Args:
            text: Paths, as for `inputs.list_files`. Files that end in .tsv are rows
                of make_re_data.py unless --format says otherwise.
            options: Which pairs there are, and how they are shown.
            flag: What the user gave `text` with, for messages.

        Raises:
            errors.InputError: If there is no file, or if there are rows together
                with annotations or with options that rows cannot follow.
        """
        self._text, self._options = text, options
        others = (made_rows.ENDING,) if options.format == inputs.AUTO else ()
        self._paths = inputs.list_files(text, flag=flag, others=others)
        made = [path for path in self._paths if inputs.ending(path) in others]
        self._are_rows = bool(made)
        if made and len(made) < len(self._paths):
            annotated = next(path for path in self._paths if path not in made)
            raise errors.InputError(
                f"{flag} must name rows of make_re_data.py or annotations, not both. "
                f"Received: {made[0]} and {annotated}."
            )
        chosen = [name for name in options.chosen if name != "on_error"]
        if made and chosen:
            raise errors.InputError(
                f"{made[0]}: --{', --'.join(chosen)} must be left out with rows, which "
                "make_re_data.py has made already. Received: "
                f"{', '.join(f'--{name}={options.chosen[name]}' for name in chosen)}."
            )
        self._reset()

    @property
    def can_be_read_twice(self) -> bool:
        """Whether all of it are files, and none a pipe."""
        return all(map(os.path.isfile, self._paths))

    def _reset(self) -> None:
        self.num_rows = self.num_documents = self.num_without = 0
        self.seen: collections.Counter[str] = collections.Counter()
        self.problems = records.Problems(self._options.on_error)

    def __iter__(self) -> Iterator[Row]:
        """Yields the pairs.

        Raises:
            errors.InputError: If something is bad and not skipped.
        """
        self._reset()
        for row in self._read_rows() if self._are_rows else self._make_rows():
            self.num_rows += 1
            yield row

    def __str__(self) -> str:
        """Returns what the last iteration read, in words."""
        read = f"{self._text}: {self.num_rows} pairs in {self.num_documents} documents"
        if self._are_rows:
            return read
        kinds = building.format_counts(self.seen) or "no"
        return f"{read} with {kinds} mentions; {self.num_without} have no pair"

    def _read_rows(self) -> Iterator[Row]:
        """Yields the rows of files of rows."""
        last = None
        for path in self._paths:
            for sentence, record in made_rows.read(path, problems=self.problems):
                self.num_documents += (path, record["id"]) != last
                last = (path, record["id"])
                # Counted on over all files, as lines of one output.
                yield Row(sentence, record | {"index": self.num_rows})

    def _make_rows(self) -> Iterator[Row]:
        """Yields a row for each pair of documents."""
        for document in inputs.read_documents(
            self._paths, file_format=self._options.format, problems=self.problems
        ):
            self.num_documents += 1
            self.seen.update(mention.type for mention in document.mentions)
            num_before = self.num_rows
            yield from self._of_document(document)
            self.num_without += self.num_rows == num_before

    def _of_document(self, document: records.Document) -> Iterator[Row]:
        options = self._options
        for pair in candidates.find_pairs(
            document,
            options.pair_types,
            window_sentences=options.window_sentences,
            problems=self.problems,
        ):
            sentence = building.make_row(
                document,
                pair,
                options.row_style,
                max_words=options.max_words,
                problems=self.problems,
            )
            if sentence is not None:
                record = outputs.describe(self.num_rows, document, pair)
                yield Row(sentence, record)
