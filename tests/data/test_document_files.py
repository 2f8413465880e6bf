# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.data.document_files."""

import io
import os
import re
import sys
import tracemalloc

import pytest
from absl import logging

from modeling import errors
from modeling.data import document_files, documents


@pytest.fixture
def write(tmp_path):
    """Writes files, given by name, and gives their folder."""

    def write(**contents):
        for name, content in contents.items():
            path = tmp_path / name.replace("__", ".")
            path.write_bytes(
                content if isinstance(content, bytes) else content.encode()
            )
        return tmp_path

    return write


@pytest.fixture
def warnings(monkeypatch):
    """What is logged as a warning."""
    messages = []
    monkeypatch.setattr(
        logging, "warning", lambda message, *args: messages.append(message % args)
    )
    return messages


def ids(path, **options):
    return [document.id for document in document_files.Reader(path, **options)]


def refusal(message):
    return pytest.raises(errors.InputError, match=f"^{re.escape(message)}$")


def test_reads_each_format_of_a_folder_in_the_order_of_names(write, monkeypatch):
    messages = []
    monkeypatch.setattr(
        logging, "info", lambda message, *args: messages.append(message % args)
    )
    folder = write(
        c__jsonl='{"id": "PMC1", "text": "Flu."}\n{"id": 7, "text": ""}\n',
        b__txt="\ufeffOne.\r\n\r\nTwo.\r\n",
        a__b__tsv="IL\n-\n2\n\nflu\n",
        notes__md="no",
    )
    (folder / "d.txt").mkdir()
    (folder / "d.txt" / "e.txt").write_text("deeper")
    assert list(document_files.Reader(folder)) == [
        documents.Document("a.b:1", "IL - 2", str(folder / "a.b.tsv"), 1),
        documents.Document("a.b:5", "flu", str(folder / "a.b.tsv"), 5),
        documents.Document("b:1", "One.", str(folder / "b.txt"), 1),
        documents.Document("b:3", "Two.", str(folder / "b.txt"), 3),
        documents.Document("PMC1", "Flu.", str(folder / "c.jsonl"), 1),
        documents.Document("7", "", str(folder / "c.jsonl"), 2),
    ]
    assert messages[0] == (
        f"{folder}: Passed over 2 of 5 entries, folders and other endings: "
        "d.txt, notes.md."
    )


def test_names_no_more_than_ten_of_the_files_it_passes_over(tmp_path, monkeypatch):
    messages = []
    monkeypatch.setattr(
        logging, "info", lambda message, *args: messages.append(message % args)
    )
    for i in range(12):
        (tmp_path / f"{i:02}.pdf").touch()
    (tmp_path / "a.txt").touch()
    assert ids(tmp_path) == []
    assert messages == [
        f"{tmp_path}: Passed over 12 of 13 entries, folders and other endings: "
        + ", ".join(f"{i:02}.pdf" for i in range(10))
        + ", ..."
    ]


def test_a_file_of_text_may_be_one_document(write):
    folder = write(a__TXT="One\r\n\r\n\u20actwo", b__txt="", c__tsv="x\n\ny")
    found = list(document_files.Reader(folder, document_per_file=True))
    assert [(document.id, document.text) for document in found] == [
        ("a", "One\n\n\u20actwo"),
        ("b", ""),
        ("c:1", "x"),
        ("c:3", "y"),
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [("stdin:1", "a", 1), ("stdin:3", "b", 3)]),
        ({"document_per_file": True}, [("stdin", "a\n\nb", 1)]),
    ],
)
def test_reads_standard_input(monkeypatch, options, expected):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\n\nb")))
    found = list(document_files.Reader("-", **options))
    assert [(document.id, document.text, document.line) for document in found] == (
        expected
    )
    assert {document.path for document in found} == {"-"}


def test_reads_the_first_document_before_the_second(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"One.\n\xff\n")
    reader = iter(document_files.Reader(path))
    assert next(reader).text == "One."
    with pytest.raises(errors.InputError, match=r"a\.txt:2: Text must be UTF-8"):
        next(reader)


