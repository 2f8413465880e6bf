# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.reports.charts."""

import math
import re

import pytest

from modeling.reports import charts


def line_chart(curves, **options):
    return charts.line_chart("Title", curves, x_label="x", y_label="y", **options)


def curve_points(tree):
    """The points of each curve, in SVG units."""
    curves = [x for x in tree.all("path", "curve") if x.all("title")]
    return [
        [
            [tuple(map(float, point.split())) for point in run.split("L")]
            for run in re.findall("M([^M]+)", curve.attributes["d"])
        ]
        for curve in curves
    ]


def test_linear_axis_keeps_distances(parse):
    tree = parse(line_chart({"a": [(0, 0.0), (5, 1.0), (10, 4.0)]}))
    ((points,),) = curve_points(tree)
    (x0, y0), (x1, y1), (x2, y2) = points
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y0 - y2 == pytest.approx(4 * (y0 - y1), abs=0.4)


def test_logarithmic_axis_keeps_factors(parse):
    tree = parse(line_chart({"a": [(0, 1.0), (1, 10.0), (2, 1000.0)]}, log=True))
    ((points,),) = curve_points(tree)
    (_, y0), (_, y1), (_, y2) = points
    assert y1 - y2 == pytest.approx(2 * (y0 - y1), abs=0.4)
    assert {"1", "10", "1000"} <= {text.text for text in tree.all("text")}


def test_everything_is_drawn_inside(parse):
    curves = {
        f"a long name of a curve {i}": [(i * 997, 10.0**i), (5000, -(10.0**i))]
        for i in range(5)
    }
    tree = parse(line_chart(curves))
    (svg,) = tree.all("svg")
    _, _, width, height = map(float, svg.attributes["viewbox"].split())
    points = [p for runs in curve_points(tree) for run in runs for p in run]
    assert len(points) == 10
    assert all(0 <= x <= width and 0 <= y <= height for x, y in points)
    for text in tree.all("text"):
        if "y" in text.attributes:
            assert 0 < float(text.attributes["y"]) <= height


def test_gaps_interrupt_a_curve_and_lone_points_are_marked(parse):
    values = [1.0, 2.0, math.nan, 3.0, math.inf, *[1.0] * 50]
    tree = parse(line_chart({"a": list(enumerate(values))}))
    (runs,) = curve_points(tree)
    assert [len(run) for run in runs] == [2, 1, 50]
    (dots,) = tree.all("path", "dot")
    assert dots.attributes["d"].count("h6") == 1


def test_curves_differ_in_more_than_colour(parse):
    tree = parse(line_chart({"a": [(0, 1.0)], "b": [(0, 2.0)]}))
    styles = [path.attributes["class"] for path in tree.all("path", "curve")]
    # A sample in the legend, then the curve.
    assert sorted(styles) == ["curve curve-0"] * 2 + ["curve curve-1"] * 2
    assert {"a", "b"} <= {text.text for text in tree.all("text")}


@pytest.mark.parametrize(
    "curves",
    [
        {},
        {"a": []},
        {"a": [(1, math.nan)]},
        {"a": [(1, math.inf)]},
        {"a": [(1, 1e305)]},
    ],
)
def test_nothing_to_draw_is_said(curves, parse):
    tree = parse(line_chart(curves))
    assert not tree.all("svg")
    assert "nothing to draw" in tree.text


@pytest.mark.parametrize(
    "points", [[(7, 0.0)], [(7, -3.0)], [(0, 1e-290), (1, 1e290)], [(0, 1e-45)]]
)
@pytest.mark.parametrize("log", [False, True])
def test_odd_ranges_are_drawn(points, log, parse):
    tree = parse(line_chart({"a": points}, log=log))
    assert curve_points(tree)
    assert "nan" not in str(tree.all("path", "curve")[0].attributes)


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (3, 3), (-2, 7), (0.1234, 0.1235), (0, 99999), (5, 5.1)]
)
def test_ticks_are_few_round_and_around_all(low, high):
    ticks = charts._ticks(low, high)
    assert 4 <= len(ticks) <= 12
    assert ticks[0] <= low + 1e-9
    assert ticks[-1] >= high - 1e-9
    assert all(len(f"{tick:.6g}".replace(".", "").strip("-0")) <= 5 for tick in ticks)


def test_bars_are_as_long_as_their_values(parse):
    bars = [
        charts.Bar("one", 0.25, "25.00", (0.2, 0.5)),
        charts.Bar("<b>", 1.0, "100.00", style="missed"),
    ]
    tree = parse(charts.bar_chart("Title", bars, maximum=1.0))
    short, long = tree.all("rect")
    ratio = float(long.attributes["width"]) / float(short.attributes["width"])
    assert ratio == pytest.approx(4, rel=1e-3)
    assert long.attributes["class"] == "bar missed"
    assert [x.text for x in tree.all("text")] == ["one", "25.00", "<b>", "100.00"]
    assert len(tree.all("path", "whisker")) == 1


def test_bars_of_zero_and_no_bars(parse):
    tree = parse(charts.bar_chart("Title", [charts.Bar("none", 0, "0")]))
    assert [float(x.attributes["width"]) for x in tree.all("rect")] == [0]
    assert "nothing to draw" in parse(charts.bar_chart("Title", [])).text
