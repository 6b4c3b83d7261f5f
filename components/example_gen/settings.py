"""How the data is read and split."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tfx_rebalance.settings import Settings

SPLITS = ("train", "val", "eval")

DEMO = "demo"
"""The `source` that stands for the built-in, simulated data."""


class DemoSettings(Settings):
    """The built-in, simulated card transactions; used when `source` is `demo`."""

    rows: int = Field(default=60_000, ge=1_000)
    days: int = Field(default=30, ge=1)
    seed: int = Field(default=0, ge=0)
    drift_day: int | None = Field(default=None, ge=0)


class SplitShares(Settings):
    """The share of each class's rows that goes to each split; they sum to 1."""

    train: float = Field(default=0.6, gt=0, lt=1)
    val: float = Field(default=0.2, gt=0, lt=1)
    eval: float = Field(default=0.2, gt=0, lt=1)

    @model_validator(mode="after")
    def _sum_to_one(self) -> "SplitShares":
        total = self.train + self.val + self.eval
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train + val + eval must be 1, got {total:g}")
        return self


class DataSettings(Settings):
    """Where the rows come from, what the label is, and how they are split."""

    source: str = Field(min_length=1)
    """`demo`, or a CSV file with a header (plain or .gz); relative to the config file."""
    schema_file: str = Field(alias="schema", min_length=1)
    """A TensorFlow Metadata schema as text (pbtxt); relative to the config file."""
    label: str = Field(min_length=1)
    label_groups: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] | None = None
    """Class -> the raw label values that make it up; without it a raw value is its own class."""
    exclude: tuple[str, ...] = ()
    """Columns that are read but never a model input: ids, dates, what is only known afterwards."""
    splits: SplitShares = SplitShares()
    seed: int = Field(default=0, ge=0)
    missing_label: Literal["fail", "drop"] = "fail"
    demo: DemoSettings = DemoSettings()

    @property
    def is_demo(self) -> bool:
        """Whether the rows are made up here."""
        return self.source == DEMO

    @model_validator(mode="after")
    def _groups_are_disjoint(self) -> "DataSettings":
        values = [v for group in (self.label_groups or {}).values() for v in group]
        twice = sorted({v for v in values if values.count(v) > 1})
        if twice:
            raise ValueError(f"label_groups lists {', '.join(map(repr, twice))} more than once")
        return self
