"""The schema that `tfx-rebalance init` writes: what ExampleValidator will hold later data to."""

from collections.abc import Iterator, Sequence

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from tfx_rebalance.features import SCHEMA_TYPES
from tfx_rebalance.pipeline.init.bars import ProposedClass
from tfx_rebalance.pipeline.init.columns import Column, Kind
from tfx_rebalance.pipeline.init.profile import Profile

MIN_PRESENT = 100
"""With fewer cells than this a split could have none by chance (0.8 ** 100 = 2e-10)."""

MIN_DOMAIN_MASS = 0.99

_HEAD = """\
# Written by `tfx-rebalance init` from {rows:,} rows. Read it once: data that breaks it stops a run.
#
# type FLOAT, INT     a number; INT with `int_domain {{ is_categorical: true }}` names a category.
# type BYTES          text, a category.
# shape, min_fraction no cell may be missing, because none was; where some may be, write
#                     `value_count {{ min: 1 max: 1 }}` and `presence {{ min_count: 1 }}` instead.
# string_domain       the values allowed. A text column has one if its values looked exhausted;
#                     a run stops when more than {tolerated:.0%} of its cells are new values
#                     (min_domain_mass). The label tolerates none. A column without one takes all.
"""


def schema_text(profile: Profile, classes: Sequence[ProposedClass]) -> str:
    """Returns the schema as commented pbtxt, the columns as in the file and the label last.

    Args:
        profile: The columns.
        classes: What the label's values become (see `bars.propose`).
    """
    parts = [_HEAD.format(rows=profile.rows + profile.unlabelled, tolerated=1 - MIN_DOMAIN_MASS)]
    for comment, feature in _features(profile, classes):
        text = text_format.MessageToString(schema_pb2.Schema(feature=[feature]), as_utf8=True)
        parts.append(f"# {comment}\n{text}")
    return "\n".join(parts)


def _features(
    profile: Profile, classes: Sequence[ProposedClass]
) -> Iterator[tuple[str, schema_pb2.Feature]]:
    for column in profile.columns:
        yield _comment(column), _feature(column)
    yield f"The label: {len(classes)} classes.", _label(profile, classes)


def _comment(column: Column) -> str:
    counts = f"{column.distinct:,} different, {column.missing:,} missing"
    return f"{column.kind.value.capitalize()}: {column.why}; {counts}."


def _feature(column: Column) -> schema_pb2.Feature:
    feature = schema_pb2.Feature(name=column.name, type=SCHEMA_TYPES[column.dtype])
    if column.missing == 0 and column.rows:
        _require(feature)
    else:
        feature.value_count.min = feature.value_count.max = 1
        if column.present >= MIN_PRESENT:
            feature.presence.min_count = 1
    if column.dtype == "int" and column.kind is Kind.CATEGORY:
        feature.int_domain.is_categorical = True
    if column.domain:
        feature.string_domain.value.extend(column.domain)
        feature.distribution_constraints.min_domain_mass = MIN_DOMAIN_MASS
    return feature


def _label(profile: Profile, classes: Sequence[ProposedClass]) -> schema_pb2.Feature:
    """A pool of rare values has a name, so it makes the label text."""
    feature = schema_pb2.Feature(name=profile.label, type=schema_pb2.BYTES)
    _require(feature)
    if profile.label_dtype == "int" and all(len(c.values) == 1 for c in classes):
        feature.type = schema_pb2.INT
        feature.int_domain.min = min(int(c.name) for c in classes)
        feature.int_domain.max = max(int(c.name) for c in classes)
    else:
        feature.string_domain.value.extend(c.name for c in classes)
    return feature


def _require(feature: schema_pb2.Feature) -> None:
    feature.presence.min_fraction = 1.0
    feature.presence.min_count = 1
    feature.shape.dim.add(size=1)
