"""How the data is read and split."""

import os
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from tfx_rebalance.components.example_gen.run_date import (
    Unscheduled,
    is_placeholder,
    run_moment,
    utc_moment,
)
from tfx_rebalance.components.example_gen.sources.settings import DEMO, Path, SourceSettings
from tfx_rebalance.components.example_gen.spans import has_spans, is_dated
from tfx_rebalance.settings import Settings

SPLITS = ("train", "val", "eval")
SERVING = "serving"
"""The one split of rows that were sent to the model; they may come without a label."""


class DemoSettings(Settings):
    """The built-in, simulated card transactions; used when `source` is `demo`."""

    rows: int = Field(default=60_000, ge=1_000)
    days: int = Field(default=30, ge=1)
    seed: int = Field(default=0, ge=0)
    drift_day: int | None = Field(default=None, ge=0)


class TimeCuts(Settings):
    """Splits by time: `train` is what came first, `eval` what came last."""

    val_from: str | None = None
    """The first moment of `val`: a date or an RFC 3339 time, UTC where it does not say."""
    eval_from: str | None = None
    val_days: float | None = Field(default=None, gt=0)
    """In place of moments: how long `val` is, right before `eval`."""
    eval_days: float | None = Field(default=None, gt=0)
    """How long `eval` is, back from the end of the data."""

    @model_validator(mode="after")
    def _moments_or_days(self) -> "TimeCuts":
        moments, days = (self.val_from, self.eval_from), (self.val_days, self.eval_days)
        if not (None not in moments and days == (None, None)) and not (
            None not in days and moments == (None, None)
        ):
            raise ValueError("time takes val_from and eval_from, or val_days and eval_days")
        return self

    @field_validator("val_from", "eval_from")
    @classmethod
    def _is_moment(cls, text: str | None, info: ValidationInfo) -> str | None:
        try:
            _ = text if text is None else utc_moment(text)
        except ValueError:
            raise ValueError(
                f"{info.field_name} {text!r} is no moment. Allowed are YYYY-MM-DD and RFC 3339"
            ) from None
        return text


class SplitFiles(Settings):
    """The input's own files say what is in which split: patterns within the source's `path`.

    With a TFDS source: its splits.
    """

    train: Path
    eval: Path
    val: Path | None = None
    """Without it `val` is cut from the rows of `train`, in the ratio of `train` and `val`."""


class SplitSettings(Settings):
    """Which row goes to which split; without more, by the shares and stratified by class."""

    train: float = Field(default=0.6, gt=0, lt=1)
    val: float = Field(default=0.2, gt=0, lt=1)
    eval: float = Field(default=0.2, gt=0, lt=1)
    stratify: bool = True
    """Whether each split gets its share of every class; else of all rows."""
    group_by: str | None = None
    """A column: rows with the same value are in the same split."""
    time: TimeCuts | None = None
    files: SplitFiles | None = None
    min_rows: int = Field(default=1, ge=0)
    """Rows of every class that each split must have."""

    @model_validator(mode="after")
    def _sum_to_one(self) -> "SplitSettings":
        total = self.train + self.val + self.eval
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train + val + eval must be 1, got {total:g}")
        return self

    @model_validator(mode="after")
    def _one_way(self) -> "SplitSettings":
        given = [name for name in ("group_by", "time", "files") if getattr(self, name) is not None]
        if "time" in given and len(given) > 1:
            raise ValueError(
                f"time and {given[0] if given[0] != 'time' else given[1]} contradict each other: "
                "give one of them"
            )
        return self

    @property
    def shares(self) -> tuple[float, float, float]:
        """The shares in the order of `SPLITS`."""
        return self.train, self.val, self.eval


