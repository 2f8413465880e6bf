# SPDX-License-Identifier: Apache-2.0
"""The report of a relation run: scores, confusions, curves, and every test row.

Draws no conclusion: what is counted, and how, is written beside the numbers.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from modeling.data import relation, relation_features
from modeling.relation import scoring
from modeling.reports import curves, html, scores

REPORT_FILE = "report.html"

# What became of a row, with its style in page.css and its sign.
RIGHT, MISSED, SPURIOUS, WRONG = (
    "right",
    "missed relation",
    "spurious relation",
    "wrong label",
)
_STYLES = {
    RIGHT: ("right", "✓"),
    MISSED: ("missed", "−"),
    SPURIOUS: ("spurious", "+"),
    WRONG: ("wrong-type", "≠"),
}

_INTERVALS_NOTE = (
    "Scores are in percent. Behind each is its 95% interval, by the percentile "
    "bootstrap over test rows (1,000 draws). It tells how much the score may vary with "
    "the choice of test rows, and nothing about another training run."
)
_RELATIONS_NOTE = (
    "Precision, recall and F1 at the top count the rows whose label is a relation: "
)
_BASELINE_NOTE = (
    "Beside the model stands the least that one can do: giving all rows the commonest "
    "label of the test set. Matthews correlation is 0 for that, and 1 if all is right. "
    "Specificity is the share of the rows without a relation that were seen to have "
    "none."
)


def page(
    title: str,
    facts: Mapping[str, str],
    predictions: scoring.Predictions,
    rows: Sequence[relation.Row],
    *,
    probabilities: Sequence[float] | None = None,
    folds: Mapping[str, scoring.Predictions] | None = None,
    metrics: Sequence[curves.Record] = (),
) -> str:
    """Returns the page.

    Args:
        title: Its heading.
        facts: What there is to know of the run, such as its flags.
        predictions: The labels of all test rows.
        rows: The rows, in the same order.
        probabilities: The model's probability of each predicted label.
        folds: The same labels by fold, if there are folds.
        metrics: Records of the run's metrics.jsonl.
    """
    sections = [
        html.Section("scores", "Scores", _scores(predictions)),
        html.Section("confusions", "Confusions", _confusions(predictions)),
    ]
    if folds:
        sections.append(html.Section("folds", "Folds", _folds(folds)))
    else:
        sections.append(html.Section("curves", "Curves", curves.draw(metrics)))
    places = _places(rows, folds)
    body = _rows(predictions, rows, places, probabilities)
    sections.append(html.Section("rows", "Rows", body))
    settings = html.details("Settings of the run", html.facts_list(facts))
    num_right = int(predictions.confusion.trace())
    summary = html.paragraph(
        f"{len(rows):,} test rows; {num_right:,} were given the right label."
    )
    return html.page(title, html.join([summary, settings]), sections)


def outcome(gold: str, predicted: str, negative: str | None) -> str:
    """Returns what became of a row: RIGHT, MISSED, SPURIOUS or WRONG.

    Example:
        >>> outcome("cpr:3", "false", "false"), outcome("cpr:3", "cpr:4", "false")
        ('missed relation', 'wrong label')
    """
    if gold == predicted:
        return RIGHT
    if predicted == negative:
        return MISSED
    return SPURIOUS if gold == negative else WRONG


def _scores(predictions: scoring.Predictions) -> html.Html:
    """Returns the headline, the labels' scores and the baseline's."""
    task = predictions.task
    by_label = {
        label: scores.Score.of(predictions.counts([label])) for label in task.labels
    }
    label, least = predictions.baseline
    rows = [
        [scoring.NAMES[name], _number(name, value), _number(name, least[name])]
        for name, value in predictions.numbers.items()
    ]
    return html.join(
        [
            scores.headline(scores.Score.of(predictions.counts())),
            html.paragraph(
                _RELATIONS_NOTE, ", ".join(task.relations), ".", style="note"
            ),
            html.table(["Score", "Model", f"All {label!r}"], rows),
            html.paragraph(_BASELINE_NOTE, style="note"),
            scores.table("Label", by_label),
            scores.chart("F1 by label, with 95% intervals", by_label),
            html.paragraph(_INTERVALS_NOTE, style="note"),
        ]
    )


def _number(name: str, value: float) -> html.Cell:
    return html.Cell(scoring.shown(name, value), value)


def _confusions(predictions: scoring.Predictions) -> html.Html:
    """Returns how often each label was taken for each."""
    labels = predictions.task.labels
    counts = predictions.confusion
    rows = [
        [f"gold {label}", *map(html.number, row), html.number(sum(row))]
        for label, row in zip(labels, counts.tolist(), strict=True)
    ]
    sums = counts.sum(axis=0).tolist()
    return html.table(
        ["", *(f"predicted {label}" for label in labels), "All"],
        rows,
        caption="Numbers of rows",
        total=["All", *map(html.number, sums), html.number(sum(sums))],
    )


def _folds(folds: Mapping[str, scoring.Predictions]) -> html.Html:
    """Returns the scores of each fold, their mean and their spread."""
    numbers = {name: one.numbers for name, one in folds.items()}
    names = list(next(iter(numbers.values())))
    rows = [
        [fold, html.number(len(folds[fold].gold))]
        + [_number(name, values[name]) for name in names]
        for fold, values in numbers.items()
    ]
    columns = [[values[name] for values in numbers.values()] for name in names]
    totals = [
        html.Cell(f"{scoring.shown(name, np.mean(column))}{_spread(name, column)}")
        for name, column in zip(names, columns, strict=True)
    ]
    head = ["Fold", "Rows", *(scoring.NAMES[name] for name in names)]
    by_fold = {name: scores.Score.of(one.counts()) for name, one in folds.items()}
    return html.join(
        [
            html.table(head, rows, total=["Mean ± sd", "", *totals]),
            scores.chart("F1 by fold, with 95% intervals", by_fold),
        ]
    )


def _spread(name: str, column: Sequence[float]) -> str:
    """Returns the standard deviation of a sample, if there is one."""
    if len(column) < 2:
        return ""
    return f" ± {scoring.shown(name, float(np.std(column, ddof=1)))}"


def _places(
    rows: Sequence[relation.Row], folds: Mapping[str, scoring.Predictions] | None
) -> list[str]:
    """Returns where each row is in the test files."""
    if not folds:
        return [f"{row.line}" for row in rows]
    names = [name for name, one in folds.items() for _ in one.gold]
    return [f"{name}:{row.line}" for name, row in zip(names, rows, strict=True)]


def _rows(
    predictions: scoring.Predictions,
    rows: Sequence[relation.Row],
    places: Sequence[str],
    probabilities: Sequence[float] | None,
) -> html.Html:
    """Returns all rows, the wrong ones first, with controls to find some."""
    groups: dict[str, list[tuple[float, html.Html]]] = {"wrong": [], "right": []}
    triples = zip(rows, predictions.gold, predictions.predicted, strict=True)
    for i, (row, gold, predicted) in enumerate(triples):
        share = math.nan if probabilities is None else float(probabilities[i])
        kind = outcome(gold, predicted, predictions.task.negative)
        style, sign = _STYLES[kind]
        said = f"{sign} {predicted}" + ("" if kind == RIGHT else f", not {gold}")
        if not math.isnan(share):
            said += f" ({share:.3f})"
        tag = html.element("small", said, attributes={"class": f"tag {style}"})
        attributes: dict[str, str | float] = {
            "id": f"s{i + 1}",
            "class": "item",
            "data-kinds": style,
            "data-number": i + 1,
            "data-errors": 0.0 if math.isnan(share) else share,
        }
        link = html.element("a", places[i], attributes={"href": f"#s{i + 1}"})
        text = html.element("p", _marked(row), " ", tag, attributes={"dir": "auto"})
        item = html.element("article", link, text, attributes=attributes)
        groups["right" if kind == RIGHT else "wrong"].append((share, item))
    # The surest errors first; without probabilities, in the order of the file.
    wrong = sorted(groups["wrong"], key=lambda x: -np.nan_to_num(x[0]))
    parts = [
        html.details(
            f"{name} ({len(of_group):,})",
            *(item for _, item in of_group),
            is_open=of_group is wrong,
        )
        for name, of_group in (("Wrong rows", wrong), ("Right rows", groups["right"]))
    ]
    kinds = (RIGHT, WRONG)
    if predictions.task.negative is not None:
        kinds = (MISSED, SPURIOUS, *((WRONG,) * (len(predictions.task.labels) > 2)))
    legend = html.paragraph(
        "The number of a row is its line in the test file. Behind the text stands "
        "what was predicted, and the model's probability of it. The surest errors "
        "come first.",
        style="legend",
    )
    attributes = {"class": "list"}
    return html.element("div", legend, _controls(kinds), *parts, attributes=attributes)


def _marked(row: relation.Row) -> html.Html:
    """Returns the text of a row, with the mentions in bold."""
    texts = []
    for text in row.texts:
        parts: list[str] = []
        end = 0
        for found in relation_features.MENTION.finditer(text):
            parts += [text[end : found.start()], html.element("b", found[0])]
            end = found.end()
        texts.append(html.join([*parts, text[end:]]))
    return html.join(texts, " ⏐ ")


def _controls(kinds: Sequence[str]) -> html.Html:
    """Returns the filter, which page.js shows and runs."""
    boxes = []
    for kind in kinds:
        attributes = {"type": "checkbox", "name": "kind", "value": _STYLES[kind][0]}
        box = html.element("input", attributes=attributes)
        boxes.append(html.element("label", box, f" {kind}"))
    orders = {"": "surest errors first", "number": "order of the file"}
    return html.filter_form(boxes, orders)
