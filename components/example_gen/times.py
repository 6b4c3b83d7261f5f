"""When rows came into being, and the moments that split them."""

import datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from tfx_rebalance.components.example_gen.splitting.rules import TimeRules
from tfx_rebalance.errors import ConfigError, DataError

if TYPE_CHECKING:
    from tfx_rebalance.components.example_gen.settings import TimeCuts

MICROSECONDS = 1_000_000
DAY = 86_400 * MICROSECONDS
LATEST_SECONDS = 32_503_680_000
"""The year 3000: a larger number of seconds is one of milliseconds."""

Microseconds = npt.NDArray[np.int64]


def times_of(column: pa.Array, *, name: str, where: str) -> Microseconds:
    """Returns microseconds since 1970, (rows,).

    Args:
        column: Seconds since 1970 as numbers, or dates and RFC 3339 times as text; what has no
            zone is UTC.
        name: The column.
        where: The file, for messages.

    Raises:
        DataError: If a cell is missing or no time.
    """
    if column.null_count:
        raise DataError(
            f"{where!r}: {column.null_count} cells of data.time_column {name!r} are empty, the "
            f"first in row {_first(column.is_null()) + 1}. Fill them in, or take the rows out."
        )
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        seconds = column.to_numpy(zero_copy_only=False)
        wrong = np.flatnonzero(~(np.abs(seconds) <= LATEST_SECONDS))
        if len(wrong):
            raise DataError(
                f"{where!r}: data.time_column {name!r} has {seconds[wrong[0]]!r} in row "
                f"{wrong[0] + 1}, which is no number of seconds since 1970. Give seconds, or text."
            )
        times: Microseconds = np.round(seconds * MICROSECONDS).astype(np.int64)
        return times
    return _parsed(column, name=name, where=where)


def _parsed(column: pa.Array, *, name: str, where: str) -> Microseconds:
    packed = column.dictionary_encode()
    words = packed.dictionary.to_pandas()
    moments = pd.to_datetime(words, utc=True, errors="coerce")
    if moments.isna().any():
        word = words[moments.isna()].iloc[0]
        row = packed.dictionary.to_pylist().index(word)
        first = int(np.flatnonzero(packed.indices.to_numpy() == row)[0])
        raise DataError(
            f"{where!r}: data.time_column {name!r} has {word!r} in row {first + 1}, which is no "
            "time. Allowed are dates and RFC 3339 times as text, and seconds since 1970."
        )
    nanoseconds = moments.astype("int64").to_numpy()
    taken: Microseconds = (nanoseconds // 1000)[packed.indices.to_numpy()]
    return taken


def _first(mask: pa.Array) -> int:
    return int(np.flatnonzero(mask.to_numpy(zero_copy_only=False))[0])


def moment(text: str, *, key: str) -> int:
    """Returns a moment of the config in microseconds since 1970.

    Raises:
        ConfigError: If it is none.
    """
    try:
        when = pd.Timestamp(text)
    except ValueError:
        raise ConfigError(
            f"{key} {text!r} is no moment. Allowed are YYYY-MM-DD and RFC 3339."
        ) from None
    when = when.tz_localize("UTC") if when.tzinfo is None else when
    return int(when.value // 1000)


def time_rules(
    cuts: "TimeCuts | None",
    *,
    maturity_days: float,
    run_date: datetime.datetime | None,
    newest: int,
) -> TimeRules:
    """Returns which rows are left out, and where splits begin.

    Args:
        cuts: Moments, or days counted back from the end; None: time does not split.
        maturity_days: How old a row must be for its label to be final.
        run_date: As of when; None: as of the newest row.
        newest: The newest row, in microseconds since 1970.
    """
    as_of = newest if run_date is None else int(run_date.timestamp() * MICROSECONDS)
    mature = round(as_of - maturity_days * DAY) if maturity_days else None
    if cuts is None:
        return TimeRules(mature_before=mature)
    if cuts.val_from is not None and cuts.eval_from is not None:
        begins = (
            moment(cuts.val_from, key="data.splits.time.val_from"),
            moment(cuts.eval_from, key="data.splits.time.eval_from"),
        )
    else:
        end = newest + 1 if mature is None else min(newest + 1, mature)
        eval_from = round(end - (cuts.eval_days or 0) * DAY)
        begins = (round(eval_from - (cuts.val_days or 0) * DAY), eval_from)
    if begins[0] >= begins[1]:
        raise ConfigError(
            f"data.splits.time: val_from {cuts.val_from!r} is not before eval_from "
            f"{cuts.eval_from!r}. Change one of them."
        )
    return TimeRules(mature_before=mature, begins=begins)
