# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.reports.ner_sentences."""

import hypothesis
import pytest
from hypothesis import strategies as st

from modeling.reports import mentions, ner_errors, ner_sentences


def marks(tree):
    """Words with G and P for underlined and shaded, and tags in brackets."""
    parts = []
    for child in tree.children:
        if isinstance(child, str):
            parts.append(child)
        elif child.name == "small":
            parts.append(f"[{child.text}]")
        else:
            letters = [x for x in ("g", "p") if x in child.attributes["class"].split()]
            parts.append(f"{''.join(letters).upper()}({child.text})")
    return " ".join("".join(parts).split())


def mark(words, gold, predicted, *, has_types=False):
    (sentence,) = mentions.compare_sentences(
        [words.split()], [gold.split()], [predicted.split()]
    )
    return ner_sentences.mark(sentence, has_types=has_types)


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ("O O O O", "O O O O", "a b c d"),
        ("B I O O", "B I O O", "GP(a b) [✓] c d"),
        ("O B O O", "O O O B", "a G(b) [− missed] c P(d) [+ spurious]"),
        ("B I I O", "O B I I", "G(a) GP(b c) P(d) [↔ boundary]"),
        ("B I I I", "B O B I", "GP(a) [+ spurious] G(b) GP(c d) [↔ boundary]"),
        ("B B O O", "B B O O", "GP(a) [✓] GP(b) [✓] c d"),
    ],
)
def test_marks_by_hand(gold, predicted, expected, parse):
    assert marks(parse(mark("a b c d", gold, predicted))) == expected


def test_types_are_written_if_there_are_several(parse):
    gold, predicted = "B-Gene B-Gene O", "B-Gene B-Cell B-Cell"
    found = mark("a b c", gold, predicted, has_types=True)
    assert marks(parse(found)) == (
        "GP(a) [✓ Gene] GP(b) [≠ Cell, not Gene] P(c) [+ spurious Cell]"
    )


LABELS = st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B"])


@hypothesis.given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=9))
@hypothesis.settings(
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
def test_no_word_is_lost_and_each_mention_has_a_tag(parse, pairs):
    words = [f"<w{i}>" for i, _ in enumerate(pairs)]
    gold, predicted = ([*side] for side in zip(*pairs, strict=True))
    (sentence,) = mentions.compare_sentences([words], [gold], [predicted])
    tree = parse(ner_sentences.mark(sentence, has_types=True))
    assert len(tree.all("small", "tag")) == len(sentence.outcomes)
    texts = [
        x if isinstance(x, str) else x.text
        for x in tree.children
        if isinstance(x, str) or x.name != "small"
    ]
    assert "".join(texts).split() == words


def test_most_frequent_errors_come_first(parse):
    words = [["fine"], ["rare"], ["often"], ["nothing"], ["often", "rare2"], ["often"]]
    gold = [["B"], ["B"], ["B"], ["O"], ["B", "B"], ["B"]]
    found = [["B"], ["O"], ["O"], ["O"], ["O", "O"], ["O"]]
    compared = mentions.compare_sentences(words, gold, found)
    errors = ner_errors.collect(compared)
    tree = parse(ner_sentences.section_body(compared, errors, has_types=False))
    groups = [
        [int(item.attributes["data-number"]) for item in group.all("article")]
        for group in tree.all("details")
    ]
    # With a frequent error: the one with most errors, then as in the file.
    assert groups == [[5, 3, 6, 2], [1], [4]]
    assert [x.text for x in tree.all("summary")] == [
        "Sentences with errors (4)",
        "All mentions right (1)",
        "No mention, gold or predicted (1)",
    ]
    # Only the errors are unfolded.
    assert ["open" in group.attributes for group in tree.all("details")] == [
        True,
        False,
        False,
    ]
    kinds = {
        x.attributes["id"]: x.attributes["data-kinds"] for x in tree.all("article")
    }
    assert kinds["s1"] == "right"
    assert kinds["s4"] == "no-mention"
    boxes = {
        x.attributes["value"] for x in tree.all("input") if "value" in x.attributes
    }
    assert set(kinds.values()) <= boxes
