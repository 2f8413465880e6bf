# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.cores."""

import os

import pytest

from modeling import cores


def test_counts_those_that_this_process_may_use(monkeypatch):
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("This system does not bind processes to cores.")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5, 7})
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    assert cores.count() == 3


@pytest.mark.parametrize(("known", "expected"), [(16, 16), (None, 1)])
def test_counts_all_where_processes_are_not_bound(known, expected, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: known)
    assert cores.count() == expected


@pytest.mark.parametrize(
    ("count", "may_be_bound", "expected"),
    [
        (32, False, 8),
        (32, True, 8),
        (8, True, 8),
        (8, False, 2),
        (3, True, 3),
        (2, False, 1),
    ],
)
def test_processes_share_what_is_not_theirs_alone(
    count, may_be_bound, expected, monkeypatch
):
    monkeypatch.setattr(cores, "count", lambda: count)
    monkeypatch.setattr(os, "cpu_count", lambda: 32)
    assert cores.share(4, may_be_bound=may_be_bound) == expected
