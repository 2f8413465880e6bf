# SPDX-License-Identifier: Apache-2.0
"""Building blocks of report pages: escaped text, elements, tables, the page.

All text goes through `escape`, once: what is markup already is an `Html`, and any
other string is text. Charts are in `charts.py`, looks in `page.css`, and what a
page does when it is clicked in `page.js`.
"""

import base64
import dataclasses
import hashlib
import html as html_lib
import math
import pathlib
import re
from collections.abc import Iterable, Mapping, Sequence

_ASSETS = pathlib.Path(__file__).parent
_VOID = frozenset(["input", "meta"])
# Characters that HTML forbids, that no file can hold (lone surrogates), or that
# reorder or break the text around them. Joiners stay: words are spelt with them.
_UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
    + "]"
)


class Html(str):
    """Markup. Made by the functions of this package only."""

    __slots__ = ()


# What an element or a cell may hold; what is no `Html` is text.
Content = str


def escape(text: Content) -> Html:
    r"""Returns text as markup that shows it, and markup as it is.

    Example:
        >>> escape("<b> \x07")
        '&lt;b&gt; ⟨U+0007⟩'
    """
    if isinstance(text, Html):
        return text
    shown = _UNSHOWN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)
    return Html(html_lib.escape(shown))


def join(parts: Iterable[Content], separator: str = "") -> Html:
    """Returns parts as one piece of markup."""
    return Html(escape(separator).join(map(escape, parts)))


def element(
    name: str,
    *children: Content,
    attributes: Mapping[str, str | float] | None = None,
) -> Html:
    """Returns an element of HTML or SVG.

    Args:
        name: Its name, such as "p".
        *children: Text and markup to put into it.
        attributes: Values by name; "" for one that is only there or not.

    Example:
        >>> element("a", "R & D", attributes={"href": "#top"})
        '<a href="#top">R &amp; D</a>'
    """
    parts = "".join(
        f' {key}="{escape(f"{value:.6g}" if isinstance(value, float) else str(value))}"'
        for key, value in (attributes or {}).items()
    )
    if name in _VOID:
        return Html(f"<{name}{parts}>")
    return Html(f"<{name}{parts}>{join(children)}</{name}>")


def paragraph(*children: Content, style: str = "") -> Html:
    """Returns a paragraph; style "note" is for small print."""
    return element("p", *children, attributes={"class": style} if style else None)


def details(summary: Content, *children: Content, is_open: bool = False) -> Html:
    """Returns a part that is folded away until it is clicked."""
    return element(
        "details",
        element("summary", summary),
        *children,
        attributes={"open": ""} if is_open else None,
    )


