"""What a tuner found, put in the place of what the settings said."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Plain = str | int | float | bool
"""What a tuner can hand on."""

NAMED = ("model", "loss", "decision")
"""Keys that name something with parameters of its own, `<key>_parameters`."""

OWN = "tuner/"
"""Begins the names of what a tuner keeps for itself."""


def encoded(choices: Sequence[Any]) -> list[Plain]:
    """Returns choices as values of one type: lists, sections and null are JSON text."""
    if all(isinstance(choice, bool) for choice in choices):
        return list(choices)
    numbers = [c for c in choices if isinstance(c, int | float) and not isinstance(c, bool)]
    if len(numbers) == len(choices):
        whole = all(isinstance(number, int) for number in numbers)
        return list(numbers) if whole else [float(number) for number in numbers]
    return [choice if isinstance(choice, str) else json.dumps(choice) for choice in choices]


def decoded(value: Plain) -> Any:
    """Returns what `encoded` was given; a number or flag among texts stays a text."""
    if isinstance(value, str) and (value[:1] in {"[", "{"} or value == "null"):
        return json.loads(value)
    return value


def settled(values: Mapping[str, Plain], keys: Sequence[str]) -> dict[str, Any]:
    """Returns dotted key -> value, with groups taken apart and without what a tuner keeps.

    Args:
        values: What a tuner found.
        keys: Those of the settings; any other name with a section is a group of dotted keys.
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name.startswith(OWN):
            continue
        plain = decoded(value)
        is_group = name.partition(".")[0] not in keys and isinstance(plain, dict)
        found |= plain if is_group else {name: plain}
    return found


def replaced(settings: Mapping[str, Any], values: Mapping[str, Plain]) -> dict[str, Any]:
    """Returns the settings with the values in them.

    Where another model, loss or decision is named, the parameters of the former one are dropped.

    Args:
        settings: As `model_dump` gives them; they are changed.
        values: What a tuner found.

    Raises:
        ValueError: If a key is of a section that is none.
    """
    changed = dict(settings)
    found = settled(values, list(changed))
    for name in NAMED:
        if name in found and found[name] != changed.get(name):
            changed[f"{name}_parameters"] = {}
    for key in sorted(found, key=lambda key: key.count(".")):
        *sections, last = key.split(".")
        target = changed
        for section in sections:
            inside = target.get(section)
            if not isinstance(inside, dict):
                raise ValueError(f"{key}: {section} is {inside!r}, not a section")
            target[section] = dict(inside)
            target = target[section]
        target[last] = found[key]
    return changed
