# SPDX-License-Identifier: Apache-2.0
"""Sentences with their mentions marked, those with errors first.

Gold mentions are underlined and predicted ones shaded, so that a wrong boundary
shows as the words that have only one of both; a word behind each mention says what
became of it.
"""

import itertools
from collections.abc import Mapping, Sequence

from modeling.reports import html, mentions, ner_errors

_NO_MENTION = "no mention"
_SIGNS = {
    mentions.RIGHT: "✓",
    mentions.MISSED: "− missed",
    mentions.SPURIOUS: "+ spurious",
    mentions.WRONG_BOUNDARY: "↔ boundary",
    mentions.WRONG_TYPE: "≠ type",
}


def section_body(
    sentences: Sequence[mentions.Sentence],
    errors: Mapping[ner_errors.Key, ner_errors.Error],
    *,
    has_types: bool,
) -> html.Html:
    """Returns all sentences, with controls to find some of them.

    Args:
        sentences: Sentences with outcomes.
        errors: The sentences' errors by their keys, most frequent first.
        has_types: Whether there is more than one type to tell apart.
    """
    rank = {key: i for i, key in enumerate(errors)}

    def first(sentence: mentions.Sentence) -> tuple[int, int, int]:
        ranks = (rank[ner_errors.key_of(sentence, x)] for x in sentence.errors)
        return min(ranks), -len(sentence.errors), sentence.number

    wrong = sorted((s for s in sentences if s.errors), key=first)
    right = [s for s in sentences if s.outcomes and not s.errors]
    plain = [s for s in sentences if not s.outcomes]
    groups = {
        "Sentences with errors": wrong,
        "All mentions right": right,
        "No mention, gold or predicted": plain,
    }
    parts = [
        html.details(
            f"{name} ({len(group):,})",
            *(_item(sentence, has_types) for sentence in group),
            is_open=group is wrong,
        )
        for name, group in groups.items()
    ]
    attributes = {"class": "list"}
    return html.element("div", _legend(), _controls(), *parts, attributes=attributes)


def mark(sentence: mentions.Sentence, *, has_types: bool) -> html.Html:
    """Returns a sentence's words with marks.

    Args:
        sentence: Words and outcomes.
        has_types: Whether to write the types of mentions.
    """
    length = len(sentence.words)
    classes: list[list[str]] = [[] for _ in range(length)]
    tags: dict[int, list[html.Html]] = {}
    borders = {0, length}
    for outcome in sentence.outcomes:
        style = ner_errors.style(outcome.kind)
        for side, letter in ((outcome.gold, "g"), (outcome.predicted, "p")):
            if side:
                borders |= {side.start, side.end}
                for i in range(side.start, side.end):
                    classes[i].append(f"{letter} {style}-{letter}")
        tags.setdefault(outcome.end, []).append(_tag(outcome, has_types))
    ends = sorted(borders)
    parts: list[html.Html] = []
    for start, end in itertools.pairwise(ends):
        words = html.escape(" ".join(sentence.words[start:end]))
        if classes[start]:
            attributes = {"class": " ".join(classes[start])}
            words = html.element("span", words, attributes=attributes)
        # A tag stays on the line of the word in front of it.
        parts.append(html.join([words, *tags.get(end, ())], "\u00a0"))
    return html.join(parts, " ")


def _tag(outcome: mentions.Outcome, has_types: bool) -> html.Html:
    """Returns the word behind a mention that says what became of it."""
    text = _SIGNS[outcome.kind]
    if outcome.kind == mentions.WRONG_TYPE and outcome.gold and outcome.predicted:
        text = f"≠ {outcome.predicted.type}, not {outcome.gold.type}"
    elif has_types:
        text += f" {outcome.mention.type}"
    style = ner_errors.style(outcome.kind)
    return html.element("small", text, attributes={"class": f"tag {style}"})


def _item(sentence: mentions.Sentence, has_types: bool) -> html.Html:
    kinds = {outcome.kind for outcome in sentence.outcomes} or {_NO_MENTION}
    identifier = f"s{sentence.number}"
    attributes: dict[str, str | float] = {
        "id": identifier,
        "class": "item",
        "data-kinds": " ".join(sorted(map(ner_errors.style, kinds))),
        "data-number": sentence.number,
        "data-errors": len(sentence.errors),
    }
    link = html.element(
        "a", str(sentence.number), attributes={"href": f"#{identifier}"}
    )
    text = html.element(
        "p", mark(sentence, has_types=has_types), attributes={"dir": "auto"}
    )
    return html.element("article", link, text, attributes=attributes)


def _legend() -> html.Html:
    """Explains the marks with the marks themselves."""

    def show(kind: str, letters: str) -> html.Html:
        style = ner_errors.style(kind)
        classes = " ".join(f"{letter} {style}-{letter}" for letter in letters)
        words = html.element("span", "words", attributes={"class": classes})
        sign = html.element("small", _SIGNS[kind], attributes={"class": f"tag {style}"})
        return html.join([words, sign], " ")

    return html.paragraph(
        "Gold mentions are underlined, predicted ones shaded: ",
        html.join(
            [
                show(mentions.RIGHT, "gp"),
                show(mentions.MISSED, "g"),
                show(mentions.SPURIOUS, "p"),
                show(mentions.WRONG_BOUNDARY, "gp"),
                show(mentions.WRONG_TYPE, "gp"),
            ],
            ", ",
        ),
        ". The number of a sentence is its position in the test file.",
        style="legend",
    )


def _controls() -> html.Html:
    """Returns the filter, which page.js shows and runs."""
    boxes = [
        html.element(
            "label",
            html.element(
                "input",
                attributes={
                    "type": "checkbox",
                    "name": "kind",
                    "value": ner_errors.style(kind),
                },
            ),
            f" {kind}",
        )
        for kind in (*mentions.ERRORS, mentions.RIGHT, _NO_MENTION)
    ]
    return html.filter_form(
        boxes,
        {
            "": "most frequent errors first",
            "errors": "most errors first",
            "number": "order of the file",
        },
    )
