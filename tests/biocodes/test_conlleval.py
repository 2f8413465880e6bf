# SPDX-License-Identifier: Apache-2.0
"""Tests for biocodes.conlleval."""

import gzip
import subprocess
import sys

import hypothesis
import pytest
from hypothesis import strategies as st

from biocodes import conlleval

# Gold and predicted labels with one mention right (Chem), one of a wrong type
# and one where there is none.
TYPED = """\
w0 B-Chem B-Chem
w1 I-Chem I-Chem
w2 O O
w3 B-Dis B-Chem
w4 O B-Dis
"""
TYPED_REPORT = """\
processed 5 tokens with 2 phrases; found: 3 phrases; correct: 1.
accuracy:  60.00%; precision:  33.33%; recall:  50.00%; FB1:  40.00
             Chem: precision:  50.00%; recall: 100.00%; FB1:  66.67  2
              Dis: precision:   0.00%; recall:   0.00%; FB1:   0.00  1
"""
TYPED_LATEX = r"""        & Precision &  Recall  & F$_{\beta=1} \\\hline
Chem    &   50.00\% & 100.00\% &  66.67 \\
Dis     &    0.00\% &   0.00\% &   0.00 \\\hline
Overall &   33.33\% &  50.00\% &  40.00 \\\hline
"""

LABELS = ["O", "B-Gene", "I-Gene", "B-Cell", "I-Cell"]
sentences = st.lists(
    st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), max_size=8),
    max_size=6,
)


def columns(pairs_of_sentences):
    """Writes (gold, predicted) labels as conlleval reads them."""
    for pairs in pairs_of_sentences:
        yield from (f"word {gold} {predicted}\n" for gold, predicted in pairs)
        yield "\n"


def spans(labels):
    """The mentions of one sentence, found one start at a time."""
    found = set()
    for start, label in enumerate(labels):
        before = labels[start - 1] if start else "O"
        if label == "O" or (label[0] == "I" and before[1:] == label[1:]):
            continue
        end = start + 1
        while end < len(labels) and labels[end] == "I" + label[1:]:
            end += 1
        found.add((start, end, label[2:]))
    return found


def totals(counts):
    return counts.num_gold, counts.num_predicted, counts.num_correct


def count_rows(*rows, **options):
    """Counts one sentence of "gold predicted" rows."""
    return conlleval.count([f"word {row}" for row in rows], **options)


@pytest.mark.parametrize(
    "folder",
    ["detokenize_BC2GM_64", "detokenize_NCBI-disease_128", "e2e/ner_expected"],
)
def test_report_equals_golden(shared, folder):
    path = shared / "golden" / folder / "NER_result_conll.txt"
    opener = open if path.exists() else gzip.open
    path = path if path.exists() else path.with_suffix(".txt.gz")
    with opener(path, "rt", encoding="utf-8") as lines:
        report = conlleval.report(conlleval.count(lines))
    assert report == (path.parent / "conlleval.txt").read_text(encoding="utf-8")


def test_report_of_two_types():
    counts = conlleval.count(TYPED.splitlines())
    assert conlleval.report(counts) == TYPED_REPORT
    assert conlleval.report(counts, latex=True) == TYPED_LATEX


def test_rates_of_two_types():
    counts = conlleval.count(TYPED.splitlines())
    assert counts == conlleval.Counts(
        num_gold=2,
        num_predicted=3,
        num_correct=1,
        num_tokens=5,
        num_correct_tags=3,
        types={"Chem": conlleval.Mentions(1, 2, 1), "Dis": conlleval.Mentions(1, 1, 0)},
    )
    assert (counts.precision, counts.recall) == (1 / 3, 1 / 2)
    assert counts.f1 == pytest.approx(0.4)
    assert counts.accuracy == 3 / 5


def test_rates_of_nothing_are_zero():
    counts = conlleval.count([])
    rates = counts.precision, counts.recall, counts.f1, counts.accuracy
    assert rates == (0.0, 0.0, 0.0, 0.0)
    assert conlleval.report(counts) == (
        "processed 0 tokens with 0 phrases; found: 0 phrases; correct: 0.\n"
    )


