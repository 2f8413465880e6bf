# SPDX-License-Identifier: Apache-2.0
"""From a settings class to flags, and from a command line to settings.

What a setting is and which there are is in `settings`.
"""

import dataclasses
import sys
import types
import typing
from typing import Any, TypeVar

from absl import flags

SettingsT = TypeVar("SettingsT")

_DEFINE = {
    bool: flags.DEFINE_bool,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
}


def define_flags(
    settings_class: type[Any], flag_values: flags.FlagValues = flags.FLAGS
) -> None:
    """Defines one flag per field of `settings_class` in `flag_values`."""
    hints = typing.get_type_hints(settings_class)
    for field in dataclasses.fields(settings_class):
        hint = hints[field.name]
        if isinstance(hint, types.UnionType):  # `str | None` takes a str flag.
            (hint,) = set(typing.get_args(hint)) - {types.NoneType}
        required = field.default is dataclasses.MISSING
        _DEFINE[hint](
            field.name,
            None if required else field.default,
            field.metadata["help"],
            flag_values=flag_values,
            module_name=sys.argv[0],  # Or `--help` would not list the flag.
            required=required,
        )


def from_flags(
    settings_class: type[SettingsT],
    flag_values: flags.FlagValues = flags.FLAGS,
) -> SettingsT:
    """Returns the settings that the parsed command line asks for."""
    names = [field.name for field in dataclasses.fields(settings_class)]
    return settings_class(**{name: flag_values[name].value for name in names})
