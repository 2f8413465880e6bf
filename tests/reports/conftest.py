# SPDX-License-Identifier: Apache-2.0
"""Reads pages back, so that tests can ask what they hold."""

import html.parser

import pytest

VOID = {"input", "meta"}


class Node:
    """An element: its name, attributes, and children (elements and text)."""

    def __init__(self, name, attributes):
        self.name, self.attributes, self.children = name, dict(attributes), []

    @property
    def text(self):
        return "".join(x if isinstance(x, str) else x.text for x in self.children)

    def all(self, name, style=None):
        """All elements below of a name and, if given, a class."""
        found = []
        for child in self.children:
            if isinstance(child, Node):
                classes = (child.attributes.get("class") or "").split()
                if child.name == name and (style is None or style in classes):
                    found.append(child)
                found += child.all(name, style)
        return found

    def rows(self):
        """The texts of the cells of a table, by rows."""
        return [
            [cell.text for cell in row.children if isinstance(cell, Node)]
            for row in self.all("tr")
        ]


class Parser(html.parser.HTMLParser):
    """Builds the tree, and asserts that each element ends where it must."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open = [Node("", {})]

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), f"<{tag}> has an attribute twice"
        node = Node(tag, attrs)
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag):
        assert self.open[-1].name == tag, f"</{tag}> in <{self.open[-1].name}>"
        self.open.pop()

    def handle_data(self, data):
        self.open[-1].children.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")


@pytest.fixture
def parse():
    """Turns markup into a tree; fails where it is not well formed."""

    def parse(markup):
        parser = Parser()
        parser.feed(markup)
        parser.close()
        assert len(parser.open) == 1, f"<{parser.open[-1].name}> is not closed"
        return parser.open[0]

    return parse