@hypothesis.given(sentences)
def test_equals_comparing_spans(pairs_of_sentences):
    num_gold = num_predicted = num_correct = 0
    for pairs in pairs_of_sentences:
        gold, predicted = (spans([pair[side] for pair in pairs]) for side in (0, 1))
        num_gold += len(gold)
        num_predicted += len(predicted)
        num_correct += len(gold & predicted)
    counts = conlleval.count(columns(pairs_of_sentences))
    assert totals(counts) == (num_gold, num_predicted, num_correct)
    by_type = [totals(mentions) for mentions in counts.types.values()]
    assert totals(counts) == tuple(map(sum, zip((0, 0, 0), *by_type, strict=True)))


@hypothesis.given(sentences)
def test_swapping_columns_swaps_precision_and_recall(pairs_of_sentences):
    counts = conlleval.count(columns(pairs_of_sentences))
    swapped = conlleval.count(
        columns([(b, a) for a, b in pairs] for pairs in pairs_of_sentences)
    )
    assert (counts.precision, counts.recall) == (swapped.recall, swapped.precision)
    assert (counts.f1, counts.accuracy) == (swapped.f1, swapped.accuracy)


@hypothesis.given(sentences)
def test_lists_of_labels_count_like_a_file(pairs_of_sentences):
    gold = [[pair[0] for pair in pairs] for pairs in pairs_of_sentences]
    predicted = [[pair[1] for pair in pairs] for pairs in pairs_of_sentences]
    expected = conlleval.count(columns(pairs_of_sentences))
    assert conlleval.score_labels(gold, predicted) == expected


def test_plain_labels_are_of_one_type():
    plain = conlleval.score_labels([["B", "I", "O", "I"]], [["B", "X", "O", "[PAD]"]])
    typed = conlleval.score_labels(
        [["B-MISC", "I-MISC", "O", "B-MISC"]], [["B-MISC", "O", "O", "O"]]
    )
    assert totals(plain) == totals(typed) == (2, 1, 0)
    assert plain.types == typed.types


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(["O O", "I-A I-A"], (1, 1, 1), id="I after O"),
        pytest.param(["I-A I-A", "I-B I-B"], (2, 2, 2), id="I of another type"),
        pytest.param(["B-A B-A", "B-A I-A"], (2, 1, 0), id="B after B"),
        pytest.param(["B-A B-A", "I-A O"], (1, 1, 0), id="gold goes on"),
        pytest.param(["B-A B-A", "O I-A"], (1, 1, 0), id="prediction goes on"),
        pytest.param(["O B-A", "B-A I-A"], (1, 1, 0), id="prediction starts before"),
        pytest.param(["I-A I-A", "E-A E-A", "E-A E-A"], (2, 2, 2), id="IOE"),
        pytest.param(["[-A [-A", "]-A ]-A", ".-A .-A"], (2, 2, 2), id="brackets"),
        pytest.param(["B-T-cell B-T-cell"], (1, 1, 1), id="hyphen in the type"),
        pytest.param(["B B", "I I", "O O", "I B"], (2, 2, 2), id="no types"),
        pytest.param(["O-A O-A", "O-B O-B", "B-B B-B"], (1, 1, 1), id="typed O"),
    ],
)
def test_where_mentions_start_and_end(rows, expected):
    assert totals(count_rows(*rows)) == expected


@pytest.mark.parametrize("scheme", ["BIES", "BILU"])
def test_schemes_with_ends_equal_bio(scheme):
    begin, inside, end, single = scheme
    bio = ["B-A", "I-A", "B-A", "B-A", "I-A", "I-A", "O", "B-A", "B-B", "I-B", "B-A"]
    tags = [begin, end, single, begin, inside, end, "O", single, begin, end, single]
    other = [tag + label[1:] for tag, label in zip(tags, bio, strict=True)]
    nothing = ["O"] * len(bio)
    for predicted in (other, bio, nothing):
        counts = conlleval.score_labels([other], [predicted])
        assert counts.num_gold == 6
        assert counts.num_correct == (0 if predicted is nothing else 6)


