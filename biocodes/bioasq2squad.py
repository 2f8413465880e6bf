# SPDX-License-Identifier: Apache-2.0
"""Turns BioASQ questions into SQuAD's form, to train run_qa.py or ask it.

Usage:
    python biocodes/bioasq2squad.py BioASQ-training8b.json 8B1_golden.json \
        --output_path=train.json --question_type=factoid

Searches the right answers, under all synonyms and whatever the case, in the snippets
(with --abstracts_path, texts by PubMed id, in abstracts), and writes a question for
each passage with one, under the id "<24 hex digits>_<nnn>"; in lists, with the number
of its "entry", so that synonyms are known. Yes/no questions become {"id", "question",
"context", "label"}. --for_prediction writes all passages and no answers. What gave
nothing, and why, is printed and written beside the output, as train_report.json.
"""

import argparse
import collections
import dataclasses
import json
import os
import pathlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

_ID = re.compile("[0-9a-f]{24}")
_MAX_NUM = 1000  # Questions with one id, whose last three digits number them.


class InputError(ValueError):
    """Says what is needed, what was received, and where."""

    def __init__(self, need: str, received: object) -> None:
        super().__init__(f"{need}. Received: {received}.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """What to convert, and how."""

    question_type: str = "factoid"  # Or "list" or "yesno".
    answers: str = "first"  # In a passage, an answer's first place, or "all".
    for_prediction: bool = False  # Whether to take all passages, without answers.
    partial_words: bool = False  # Whether an answer may be a part of a word.
    abstracts: Mapping[str, str] | None = None  # By PubMed id, in place of snippets.


@dataclasses.dataclass(frozen=True)
class Report:
    """What was read and written, and what was left out."""

    counts: collections.Counter[str]
    unanswered: dict[str, list[str]]  # By reason, ids of questions that gave nothing.
    missing_entries: dict[str, list[str]]  # By id, entries of a list in no passage.


def find_spans(
    context: str, synonyms: Iterable[str], *, partial_words: bool = False
) -> list[tuple[int, str]]:
    r"""Finds all places of an answer, whatever its case and white space.

    Args:
        context: The text to search.
        synonyms: The forms of the answer. Blank ones are passed over.
        partial_words: Whether an answer may be a part of a word.

    Returns:
        Starts and texts of places that do not overlap; the longest that start there.

    Example:
        >>> find_spans("APP and the app\n gene, not apps", ["app", "APP gene"])
        [(0, 'APP'), (12, 'app\n gene')]
    """
    edge = "" if partial_words else r"(?!(?<=\w)(?=\w))"
    forms = {" ".join(synonym.split()) for synonym in synonyms} - {""}
    if not forms:
        return []
    patterns = (
        r"\s+".join(map(re.escape, form.split()))
        for form in sorted(forms, key=lambda form: (-len(form), form))
    )
    pattern = re.compile(f"{edge}(?:{'|'.join(patterns)}){edge}", re.IGNORECASE)
    return [(match.start(), match.group()) for match in pattern.finditer(context)]


def convert(
    questions: Iterable[Mapping[str, Any]], options: Options
) -> tuple[dict[str, Any], Report]:
    """Converts the questions of one type of a BioASQ file, as the options say.

    Returns:
        The data in SQuAD's form, and what is not in it.

    Raises:
        InputError: If a question is not of BioASQ's form, or if there is none.
    """
    report, data, seen = Report(collections.Counter(), {}, {}), [], set()
    for question in questions:
        name, kind = _text(question, "id"), _text(question, "type")
        report.counts[f"{kind} questions read"] += 1
        if kind != options.question_type:
            continue
        found, reason = [], "id was in the input before"
        if name not in seen:
            found, reason = _convert_question(question, options, report)
        seen.add(name)
        if reason:
            report.unanswered.setdefault(reason, []).append(name)
        report.counts["questions written"] += bool(found)
        data += found
    if not seen:
        need = f"There must be a question of type {options.question_type!r}"
        raise InputError(need, dict(report.counts))
    title, is_flat = f"BioASQ-{options.question_type}", options.question_type == "yesno"
    data = data if is_flat else [{"title": title, "paragraphs": data}]
    return {"version": title, "data": data}, report


def _convert_question(
    question: Mapping[str, Any], options: Options, report: Report
) -> tuple[list[dict[str, Any]], str]:
    """Returns the paragraphs of a question, or the reason why there are none."""
    contexts = _contexts(question, options, report)
    entries = [] if options.for_prediction else _entries(question, options)
    if not contexts or not (entries or options.for_prediction):
        return [], "no exact answer" if contexts else "no snippet or abstract"
    if options.question_type == "yesno":
        label = {"label": entries[0][0].lower()} if entries else {}
        if label.get("label") not in ("yes", "no", None):
            return [], "exact answer is neither yes nor no"
        report.counts["questions and passages written"] += len(contexts)
        pairs = [{"context": context} | label for context in contexts]
        return list(_number(question, pairs)), ""
    left = dict(enumerate(entries))  # Those that no passage had so far.
    answers = [_search(context, entries, left, options) for context in contexts]
    qas = _number(question, [answer for found in answers for answer in found])
    report.counts["passages without the answer"] += answers.count([])
    report.counts["questions and passages written"] += sum(map(len, answers))
    if 0 < len(left) < len(entries):
        report.missing_entries[question["id"]] = [entry[0] for entry in left.values()]
    paragraphs = [
        {"context": context, "qas": [next(qas) for _ in found]}
        for context, found in zip(contexts, answers, strict=True)
        if found
    ]
    return paragraphs, "" if paragraphs else "answer in no snippet or abstract"


def _search(context: str, entries: list, left: dict, options: Options) -> list[dict]:
    """Returns the places of all entries in a passage; removes these from `left`."""
    if options.for_prediction:
        return [{}]
    spans: dict[tuple[int, str], int] = {}  # And the first entry that each is of.
    for place, entry in enumerate(entries):
        found = find_spans(context, entry, partial_words=options.partial_words)
        first = found if options.answers == "all" else found[:1]
        spans = dict.fromkeys(first, place) | spans
        if found:
            left.pop(place, None)
    number = ["entry"] if options.question_type == "list" else []
    return [
        {"answers": [{"text": text, "answer_start": i, **dict.fromkeys(number, place)}]}
        for (i, text), place in sorted(spans.items())
    ]


def _number(question: Mapping, entries: Sequence[Mapping]) -> Iterator[dict[str, Any]]:
    """Gives each entry of a question its id, and the question's text."""
    name, body = question["id"], _text(question, "body")
    if len(entries) > _MAX_NUM or not _ID.fullmatch(name):
        need = f"An id must be 24 hexadecimal digits, of at most {_MAX_NUM} passages"
        raise InputError(f"{need} or places", f"{name!r} with {len(entries)}")
    for number, entry in enumerate(entries):
        yield {"id": f"{name}_{number:03d}", "question": body, **entry}


def _entries(question: Mapping[str, Any], options: Options) -> list[list[str]]:
    """Returns the synonyms of each entry of the exact answer, but blank ones."""
    # Old files give a factoid's synonyms as a flat list, or one as a string.
    value = question.get("exact_answer")
    items = value if isinstance(value, list) else [] if value is None else [value]
    entries = [item if isinstance(item, list) else [item] for item in items]
    if options.question_type == "factoid":
        entries = [[synonym for entry in entries for synonym in entry]]
    if not all(_is_whole(synonym) for entry in entries for synonym in entry):
        need = "exact_answer must be a list of lists of strings of whole characters"
        raise InputError(f"Question {question['id']!r}: {need}", ascii(value)[:100])
    entries = [[text.strip() for text in entry if text.strip()] for entry in entries]
    return [entry for entry in entries if entry]


def _contexts(question: Mapping, options: Options, report: Report) -> list[str]:
    """Returns the passages of a question, each once."""
    key = "snippets" if options.abstracts is None else "documents"
    items = question.get(key) or []
    if not isinstance(items, list):
        raise InputError(f"Question {question['id']!r}: {key} must be a list", items)
    if options.abstracts is None:
        whose = f"A snippet of {question['id']}"
        texts = [_text(item, "text", whose) for item in items]
    else:
        keys = [str(item).rstrip("/").rpartition("/")[2] for item in items]
        texts = [options.abstracts.get(key, "") for key in dict.fromkeys(keys)]
    contexts = list(dict.fromkeys(text for text in texts if text.strip()))
    report.counts["passages read"] += len(contexts)
    report.counts["passages absent, blank or repeated"] += len(texts) - len(contexts)
    return contexts


def _text(value: object, key: str, whose: str = "A question") -> str:
    text = value.get(key) if isinstance(value, dict) else None
    if not _is_whole(text):
        need = f"{whose} must have a {key!r}, a string of whole characters"
        raise InputError(need, ascii(value)[:100])
    return text


def _is_whole(text: object) -> bool:
    return isinstance(text, str) and not re.search("[\ud800-\udfff]", text)


def _read(path: str) -> dict[str, Any]:
    try:
        value = json.loads(pathlib.Path(path).read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError("It must be JSON in UTF-8", error) from None
    if not isinstance(value, dict):
        raise InputError("It must hold an object", str(value)[:60])
    return value


def _read_questions(paths: Sequence[str], reading: list[str]) -> Iterator[Any]:
    """Returns the questions of files; `reading` tells which they are of."""
    for reading[0] in paths:
        found = _read(reading[0]).get("questions")
        if not isinstance(found, list):
            raise InputError("It must have questions, a list", found)
        yield from found
    reading[0] = ", ".join(paths)


def _write(path: pathlib.Path, value: object) -> None:
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: An output must be a file", "another thing")
    path = pathlib.Path(os.path.realpath(path))  # A link stays.
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    print(f"Wrote {path}")


def run(values: dict[str, Any]) -> None:
    """Reads, converts, writes and prints what the command line names."""
    inputs, path = values.pop("inputs"), pathlib.Path(values.pop("output_path"))
    reading = [abstracts := values.pop("abstracts_path")]  # For messages.
    try:
        texts = _read(abstracts) if abstracts else None
        for key, text in (texts or {}).items():
            if not _is_whole(text):
                need = "It must hold a text of whole characters for each id"
                raise InputError(need, ascii({key: text})[:100])
        questions = _read_questions(inputs, reading)
        data, report = convert(questions, Options(abstracts=texts, **values))
    except InputError as error:
        error.args = (f"{reading[0]}: {error}",)
        raise
    _write(path, data)
    _write(path.with_name(f"{path.stem}_report.json"), vars(report))
    print("\n".join(f"{number} {text}" for text, number in report.counts.items()))
    for reason, ids in report.unanswered.items():
        print(f"{len(ids)} left out: {reason}: {' '.join(ids)}")
    for name, entries in report.missing_entries.items():
        print(f"In no passage of {name}: {'; '.join(entries)}")


def main(argv: Sequence[str] | None = None) -> None:
    """Does what the command line asks for."""
    parser = argparse.ArgumentParser(prog="bioasq2squad.py")
    add = parser.add_argument
    add("inputs", nargs="+", help="BioASQ files, training or golden")
    add("--output_path", required=True, help="file to write to")
    add("--question_type", choices=("factoid", "list", "yesno"), default="factoid")
    add("--answers", choices=("first", "all"), default="first", help="per passage")
    add("--for_prediction", action="store_true", help="all passages, no answers")
    add("--partial_words", action="store_true", help="find answers inside words, too")
    add("--abstracts_path", help="JSON object of texts by PubMed id, for snippets")
    try:
        run(vars(parser.parse_args(argv)))
    except (InputError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
