# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.reports.html."""

import base64
import hashlib
import math
import unicodedata

import hypothesis
import pytest
from hypothesis import strategies as st

from modeling.reports import html

HOSTILE = [
    "<script>alert(1)</script>",
    "</script></style></title>",
    '" onclick="alert(1)',
    "' onclick='alert(1)",
    "<!-- & --> ]]>",
    "&lt;b&gt; &#60;",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_and_does_nothing(text, parse):
    sections = [html.Section("a", text, html.table([text], [[text]], caption=text))]
    introduction = html.join([html.details(text, text), html.facts_list({text: text})])
    page = parse(html.page(text, introduction, sections))
    assert len(page.all("script")) == 1
    assert [node.text for node in page.all("h1") + page.all("dt")] == [text, text]
    names = {name for node in everything(page) for name in node.attributes}
    assert not [name for name in names if name.startswith("on")]


def everything(node):
    for child in node.children:
        if not isinstance(child, str):
            yield child
            yield from everything(child)


@hypothesis.given(st.text(st.characters()) | st.text("\x00\r\x85\ud800\u202e\ufffea"))
def test_any_text_makes_a_file_that_reads_back_as_what_is_shown(text):
    shown = html.escape(text)
    shown.encode("utf-8")
    # Nothing that HTML forbids or that would turn text around is left.
    bidirectional = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert not [
        c
        for c in shown
        if (unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n")
        or unicodedata.bidirectional(c) in bidirectional
    ]


def test_words_of_other_scripts_stay_as_they_are():
    text = "סרטן السرطان می‌خواهم 👩‍🔬 癌"
    assert html.escape(text) == text


def test_unseen_characters_are_named():
    assert html.escape("a\x00\u202e\ud800") == "a⟨U+0000⟩⟨U+202E⟩⟨U+D800⟩"


def test_markup_is_not_escaped_twice_and_text_always_is():
    inner = html.element("b", "a < b")
    assert html.element("i", inner, " & ") == "<i><b>a &lt; b</b> &amp; </i>"
    assert html.join([inner, "<"], "&") == "<b>a &lt; b</b>&amp;&lt;"
    # A plain string stays text, however much it looks like markup.
    assert html.escape(str(inner) + "") == "&lt;b&gt;a &amp;lt; b&lt;/b&gt;"


def test_page_allows_its_own_script_and_style_and_nothing_else(parse):
    page = parse(html.page("Title", "", []))
    (policy,) = [
        node.attributes["content"]
        for node in page.all("meta")
        if node.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'; ")
    for name in ("script", "style"):
        (node,) = page.all(name)
        digest = base64.b64encode(hashlib.sha256(node.text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy


def test_page_names_its_sections(parse):
    sections = [html.Section("one", "First", html.paragraph("body"))]
    page = parse(html.page("Title", "", sections))
    (link,) = page.all("a")
    (section,) = page.all("section")
    assert link.attributes["href"] == f"#{section.attributes['id']}" == "#one"
    assert section.text == "Firstbody"


def test_table_sorts_by_values(parse):
    rows = [["a", html.number(1234567)], ["b", html.number(math.nan)]]
    tree = parse(html.table(["Name", "Number"], rows, total=["all", html.number(9)]))
    assert tree.rows() == [
        ["Name", "Number"],
        ["a", "1,234,567"],
        ["b", "–"],
        ["all", "9"],
    ]
    values = [cell.attributes["data-value"] for cell in tree.all("td")]
    assert values == ["1234567", "nan", "9"]
    assert [len(part.all("tr")) for part in tree.all("tbody")] == [2]


def test_table_without_rows_has_a_head(parse):
    assert parse(html.table(["Name"], [])).rows() == [["Name"]]
