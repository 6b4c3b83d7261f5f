"""What each column of the data is to the model, read once from the schema and the config."""

from collections.abc import Collection, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.errors import ConfigError

EXAMPLE_WEIGHT = "example_weight"
"""The feature Rebalance adds under `upweight`: how many natural rows a kept row stands for."""

VOCABULARY = "categories"
"""The name under which Transform keeps the vocabulary of all categorical inputs."""

FEATURES_FILE = "assets.extra/features.json"
"""In a SavedModel, a `Features` as JSON; TensorFlow Serving leaves `assets.extra` alone."""

LABEL_INDEX = "label_index"
"""The output of the served model's `transform_labels`, TFMA's label key."""

MAX_INT_CLASSES = 1000

IMAGE_RANGE = (0.0, 1.0)
"""The lowest and the highest value of an image as Transform leaves it."""

DType = Literal["float", "int", "string"]

SCHEMA_TYPES: Mapping[DType, int] = {
    "float": schema_pb2.FLOAT,
    "int": schema_pb2.INT,
    "string": schema_pb2.BYTES,
}

_DTYPES: Mapping[int, DType] = {number: dtype for dtype, number in SCHEMA_TYPES.items()}


class Feature(BaseModel):
    """One model input."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    dtype: DType
    categorical: bool = False
    optional: bool = False
    """Whether cells may be missing."""
    image: bool = False
    """Whether a cell is an encoded image: JPEG, PNG, GIF or BMP."""


class Features(BaseModel):
    """The model's inputs and its label; travels as JSON to Transform, Rebalance and Trainer.

    Without defaults, as Linux limits what a step can be told to 128 KiB.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: tuple[Feature, ...]
    label: str
    label_dtype: Literal["int", "string"]
    classes: tuple[str, ...]
    """The label's values as text, in the order of the schema's domain: the class indices."""

    @property
    def numeric(self) -> tuple[Feature, ...]:
        """The inputs that are measured, not named."""
        return tuple(f for f in self.inputs if not f.categorical and not f.image)

    @property
    def categorical(self) -> tuple[Feature, ...]:
        """The inputs whose values are names, whether written as text or as integers."""
        return tuple(f for f in self.inputs if f.categorical)

    @property
    def images(self) -> tuple[Feature, ...]:
        """The inputs that are encoded images: one at most."""
        return tuple(f for f in self.inputs if f.image)


def features_of(
    schema: schema_pb2.Schema, *, label: str, exclude: Collection[str] = ()
) -> Features:
    """Returns the roles of the schema's columns.

    A FLOAT column is numeric, an INT column is numeric unless its `int_domain` says
    `is_categorical: true`, a BYTES column is categorical unless it has an `image_domain`: then it
    is an image.

    Args:
        schema: One value per cell; the label has a domain.
        label: The label's column.
        exclude: Columns that stay in the examples (for slices, groups, time) but are no inputs.

    Raises:
        ConfigError: If a column is missing from the schema, is not one value per cell, the label
            has no domain, or there are several images or one that may be missing.
    """
    by_name = {feature.name: feature for feature in schema.feature}
    if len(by_name) < len(schema.feature):
        names = [feature.name for feature in schema.feature]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ConfigError(f"the schema has {', '.join(twice)} more than once. Keep one of each.")
    for name in (label, *exclude):
        if name not in by_name:
            raise ConfigError(
                f"column {name!r} is not in the schema, which has {', '.join(sorted(by_name))}. "
                "Correct the name in the config or add the column to the schema."
            )
    if len(by_name) - 1 - len(set(exclude) - {label}) < 1:
        raise ConfigError("data.exclude leaves no model input. Exclude fewer columns.")
    inputs = tuple(
        _feature(feature)
        for feature in schema.feature
        if feature.name != label and feature.name not in exclude
    )
    images = [feature.name for feature in inputs if feature.image]
    if len(images) > 1:
        raise ConfigError(
            f"the schema has the images {', '.join(images)}; a model takes one. List the others "
            "under data.exclude."
        )
    return Features(
        inputs=inputs,
        label=label,
        label_dtype=_label_dtype(by_name[label]),
        classes=classes_of(by_name[label], schema),
    )


def missing_name(feature: Feature) -> str:
    """Returns the name of the 0/1 input that says where a numeric cell was missing."""
    return f"{feature.name}_missing"


def _feature(feature: schema_pb2.Feature) -> Feature:
    sizes = [dimension.size for dimension in feature.shape.dim]
    if feature.value_count.max > 1 or sizes not in ([], [1]):
        raise ConfigError(
            f"column {feature.name!r} has several values per cell; only one is supported. "
            "Split it into columns or list it under data.exclude."
        )
    if feature.HasField("shape") and feature.presence.min_fraction < 1:
        raise ConfigError(
            f"column {feature.name!r} has a shape in the schema, so no cell may be missing, but no "
            "presence { min_fraction: 1.0 min_count: 1 }. Add it, or take the shape out."
        )
    image, optional = feature.HasField("image_domain"), feature.presence.min_fraction < 1
    if image and (optional or feature.type != schema_pb2.BYTES):
        raise ConfigError(
            f"the image {feature.name!r} is {schema_pb2.FeatureType.Name(feature.type)} with "
            f"presence min_fraction {feature.presence.min_fraction:g} in the schema; it must be "
            "BYTES and in every row. Set type: BYTES and presence { min_fraction: 1.0 min_count: 1 "
            "}, or list it under data.exclude."
        )
    text = feature.type == schema_pb2.BYTES and not image
    return Feature(
        name=feature.name,
        dtype=_dtype(feature),
        categorical=text or feature.int_domain.is_categorical,
        optional=optional,
        image=image,
    )


def _dtype(feature: schema_pb2.Feature) -> DType:
    dtype = _DTYPES.get(feature.type)
    if dtype is None:
        raise ConfigError(
            f"column {feature.name!r} is {schema_pb2.FeatureType.Name(feature.type)} in the "
            "schema; allowed are FLOAT, INT and BYTES. Correct the schema."
        )
    return dtype


def _label_dtype(feature: schema_pb2.Feature) -> Literal["int", "string"]:
    dtype = _dtype(feature)
    if dtype == "float":
        raise ConfigError(
            f"the label {feature.name!r} is FLOAT in the schema; allowed are INT and BYTES. "
            "Declare it as BYTES with a string_domain of the values as they are written."
        )
    return dtype


def classes_of(feature: schema_pb2.Feature, schema: schema_pb2.Schema) -> tuple[str, ...]:
    """Returns a label's values as text, in the order of its domain.

    Raises:
        ConfigError: If it has no domain, or one of fewer than 2 or too many values.
    """
    classes: tuple[str, ...] = ()
    if feature.HasField("string_domain"):
        classes = tuple(feature.string_domain.value)
    elif feature.HasField("domain"):
        classes = tuple(
            v for d in schema.string_domain if d.name == feature.domain for v in d.value
        )
    elif feature.HasField("int_domain"):
        low, high = feature.int_domain.min, feature.int_domain.max
        if not 2 <= high - low + 1 <= MAX_INT_CLASSES:
            raise ConfigError(
                f"the label {feature.name!r} has the int_domain [{low}, {high}]; allowed are 2 to "
                f"{MAX_INT_CLASSES} values. Correct the domain, or use BYTES with a string_domain."
            )
        classes = tuple(str(value) for value in range(low, high + 1))
    if len(classes) < 2:
        raise ConfigError(
            f"the label {feature.name!r} needs a domain of at least 2 values in the schema, got "
            f"{list(classes)}. Add a string_domain (or an int_domain with min and max)."
        )
    return classes
