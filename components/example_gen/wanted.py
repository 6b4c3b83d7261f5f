"""From a schema to the Arrow type of each column."""

from collections.abc import Mapping

import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.components.example_gen.sources.source import Wanted

_TYPES: Mapping[int, pa.DataType] = {
    schema_pb2.INT: pa.int64(),
    schema_pb2.FLOAT: pa.float64(),
    schema_pb2.BYTES: pa.string(),
}


def wanted_of(schema: schema_pb2.Schema, *, label: str, label_required: bool = True) -> Wanted:
    """Returns what rows must look like; the label is text, whatever it is in the schema.

    Args:
        schema: Several values per cell (`value_count` or `shape`) make a list; a BYTES column with
            an `image_domain` is binary, any other one text.
        label: The label's column.
        label_required: Whether rows without the label's column are an error.
    """
    types = {feature.name: _type(feature) for feature in schema.feature if feature.type in _TYPES}
    images = frozenset(
        feature.name
        for feature in schema.feature
        if feature.HasField("image_domain") and types.get(feature.name) == pa.binary()
    )
    return Wanted({**types, label: pa.string()}, label, label_required, images)


def _type(feature: schema_pb2.Feature) -> pa.DataType:
    kind = pa.binary() if feature.HasField("image_domain") else _TYPES[feature.type]
    sizes = [dimension.size for dimension in feature.shape.dim]
    several = feature.value_count.max > 1 or sizes not in ([], [1])
    return pa.list_(kind) if several else kind