@dataclasses.dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        content: What it shows.
        value: Number that the column is sorted by; NaN for "none". Cells without
            one are sorted by their text.
    """

    content: Content
    value: float | None = None


def number(value: float, digits: int = 0) -> Cell:
    """Returns a cell with a number, or with a dash for NaN.

    Example:
        >>> number(1234.5).content, number(float("nan")).content
        ('1,234', '–')
    """
    return Cell("–" if math.isnan(value) else f"{value:,.{digits}f}", value)


def table(
    head: Sequence[Content],
    rows: Iterable[Sequence[Content | Cell]],
    *,
    caption: Content = "",
    total: Sequence[Content | Cell] = (),
) -> Html:
    """Returns a table whose columns can be sorted.

    Args:
        head: Names of the columns.
        rows: Cells of each row.
        caption: What the table shows.
        total: A last row that stays where it is.
    """
    body = list(rows)
    columns = []
    for name, cell in zip(head, body[0] if body else head, strict=True):
        attributes = {"scope": "col", "aria-sort": "none"}
        if isinstance(cell, Cell) and cell.value is not None:
            attributes["class"] = "number"
        columns.append(element("th", name, attributes=attributes))
    parts = [
        element("caption", caption) if caption else Html(),
        element("thead", element("tr", *columns)),
        element("tbody", *map(_row, body)),
        element("tfoot", _row(total)) if total else Html(),
    ]
    inner = element("table", *parts, attributes={"class": "sortable"})
    return element("div", inner, attributes={"class": "wide"})


def _row(cells: Sequence[Content | Cell]) -> Html:
    """Returns a row, whose first cell names it."""
    parts = []
    for i, given in enumerate(cells):
        cell = given if isinstance(given, Cell) else Cell(given)
        attributes: dict[str, str | float] = {} if i else {"scope": "row"}
        if cell.value is not None:
            # Twelve digits: a count must not lose its last ones in sorting.
            attributes |= {"class": "number", "data-value": f"{cell.value:.12g}"}
        parts.append(element("td" if i else "th", cell.content, attributes=attributes))
    return element("tr", *parts)


def facts_list(facts: Mapping[str, Content]) -> Html:
    """Returns names with their values."""
    return element(
        "dl",
        *(
            element("div", element("dt", name), element("dd", value))
            for name, value in facts.items()
        ),
    )


def filter_form(boxes: Iterable[Html], orders: Mapping[str, str]) -> Html:
    """Returns the controls of a list: page.js shows them and does what they say.

    They go into an element of class "list", whose elements of class "item" are
    found by the words of their paragraph. An item's "data-kinds" has the values of
    the boxes that choose it, separated by spaces.

    Args:
        boxes: Check boxes with the name "kind".
        orders: Ways to sort the items: text by the name of the number to sort by,
            such as "errors" for an item's "data-errors", largest first; "number"
            is sorted smallest first, "" is the order of the page.
    """
    find = element("input", attributes={"type": "search", "name": "text"})
    options = [
        element("option", text, attributes={"value": name})
        for name, text in orders.items()
    ]
    order = element("select", *options, attributes={"name": "order"})
    kinds = element("fieldset", element("legend", "Only with"), *boxes)
    return element(
        "form",
        element(
            "div",
            element("label", "Find ", find),
            element("label", "Order ", order),
            element("output"),
        ),
        kinds,
        attributes={"class": "filter", "hidden": ""},
    )


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of a page that its table of contents names.

    Attributes:
        identifier: What links to it are made of, such as "scores".
        heading: What it is about, in a word or two.
        body: What it holds.
    """

    identifier: str
    heading: str
    body: Html


def page(title: str, introduction: Content, sections: Sequence[Section]) -> str:
    """Returns a whole page that needs no other file and loads none.

    Args:
        title: Heading of the page.
        introduction: What stands in front of the table of contents.
        sections: The page's parts.
    """
    style, script = _asset("page.css"), _asset("page.js")
    # Only this very script may run and nothing may be loaded, whatever a data
    # set's words might hold.
    policy = (
        f"default-src 'none'; style-src {_source(style)}; "
        f"script-src {_source(script)}; base-uri 'none'; form-action 'none'"
    )
    metas: list[dict[str, str | float]] = [
        {"charset": "utf-8"},
        {"http-equiv": "Content-Security-Policy", "content": policy},
        {"name": "viewport", "content": "width=device-width, initial-scale=1"},
        {"name": "color-scheme", "content": "light dark"},
    ]
    head = element(
        "head",
        *(element("meta", attributes=attributes) for attributes in metas),
        element("title", title),
        element("style", Html(style)),
    )
    links = (
        element("a", part.heading, attributes={"href": f"#{part.identifier}"})
        for part in sections
    )
    main = element(
        "main",
        element("header", element("h1", title), escape(introduction)),
        element("nav", *links, attributes={"aria-label": "Contents"}),
        *map(_section, sections),
    )
    body = element("body", main, element("script", Html(script)))
    return f'<!DOCTYPE html>\n<html lang="en">{head}{body}</html>\n'


def _section(part: Section) -> Html:
    return element(
        "section",
        element("h2", part.heading),
        part.body,
        attributes={"id": part.identifier},
    )


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    """Returns how a content security policy names an inline script or style."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
