"""What the component is told about its examples: the label's feature and the layout."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import tensorflow as tf
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.components.rebalance.images.settings import AugmentSettings
from tfx_rebalance.components.rebalance.images.settled import image_named, settled
from tfx_rebalance.components.rebalance.records.children import PARENTS, SYNTHETIC
from tfx_rebalance.components.rebalance.records.labels import LabelFeature
from tfx_rebalance.components.rebalance.records.layout import Layout, layout_of_schema
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.components.rebalance.strategy import Sampler, Synthesizer
from tfx_rebalance.errors import ConfigError, CorruptArtifactError
from tfx_rebalance.features import Features, classes_of
from tfx_rebalance.names import nearest

TRANSFORMED = os.path.join("transformed_metadata", "schema.pbtxt")
RAW = "schema.pbtxt"

_WHOLE = re.compile(r"-?\d+")

_KINDS: Mapping[int, Literal["int", "float", "string"]] = {
    schema_pb2.INT: "int",
    schema_pb2.FLOAT: "float",
    schema_pb2.BYTES: "string",
}


@dataclass(frozen=True)
class Described:
    """What resampling has to know of the examples."""

    settings: RebalanceSettings
    """With what they left to the schema."""
    label: LabelFeature
    layout: Layout | None
    """None for a strategy that looks at labels alone."""


def described(
    properties: Mapping[str, str],
    settings: RebalanceSettings,
    *,
    schema_uri: str | None,
    transform_graph_uri: str | None,
) -> Described:
    """Returns what the examples hold.

    Args:
        properties: `features`, a `Features` as JSON or ""; without one `label`, its name, and
            `classes`, a JSON list of its values or "" for those of the schema's domain.
        settings: The component's.
        schema_uri: The schema of raw examples.
        transform_graph_uri: What made the examples, if Transform did.

    Raises:
        ConfigError: If label, classes or features cannot be told, or do not fit the strategy.
        CorruptArtifactError: If a schema is not there or cannot be read.
    """
    told = properties.get("features") or ""
    features = Features.model_validate_json(told) if told else None
    transformed, schema = transform_graph_uri is not None, None
    if transform_graph_uri is not None:
        # Whoever has the label's `features` and needs no others may leave the graph unread.
        if features is None or not isinstance(settings.chosen, Sampler) or _augments(settings):
            schema = _read(os.path.join(transform_graph_uri, TRANSFORMED))
    elif schema_uri is not None:
        schema = _read(os.path.join(schema_uri, RAW))
    if features is not None:
        kind = "index" if transformed else features.label_dtype
        label = LabelFeature(features.label, kind, features.classes)
    else:
        label = _label(properties, schema, transformed=transformed)
    _check_classes(label, settings)
    if isinstance(settings.chosen, Sampler):
        settled_settings = _settled(settings, schema, features, transformed=transformed)
        return Described(settled_settings, label, None)
    if schema is None:
        raise ConfigError(
            f"rebalance.strategy {settings.strategy} has to know every feature of the examples. "
            "Give Rebalance the channel `schema` (raw examples) or `transform_graph`."
        )
    copied = {*settings.copied, *([settings.group_key] if settings.group_key else [])}
    layout = layout_of_schema(
        schema, label=label.name, copied=copied, inputs=features, transformed=transformed
    )
    check_layout(layout, settings)
    _check_provenance(layout, settings)
    return Described(settings, label, layout)


def check_layout(layout: Layout, settings: RebalanceSettings) -> None:
    """Refuses features that a strategy is not for.

    Raises:
        ConfigError: If there is nothing to compare rows by, or the variant of SMOTE is for others.
    """
    numeric, nominal = layout.width, len(layout.of("nominal"))
    if not numeric + nominal:
        raise ConfigError(
            f"rebalance.strategy {settings.strategy} compares rows, but every feature is only "
            f"copied: {layout.skipped}. Use a random strategy, or bring model inputs."
        )
    takes = settings.chosen.takes if isinstance(settings.chosen, Synthesizer) else "any"
    fits = {"any": True, "mixed": numeric and nominal, "nominal": not numeric}
    if not fits[takes]:
        raise ConfigError(
            f"rebalance.strategy {settings.strategy} is for {takes} features; the examples have "
            f"{numeric} numeric and {nominal} categorical ones. Use strategy: smote, which takes "
            "any mix."
        )


def _augments(settings: RebalanceSettings) -> bool:
    return isinstance(settings.chosen, AugmentSettings)


def _settled(
    settings: RebalanceSettings,
    schema: schema_pb2.Schema | None,
    features: Features | None,
    *,
    transformed: bool,
) -> RebalanceSettings:
    """Returns the settings with the image's name and, if our Transform decoded it, its form."""
    how = settings.chosen
    if not isinstance(how, AugmentSettings):
        return settings
    described = {feature.name: feature for feature in schema.feature} if schema else {}
    if features is not None:
        images = [feature.name for feature in features.images]
    else:
        images = [name for name, f in described.items() if f.HasField("image_domain")]
    image = image_named(how, images)
    shape = None
    if transformed and features is not None and image in images:
        height, width, channels = (int(d.size) for d in described[image].shape.dim)
        shape = (height, width, channels)
    known = settled(how, image=image, shape=shape)
    parameters = known.model_dump(mode="json", exclude_unset=True)
    return RebalanceSettings.model_validate({**settings.model_dump(), "parameters": parameters})


