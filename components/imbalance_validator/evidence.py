"""What the checks are about: everything that was read, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from tfx_rebalance.components.imbalance_validator.ingestion import Ingestion
from tfx_rebalance.components.imbalance_validator.previous import Previous
from tfx_rebalance.components.imbalance_validator.statistics import Split, Table, label_counts
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Features

TRAIN = "train"


@dataclass(frozen=True)
class Evidence:
    """Everything that was read."""

    features: Features
    schema: schema_pb2.Schema
    splits: Mapping[str, Split]
    """With `train`."""
    counts: Mapping[str, dict[str, int]]
    """Split -> class, then labels that are none -> rows; also of splits without statistics."""
    dependence: str = ""
    """Why rows of different splits are no independent draws, or ""."""
    anomalies: Mapping[str, anomalies_pb2.Anomalies] | None = None
    """Split -> what ExampleValidator found."""
    previous: Split | None = None
    previous_state: Previous = field(default_factory=Previous)
    """Says why there are no previous statistics."""
    serving: Split | None = None

    def of_classes(self, counts: Mapping[str, int] | None) -> dict[str, int] | None:
        """Returns the counts without those of labels that are no class."""
        if counts is None:
            return None
        return {label: counts.get(label, 0) for label in self.features.classes}

    def counts_in(self, table: Table) -> dict[str, int] | None:
        """Returns rows of each label in other statistics, None where they are not exact."""
        if table.column(self.features.label).empty:
            return None
        return label_counts(table, self.features.label, self.features.classes)


def counts_of(
    splits: Mapping[str, Split], ingestion: Ingestion | None, features: Features
) -> dict[str, dict[str, int]]:
    """Returns the rows of each class and label of every split.

    Args:
        splits: Their statistics.
        ingestion: What ExampleGen counted, if it did: then it alone is believed.
        features: Has the label and its classes.

    Raises:
        ConfigError: If train has no statistics, or the label is not counted in them.
    """
    if TRAIN not in splits:
        raise ConfigError(
            f"the statistics have no split {TRAIN!r}, only {', '.join(splits) or 'none'}. Let "
            "StatisticsGen describe it."
        )
    if ingestion is not None:
        return {
            split: dict.fromkeys(features.classes, 0) | counts
            for split, counts in ingestion.counts.items()
        }
    counts = {}
    for name, split in splits.items():
        found = label_counts(split.table, features.label, features.classes)
        if found is None:
            raise ConfigError(
                f"the statistics of {name!r} do not count the values of the label "
                f"{features.label!r}. Set int_domain {{ is_categorical: true }} for it in the "
                "schema, or hand in the examples of this project's ExampleGen."
            )
        counts[name] = found
    return counts
