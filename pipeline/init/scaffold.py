"""Writes a config and a schema for a CSV file, so that `tfx-rebalance run` works unedited."""

import os
from contextlib import suppress
from pathlib import Path

from tfx_rebalance.errors import ConfigError, DataError
from tfx_rebalance.pipeline.init.bars import propose
from tfx_rebalance.pipeline.init.infer_config import config_text
from tfx_rebalance.pipeline.init.infer_schema import schema_text
from tfx_rebalance.pipeline.init.profile import Profile


def scaffold(
    profile: Profile, *, csv: Path, config: Path, schema: Path, force: bool = False
) -> None:
    """Writes the config and the schema, both or none.

    Args:
        profile: What the CSV file holds.
        csv: The file; the config names it, relative to itself.
        config: The YAML to write.
        schema: The pbtxt to write.
        force: Whether to replace files that exist.

    Raises:
        ConfigError: If a file exists and `force` is not given, or cannot be written.
        DataError: If a class is too rare to be split, or no column is left as a model input.
    """
    _check_targets(csv=csv, config=config, schema=schema, force=force)
    classes = propose(profile.classes)
    _check_inputs(profile)
    texts = {
        schema: schema_text(profile, classes),
        config: config_text(profile, classes, csv=csv, config=config, schema=schema),
    }
    _write(texts)


def _check_targets(*, csv: Path, config: Path, schema: Path, force: bool) -> None:
    if len({path.resolve() for path in (csv, config, schema)}) < 3:
        raise ConfigError(
            f"the data {str(csv)!r}, the config {str(config)!r} and the schema {str(schema)!r} "
            "must be three files. Give another name."
        )
    existing = [str(path) for path in (config, schema) if path.exists()]
    if existing and not force:
        raise ConfigError(
            f"{' and '.join(map(repr, existing))} exists already and is not overwritten. Give "
            "another name, or say --force."
        )


def _check_inputs(profile: Profile) -> None:
    excluded = profile.excluded()
    if len(excluded) == len(profile.columns):
        reasons = "; ".join(f"{name!r} ({reason})" for name, reason in excluded.items())
        raise DataError(
            "no column is left as a model input: "
            f"{reasons or 'the label is the only column'}. Bring columns that say something."
        )


def _write(texts: dict[Path, str]) -> None:
    """Writes all files under temporary names before it gives any its own name."""
    temporary = {path: path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in texts}
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary[path].write_text(text, encoding="utf-8")
        for path in texts:
            temporary[path].replace(path)
    except OSError as error:
        raise ConfigError(
            f"{error.filename!r} cannot be written: {error.strerror}. Give another place."
        ) from None
    finally:
        for path in temporary.values():
            with suppress(OSError):
                path.unlink(missing_ok=True)