def _label(
    properties: Mapping[str, str], schema: schema_pb2.Schema | None, *, transformed: bool
) -> LabelFeature:
    """Returns the label as the schema has it, with the classes it is told or the domain's."""
    name = properties.get("label") or ""
    told = tuple(map(str, json.loads(properties.get("classes") or "[]")))
    by_name = {feature.name: feature for feature in schema.feature} if schema else {}
    if schema is None or name not in by_name:
        where = f"in the schema, which has {', '.join(sorted(by_name))}" if schema else "described"
        raise ConfigError(
            f"label {name!r} is not {where}. Give Rebalance `label` and the channel `schema` or "
            "`transform_graph`, or `features`."
        )
    feature = by_name[name]
    kind = _KINDS.get(feature.type)
    if kind is None or (kind == "float" and not told):
        raise ConfigError(
            f"label {name!r} is {schema_pb2.FeatureType.Name(feature.type)} in the schema; allowed "
            "are INT and BYTES, and FLOAT if `classes` lists its whole numbers."
        )
    if not told:
        return LabelFeature(name, kind, classes_of(feature, schema))
    whole = kind != "string" and not (transformed and kind == "int")
    if len(set(told)) < max(2, len(told)) or (whole and not all(map(_WHOLE.fullmatch, told))):
        raise ConfigError(
            f"classes of the label {name!r} are {', '.join(told)}; allowed are at least 2 "
            f"different {'whole numbers' if whole else 'names'}. Correct `classes`."
        )
    return LabelFeature(name, "index" if transformed and kind == "int" else kind, told)


def _check_provenance(layout: Layout, settings: RebalanceSettings) -> None:
    taken = {column.name for column in layout.columns} & {SYNTHETIC, PARENTS}
    if settings.provenance and taken:
        raise ConfigError(
            f"rebalance.provenance adds the features {SYNTHETIC} and {PARENTS}, but the examples "
            f"have {', '.join(sorted(taken))} already. Rename the feature, or turn provenance off."
        )


def _check_classes(label: LabelFeature, settings: RebalanceSettings) -> None:
    wanted = settings.sampling_strategy
    named = [] if isinstance(wanted, str | float) else list(wanted)
    for name in named:
        if name not in label.classes:
            raise ConfigError(
                f"rebalance.sampling_strategy names the class {name!r}, which the label "
                f"{label.name!r} does not have{nearest(label.classes, name)}. Allowed: "
                f"{', '.join(label.classes)}."
            )


def _read(path: str) -> schema_pb2.Schema:
    if not tf.io.gfile.exists(path):
        raise CorruptArtifactError(f"the schema {path!r} is not there. Run again with --no-cache.")
    with tf.io.gfile.GFile(path) as file:
        text = file.read()
    try:
        return text_format.Parse(text, schema_pb2.Schema())
    except text_format.ParseError as error:
        raise CorruptArtifactError(
            f"the schema {path!r} cannot be read: {error}. Run again with --no-cache."
        ) from None
