"""What ExampleGen read and how it dealt it: `ingestion.json` beside the splits."""

from pydantic import BaseModel, ConfigDict


class SplitCounts(BaseModel):
    """One split."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    classes: dict[str, int]
    """Rows per class; of serving data, per value of the label."""


class Moved(BaseModel):
    """Rows that the window before this one had too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    moved: int
    """How many of them are in another split now: near a cut, or equal to a row that left."""

    @property
    def share(self) -> float:
        """In [0, 1]."""
        return self.moved / self.rows if self.rows else 0.0


class Ingestion(BaseModel):
    """The whole of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    format: str
    files: int
    span: int
    version: int
    window: int
    run_date: str | None
    rows: int
    """As they were read, without bad ones."""
    bad_rows: int
    bad_row_examples: tuple[str, ...]
    missing_labels: int
    """Rows that were dropped because they have no label."""
    duplicates: int
    """Rows that were dropped because they equal another one."""
    immature: int
    """Rows that were dropped because their label may still change."""
    splits: dict[str, SplitCounts]
    stratify: bool
    group_by: str | None
    time: str | None
    """The column by which rows were split; None where time did not."""
    deviation: float | None
    """The largest difference of a class's share in a split from what it should be; None where
    shares did not decide."""
    moved: Moved | None
    moved_note: str
    """Why `moved` is None, if it is."""
    seed: int
    cut_points: dict[str, tuple[str, ...]]
    """By class (`*` without stratifying): the draw at which the second split began, and the third,
    64 bits as hexadecimal digits. With the seed they say of any row in which split it was."""

    @property
    def notes(self) -> list[str]:
        """Returns a sentence for each thing that was done as configured and is worth knowing."""
        found = []
        if self.duplicates:
            found.append(f"{self.duplicates:,} rows equal another one and were left out")
        if self.immature:
            found.append(f"{self.immature:,} rows are too young for a final label")
        if self.moved is not None:
            found.append(
                f"{self.moved.moved:,} of {self.moved.rows:,} rows that the last window had too "
                "are in another split now"
            )
        if self.deviation is not None and self.group_by is not None:
            found.append(
                f"whole groups of {self.group_by!r}: a class's share of a split is up to "
                f"{self.deviation:.2%} of the class off"
            )
        return found

    @property
    def warnings(self) -> list[str]:
        """Returns a sentence for each thing that is missing from the data."""
        found = []
        if self.bad_rows:
            examples = "; ".join(self.bad_row_examples)
            found.append(f"{self.bad_rows:,} rows cannot be read and were left out: {examples}")
        if self.missing_labels:
            found.append(f"{self.missing_labels:,} rows have no label and were left out")
        return found
