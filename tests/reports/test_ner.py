# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.reports.ner."""

import re
import subprocess
import sys
import time

import pytest

from modeling.reports import ner

# "flu" and "breast cancer" are seen in training, "Flu" and "rare thing" are not.
WORDS = [
    ["flu", "and", "Flu"],
    ["breast", "cancer", "."],
    ["a", "rare", "thing"],
    ["nothing", "here"],
]
GOLD = [["B", "O", "B"], ["B", "I", "O"], ["O", "B", "I"], ["O", "O"]]
FOUND = [["B", "O", "O"], ["B", "I", "O"], ["O", "O", "B"], ["B", "O"]]
SEEN = {("flu",), ("breast", "cancer")}


@pytest.fixture
def write(tmp_path):
    """Writes a report of the sentences above, with what is changed in it."""

    def write(**changed):
        options = {
            "title": "A run",
            "facts": {"data_dir": "data"},
            "sentences": WORDS,
            "gold": GOLD,
            "predicted": FOUND,
            "training_mentions": SEEN,
            "metrics": [{"step": 1, "loss": 2.0}],
        }
        path = tmp_path / ner.REPORT_FILE
        ner.write_report(path, **(options | changed))
        return path.read_text(encoding="utf-8")

    return write


def rows(page, section):
    """The rows of a section's table, without its head."""
    (found,) = [x for x in page.all("section") if x.attributes["id"] == section]
    (table,) = found.all("table")
    return table.rows()[1:]


def counts(page, section):
    """Names and counts of the rows of a table of scores."""
    return [[row[0], *row[4:]] for row in rows(page, section)]


def test_scores_by_hand(write, parse):
    page = parse(write())
    # Right: flu, breast cancer. Spurious: thing (wrong boundary), nothing.
    assert [x.text for x in page.all("strong")] == ["50.00", "50.00", "50.00"]
    assert counts(page, "scores") == [["MISC", "4", "4", "2"]]
    assert counts(page, "seen") == [
        ["seen in training", "2", "2", "2"],
        ["not seen in training", "2", "2", "0"],
    ]
    assert counts(page, "length") == [["1", "2", "3", "1"], ["2", "2", "1", "1"]]
    assert [row[:3] for row in rows(page, "errors")] == [
        ["Flu", "missed", "1"],
        ["nothing", "spurious", "1"],
        ["rare thing", "wrong boundary", "1"],
    ]
    assert len(page.all("article")) == len(WORDS)


def test_long_mentions_are_one_group(write, parse):
    words, labels = [["w"] * 7, ["w"] * 5], [["B"] + ["I"] * 6, ["B"] + ["I"] * 4]
    page = parse(write(sentences=words, gold=labels, predicted=labels))
    assert counts(page, "length") == [["5 or more", "2", "2", "2"]]


def test_types_have_rows_and_a_total(write, parse):
    gold = [["B-Dis", "O", "B-Sym"], *GOLD[1:]]
    page = parse(write(gold=gold))
    assert [row[0] for row in rows(page, "scores")] == ["Dis", "MISC", "Sym", "All"]


def test_unknown_training_data_are_said_to_be_unknown(write, parse):
    assert "not known" in parse(write(training_mentions=None)).text


def test_shows_facts_and_other_scores(write, parse):
    page = parse(write(facts={"seed": "7"}, other_scores={"eval_f": 0.12345}))
    assert [x.text for x in page.all("dl")] == ["seed7"]
    assert page.all("table")[0].rows()[1] == ["eval_f", "0.1235"]


@pytest.mark.parametrize(
    "empty", [{"sentences": [], "gold": [], "predicted": []}, {"gold": None}]
)
def test_nothing_found_or_nothing_there(empty, write, parse):
    if empty["gold"] is None:  # Sentences, but no mention.
        none = [["O"] * len(words) for words in WORDS]
        empty = {"gold": none, "predicted": none}
    page = parse(write(**empty, metrics=[], facts={}))
    assert [x.text for x in page.all("strong")] == ["–", "–", "–"]
    assert "There is no error." in page.text


HOSTILE = [
    "<script>document.title='x'</script>",
    '"><img src="http://example.org/x.png">',
    "</p></article><!--",
    "\u202eevil",
    "\x00\x1b[31m",
    "\ud800",
    "&amp;",
    "סרטן",
]


def test_hostile_words_types_and_facts_are_only_shown(write, parse):
    labels = [[f"B-{word}" for word in HOSTILE]]
    outside = [["O"] * len(HOSTILE)]
    text = write(
        title=HOSTILE[0],
        facts={HOSTILE[1]: HOSTILE[0]},
        sentences=[HOSTILE],
        gold=labels,
        predicted=outside,
        training_mentions={(HOSTILE[0],)},
        other_scores={HOSTILE[2]: 1.0},
    )
    page = parse(text)
    assert len(page.all("script")) == 1
    assert not page.all("img")
    (words,) = page.all("article")[0].all("p")
    assert [x.text for x in words.all("span")] == [
        *HOSTILE[:3],
        "⟨U+202E⟩evil",
        "⟨U+0000⟩⟨U+001B⟩[31m",
        "⟨U+D800⟩",
        "&amp;",
        "סרטן",
    ]
    # As JavaScript finds them: buttons and sentences spell words alike.
    finds = {x.attributes["data-find"] for x in page.all("button", "find")}
    assert finds == {x.text for x in words.all("span")}


def test_loads_nothing_and_links_to_what_is_there(write, parse):
    page = parse(write())
    nodes = [page]
    for node in nodes:
        nodes += [child for child in node.children if not isinstance(child, str)]
    identifiers = [x.attributes["id"] for x in nodes if "id" in x.attributes]
    assert len(set(identifiers)) == len(identifiers)
    links = [x.attributes["href"] for x in nodes if "href" in x.attributes]
    assert {link[1:] for link in links} <= set(identifiers)
    assert not [x.name for x in nodes if "src" in x.attributes or x.name == "link"]
    assert not re.search(r"url\(|@import", page.all("style")[0].text)


def test_is_the_same_each_time(write):
    assert write() == write(training_mentions=list(SEEN))


@pytest.mark.slow
def test_five_thousand_sentences(write, parse):
    words = [[f"word{i}-{j}" for j in range(25)] for i in range(5000)]
    gold = [(["B", "I", "O", "O", "B"] * 5) for _ in words]
    found = [
        (["B", "I", "O", "O", "O" if i % 3 else "B"] * 5) for i, _ in enumerate(words)
    ]
    start = time.perf_counter()
    text = write(sentences=words, gold=gold, predicted=found)
    # About a second on one free core.
    assert time.perf_counter() - start < 20
    assert len(text.encode()) < 10e6
    assert text.count("<article") == 5000


def test_refuses_labels_of_other_sentences(write):
    with pytest.raises(ValueError, match="Received: 2 words, 2 gold, 1 predicted"):
        write(predicted=[*FOUND[:3], ["O"]])


def test_needs_neither_tensorflow_nor_matplotlib(root):
    code = (
        "import sys; from modeling.reports import ner; "
        "print(sorted({'tensorflow', 'matplotlib', 'pandas'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
