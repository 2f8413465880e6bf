# SPDX-License-Identifier: Apache-2.0
"""The answers that are trained on, as pieces of their passages.

What the original trains on, is trained on here, and what it skips, it skipped, but
by name and reason.
"""

import collections
import dataclasses
import json
from collections.abc import Iterable, Sequence

from absl import logging

from modeling import errors
from modeling.data import question, question_passages
from modeling.text import tokenization

# With several answers to a question: the first, all as right ones of one example, or
# an example for each.
ANSWERS = ("first", "all", "expand")
# What to do with answers that do not stand where the file says.
BAD_ANSWERS = ("skip", "stop")

_NOT_THERE = "the answer is not at its answer_start"
_NO_PIECES = "the answer has no WordPieces"
_MAX_LOGGED = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Example:
    """What one example of training asks for.

    Attributes:
        question: The question.
        passage: Its passage.
        spans: First and last piece of each right answer, pairs that differ; none if
            there is no answer.
    """

    question: question.Question
    passage: question_passages.Passage
    spans: tuple[tuple[int, int], ...]


@dataclasses.dataclass(frozen=True)
class Targets:
    """The examples of a file, and what is not among them.

    Attributes:
        examples: In the order of the file.
        skipped: By reason, the ids of the questions that were skipped.
        incomplete: By reason, those of questions that lack some of their answers.
        num_several: Questions with several answers.
    """

    examples: list[Example]
    skipped: dict[str, list[str]]
    incomplete: dict[str, list[str]]
    num_several: int


def find_targets(
    questions: Sequence[question.Question],
    passages: Sequence[question_passages.Passage],
    tokenizer: tokenization.BertTokenizer,
    *,
    has_impossible: bool = False,
    answers: str = "first",
    on_bad_answers: str = "skip",
) -> Targets:
    """Finds the pieces of all answers.

    Args:
        questions: Questions with their answers.
        passages: The passage of each.
        tokenizer: That of the passages.
        has_impossible: Whether questions may have no answer, as in SQuAD 2.0.
        answers: One of `ANSWERS`.
        on_bad_answers: One of `BAD_ANSWERS`.

    Returns:
        The examples and what was skipped.

    Raises:
        errors.InputError: If a question has no answers and must have one, an answer
            lies outside of its passage or, with "stop", not where it should; or if
            no example is left.

    Source:
        `read_squad_examples` in dmis-lab/biobert, run_qa.py at e283eaa, which stops
        where a question has several answers, and trains on an end before the start
        where an answer has no pieces.
    """
    examples: list[Example] = []
    skipped: dict[str, list[str]] = collections.defaultdict(list)
    incomplete: dict[str, list[str]] = collections.defaultdict(list)
    num_several = 0
    for one, passage in zip(questions, passages, strict=True):
        if has_impossible and one.is_impossible:
            examples.append(Example(one, passage, ()))
            continue
        given = _check_answers(one, has_impossible)
        num_several += len(given) > 1
        found, reason = _find_spans(
            given[:1] if answers == "first" else given, passage, tokenizer
        )
        if reason and on_bad_answers == "stop":
            raise one.error(
                f"Its answers must be found again ({reason}); "
                "--on_bad_answers=skip leaves them out",
                [(answer.text[:60], answer.start) for answer in given],
            )
        if reason:
            (incomplete if found else skipped)[reason].append(one.id)
        if not found:
            continue
        if answers == "expand":
            examples += [Example(one, passage, (span,)) for span in found]
        else:
            examples.append(Example(one, passage, tuple(found)))
    if not examples:
        raise errors.InputError(
            f"{questions[0].path}: At least one question whose answer is in its "
            f"passage is needed. Received: {len(questions)} questions, all skipped: "
            f"{json.dumps({reason: len(ids) for reason, ids in skipped.items()})}."
        )
    return Targets(examples, dict(skipped), dict(incomplete), num_several)


def _check_answers(
    one: question.Question, has_impossible: bool
) -> tuple[question.Answer, ...]:
    """Returns the answers of a question, inside of its passage."""
    if not one.answers:
        hint = "" if has_impossible else " (--version_2_with_negative takes such)"
        received = "an empty list" if one.answers == () else "no answers"
        raise one.error(f'In training it must have "answers"{hint}', received)
    for answer in one.answers:
        end = -1 if answer.start is None else answer.start + len(answer.text)
        if not answer.text.strip():
            raise one.error("An answer must not be blank", repr(answer.text))
        if end < len(answer.text) or end > len(one.context):
            raise one.error(
                '"answer_start" must be where the answer starts in the context, of '
                f"{len(one.context)} characters",
                f"{answer.start} for {answer.text!r:.60}",
            )
    return one.answers


def _find_spans(
    given: Iterable[question.Answer],
    passage: question_passages.Passage,
    tokenizer: tokenization.BertTokenizer,
) -> tuple[list[tuple[int, int]], str]:
    """Returns the spans of answers, each once, and why one was not found."""
    spans: dict[tuple[int, int], None] = {}
    reason = ""
    for answer in given:
        first = passage.word_at(answer.start)
        last = passage.word_at(answer.start + len(answer.text) - 1)
        # -1 in front of the first word, where the original took the last one.
        actual = passage.words(first, last) if first >= 0 else ""
        if " ".join(answer.text.split()) not in actual:
            reason = _NOT_THERE
            continue
        start = int(passage.first_pieces[first])
        end = int(passage.first_pieces[last + 1]) - 1
        if end < start:
            reason = _NO_PIECES
            continue
        spans[_narrow(passage, start, end, tokenizer.tokenize_ids(answer.text))] = None
    return list(spans), reason


def _narrow(
    passage: question_passages.Passage, start: int, end: int, wanted: Sequence[int]
) -> tuple[int, int]:
    """Returns the first part of a span that is just the answer's pieces.

    "1895" is the answer in the word "(1895-1943)", whose pieces are more. The
    original tries all pairs of start and end; only one length can fit.

    Args:
        passage: The passage.
        start: First piece of the answer's words.
        end: Their last piece.
        wanted: The ids of the answer's pieces.

    Returns:
        First and last piece; as they came, if no part fits.
    """
    ids = passage.piece_ids[start : end + 1].tolist()
    wanted, size = list(wanted), len(wanted)
    for i in range(len(ids) - size + 1) if size else ():
        if ids[i : i + size] == wanted:
            return start + i, start + i + size - 1
    return start, end


def log_skipped(targets: Targets, path: str, answers: str) -> None:
    """Warns of questions that are not trained on, or not with all their answers.

    Args:
        targets: What was found in a file.
        path: The file.
        answers: One of `ANSWERS`.
    """
    found = [("are skipped", targets.skipped)]
    found.append(("are trained on without some answers", targets.incomplete))
    for what, by_reason in found:
        for reason, ids in by_reason.items():
            more = len(ids) - _MAX_LOGGED
            logging.warning(
                "%s: %d questions %s, as %s: %s%s. All are in skipped_questions.json.",
                path,
                len(ids),
                what,
                reason,
                ", ".join(ids[:_MAX_LOGGED]),
                f" and {more} more" if more > 0 else "",
            )
    if targets.num_several and answers == "first":
        logging.warning(
            "%s: %d questions have several answers; the first one is trained on "
            "(--answers=all or expand takes all).",
            path,
            targets.num_several,
        )
