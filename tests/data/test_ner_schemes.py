# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.ner_schemes."""

import hypothesis
import pytest
from hypothesis import strategies as st

from modeling import errors
from modeling.data import ner, ner_schemes

MENTIONS = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from(["", "A", "B"])), min_size=1
)


def write(mentions, scheme):
    """Labels of mentions, one after the other, in a scheme; the slow way."""
    labels = []
    before = None
    for length, kind in mentions:
        if not kind:
            labels += ["O"] * length
        elif scheme == "iob2":
            labels += [f"B-{kind}"] + [f"I-{kind}"] * (length - 1)
        elif scheme == "iob1":
            first = "B" if before == kind else "I"
            labels += [f"{first}-{kind}"] + [f"I-{kind}"] * (length - 1)
        else:
            inside, last, single = "IES" if scheme == "iobes" else "ILU"
            middle = [f"{inside}-{kind}"] * (length - 2)
            labels += (
                [f"{single}-{kind}"]
                if length == 1
                else [f"B-{kind}", *middle, f"{last}-{kind}"]
            )
        before = kind
    return tuple(labels)


def sentence(*labels, line=1):
    return ner.Sentence(tuple(f"w{i}" for i in range(len(labels))), labels, line)


@hypothesis.given(MENTIONS, st.sampled_from(["iob2", "iob1", "iobes", "bilou"]))
def test_all_schemes_give_the_same_iob2(mentions, scheme):
    given = sentence(*write(mentions, scheme))
    (read,) = ner_schemes.to_iob2(
        [given], path="x.tsv", scheme=scheme, on_bad_tags="refuse"
    )
    assert read.labels == write(mentions, "iob2")
    assert read.words == given.words


@pytest.mark.parametrize(
    ("labels", "scheme"),
    [
        ("B-A I-A O B-A B-A", "iob2"),
        ("I-A I-A O I-A B-A", "iob1"),
        ("O O", "iob2"),
        # A B that separates nothing: I after O is a mistake then.
        ("I-A O B-A", "iob2"),
        ("B-A E-A", "iobes"),
        ("S-A O", "iobes"),
        ("B-A L-A", "bilou"),
        ("U-A", "bilou"),
        ("B I O", "iob2"),
    ],
)
def test_finds_the_scheme(labels, scheme):
    sentences = [sentence(*labels.split())]
    assert ner_schemes.detect(sentences, is_training=True) == scheme
    expected = "iob2" if scheme == "iob1" else scheme
    assert ner_schemes.detect(sentences, is_training=False) == expected


@pytest.mark.parametrize(
    ("on_bad_tags", "expected"),
    [("keep", "O I-A I-A I-B B-B"), ("repair", "O B-A I-A B-B B-B")],
)
def test_bad_tags_are_kept_or_repaired_and_counted(on_bad_tags, expected, caplog):
    given = sentence("O", "I-A", "I-A", "I-B", "B-B", line=7)
    (read,) = ner_schemes.to_iob2(
        [given], path="x.tsv", scheme="iob2", on_bad_tags=on_bad_tags
    )
    assert " ".join(read.labels) == expected
    assert "2 labels continue a mention which is not there" in caplog.text
    assert "x.tsv:8: 'I-A', on the word 'w1'" in caplog.text


def test_parts_of_a_cut_sentence_are_one():
    parts = [sentence("O", "B-A", line=1), sentence("I-A", line=3)]
    read = ner_schemes.to_iob2(parts, path="x.tsv", scheme="iob2", on_bad_tags="refuse")
    assert read == parts
    apart = [parts[0], sentence("I-A", line=4)]
    with pytest.raises(errors.InputError, match=r"x\.tsv:4: 'I-A'"):
        ner_schemes.to_iob2(apart, path="x.tsv", scheme="iob2", on_bad_tags="refuse")


def test_bad_tags_are_refused():
    with pytest.raises(
        errors.InputError, match=r"begin with B\. Received: 1 labels.*x\.tsv:5: 'I-A'"
    ):
        ner_schemes.to_iob2(
            [sentence("O"), sentence("O", "I-A", "B-A", "O", "B-A", line=4)],
            path="x.tsv",
            scheme="iob2",
            on_bad_tags="refuse",
        )


@pytest.mark.parametrize("label", ["Disease", "E-A", "word", "b-A", "-A"])
def test_refuses_labels_of_no_scheme(label):
    with pytest.raises(errors.InputError, match=rf"x\.tsv:4: .* Received: '{label}'"):
        ner_schemes.to_iob2([sentence("O", label, line=3)], path="x.tsv", scheme="iob2")