class DataSettings(Settings):
    """Where the rows come from, what the label is, and how they are split."""

    source: SourceSettings
    """`demo`, a path, or a section with a `format`; relative to the config file."""
    schema_file: str = Field(alias="schema", min_length=1)
    """A TensorFlow Metadata schema as text (pbtxt); relative to the config file."""
    label: str = Field(min_length=1)
    label_groups: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] | None = None
    """Class -> the raw label values that make it up; without it a raw value is its own class."""
    exclude: tuple[str, ...] = ()
    """Columns that are read but never a model input: ids, dates, what is only known afterwards."""
    run_date: str | None = None
    """The day that is run: `YYYY-MM-DD`, RFC 3339, or a scheduler's placeholder. On Kubeflow and
    Vertex the day a run was submitted for and the time of its schedule win over it."""
    unscheduled: Unscheduled = "now"
    """The day of a run there that no schedule started and nobody said a day for."""
    lag_days: int = Field(default=0, ge=0)
    """The newest day taken is so many days before `run_date`."""
    span: int | None = Field(default=None, ge=0)
    """The newest `{SPAN}` taken; null: the newest there is."""
    window: int = Field(default=1, ge=1)
    """How many spans or days are taken, counted back from the newest."""
    time_column: str | None = None
    """When a row came into being: seconds since 1970, a date or an RFC 3339 time."""
    label_maturity_days: float = Field(default=0, ge=0)
    """Rows younger than this at `run_date` (else at the newest row) are left out."""
    drop_duplicates: bool = False
    """Whether of rows that are equal in every cell one is kept."""
    max_bad_rows: int = Field(default=0, ge=0)
    """How many rows may be left out because they cannot be read."""
    splits: SplitSettings = SplitSettings()
    seed: int = Field(default=0, ge=0)
    missing_label: Literal["fail", "drop"] = "fail"
    demo: DemoSettings = DemoSettings()

    @property
    def is_demo(self) -> bool:
        """Whether the rows are made up here."""
        return self.source.format == DEMO

    def for_serving(self) -> "DataSettings":
        """Returns the settings without what would leave rows out or deal them."""
        given = self.model_copy(
            update={
                "splits": SplitSettings(),
                "time_column": None,
                "label_maturity_days": 0,
                "drop_duplicates": False,
                "missing_label": "drop",
            }
        )
        paths = given.patterns.values()
        undated = {} if any(map(is_dated, paths)) else {"lag_days": 0}
        plain = {} if any(map(has_spans, paths)) else {"span": None, "window": 1}
        return given.model_copy(update={**undated, **plain})

    @property
    def patterns(self) -> dict[str, str]:
        """The patterns of files to read, by the split they are for; "" if that is decided later.

        Empty for a source that is not made of files. With `splits.files` the source's path is
        the folder they are in.
        """
        base, files = getattr(self.source, "path", None), self.splits.files
        if base is None:
            return {}
        if files is None:
            return {"": base}
        given = {name: getattr(files, name) for name in SPLITS}
        return {name: os.path.join(base, path) for name, path in given.items() if path is not None}

    @model_validator(mode="after")
    def _groups_are_disjoint(self) -> "DataSettings":
        values = [v for group in (self.label_groups or {}).values() for v in group]
        twice = sorted({v for v in values if values.count(v) > 1})
        if twice:
            raise ValueError(f"label_groups lists {', '.join(map(repr, twice))} more than once")
        return self

    @model_validator(mode="after")
    def _time_is_known(self) -> "DataSettings":
        needs = "splits.time" if self.splits.time else ""
        needs = needs or ("label_maturity_days" if self.label_maturity_days else "")
        if needs and self.time_column is None:
            raise ValueError(f"{needs} needs time_column: the column that says when a row was")
        return self

    @model_validator(mode="after")
    def _dates_fit_the_source(self) -> "DataSettings":
        if self.run_date is not None and not is_placeholder(self.run_date):
            run_moment(self.run_date)
        paths = self.patterns.values()
        if self.lag_days and not (any(map(is_dated, paths)) and self.run_date is not None):
            raise ValueError("lag_days needs run_date and {YYYY}, {MM} and {DD} in the path")
        needs = "window" if self.window > 1 else "span" if self.span is not None else ""
        if needs and not any(map(has_spans, paths)):
            raise ValueError(f"{needs} needs {{SPAN}}, or {{YYYY}}, {{MM}} and {{DD}}, in the path")
        return self
