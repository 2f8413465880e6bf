# SPDX-License-Identifier: Apache-2.0
"""What became of each variable of a model, and of each array of its weights.

Only the record and its table; `restore` does the loading.
"""

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping

OPTIMIZER_STATE = "optimizer state"

# The slots and counters of this project, Google's BERT, BioBERT v1.0, Adam in
# TF1, NVIDIA's LAMB and its loss scale.
_OPTIMIZER = re.compile(
    r"(?:.*/)?(?:adam_[mv]|lamb_[mv]|BERTAdam(?:_1)?|Adam(?:_1)?|LAMB(?:_1)?"
    r"|AdamWeightDecayOptimizer(?:_1)?|global_step|beta[12]_power"
    r"|(?:current_)?loss_scale|good_steps|bad_steps)"
)
_LAYER = re.compile(r"layer_\d+$")
_MAX_ROWS = 12


@dataclasses.dataclass(frozen=True)
class Report:
    """What was loaded, what is new and what was not used.

    Attributes:
        description: Where the weights are from.
        loaded: Variable name to shape, of variables that were loaded.
        new: Variable name to the reason why it keeps its initial values.
        unused: Array name to shape, of arrays that no variable took.
    """

    description: str
    loaded: Mapping[str, tuple[int, ...]]
    new: Mapping[str, str]
    unused: Mapping[str, tuple[int, ...]]

    def table(self) -> str:
        """Returns one table of everything, short enough for a screen."""
        loaded = _group(self.loaded)
        unused = _group(self.unused)
        return "\n".join(
            [
                f"Weights from {self.description}",
                *_section("loaded", self.loaded, loaded),
                *_section("newly initialised", self.new, _group_reasons(self.new)),
                *_section("unused", self.unused, unused),
            ]
        )


def group_name(name: str) -> str:
    """Returns the group of a variable: its part of the model.

    Example:
        >>> group_name("bert/encoder/layer_7/attention/self/query/kernel")
        'bert/encoder/layer_*'
        >>> group_name("bert/embeddings/word_embeddings/adam_m")
        'optimizer state'
    """
    if _OPTIMIZER.fullmatch(name):
        return OPTIMIZER_STATE
    separator = "/" if "/" in name else "."  # Hugging Face's own names have dots.
    parts = name.split(separator)
    for index, part in enumerate(parts[:-1]):
        if _LAYER.match(part):
            return separator.join([*parts[:index], "layer_*"])
    return separator.join([*parts[:2], "*"]) if len(parts) > 2 else name


def _group(shapes: Mapping[str, tuple[int, ...]]) -> list[tuple[str, str]]:
    """Returns rows of group and size, in the order of names."""
    groups: dict[str, list[str]] = {}
    for name in sorted(shapes):
        groups.setdefault(group_name(name), []).append(name)
    rows = []
    for group, names in groups.items():
        numbers = sum(math.prod(shapes[name]) for name in names)
        layers = {m[0] for m in map(re.compile(r"layer_\d+").search, names) if m}
        of = f" in {len(layers)} layers" if group.endswith("layer_*") else ""
        rows.append((group, f"{_count(names)}{of}, {numbers:,} numbers"))
    return rows


def _group_reasons(reasons: Mapping[str, str]) -> list[tuple[str, str]]:
    """Returns rows of name or group, and reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name, reason in sorted(reasons.items()):
        groups.setdefault((group_name(name), reason), []).append(name)
    return [
        (names[0], reason) if len(names) == 1 else (group, f"{_count(names)}: {reason}")
        for (group, reason), names in groups.items()
    ]


def _section(
    title: str, names: Iterable[str], rows: list[tuple[str, str]]
) -> list[str]:
    """Returns the lines of one section, at most a dozen and one."""
    lines = [f"{title}: {_count(list(names))}"]
    width = max((len(name) for name, _ in rows[:_MAX_ROWS]), default=0)
    lines += [f"  {name:<{width}}  {text}" for name, text in rows[:_MAX_ROWS]]
    if len(rows) > _MAX_ROWS:
        lines.append(f"  and {len(rows) - _MAX_ROWS} more groups")
    return lines


def _count(names: list[str]) -> str:
    return f"{len(names)} variable{'' if len(names) == 1 else 's'}"
