# SPDX-License-Identifier: Apache-2.0
"""Line and bar charts as SVG, drawn in the colours of the page around them."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping, Sequence

from modeling.reports import html

Point = tuple[float, float]

# Sizes in SVG units; a chart is scaled to the width it gets. Text of 13 units is
# still readable where a phone shows 480 of them.
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _BOTTOM = 480.0, 198.0, 66.0, 12.0, 40.0
_LEGEND_ROW, _CHARACTER = 18.0, 7.2
_BAR_ROW, _MAX_LABEL = 26.0, 22
# Curves beyond this many share colours and dashes with earlier ones.
_NUM_STYLES = 6
_MARKED_POINTS = 40
# Beyond these, which no float32 reaches, the arithmetic of an axis would overflow.
_LEAST, _MOST = 1e-300, 1e300


def line_chart(
    title: str,
    curves: Mapping[str, Sequence[Point]],
    *,
    x_label: str,
    y_label: str,
    log: bool = False,
    bounds: tuple[float, float] | None = None,
) -> html.Html:
    """Draws curves over one pair of axes.

    Args:
        title: What is drawn.
        curves: Points of each curve, from left to right. Values that are not
            finite, or not over 0 on a logarithmic axis, interrupt a curve.
        x_label: What is to the right.
        y_label: What is upwards.
        log: Whether the axis upwards is logarithmic, if there is a value over 0.
        bounds: Ends of the axis upwards; found from the points if None.

    Returns:
        A figure; with a sentence instead of a drawing if there is no point.
    """
    log = log and any(y > _LEAST for points in curves.values() for _, y in points)
    heights = {
        name: [(x, _height(y, log)) for x, y in points]
        for name, points in curves.items()
    }
    xs = [x for points in heights.values() for x, _ in points]
    ys = [y for points in heights.values() for _, y in points if not math.isnan(y)]
    if not ys:
        return _figure(title, html.paragraph("There is nothing to draw."))
    x_ticks = _ticks(min(xs), max(xs), whole=True)
    y_ticks = _ticks(*(bounds or (min(ys), max(ys))), whole=log)
    y_names = [_short(10.0**tick if log else tick) for tick in y_ticks]
    legend, top = _legend(list(curves)) if len(curves) > 1 else (html.Html(), 12.0)
    bottom = top + _HEIGHT
    place_x = _scale(x_ticks[0], x_ticks[-1], _LEFT, _WIDTH - _RIGHT)
    place_y = _scale(y_ticks[0], y_ticks[-1], bottom, top)

    parts = [
        legend,
        _y_axis(dict(zip(map(place_y, y_ticks), y_names, strict=True)), y_label),
        _x_axis({place_x(tick): f"{tick:,.0f}" for tick in x_ticks}, x_label, bottom),
    ]
    for i, (name, points) in enumerate(heights.items()):
        runs = [
            [(place_x(x), place_y(y)) for x, y in run]
            for is_gap, run in itertools.groupby(points, lambda p: math.isnan(p[1]))
            if not is_gap
        ]
        parts.append(_curve(name, runs, i, is_marked=len(points) <= _MARKED_POINTS))
    return _figure(title, _svg(title, parts, bottom + _BOTTOM))


@dataclasses.dataclass(frozen=True)
class Bar:
    """A bar of a bar chart.

    Attributes:
        label: What it stands for.
        value: Its length, at least 0.
        text: The value as it is written beside the bar.
        interval: Ends of the whisker, if it has one.
        style: A class of page.css for its colour, if not the usual one.
    """

    label: str
    value: float
    text: str
    interval: tuple[float, float] | None = None
    style: str = ""


def bar_chart(
    title: str, bars: Sequence[Bar], *, maximum: float | None = None
) -> html.Html:
    """Draws bars to the right, one below the other.

    Args:
        title: What is drawn.
        bars: From the top.
        maximum: Value that fills the width; the largest one if None.
    """
    if not bars:
        return _figure(title, html.paragraph("There is nothing to draw."))
    ends = [max(bar.value, *(bar.interval or (0.0,))) for bar in bars]
    labels = [_cut(bar.label) for bar in bars]
    left = max(map(len, labels)) * _CHARACTER + 12
    right = _WIDTH - max(len(bar.text) for bar in bars) * _CHARACTER - 12
    place = _scale(0, maximum or max(ends) or 1, left, right)
    parts = []
    for i, (bar, label) in enumerate(zip(bars, labels, strict=True)):
        middle = (i + 0.5) * _BAR_ROW
        shape = {"class": f"bar {bar.style}".rstrip(), "x": left, "y": middle - 8}
        size = {"width": place(bar.value) - left, "height": 16.0}
        hover = html.element("title", f"{bar.label}: {bar.text}")
        parts += [
            _text(label, left - 6, middle + 4, "end"),
            html.element("rect", hover, attributes=shape | size),
            _text(bar.text, right + 6, middle + 4, "start"),
        ]
        if bar.interval:
            low, high = map(place, bar.interval)
            path = f"M{low:.1f} {middle - 5}v10m0-5H{high:.1f}m0-5v10"
            parts.append(_path(path, "whisker"))
    height = len(bars) * _BAR_ROW
    parts.insert(0, _path(f"M{left:.1f} 0V{height}", "axis"))
    return _figure(title, _svg(title, parts, height))


def _height(value: float, log: bool) -> float:
    """Returns where a value is on its axis, NaN for nowhere."""
    if not abs(value) < _MOST or (log and value <= _LEAST):
        return math.nan
    return math.log10(value) if log else value


def _ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Returns a few round numbers, the first at most `low`, the last at least `high`.

    Args:
        low: Where the axis must begin.
        high: Where it must end.
        whole: Whether the numbers are steps or powers, which have no fractions.
    """
    if high == low:
        high = low + (1 if whole else abs(low) or 1)
    raw = max((high - low) / 4, _LEAST)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (5, 2, 1) if factor * power <= raw)
    step = max(step, 1.0) if whole else step
    first, last = math.floor(low / step), math.ceil(high / step - 1e-9)
    return [i * step for i in range(first, last + 1)]


