"""Reads a config file; an error names file, line, key and value, and what is allowed."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from tfx_rebalance.components.example_gen.sources.settings import DEMO, AnySource
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.config_errors import KeyPath, explain

PATHS = (
    *(f"data.source{part}" for part in ("", ".path", ".data_dir", ".cache")),
    *(f"validate.serving{part}" for part in ("", ".path", ".data_dir", ".cache")),
    "data.schema",
    "push.destination",
    "validate.previous",
)
"""Keys whose values are names of files."""

NO_PATHS = (DEMO, "champion", "none")
"""What may stand in place of a file's name."""

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
        raise ConfigError(explain(error, path=path, lines=lines, overrides=overrides)) from None
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
    if name in PATHS and isinstance(value, str) and value not in NO_PATHS:
        value = _resolve(value, Path.cwd())  # What is typed is meant from here.
    section[keys[-1]] = value


def _absolute(config: PipelineConfig, folder: Path) -> PipelineConfig:
    data, push, validation = config.data, config.push, config.validation
    schema = _resolve(data.schema_file, folder)
    data = data.model_copy(update={"schema_file": schema, "source": _at(data.source, folder)})
    if push.destination:
        push = push.model_copy(update={"destination": _resolve(push.destination, folder)})
    if validation.serving is not None:
        serving = _at(validation.serving, folder)
        validation = validation.model_copy(update={"serving": serving})
    if validation.previous not in NO_PATHS:
        previous = _resolve(validation.previous, folder)
        validation = validation.model_copy(update={"previous": previous})
    return config.model_copy(update={"data": data, "push": push, "validation": validation})


def _at(source: AnySource, folder: Path) -> AnySource:
    """Returns a source whose files' names are absolute."""
    named = {key: getattr(source, key, None) for key in ("path", "data_dir", "cache")}
    return source.model_copy(
        update={key: _resolve(name, folder) for key, name in named.items() if name}
    )


def _resolve(name: str, folder: Path) -> str:
    return name if "://" in name else str((folder / Path(name).expanduser()).resolve())
