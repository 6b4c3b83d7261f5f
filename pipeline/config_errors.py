"""What is wrong with a config, in the words of the file: line, key, value, what is allowed."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tfx_rebalance.names import nearest
from tfx_rebalance.pipeline.config import PipelineConfig

KeyPath = tuple[str | int, ...]


def explain(
    error: ValidationError,
    *,
    path: Path,
    lines: Mapping[KeyPath, int],
    overrides: Sequence[str],
) -> str:
    """Returns one line per wrong key; the branches of a union that failed share a line."""
    problems: dict[KeyPath, list[str]] = {}
    for detail in error.errors():
        model, keys = _locate(detail["loc"])
        problem = _problem(detail, model)
        if problem not in problems.setdefault(keys, []):
            problems[keys].append(problem)
    texts = []
    for keys, found in problems.items():
        texts.append(
            f"{_place(keys, path, lines, overrides)}: {_dotted(keys)} {', or '.join(found)}"
        )
    return "\n".join(texts)


def _place(
    keys: KeyPath, path: Path, lines: Mapping[KeyPath, int], overrides: Sequence[str]
) -> str:
    """Returns the `--set` a key comes from, else the file and the line it is in or belongs to."""
    for override in reversed(overrides):
        name = override.partition("=")[0]
        made = keys not in lines and name.startswith(f"{_dotted(keys)}.")  # The whole section.
        if made or _dotted(keys).startswith(name):
            return "--set " + re.sub(r"//\S*@", "//***@", override)  # A password stays unsaid.
    line = next((lines[keys[:n]] for n in range(len(keys), -1, -1) if keys[:n] in lines), 1)
    return f"{path}, line {line}"


def _locate(loc: tuple[str | int, ...]) -> tuple[type[BaseModel] | None, KeyPath]:
    """Returns the model an error lies in and its keys, without pydantic's names of branches."""
    model: type[BaseModel] | None = PipelineConfig
    keys: list[str | int] = []
    free = False  # Below a mapping with free keys, any name is a key of the file.
    tagged: dict[str, type[BaseModel]] = {}
    named = False  # Below a mapping from free keys to models, the next part is such a key.
    for part in loc:
        fields = _fields(model) if model else {}
        if named:
            keys.append(part)
            named = False
        elif part in tagged:
            model, tagged = tagged[str(part)], {}
        elif part in fields:
            keys.append(part)
            inner = _model_in(fields[str(part)])
            tagged = _tagged(fields[str(part)])
            free = inner is None
            named = inner is not None and _is_mapping(fields[str(part)])
            model = inner or model
        elif isinstance(part, int):
            keys.append(part)
        elif not free:
            keys.append(part)
            break
        elif not _is_branch(part):
            keys.append(part)
    return model, tuple(keys)


def _tagged(annotation: Any) -> dict[str, type[BaseModel]]:
    """Returns the models of a union by the `format` that tells them apart."""
    arguments = get_args(annotation)
    models = [m for m in arguments if isinstance(m, type) and issubclass(m, BaseModel)]
    found: dict[str, type[BaseModel]] = {
        model.model_fields["format"].default: model
        for model in models
        if "format" in model.model_fields
    }
    inner = (_tagged(argument) for argument in arguments if argument not in models)
    return found or next((tags for tags in inner if tags), {})


def _is_mapping(annotation: Any) -> bool:
    arguments = get_args(annotation)
    return get_origin(annotation) is dict or any(map(_is_mapping, arguments))


def _is_branch(part: str) -> bool:
    return part in {"float", "int", "str", "[key]"} or "[" in part


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in found if model), None)


def _problem(detail: ErrorDetails, model: type[BaseModel] | None) -> str:
    value = detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            names = list(_fields(model)) if model else []
            hint = nearest(names, str(detail["loc"][-1]))
            return f"is not a known key{hint}. Allowed here: {', '.join(names)}."
        case "missing":
            field = model.model_fields.get(str(detail["loc"][-1])) if model else None
            return (
                f"is required: {field.description}."
                if field and field.description
                else ("is required.")
            )
        case "value_error":
            return str(detail["ctx"]["error"]).rstrip(".") + "."
        case "union_tag_not_found":
            return f"needs a {detail['ctx']['discriminator'].strip(chr(39))}, got {value!r}."
        case "union_tag_invalid":
            tag, tags = detail["ctx"]["tag"], detail["ctx"]["expected_tags"]
            hint = nearest(tags.replace("'", "").split(", "), tag)
            return f"has a format {tag!r} that nobody knows{hint}. Allowed: {tags}."
        case _:
            message = detail["msg"].replace("Input should be", "must be")
            return f"{message[0].lower()}{message[1:]}, got {value!r}."


def _dotted(keys: KeyPath) -> str:
    return (
        "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in keys).lstrip(".") or "config"
    )