@pytest.mark.parametrize("boundary", ["", "  ", "-X- O O", "-X-", "\r"])
def test_boundary_ends_mentions(boundary):
    lines = ["a B-A B-A", boundary, "b I-A I-A"]
    assert totals(conlleval.count(lines)) == (2, 2, 2)


def test_ends_of_lines_are_not_part_of_labels():
    assert totals(conlleval.count(["a B-A B-A\r\n", "b B-A B-A\n"])) == (2, 2, 2)


def test_raw_labels_are_types_of_single_tokens():
    counts = count_rows("Gene Gene", "Gene Cell", "no Gene", raw=True, outside="no")
    assert totals(counts) == (2, 3, 1)
    assert list(counts.types) == ["Cell", "Gene"]


def test_outside_label_without_raw():
    assert totals(count_rows("B-A B-A", "no no", "O no", outside="no")) == (1, 1, 1)


@pytest.mark.parametrize(
    ("delimiter", "between"), [("\t", "\t"), (r"\t", "\t"), ("|", "|"), (" +", "   ")]
)
def test_delimiters(delimiter, between):
    lines = [between.join(["a", "B-A", "B-A"]), between.join(["b", "O", "O"])]
    assert totals(conlleval.count(lines, delimiter=delimiter)) == (1, 1, 1)


def test_row_without_type_is_listed_as_in_perl():
    report = conlleval.report(count_rows("B B", "B O"))
    row = "                 : precision: 100.00%; recall:  50.00%; FB1:  66.67  1\n"
    assert report.endswith("FB1:  66.67\n" + row + row)


def test_rejects_line_with_one_column():
    with pytest.raises(conlleval.InputError, match=r"^x\.txt:2: .*Received: 1, in 'b'"):
        conlleval.count(["a B B", "b"], name="x.txt")


def test_rejects_another_number_of_columns():
    with pytest.raises(conlleval.InputError, match=r"^input:3: .* 3 columns.*: 4, in"):
        conlleval.count(["a B B", "", "b x B B"])


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        ([["O"], ["O", "B"]], [["O"], ["O"]], r"Sentence 2 .*: 2 gold, 1 predicted"),
        ([["O"]], [["O"], ["B"]], r"Sentence 2 .*: 0 gold, 1 predicted"),
    ],
)
def test_rejects_lists_out_of_step(gold, predicted, message):
    with pytest.raises(conlleval.InputError, match=message):
        conlleval.score_labels(gold, predicted)


def run(root, *arguments, text=""):
    return subprocess.run(
        [sys.executable, *arguments],
        input=text.encode(),
        capture_output=True,
        cwd=root,
        check=False,
    )


def test_command_reads_standard_input_or_file(root, tmp_path):
    path = tmp_path / "result.txt"
    path.write_bytes(TYPED.replace("w0", "\xe9").encode("latin-1"))
    for arguments, text in (([], TYPED), ([str(path)], "")):
        done = run(root, "biocodes/conlleval.py", *arguments, text=text)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.decode() == TYPED_REPORT


def test_command_takes_the_options_of_perl(root):
    text = "a\tGene\tGene\nb\tno\tno\n"
    options = ["-l", "-r", "-d", r"\t", "-o", "no"]
    done = run(root, "biocodes/conlleval.py", *options, text=text)
    assert done.stdout.decode().splitlines()[1:] == [
        r"Gene    &  100.00\% & 100.00\% & 100.00 \\\hline",
        r"Overall &  100.00\% & 100.00\% & 100.00 \\\hline",
    ]


def test_command_fails_with_a_message_alone(root):
    done = run(root, "biocodes/conlleval.py", text="a O O\nb O\n")
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr.decode().startswith("input:2: A line must hold 3 columns")
    assert run(root, "biocodes/conlleval.py", "absent.txt").returncode == 1


def test_command_needs_only_the_standard_library(root):
    done = run(root, "-X", "importtime", "biocodes/conlleval.py", text=TYPED)
    names = {line.split("|")[-1].strip() for line in done.stderr.decode().splitlines()}
    assert "dataclasses" in names
    packages = {name.partition(".")[0] for name in names}
    assert not packages & {"tensorflow", "numpy", "pandas", "modeling", "biocodes"}
