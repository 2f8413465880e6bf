# SPDX-License-Identifier: Apache-2.0
"""Which files make a TF1 checkpoint, by their names alone.

The checkpoint `model.ckpt-20` is the files `model.ckpt-20.index` and
`model.ckpt-20.data-00000-of-00001` (or more shards), and perhaps
`model.ckpt-20.meta`, the graph, which nothing here needs. What they share is
the prefix. What is in the files is left to `checkpoints`.
"""

import pathlib
import re

_PART = re.compile(r"(?P<prefix>.+)\.(?:index|meta|data-(\d{5})-of-(\d{5}))")
_NUMBERED = re.compile(r"(?P<stem>.+?)(?:-(?P<step>\d+))?")


def strip_part(name: str) -> str:
    """Returns the prefix that the file `name` belongs to, or `name` itself.

    Example:
        >>> strip_part("biobert/model.ckpt-20.data-00000-of-00001")
        'biobert/model.ckpt-20'
        >>> strip_part("biobert/model.ckpt-20")
        'biobert/model.ckpt-20'
    """
    match = _PART.fullmatch(name)
    return match["prefix"] if match else name


def split_step(name: str) -> tuple[str, int | None]:
    """Splits the number of steps from a prefix, None where there is none.

    Example:
        >>> split_step("model.ckpt-20"), split_step("bert_model.ckpt")
        (('model.ckpt', 20), ('bert_model.ckpt', None))
    """
    match = _NUMBERED.fullmatch(name)
    if match is None or match["step"] is None:
        return name, None
    return match["stem"], int(match["step"])


def list_prefixes(folder: pathlib.Path) -> list[str]:
    """Returns the names, sorted, of all prefixes of which any file is there.

    Hidden files are passed over: they are half-written, or a Mac's notes on
    the files beside them.
    """
    return sorted(
        {
            strip_part(path.name)
            for path in folder.iterdir()
            if _PART.fullmatch(path.name) and not path.name.startswith(".")
        }
    )


def list_parts(prefix: pathlib.Path) -> list[pathlib.Path]:
    """Returns the files of one checkpoint that are there.

    The index comes first: who deletes in this order never leaves an index
    behind that promises data.
    """
    if not prefix.parent.is_dir():
        return []
    parts = [
        path
        for path in prefix.parent.iterdir()
        if _PART.fullmatch(path.name) and strip_part(path.name) == prefix.name
    ]
    return sorted(parts, key=lambda path: (path.suffix != ".index", path.name))


def list_shards(prefix: pathlib.Path) -> list[pathlib.Path]:
    """Returns the data files of one checkpoint that are there, in order."""
    return [p for p in list_parts(prefix) if p.suffix.startswith(".data-")]


def what_is_missing(prefix: pathlib.Path) -> str | None:
    """Says which file the checkpoint lacks, or returns None if it is whole."""
    names = {path.name for path in list_parts(prefix)}
    index = f"{prefix.name}.index"
    if index not in names:
        return index
    shards = [m for m in map(_PART.fullmatch, sorted(names)) if m and m[3]]
    if not shards:
        return f"{prefix.name}.data-00000-of-00001"
    # Shards of another count may be left from an earlier save.
    wanted = {
        total: [
            f"{prefix.name}.data-{shard:05d}-of-{total}" for shard in range(int(total))
        ]
        for total in (match[3] for match in shards)
    }
    missing = [
        [name for name in expected if name not in names] for expected in wanted.values()
    ]
    fewest = min(missing, key=len)
    return fewest[0] if fewest else None


def delete(prefix: pathlib.Path) -> None:
    """Deletes the files of one checkpoint, the index first."""
    for path in list_parts(prefix):
        path.unlink(missing_ok=True)
