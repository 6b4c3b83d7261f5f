"""Reads a config file; an error names file, line, key and value, and what is allowed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tfx_rebalance.components.example_gen.settings import DEMO
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.names import nearest
from tfx_rebalance.pipeline.config import PipelineConfig

KeyPath = tuple[str | int, ...]

PATHS = ("data.source", "data.schema", "push.destination")

BUILT_IN = Path(__file__).resolve().parent.parent / "examples" / "card_fraud.yaml"


def load_config(path: Path, *, overrides: Sequence[str] = ()) -> PipelineConfig:
    """Returns the checked config with its file names made absolute.

    Args:
        path: The YAML file.
        overrides: `a.b=value` each, the value read as YAML; they win over the file.

    Raises:
        ConfigError: If the file cannot be read, is not YAML, or a key or value is not allowed.
    """
    root = _compose(path)
    lines = dict(_lines(root, ()))
    content = _construct(root, path)
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected sections such as `data:`, got {content!r}.")
    for override in overrides:
        _apply(content, override)
    try:
        # As JSON, strictly: a list may be a tuple, but text is no number and yes is not 1.
        config = PipelineConfig.model_validate_json(json.dumps(content, default=str), strict=True)
    except ValidationError as error:
        raise ConfigError(_explain(error, path=path, lines=lines, overrides=overrides)) from None
    return _absolute(config, path.resolve().parent)


def _compose(path: Path) -> yaml.Node:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"config {str(path)!r} cannot be read: {error.strerror}. Give the path of a YAML file, "
            "or none for the built-in example."
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"config {str(path)!r} is not UTF-8 text: {error.reason}.") from None
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise ConfigError(f"config {str(path)!r} has a YAML alias (*name). Write it out.")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError(f"config {str(path)!r} is not YAML: {error}") from None
    if node is None:
        raise ConfigError(f"config {str(path)!r} is empty; it needs at least `name` and `data`.")
    _refuse_repeated_keys(node, path)
    return node


def _construct(root: yaml.Node, path: Path) -> Any:
    try:
        # Only the loader's constructor is used: the text is composed already.
        return yaml.SafeLoader("").construct_document(root)
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"config {str(path)!r} is not YAML: {error}") from None


def _refuse_repeated_keys(node: yaml.Node, path: Path) -> None:
    seen: set[str] = set()
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if not isinstance(key, yaml.ScalarNode):
            line = key.start_mark.line + 1
            raise ConfigError(
                f"{path}, line {line}: a key must be a word, got a list or a section."
            )
        if key.value in seen:
            line = key.start_mark.line + 1
            raise ConfigError(f"{path}, line {line}: key {key.value!r} is given twice. Keep one.")
        seen.add(key.value)
        _refuse_repeated_keys(value, path)


def _lines(node: yaml.Node, path: KeyPath) -> Iterable[tuple[KeyPath, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*path, key.value))
            yield (*path, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*path, index))


def _apply(content: dict[str, Any], override: str) -> None:
    name, equals, text = override.partition("=")
    keys = name.split(".")
    if not equals or not all(keys):
        raise ConfigError(f"--set takes KEY=VALUE such as rebalance.seed=1, got {override!r}.")
    section = content
    for depth, key in enumerate(keys[:-1], start=1):
        section = section.setdefault(key, {})
        if not isinstance(section, dict):
            raise ConfigError(
                f"--set {override}: {'.'.join(keys[:depth])} is {section!r}, not a section."
            )
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"--set {override}: the value is not YAML: {error}") from None
    if name in PATHS and isinstance(value, str) and value != DEMO:
        value = _resolve(value, Path.cwd())  # What is typed is meant from here.
    section[keys[-1]] = value


def _explain(
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
        if _dotted(keys).startswith(override.partition("=")[0]):
            return f"--set {override}"
    line = next((lines[keys[:n]] for n in range(len(keys), -1, -1) if keys[:n] in lines), 1)
    return f"{path}, line {line}"


def _locate(loc: tuple[str | int, ...]) -> tuple[type[BaseModel] | None, KeyPath]:
    """Returns the model an error lies in and its keys, without pydantic's names of branches."""
    model: type[BaseModel] | None = PipelineConfig
    keys: list[str | int] = []
    free = False  # Below a mapping with free keys, any name is a key of the file.
    for part in loc:
        fields = _fields(model) if model else {}
        if part in fields:
            keys.append(part)
            inner = _model_in(fields[str(part)])
            free = inner is None
            model = inner or model
        elif isinstance(part, int):
            keys.append(part)
        elif not free:
            keys.append(part)
            break
        elif not _is_branch(part):
            keys.append(part)
    return model, tuple(keys)


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
            return "is required."
        case "value_error":
            return str(detail["ctx"]["error"]).rstrip(".") + "."
        case "none_required":
            return f"must be null in this version, got {value!r}."
        case _:
            message = detail["msg"].replace("Input should be", "must be")
            return f"{message[0].lower()}{message[1:]}, got {value!r}."


def _dotted(keys: KeyPath) -> str:
    return (
        "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in keys).lstrip(".") or "config"
    )


def _absolute(config: PipelineConfig, folder: Path) -> PipelineConfig:
    data, push = config.data, config.push
    paths = {"schema_file": _resolve(data.schema_file, folder)}
    if not data.is_demo:
        paths["source"] = _resolve(data.source, folder)
    if push.destination:
        push = push.model_copy(update={"destination": _resolve(push.destination, folder)})
    return config.model_copy(update={"data": data.model_copy(update=paths), "push": push})


def _resolve(name: str, folder: Path) -> str:
    return name if "://" in name else str((folder / Path(name).expanduser()).resolve())
