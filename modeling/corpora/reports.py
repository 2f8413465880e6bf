# SPDX-License-Identifier: Apache-2.0
"""Files of a corpus that are no text, left out of what a pattern stands for.

`corpus/*.txt` fits report.txt, too, whose numbers would be learned as if they were an
article. Which files a pattern stands for is left to who reads them.
"""

import json
import os
from collections.abc import Callable, Sequence
from typing import BinaryIO

from absl import logging

from modeling import errors
from modeling.corpora import manifest

_NAMES = frozenset(
    (
        manifest.MANIFEST,
        manifest.REPORT,
        manifest.INPUTS,
        manifest.SKIPPED,
        manifest.TEST_TEXTS,
    )
)
# What of a manifest tells that make_corpus.py wrote it.
_KEYS = frozenset(("key", "shards", "test_sentences"))


def _open(path: str) -> BinaryIO:
    return open(path, "rb")


def leave_out(
    paths: Sequence[str], patterns: str, opener: Callable[[str], BinaryIO] = _open
) -> list[str]:
    """Returns the paths without those of reports, and warns of these.

    A report has the name that make_corpus.py gives it, and its manifest beside it.
    One that is named itself, not by a pattern, stays.

    Args:
        paths: The files that `patterns` stand for.
        patterns: What --input_file says: paths and patterns, with commas between
            them.
        opener: Opens a file for bytes; raises OSError or InputError if there is none.

    Returns:
        The others, in their order.

    Raises:
        errors.InputError: If there are no others.
    """
    named = {patterns, *(part.strip() for part in patterns.split(","))}
    found = [p for p in paths if p not in named and _is_report(p, opener)]
    if not found:
        return list(paths)
    if len(found) == len(paths):
        raise errors.InputError(
            f"--input_file must name files of text. Received: {patterns!r}, which "
            f"fits reports of make_corpus.py only: {', '.join(found)}."
        )
    logging.warning(
        "--input_file=%s: Left out, as make_corpus.py wrote it to tell of a corpus: "
        "%s. A file that is named without a pattern is read.",
        patterns,
        ", ".join(found),
    )
    return [path for path in paths if path not in found]


def _is_report(path: str, opener: Callable[[str], BinaryIO]) -> bool:
    """Returns whether make_corpus.py wrote a file, and not as text."""
    folder, name = os.path.split(path)
    if name not in _NAMES:
        return False
    try:
        with opener(os.path.join(folder, manifest.MANIFEST)) as file:
            found = json.loads(file.read())
    except (OSError, ValueError, errors.InputError):
        return False
    return isinstance(found, dict) and found.keys() >= _KEYS
