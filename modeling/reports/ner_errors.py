# SPDX-License-Identifier: Apache-2.0
"""Which words a NER tagger gets wrong most often.

Showing the sentences themselves is left to `ner_sentences.py`.
"""

import collections
import dataclasses
from collections.abc import Sequence

from modeling.reports import charts, html, mentions

# An error: its kind, the words that were missed or found in excess, their type.
Key = tuple[str, mentions.Form, str]

_MAX_LINKS = 5
_MAX_OTHERS = 2


@dataclasses.dataclass
class Error:
    """Errors of one kind on the same words.

    Attributes:
        key: Kind, words and type.
        num: How often it occurs.
        sentences: Numbers of the sentences where it does, each once.
        others: What was predicted instead, and how often.
    """

    key: Key
    num: int = 0
    sentences: list[int] = dataclasses.field(default_factory=list)
    others: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter
    )


def key_of(sentence: mentions.Sentence, outcome: mentions.Outcome) -> Key:
    """Returns what an error has in common with others like it."""
    mention = outcome.mention
    return outcome.kind, sentence.form(mention), mention.type


def collect(sentences: Sequence[mentions.Sentence]) -> dict[Key, Error]:
    """Returns the errors of all sentences by their keys, most frequent first."""
    found: dict[Key, Error] = {}
    for sentence in sentences:
        for outcome in sentence.errors:
            key = key_of(sentence, outcome)
            error = found.setdefault(key, Error(key))
            error.num += 1
            if sentence.number not in error.sentences[-1:]:
                error.sentences.append(sentence.number)
            if outcome.gold and outcome.predicted:
                words = " ".join(sentence.form(outcome.predicted))
                is_type = outcome.kind == mentions.WRONG_TYPE
                error.others[outcome.predicted.type if is_type else words] += 1
    ordered = sorted(found.values(), key=lambda error: (-error.num, error.key))
    return {error.key: error for error in ordered}


def kinds_chart(sentences: Sequence[mentions.Sentence]) -> html.Html:
    """Draws how many outcomes of each kind there are."""
    numbers = collections.Counter(
        outcome.kind for sentence in sentences for outcome in sentence.outcomes
    )
    total = sum(numbers.values()) or 1
    bars = [
        charts.Bar(
            kind,
            numbers[kind],
            f"{numbers[kind]:,} ({100 * numbers[kind] / total:.1f}%)",
            style=style(kind),
        )
        for kind in mentions.KINDS
    ]
    return charts.bar_chart("What became of the mentions", bars)


def table(
    errors: Sequence[Error], *, max_rows: int = 50, has_types: bool = True
) -> html.Html:
    """Returns the most frequent errors, with links to sentences.

    Args:
        errors: Errors, most frequent first.
        max_rows: How many to show.
        has_types: Whether there is more than one type to tell apart.
    """
    shown = errors[:max_rows]
    if not shown:
        return html.paragraph("There is no error.")
    types = ["Type"] if has_types else []
    return html.table(
        ["Mention", *types, "Error", "Times", "Predicted instead", "Sentences"],
        [_row(error, has_types=has_types) for error in shown],
        caption=f"The {len(shown)} most frequent of {len(errors):,} different errors",
    )


def style(kind: str) -> str:
    """Returns the class of a kind in page.css."""
    return kind.replace(" ", "-")


def _row(error: Error, *, has_types: bool) -> list[html.Content | html.Cell]:
    kind, form, type_ = error.key
    words = " ".join(form)
    find = html.element(
        "button",
        html.element("bdi", words),
        attributes={
            "type": "button",
            "class": "find",
            "data-find": words,
            "data-kind": style(kind),
            "title": "Show the sentences with these words and this kind of error",
        },
    )
    others = [
        html.join([f"{num} × " if num > 1 else "", html.element("bdi", other)])
        for other, num in sorted(error.others.items(), key=lambda x: (-x[1], x[0]))
    ]
    more = ["…"] if len(others) > _MAX_OTHERS else []
    return [
        find,
        *([type_] if has_types else []),
        html.element("span", kind, attributes={"class": f"tag {style(kind)}"}),
        html.number(error.num),
        html.join(others[:_MAX_OTHERS] + more, ", "),
        _links(error.sentences),
    ]


def _links(numbers: Sequence[int]) -> html.Html:
    links = [
        html.element("a", str(number), attributes={"href": f"#s{number}"})
        for number in numbers[:_MAX_LINKS]
    ]
    more = ["…"] if len(numbers) > _MAX_LINKS else []
    parts = html.join(links + more, " ")
    return html.element("span", parts, attributes={"class": "links"})
