"""Whether the classes and columns that the release gate names are those of the schema."""

from collections.abc import Collection, Iterator, Mapping

from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.components.evaluator.settings import DEFAULT, GateSettings, SliceSettings
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.names import nearest


def check_gate(gate: GateSettings, schema: schema_pb2.Schema, *, classes: Collection[str]) -> None:
    """Looks at everything that `evaluate` names.

    Raises:
        ConfigError: If a class is not in the label's domain, a column not in the schema, or
            buckets are missing or not of numbers.
    """
    if DEFAULT in classes:
        raise ConfigError(
            f"a class is called {DEFAULT!r}, which in evaluate.min_recall means every other class. "
            "Give it another name through data.label_groups."
        )
    for key, named in _mappings(gate):
        for name in sorted(set(named) - {DEFAULT} - set(classes)):
            raise ConfigError(
                f"{key} names the class {name!r}, which the schema's label domain does not have"
                f"{nearest(classes, name)}. Allowed: {', '.join(classes)}."
            )
    columns = {feature.name: feature for feature in schema.feature}
    for index, part in enumerate(gate.slices):
        _check_columns(f"evaluate.slices[{index}]", part, columns)


def _mappings(gate: GateSettings) -> Iterator[tuple[str, Collection[str]]]:
    """Yields what is given by class, with its key."""
    yield "evaluate.min_recall", gate.min_recall
    yield "evaluate.min_precision", gate.min_precision
    yield "evaluate.max_calibration_error", gate.max_calibration_error
    yield "evaluate.insufficient", gate.insufficient
    for index, part in enumerate(gate.slices):
        yield f"evaluate.slices[{index}].min_recall", part.min_recall
        yield f"evaluate.slices[{index}].insufficient", part.insufficient


def _check_columns(
    key: str, part: SliceSettings, columns: Mapping[str, schema_pb2.Feature]
) -> None:
    for name in part.features:
        if name not in columns:
            raise ConfigError(
                f"{key}.features names {name!r}, which the schema does not have"
                f"{nearest(columns, name)}. Allowed: {', '.join(columns)}."
            )
        if columns[name].type == schema_pb2.FLOAT and name not in part.buckets:
            raise ConfigError(
                f"{key}.features names {name!r}, which is FLOAT: each value would be a slice of "
                f"its own. Say where its buckets meet, such as buckets: {{{name}: [10, 100]}}, or "
                "name columns of text or integers."
            )
    for name in part.buckets:
        column = columns[name]
        if column.type == schema_pb2.BYTES or column.int_domain.is_categorical:
            raise ConfigError(
                f"{key}.buckets names {name!r}, which is no number: its values are slices as they "
                "are. Take it out of buckets."
            )