def test_memory_does_not_grow_with_the_documents(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(f"{'word ' * 200}\n" * 10_000)  # 10 MB
    tracemalloc.start()
    count = sum(1 for _ in document_files.Reader(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 10_000
    assert peak < 3_000_000


def test_a_second_iteration_begins_anew(write, warnings):
    folder = write(a__txt="One.", b__jsonl="{")
    reader = document_files.Reader(folder, on_error="skip")
    assert [len(list(reader)), reader.num_failed] == [1, 1]
    assert [len(list(reader)), reader.num_failed] == [1, 1]


def test_refuses_an_id_that_is_there_already(write):
    folder = write(
        a__jsonl='{"id": 1, "text": "a"}\n\n{"id": "1", "text": "b"}\n',
        b__tsv="x",
        b__txt="y",
    )
    with refusal(
        f"{folder}/a.jsonl:3: An id must be that of one document. Received: '1' again."
    ):
        ids(folder)
    (folder / "a.jsonl").unlink()
    with refusal(
        f"{folder}/b.txt:1: An id must be that of one document. Received: 'b:1' again."
    ):
        ids(folder)


def test_skips_what_cannot_be_read_and_counts_it(write, warnings):
    folder = write(
        a__jsonl="\n".join(['{"id": 1, "text": ""}', "{"] * 2) + '\n{"id":2,"text":""}',
        b__tsv="flu\tB\n",
        c__txt=b"One.\n\xff\nThree.\n",
        e__txt="Two.",
    )
    (folder / "d.txt").symlink_to(folder / "absent")
    reader = document_files.Reader(folder, on_error="skip")
    assert [document.id for document in reader] == ["1", "2", "c:1", "e:1"]
    assert reader.num_failed == 6
    assert [
        warning.removeprefix(f"Skipped: {folder}/")[:12] for warning in warnings
    ] == [
        "a.jsonl:2: A",
        "a.jsonl:3: A",
        "a.jsonl:4: A",
        "b.tsv:1: A l",
        "c.txt:2: Tex",
        "d.txt: A tex",
    ]
    with pytest.raises(errors.InputError, match=r"a\.jsonl:2: A line must be a JSON"):
        ids(folder)


def test_a_file_alone_is_not_skipped(write):
    folder = write(a__tsv="flu\tB\n")
    with pytest.raises(errors.InputError, match=r"a\.tsv:1: A line must hold one word"):
        ids(folder / "a.tsv", on_error="skip")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "absent",
            "A folder, or a file whose name ends in one of .txt, .jsonl, .tsv, is "
            "needed. Received: no such file or folder.",
        ),
        (
            "a.pdf",
            "A folder, or a file whose name ends in one of .txt, .jsonl, .tsv, is "
            "needed. Received: '.pdf'.",
        ),
        ("absent.txt", "A text file is needed. Received: no such file."),
        (
            "",
            "A folder of documents must hold a file that ends in one of .txt, .jsonl, "
            ".tsv. Received: 1 other entries.",
        ),
    ],
)
def test_refuses_other_paths(write, name, message):
    path = write(a__pdf="") / name
    with refusal(f"{path}: {message}"):
        ids(path)
    with refusal(f"{path}: {message}"):
        document_files.Reader(path).check()


def test_refuses_a_name_that_is_not_utf8(tmp_path):
    path = os.path.join(os.fsencode(tmp_path), b"a\xff.txt")
    with open(path, "wb") as file:
        file.write(b"One.")
    with pytest.raises(
        errors.InputError, match=r"must be UTF-8\. Received: other byte"
    ):
        ids(tmp_path)


def test_refuses_another_way_to_treat_errors(tmp_path):
    with refusal("`on_error` must be one of stop, skip. Received: 'ignore'."):
        document_files.Reader(tmp_path, on_error="ignore")
