"""Names given in a config: checked against those that exist, and what a registry's stand for."""

import difflib
from collections.abc import Collection
from importlib import import_module
from typing import Any


def known(names: Collection[str], name: str) -> str:
    """Returns `name` if it is one of `names`.

    Raises:
        ValueError: If it is not; the message names the nearest one.
    """
    if name not in names:
        raise ValueError(f"must be one of {', '.join(names)}, got {name!r}{nearest(names, name)}")
    return name


def nearest(names: Collection[str], name: str) -> str:
    """Returns " (did you mean ...?)" for the most similar of `names`, or "" if none is similar."""
    matches = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f" (did you mean {matches[0]!r}?)" if matches else ""


def loaded(place: str) -> Any:
    """Returns what a registry names as `module:attribute`; the module is imported only now."""
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)