def _scale(
    low: float, high: float, start: float, end: float
) -> Callable[[float], float]:
    """Returns what maps [low, high] to [start, end]."""
    factor = (end - start) / ((high - low) or 1)
    return lambda value: start + (value - low) * factor


def _y_axis(names: Mapping[float, str], label: str) -> html.Html:
    """Returns lines across at each tick, with their names by their places."""
    lines = "".join(f"M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" for y in names)
    texts = [_text(name, _LEFT - 6, y + 4, "end") for y, name in names.items()]
    middle = (min(names) + max(names)) / 2
    turned = {
        "text-anchor": "middle",
        "transform": f"translate(13 {middle:.1f}) rotate(-90)",
    }
    title = html.element("text", label, attributes=turned)
    return html.join([_path(lines, "grid"), *texts, title])


def _x_axis(names: Mapping[float, str], label: str, bottom: float) -> html.Html:
    line = _path(f"M{_LEFT} {bottom:.1f}H{_WIDTH - _RIGHT}", "axis")
    # There is room for seven names of six figures.
    stride = -(-len(names) // 7)
    # The last name would stick out if it were centred below its place.
    texts = [
        _text(name, x, bottom + 17, "end" if x == max(names) else "middle")
        for x, name in list(names.items())[::-stride]
    ]
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    return html.join([line, *texts, _text(label, middle, bottom + 35, "middle")])


def _curve(
    name: str, runs: Sequence[Sequence[Point]], index: int, *, is_marked: bool
) -> html.Html:
    """Returns a curve in the colour and dashes of its index."""
    lines = "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in run) for run in runs)
    # Alone between gaps, a point would be a line of no length.
    marked = [point for run in runs if is_marked or len(run) == 1 for point in run]
    dots = "".join(f"M{x - 3:.1f} {y:.1f}h6m-3-3v6" for x, y in marked)
    style = f"curve-{index % _NUM_STYLES}"
    line = _path(lines, f"curve {style}", html.element("title", name))
    return html.join([line, _path(dots, f"dot {style}")])


def _legend(names: Sequence[str]) -> tuple[html.Html, float]:
    """Returns a sample and the name of each curve, and the height of them all."""
    parts, x, y = [], _LEFT, _LEGEND_ROW
    for i, name in enumerate(names):
        width = len(name) * _CHARACTER + 46
        if x > _LEFT and x + width > _WIDTH:
            x, y = _LEFT, y + _LEGEND_ROW
        sample = f"M{x:.1f} {y - 4:.1f}h26"
        parts.append(_path(sample, f"curve curve-{i % _NUM_STYLES}"))
        parts.append(_text(name, x + 32, y, "start"))
        x += width
    return html.join(parts), y + _LEGEND_ROW


def _short(value: float) -> str:
    """Returns a number as briefly as an axis has room for.

    Example:
        >>> [_short(value) for value in (0.1 + 0.2, 2e-05, 1500, 10000, 2.5e6)]
        ['0.3', '2e-05', '1500', '10k', '2.5M']
    """
    for least, factor, letter in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if abs(value) >= least:
            return f"{value / factor:.4g}{letter}"
    return f"{value:.4g}"


def _cut(label: str) -> str:
    return label if len(label) <= _MAX_LABEL else label[: _MAX_LABEL - 1] + "…"


def _text(text: str, x: float, y: float, anchor: str) -> html.Html:
    attributes: dict[str, str | float] = {"x": x, "y": y, "text-anchor": anchor}
    return html.element("text", text, attributes=attributes)


def _path(d: str, style: str, *children: html.Html) -> html.Html:
    return html.element("path", *children, attributes={"class": style, "d": d})


def _svg(title: str, parts: Sequence[html.Html], height: float) -> html.Html:
    attributes: dict[str, str | float] = {
        "viewBox": f"0 0 {_WIDTH:g} {height:g}",
        "role": "img",
        "aria-label": title,
    }
    return html.element("svg", *parts, attributes=attributes)


def _figure(title: str, drawing: html.Html) -> html.Html:
    return html.element("figure", html.element("figcaption", title), drawing)
