"""What each feature of an example is to resampling: compared, interpolated, voted on or copied."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Literal

from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import SCHEMA_TYPES, DType, Features, missing_name

Role = Literal["numeric", "nominal", "copied"]

DTYPES: dict[int, DType] = {number: dtype for dtype, number in SCHEMA_TYPES.items()}


@dataclass(frozen=True)
class Column:
    """A feature of the examples."""

    name: str
    dtype: DType
    role: Role
    """numeric: distances and interpolation; nominal: equal or not, and the neighbours' vote;
    copied: no part in distances, a new row has its seed's."""
    size: int | None = 1
    """Values per row; None: any number."""
    optional: bool = False
    """Whether rows may lack it."""
    flag: str | None = None
    """The 0/1 feature that says where a filled numeric feature was missing."""
    encoded: bool = False
    """Whether it is an encoded image, which nothing is said about by comparing bytes."""


@dataclass(frozen=True)
class Layout:
    """The features of a split's examples."""

    columns: tuple[Column, ...]
    scaled: bool
    """Whether the numeric features have comparable scales already, as Transform leaves them."""

    def of(self, role: Role) -> tuple[Column, ...]:
        """Returns the columns of a role, in order."""
        return tuple(column for column in self.columns if column.role == role)

    @property
    def width(self) -> int:
        """Numbers per row that are interpolated."""
        return sum(column.size or 0 for column in self.of("numeric"))

    @property
    def optional(self) -> tuple[Column, ...]:
        """The numeric columns that rows may lack."""
        return tuple(c for c in self.of("numeric") if c.optional or c.flag)

    @property
    def skipped(self) -> dict[str, str]:
        """Feature -> why it is copied from the seed row and plays no part in distances."""
        return {c.name: _why_copied(c) for c in self.of("copied")}


def _why_copied(column: Column) -> str:
    if column.encoded:
        return "an encoded image"
    return "any number of values per row" if column.size is None else "no model input"


def layout_of_schema(
    schema: schema_pb2.Schema,
    *,
    label: str,
    copied: Collection[str],
    inputs: Features | None,
    transformed: bool,
) -> Layout:
    """Returns the layout of examples that a schema describes.

    Args:
        schema: Of the examples.
        label: The label's feature.
        copied: Names that are not to be compared: ids, groups.
        inputs: What the model takes, if that is known: it tells categories from counts, and the
            rest is copied.
        transformed: Whether our own Transform made the examples, if there are `inputs`.

    Raises:
        ConfigError: If `label` or one of `copied` is not in the schema.
    """
    known = {feature.name for feature in schema.feature}
    for name in (label, *copied):
        if name not in known:
            raise ConfigError(
                f"feature {name!r} is not in the schema, which has {', '.join(sorted(known))}. "
                "Correct the name."
            )
    aside = {label, *copied}
    if inputs is None:
        columns = [_column(f, copied=aside, transformed=transformed) for f in schema.feature]
        return Layout(tuple(columns), scaled=transformed)
    flags = {f.name: missing_name(f) for f in inputs.numeric if f.optional and transformed}
    aside |= known - {feature.name for feature in inputs.inputs}
    columns = [_column(f, copied=aside, transformed=transformed) for f in schema.feature]
    return Layout(tuple(_of_inputs(columns, inputs, flags=flags)), scaled=transformed)


def _of_inputs(
    columns: Iterable[Column], inputs: Features, *, flags: Mapping[str, str]
) -> Iterator[Column]:
    categorical = {feature.name for feature in inputs.categorical}
    for column in columns:
        if column.name in categorical and column.role == "numeric":
            column = replace(column, role="nominal")
        yield replace(column, flag=flags.get(column.name))


def _column(feature: schema_pb2.Feature, *, copied: Collection[str], transformed: bool) -> Column:
    if feature.type not in DTYPES:
        name = schema_pb2.FeatureType.Name(feature.type)
        raise ConfigError(
            f"feature {feature.name!r} is {name} in the schema; allowed are FLOAT, INT and BYTES. "
            "Correct the schema."
        )
    size = _size(feature, transformed=transformed)
    nominal = feature.type == schema_pb2.BYTES or _is_categorical(feature)
    several = size is None or (nominal and size > 1)
    encoded = feature.HasField("image_domain")
    alone = [feature.name] if several or encoded else copied
    role = _role(feature.name, nominal=nominal, copied=alone)
    optional = feature.presence.min_fraction < 1 and not feature.HasField("shape")
    size = None if several else size
    dtype = DTYPES[feature.type]
    return Column(feature.name, dtype, role, size=size, optional=optional, encoded=encoded)


def _role(name: str, *, nominal: bool, copied: Collection[str]) -> Role:
    if name in copied:
        return "copied"
    return "nominal" if nominal else "numeric"


def _is_categorical(feature: schema_pb2.Feature) -> bool:
    return bool(feature.int_domain.is_categorical or feature.HasField("bool_domain"))


def _size(feature: schema_pb2.Feature, *, transformed: bool) -> int | None:
    """Returns the values per row, None where that varies.

    What Transform makes dense has a shape; in a schema of raw examples a feature about which
    nothing is said has one value.
    """
    if feature.HasField("shape"):
        return int(prod(dimension.size for dimension in feature.shape.dim))
    if not feature.HasField("value_count"):
        return None if transformed or feature.HasField("value_counts") else 1
    counts = feature.value_count
    if counts.max == 1:
        return 1
    return int(counts.max) if counts.min == counts.max > 1 else None
