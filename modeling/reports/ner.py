# SPDX-License-Identifier: Apache-2.0
"""The report of a NER run: scores, curves, and every test sentence with marks.

Draws no conclusion: what is counted, and how, is written beside the numbers.
"""

import os
from collections.abc import Collection, Mapping, Sequence

from modeling import files
from modeling.reports import (
    curves,
    html,
    mentions,
    ner_errors,
    ner_sentences,
    scores,
)

REPORT_FILE = "report.html"

_SEEN, _UNSEEN = "seen in training", "not seen in training"
_MAX_LENGTH = 5

_INTERVALS_NOTE = (
    "Scores are in percent, and those of whole mentions: a predicted mention is right "
    "if a gold one has exactly its words and its type. Behind each score is its 95% "
    "interval, by the percentile bootstrap over test sentences (1,000 draws). It "
    "tells how much the score may vary with the choice of test sentences, and nothing "
    "about another training run or another kind of text."
)
_SEEN_NOTE = (
    "A mention counts as seen if exactly its words, case as is, are a mention of any "
    "type somewhere in the training data. Gold and predicted mentions are put into "
    "the two rows alike: recall is over the gold mentions of a row, precision over the "
    "predicted ones."
)
_LENGTH_NOTE = (
    "Gold and predicted mentions are put into rows by their own number of words, so a "
    "mention of two words that was predicted as one of three is missed in one row and "
    "spurious in the other."
)
_KINDS_NOTE = (
    "Every mention is in one of these: right; missed; spurious; wrong boundary, a "
    "gold and a predicted mention of one type that share words, but not all; wrong "
    "type, the right words with another type. For the scores, a wrong boundary or "
    "type is a missed and a spurious mention at once."
)


def write_report(
    path: str | os.PathLike[str],
    *,
    title: str,
    facts: Mapping[str, str],
    sentences: Sequence[Sequence[str]],
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    training_mentions: Collection[mentions.Form] | None,
    metrics: Sequence[curves.Record] = (),
    other_scores: Mapping[str, float] | None = None,
) -> None:
    """Writes a page that shows what a run found, missed and made up.

    Args:
        path: The page to write or replace.
        title: Heading of the page.
        facts: What there is to know of the run, such as its flags.
        sentences: Words of each test sentence.
        gold: A label for each word, as conlleval reads them.
        predicted: The same for what the model predicted.
        training_mentions: Words of the mentions in the training data, case as is,
            as `mentions.forms` finds them; None if that is not known.
        metrics: Records of the run's metrics.jsonl.
        other_scores: Scores by name that the run wrote and the page shows as they
            are.

    Raises:
        ValueError: If a sentence has not one label of each kind per word.
    """
    compared = mentions.compare_sentences(sentences, gold, predicted)
    by_type = mentions.count(compared, lambda _, mention: mention.type)
    has_types = len(by_type) > 1
    total = scores.Score.of(sum(by_type.values(), mentions.no_counts(compared)))
    errors = ner_errors.collect(compared)
    sections = [
        html.Section("scores", "Scores", _scores(by_type, total)),
        html.Section("seen", "Seen in training", _seen(compared, training_mentions)),
        html.Section("length", "Length", _lengths(compared)),
        html.Section("curves", "Curves", curves.draw(metrics)),
        html.Section("errors", "Errors", _errors(compared, errors, has_types)),
        html.Section(
            "sentences",
            "Sentences",
            ner_sentences.section_body(compared, errors, has_types=has_types),
        ),
    ]
    introduction = html.join([_summary(compared, total), _run(facts, other_scores)])
    files.write_text(path, html.page(title, introduction, sections))


def _summary(sentences: Sequence[mentions.Sentence], total: scores.Score) -> html.Html:
    """Says in a sentence what was tested."""
    return html.paragraph(
        f"{len(sentences):,} test sentences with {total.num_gold:,} gold mentions; "
        f"{total.num_predicted:,} were predicted, {total.num_correct:,} of them right."
    )


def _run(facts: Mapping[str, str], other: Mapping[str, float] | None) -> html.Html:
    """Returns what is known of the run, folded away."""
    parts = []
    if facts:
        parts.append(html.details("Settings of the run", html.facts_list(facts)))
    if other:
        rows = [[name, html.number(value, 4)] for name, value in other.items()]
        numbers = html.table(["Name", "Value"], rows)
        parts.append(html.details("Scores that the run wrote", numbers))
    return html.join(parts)


def _scores(by_type: Mapping[str, mentions.Counts], total: scores.Score) -> html.Html:
    """Returns the headline and a row for each type."""
    of_types = _score_all(by_type)
    parts = [scores.headline(total)]
    if len(of_types) > 1:
        parts.append(scores.table("Type", of_types, total=total))
        parts.append(scores.chart("F1 by type, with 95% intervals", of_types))
    else:  # It has all mentions.
        parts.append(scores.table("Type", of_types))
    return html.join([*parts, html.paragraph(_INTERVALS_NOTE, style="note")])


def _seen(
    sentences: Sequence[mentions.Sentence], training: Collection[mentions.Form] | None
) -> html.Html:
    """Returns scores of mentions whose words training had, and of the others."""
    if training is None:
        return html.paragraph("The training data of this run are not known.")
    seen = frozenset(training)
    groups = mentions.count(
        sentences,
        lambda sentence, mention: _SEEN if sentence.form(mention) in seen else _UNSEEN,
    )
    ordered = {name: groups[name] for name in (_SEEN, _UNSEEN) if name in groups}
    return _group(
        "Mentions",
        ordered,
        "F1 of what was seen or not, with 95% intervals",
        _SEEN_NOTE,
    )


def _lengths(sentences: Sequence[mentions.Sentence]) -> html.Html:
    """Returns scores by the number of words of a mention."""

    def name(_: mentions.Sentence, mention: mentions.Mention) -> str:
        length = mention.end - mention.start
        return str(length) if length < _MAX_LENGTH else f"{_MAX_LENGTH} or more"

    groups = mentions.count(sentences, name)
    return _group(
        "Words", groups, "F1 by number of words, with 95% intervals", _LENGTH_NOTE
    )


def _group(
    name: str, groups: Mapping[str, mentions.Counts], title: str, note: str
) -> html.Html:
    of_groups = _score_all(groups)
    return html.join(
        [
            scores.table(name, of_groups),
            scores.chart(title, of_groups),
            html.paragraph(note, style="note"),
        ]
    )


def _errors(
    sentences: Sequence[mentions.Sentence],
    errors: Mapping[ner_errors.Key, ner_errors.Error],
    has_types: bool,
) -> html.Html:
    """Returns how many errors there are of each kind, and the most frequent ones."""
    return html.join(
        [
            ner_errors.kinds_chart(sentences),
            html.paragraph(_KINDS_NOTE, style="note"),
            ner_errors.table(list(errors.values()), has_types=has_types),
        ]
    )


def _score_all(groups: Mapping[str, mentions.Counts]) -> dict[str, scores.Score]:
    return {name: scores.Score.of(counts) for name, counts in groups.items()}
