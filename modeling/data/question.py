# SPDX-License-Identifier: Apache-2.0
"""Questions and the passages that answer them: files of SQuAD's form to records.

Yes/no questions have a label in place of answers, and may stand in a flat list. All
records are checked here; words and pieces are left to `question_passages`, the
places of answers that are trained on to `question_targets`.
"""

import collections
import dataclasses
import gzip
import json
import os
import pathlib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from absl import logging

from modeling import errors

# What a yes/no question may be answered with; the index is the id of the class.
LABELS = ("no", "yes")

_FORM = (
    "SQuAD's form: data, a list of objects with paragraphs, lists of a context and qas"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A right answer.

    Attributes:
        text: As the file has it.
        start: Index of its first character in the context; None if not given.
        entry: The number of what it names, of list questions; answers with the
            same number are synonyms. None if not given.
    """

    text: str
    start: int | None
    entry: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question and the passage that may answer it.

    Attributes:
        id: Tells it from the others of a file.
        text: The question.
        context: The passage.
        path: The file it is from.
        answers: The right answers, none for a question that has none; None if
            the file does not say.
        is_impossible: Whether the file says that there is no answer.
        label: One of `LABELS`; None if the file does not say.
    """

    id: str
    text: str
    context: str
    path: str
    answers: tuple[Answer, ...] | None = None
    is_impossible: bool = False
    label: str | None = None

    def error(self, need: str, received: object) -> errors.InputError:
        """Returns the error that says what is wrong with this question."""
        return errors.InputError(
            f"{self.path}: question {self.id!r}: {need}. Received: {received}."
        )


def read_file(
    path: str | os.PathLike[str], *, is_yes_no: bool = False, unique_ids: bool = True
) -> list[Question]:
    """Reads a file of questions; .gz is decompressed.

    Args:
        path: JSON in SQuAD's form.
        is_yes_no: Whether the questions have labels in place of answers.
        unique_ids: Whether to refuse ids that repeat, or else warn of them.

    Returns:
        The questions in the order of the file.

    Raises:
        errors.InputError: If the file cannot be read, is not of that form, or
            holds no question.
    """
    path = os.fspath(path)
    questions = list(_questions(_read_json(path), path, is_yes_no))
    if not questions:
        raise errors.InputError(
            f"{path}: At least one question is needed. Received: none."
        )
    counts = collections.Counter(question.id for question in questions)
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated and unique_ids:
        raise errors.InputError(
            f"{path}: question {repeated[0]!r}: An id must be that of one question, "
            f"as answers are written under it. Received: {counts[repeated[0]]} of it, "
            f"and {len(repeated)} such ids."
        )
    if repeated:
        logging.warning(
            "%s: %d ids are of several questions, such as %s.",
            path,
            len(repeated),
            repeated[0],
        )
    return questions


def _read_json(path: str) -> Any:  # noqa: ANN401
    """Returns the parsed content of a file."""
    try:
        content = pathlib.Path(path).read_bytes()
        if path.endswith(".gz"):
            content = gzip.decompress(content)
        return json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        what = "a file that ends early" if _ends_early(error) else error.msg
        raise errors.InputError(
            f"{path}:{error.lineno}: Questions must be JSON. Received: {what}, at "
            f"character {error.colno} of the line."
        ) from None
    except (
        EOFError,
        zlib.error,
        gzip.BadGzipFile,
        ValueError,
        RecursionError,
    ) as error:
        raise errors.InputError(
            f"{path}: Questions must be JSON in UTF-8. Received: {error}."
        ) from None
    except OSError as error:
        raise errors.InputError(
            f"{path}: A file of questions is needed. Received: {error.strerror}."
        ) from None


def _ends_early(error: json.JSONDecodeError) -> bool:
    """Tells whether a file of JSON is cut rather than wrong."""
    rest = error.doc[error.pos :].rstrip()
    words = ("true", "false", "null")
    return error.msg.startswith("Unterminated") or any(
        word.startswith(rest) for word in words
    )


def _questions(data: object, path: str, is_yes_no: bool) -> Iterator[Question]:
    """Yields the questions of a parsed file."""
    entries = data.get("data") if isinstance(data, dict) else None
    for i, entry in enumerate(_items(entries, f"{path}: data")):
        where = f"{path}: data[{i}]"
        if is_yes_no and isinstance(entry, dict) and "paragraphs" not in entry:
            yield _question(entry, entry.get("context"), path, where, is_yes_no)
            continue
        paragraphs = entry.get("paragraphs") if isinstance(entry, dict) else None
        for j, paragraph in enumerate(_items(paragraphs, f"{where}.paragraphs")):
            place = f"{where}.paragraphs[{j}]"
            qas = paragraph.get("qas") if isinstance(paragraph, dict) else None
            for k, qa in enumerate(_items(qas, f"{place}.qas")):
                context = paragraph.get("context")
                yield _question(qa, context, path, f"{place}.qas[{k}]", is_yes_no)


def _items(value: object, where: str) -> Iterable[Any]:
    """Returns a list, or raises."""
    if not isinstance(value, list):
        raise errors.InputError(
            f"{where}: A file of questions must have {_FORM}. Received: {value!r:.60}."
        )
    return value


def _question(
    qa: object, context: object, path: str, where: str, is_yes_no: bool
) -> Question:
    """Returns one question, checked but for the places of its answers."""
    name = qa.get("id") if isinstance(qa, dict) else None
    if type(name) not in (str, int) or name == "":
        raise errors.InputError(
            f'{where}: A question must have an "id", a string that is not empty. '
            f"Received: {qa!r:.80}."
        )
    blank = Question(id=str(name), text="", context="", path=path)
    if not isinstance(context, str) or not context.strip():
        raise blank.error(
            'Its passage must have a "context", a string that is not blank',
            f"{context!r:.60}",
        )
    text = qa.get("question")
    if not isinstance(text, str):
        raise blank.error('It must have a "question", a string', f"{text!r:.60}")
    for string in (blank.id, context, text):
        _check_unicode(string, blank)
    impossible = qa.get("is_impossible", qa.get("answers") == [])
    if not isinstance(impossible, bool):
        raise blank.error(
            '"is_impossible" must be true or false', f"{impossible!r:.60}"
        )
    return dataclasses.replace(
        blank,
        text=text,
        context=context,
        is_impossible=impossible,
        answers=None if is_yes_no else _answers(qa.get("answers"), blank),
        label=_label(qa, blank) if is_yes_no else None,
    )


def _check_unicode(text: str, question: Question) -> None:
    """Raises where a string of JSON has half of a pair of surrogates."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise question.error(
            "Its texts must be Unicode", f"{text[error.start]!a}, half of a character"
        ) from None


def _answers(value: object, question: Question) -> tuple[Answer, ...] | None:
    """Returns the right answers of a question, if the file gives them."""
    if value is None:
        return None
    if not isinstance(value, list):
        raise question.error('"answers" must be a list', f"{value!r:.60}")
    answers = []
    for entry in value:
        text = entry.get("text") if isinstance(entry, dict) else None
        if not isinstance(text, str):
            raise question.error(
                'An answer must have a "text", a string', f"{entry!r:.60}"
            )
        _check_unicode(text, question)
        numbers = {name: entry.get(name) for name in ("answer_start", "entry")}
        for name, number in numbers.items():
            if type(number) not in (int, type(None)):
                raise question.error(
                    f'"{name}" must be a whole number', f"{number!r:.60}"
                )
        answers.append(Answer(text, *numbers.values()))
    return tuple(answers)


def _label(qa: Mapping[str, Any], question: Question) -> str | None:
    """Returns the label of a yes/no question, if the file gives one."""
    value = qa.get("answer")
    if value is None:
        value = qa.get("label")
    if value is None:
        return None
    label = value.strip().lower() if isinstance(value, str) else ""
    if label not in LABELS:
        raise question.error('"answer" must be yes or no', f"{value!r:.60}")
    return label
