# SPDX-License-Identifier: Apache-2.0
"""Puts weights into variables by name, and says what became of each.

Knows neither models nor tasks: which parts a model cannot do without, the caller
says. Where weights come from is `weights`.
"""

import re
from collections.abc import Collection, Mapping, Sequence

import tensorflow as tf
from absl import logging

from modeling import errors
from modeling.training import loading_report, weights

Shape = tuple[int, ...]

_SKIPPED = "skipped by request"
_MISSING = "not in the checkpoint"
_MISFIT = "of other shape"

# What decides each size, to be named when it does not fit.
_ROWS = {
    "word_embeddings": "vocab_size (the vocabulary of another model?)",
    "position_embeddings": "max_position_embeddings",
    "token_type_embeddings": "type_vocab_size",
}


def restore(
    variables: Mapping[str, tf.Variable],
    source: weights.WeightSource,
    *,
    required_prefix: str = "bert/",
    optional: Collection[str] = ("bert/pooler/",),
    skip: Collection[str] = (),
) -> loading_report.Report:
    """Starts a model from given weights.

    Whatever fits by name and shape is loaded, heads included. Nothing is loaded
    before all is checked.

    Args:
        variables: Variable by its name in a checkpoint, without ":0".
        source: Where the weights are from.
        required_prefix: What the names of the encoder's variables begin with; each
            must be there, in its shape. Others may be missing or of another shape
            and are then new, with a warning.
        optional: Names that may be missing all the same; one that ends with "/"
            stands for all that begin with it.
        skip: Names not to load, written as in `optional`.

    Returns:
        What was loaded, what is new and what was not used.

    Raises:
        errors.InputError: If the encoder is not there whole or is of another shape.
    """
    reasons = _compare(variables, source, skip)
    required = [name for name in reasons if name.startswith(required_prefix)]
    misfits = [name for name in required if reasons[name].startswith(_MISFIT)]
    if misfits:
        raise errors.InputError(_explain_shapes(misfits, reasons, source))
    absent = [
        name
        for name in required
        if reasons[name] == _MISSING and not _covers(optional, name)
    ]
    if absent:
        raise errors.InputError(_explain_missing(absent, source, required_prefix))
    report = _load(variables, source, reasons)
    _warn(report, required_prefix)
    return report


def restore_all(
    variables: Mapping[str, tf.Variable], source: weights.WeightSource
) -> loading_report.Report:
    """Continues a run: every variable must be there, in its shape and type.

    Args:
        variables: Variable by its name in a checkpoint, slots and `global_step`
            included.
        source: Where the values are from.

    Returns:
        What was loaded and what was not used.

    Raises:
        errors.InputError: If anything is missing or differs; then nothing is
            loaded.
    """
    problems = _differences(variables, source)
    if problems:
        groups = {loading_report.group_name(name) for name in source.names()}
        cause = (
            "It is of another model or was trained with other settings."
            if loading_report.OPTIMIZER_STATE in groups
            else "It holds weights without the state of an optimizer, so a run can "
            "start from it (--init_checkpoint) but not continue."
        )
        raise errors.InputError(
            f"{source.description}: To continue a run, a checkpoint of the same run is "
            f"needed, with all {len(variables)} arrays. Received one in which "
            f"{_some(problems)}. {cause}"
        )
    return _load(variables, source, {})


def _differences(
    variables: Mapping[str, tf.Variable], source: weights.WeightSource
) -> list[str]:
    """Returns what keeps each variable from being just what was saved."""
    problems = []
    reasons = _compare(variables, source, skip=())
    for name, variable in sorted(variables.items()):
        wanted = variable.dtype.base_dtype
        if name in reasons:
            problems.append(f"{name} is {reasons[name]}")
        elif tf.as_dtype(source.dtype(name)) != wanted:
            problems.append(f"{name} is {source.dtype(name)} and not {wanted.name}")
    return problems


def _compare(
    variables: Mapping[str, tf.Variable],
    source: weights.WeightSource,
    skip: Collection[str],
) -> dict[str, str]:
    """Returns why variables cannot be loaded, for those that cannot, by name."""
    available = set(source.names())
    reasons = {}
    for name in sorted(variables):
        shape = _shape(variables[name])
        if _covers(skip, name):
            reasons[name] = _SKIPPED
        elif name not in available:
            reasons[name] = _MISSING
        elif source.shape(name) != shape:
            found = list(source.shape(name))
            reasons[name] = f"{_MISFIT}: checkpoint {found}, model {list(shape)}"
    return reasons


