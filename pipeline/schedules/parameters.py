"""Values for the parameters of a compiled pipeline, as neither backend checks them well."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tfx_rebalance.components.example_gen.run_date import run_moment
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.names import nearest
from tfx_rebalance.pipeline.schedules.spec import Spec

RUN_DATE = "run_date"
"""The parameter that holds the day a run is for."""

_KINDS: Mapping[str, tuple[type, ...]] = {
    "NUMBER_DOUBLE": (int, float),
    "BOOLEAN": (bool,),
    "LIST": (list,),
    "STRUCT": (dict,),
}
"""Parameter types whose values are written as JSON, and what that has to be."""


def parameter_values(
    spec: Spec, given: Sequence[str], *, run_date: str | None = None
) -> dict[str, Any]:
    """Returns a value for every parameter of `spec`, given or its default.

    Args:
        spec: The compiled pipeline.
        given: `KEY=VALUE` each.
        run_date: The day the run is for as YYYY-MM-DD; the value of the parameter `run_date`.

    Raises:
        ConfigError: If one is unknown, missing, given twice, or not of its type.
    """
    texts = _texts(given, run_date)
    for key in texts:
        if key not in spec.parameters:
            raise ConfigError(_unknown(spec, key, run_date))
    values = {}
    missing = []
    for key, definition in spec.parameters.items():
        if key in texts:
            values[key] = _value(key, texts[key], str(definition.get("parameterType", "STRING")))
        elif "defaultValue" in definition:
            values[key] = definition["defaultValue"]
        elif not definition.get("isOptional"):
            missing.append(key)
    if missing:
        raise ConfigError(
            f"the pipeline {spec.name!r} has parameters without a default and without a value: "
            f"{', '.join(missing)}. Give {' '.join(f'--param {key}=VALUE' for key in missing)}."
        )
    return values


def check_same_parameters(run_id: str, there: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Checks that a run that is there already is the one that is asked for.

    Raises:
        ConfigError: If it has other parameters.
    """
    other = sorted(k for k in {*there, *wanted} if there.get(k) != wanted.get(k))
    if other:
        raise ConfigError(
            f"the run {run_id!r} is there already with other parameters: {', '.join(other)}. Take "
            "another --run-id."
        )


def _texts(given: Sequence[str], run_date: str | None) -> dict[str, str]:
    """Returns what is given for each parameter."""
    texts: dict[str, str] = {}
    for word in given:
        key, equals, text = word.partition("=")
        if not key or not equals:
            raise ConfigError(f"--param takes KEY=VALUE such as run_date=2026-03-01, got {word!r}.")
        if key in texts:
            raise ConfigError(f"--param {key} is given twice. Keep one.")
        if "{{" in text:
            raise ConfigError(
                f"--param {word}: no backend fills in {{{{...}}}} in a pipeline's parameter. Leave "
                "it away or give the value itself."
            )
        texts[key] = _moment(text) if key == RUN_DATE else text
    if run_date is not None:
        if RUN_DATE in texts:
            raise ConfigError(f"--run-date and --param {RUN_DATE} say the same. Keep one.")
        texts[RUN_DATE] = _day(run_date)
    return texts


def _unknown(spec: Spec, key: str, run_date: str | None) -> str:
    names = list(spec.parameters)
    allowed = f"It has: {', '.join(names)}" if names else "It has none"
    if key == RUN_DATE and run_date is not None:
        return (
            f"--run-date {run_date}: the pipeline {spec.name!r} has no parameter {RUN_DATE!r}. "
            f"{allowed}. Compile a pipeline whose data go by the day of the run."
        )
    return f"the pipeline {spec.name!r} has no parameter {key!r}{nearest(names, key)}. {allowed}."


def _day(text: str) -> str:
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        run_moment(text)
    except ValueError:
        raise ConfigError(f"--run-date must be a day such as 2026-03-01, got {text!r}.") from None
    return text


def _moment(text: str) -> str:
    try:
        if text:  # Else it is the default: nobody has said a day.
            run_moment(text)
    except ValueError:
        raise ConfigError(
            f"--param {RUN_DATE} must be a day such as 2026-03-01 or a time such as "
            f"2026-03-01T03:00:00Z, got {text!r}."
        ) from None
    return text


def _value(key: str, text: str, kind: str) -> Any:
    """Returns the value that `text` stands for in a parameter of a type."""
    if kind == "STRING":
        return text
    if kind == "NUMBER_INTEGER":
        if not re.fullmatch(r"[+-]?[0-9]+", text):
            raise ConfigError(f"--param {key} must be a whole number, got {text!r}.")
        return int(text)
    if kind not in _KINDS:
        raise ConfigError(f"--param {key}: its type {kind} takes no value from outside.")
    try:
        value = json.loads(text, parse_constant=_refuse)
    except ValueError:
        value = None
    wanted = _KINDS[kind]
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise ConfigError(f"--param {key} must be {_WORDS[kind]}, got {text!r}.")
    return value


_WORDS = {
    "NUMBER_DOUBLE": "a number",
    "BOOLEAN": "true or false",
    "LIST": "a list as JSON",
    "STRUCT": "an object as JSON",
}


def _refuse(constant: str) -> None:
    raise ValueError(constant)