def _load(
    variables: Mapping[str, tf.Variable],
    source: weights.WeightSource,
    new: Mapping[str, str],
) -> loading_report.Report:
    """Loads all but the new variables, and logs what became of each."""
    loaded = sorted(set(variables) - set(new))
    for name, array in zip(loaded, weights.read_ahead(source, loaded), strict=True):
        variable = variables[name]
        variable.assign(tf.cast(array, variable.dtype.base_dtype))
    unused = sorted(set(source.names()) - set(loaded))
    report = loading_report.Report(
        description=source.description,
        loaded={name: _shape(variables[name]) for name in loaded},
        new=dict(new),
        unused={name: source.shape(name) for name in unused},
    )
    logging.info("%s", report.table())
    return report


def _warn(report: loading_report.Report, required_prefix: str) -> None:
    """Points out what may be a mistake."""
    new = [name for name, reason in report.new.items() if reason != _SKIPPED]
    if new:
        logging.warning(
            "%d variables start from random values, as they are not in the weights "
            "or have another shape there: %s.",
            len(new),
            _some(new),
        )
    left = [
        name
        for name in report.unused
        if name.startswith(required_prefix)
        and name not in report.new
        and loading_report.group_name(name) != loading_report.OPTIMIZER_STATE
    ]
    if left:
        logging.warning(
            "The weights hold %d arrays of an encoder that this model has no place "
            "for (%s). Does bert_config.json belong to them (num_hidden_layers)?",
            len(left),
            _some(left),
        )


def _explain_shapes(
    misfits: Sequence[str],
    reasons: Mapping[str, str],
    source: weights.WeightSource,
) -> str:
    """Says which sizes differ and which setting decides them."""
    causes = set()
    for name in misfits:
        found, wanted = re.findall(r"\[([\d, ]*)\]", reasons[name])
        part = name.rpartition("/")[2]
        if part in _ROWS and found.split(", ")[1:] == wanted.split(", ")[1:]:
            causes.add(_ROWS[part])
        elif "intermediate" in name or re.search(r"layer_\d+/output/dense", name):
            causes.add("intermediate_size")
        else:
            causes.add("hidden_size")
    if "hidden_size" in causes:  # All other sizes may follow from it.
        causes.discard("intermediate_size")
    return (
        f"{source.description}: The encoder's shapes must be those of the model. "
        f"Received: {_some([f'{name}: {reasons[name]}' for name in misfits])}. The "
        "configuration (bert_config.json) is not the one of these weights; look at "
        f"{', '.join(sorted(causes))}."
    )


def _explain_missing(
    absent: Sequence[str], source: weights.WeightSource, required_prefix: str
) -> str:
    """Says what the encoder lacks and why that is likely."""
    return (
        f"{source.description}: All of the encoder must be there, so that no part of "
        f"it starts from random values. Missing: {_some(absent)}. "
        f"{_likely_cause(absent, source.names(), required_prefix)}"
    )


def _likely_cause(
    absent: Sequence[str], names: Sequence[str], required_prefix: str
) -> str:
    """Compares what is missing with what is there."""
    if any(name.endswith(".ATTRIBUTES/VARIABLE_VALUE") for name in names):
        return (
            "This is a TF2 checkpoint of Python objects, not one of names; export "
            "the model as a TF1 checkpoint or a Hugging Face folder."
        )
    prefixes = {n.removesuffix(absent[0]) for n in names if n.endswith(absent[0])}
    if prefixes:
        return f"The names there begin with {prefixes.pop()!r}, which must be removed."
    if not any(name.startswith(required_prefix) for name in names):
        return (
            f"No name there begins with {required_prefix!r}: it is no BERT, or its "
            f"names are of another style. It holds {_some(sorted(names))}."
        )
    layers = {int(m[1]) for m in map(re.compile(r".*/layer_(\d+)/").match, names) if m}
    beyond = [re.match(r".*/layer_(\d+)/", name) for name in absent]
    if all(match and int(match[1]) not in layers for match in beyond):
        return (
            f"It has {len(layers)} layers: num_hidden_layers in bert_config.json does "
            "not fit."
        )
    return (
        "It is incomplete, or of a model with another architecture. It holds "
        f"{len(names)} arrays."
    )


def _covers(patterns: Collection[str], name: str) -> bool:
    """Tells whether `name` is in `patterns` or begins with one that ends in "/"."""
    return any(
        name == pattern or (pattern.endswith("/") and name.startswith(pattern))
        for pattern in patterns
    )


def _shape(variable: tf.Variable) -> Shape:
    return tuple(variable.shape.as_list())


def _some(items: Sequence[str], count: int = 3) -> str:
    """Returns the first few items, and how many more there are."""
    more = f" and {len(items) - count} more" if len(items) > count else ""
    return f"{', '.join(items[:count])}{more}"
