"""When rows came into being, and the moments that split them."""

import datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tfx_rebalance.components.example_gen.run_date import utc_moment
from tfx_rebalance.components.example_gen.splitting.rules import TimeRules
from tfx_rebalance.errors import ConfigError, DataError

if TYPE_CHECKING:
    from tfx_rebalance.components.example_gen.settings import TimeCuts

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECONDS = 1_000_000
DAY = 86_400 * MICROSECONDS
MOMENT = (
    r"^\s*\d{4}-\d\d-\d\d"
    r"([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?(UTC|[Zz]|[+-]\d\d(:?\d\d)?))?)?\s*$"
)
"""What is taken for a time; pandas would guess at `01/02/2024` and make today of `now`."""
LATEST_SECONDS = 32_503_680_000
"""The year 3000: a larger number of seconds is one of milliseconds."""

Microseconds = npt.NDArray[np.int64]


def times_of(column: pa.Array, *, name: str, where: str, first_row: int = 1) -> Microseconds:
    """Returns microseconds since 1970, (rows,).

    Args:
        column: Seconds since 1970 as numbers, or dates and RFC 3339 times as text; what has no
            zone is UTC.
        name: The column.
        where: The file, for messages.
        first_row: The number of the first row in the file.

    Raises:
        DataError: If a cell is missing or no time.
    """
    if column.null_count:
        raise DataError(
            f"{where}: {column.null_count} cells of data.time_column {name!r} are empty, the first "
            f"in data row {_first(column.is_null()) + first_row}. Fill them in, or take the rows "
            "out."
        )
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        seconds = column.to_numpy(zero_copy_only=False)
        wrong = np.flatnonzero(~(np.abs(seconds) <= LATEST_SECONDS))
        if len(wrong):
            raise DataError(
                f"{where}: data.time_column {name!r} has {seconds[wrong[0]]!r} in data row "
                f"{wrong[0] + first_row}, which is no number of seconds since 1970. Give seconds, "
                "or text."
            )
        times: Microseconds = np.round(seconds * MICROSECONDS).astype(np.int64)
        return times
    return _parsed(column, name=name, where=where, first_row=first_row)


def _parsed(column: pa.Array, *, name: str, where: str, first_row: int) -> Microseconds:
    if column.type != pa.string():
        raise DataError(
            f"{where}: data.time_column {name!r} holds {column.type}. Declare it in the schema as "
            "one value per cell: INT or FLOAT for seconds since 1970, BYTES for text."
        )
    packed = column.dictionary_encode()
    words = packed.dictionary
    moments = pd.to_datetime(
        pc.if_else(pc.match_substring_regex(words, MOMENT), words, None).to_pandas(),
        utc=True,
        errors="coerce",
    )
    if moments.isna().any():
        word = int(np.flatnonzero(moments.isna())[0])
        row = int(np.flatnonzero(packed.indices.to_numpy() == word)[0]) + first_row
        raise DataError(
            f"{where}: data.time_column {name!r} has {words[word].as_py()!r} in data row {row}, "
            "which is no time. Allowed are dates (YYYY-MM-DD) and RFC 3339 times as text, and "
            "seconds since 1970."
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
        when = utc_moment(text)
    except ValueError:
        raise ConfigError(
            f"{key} {text!r} is no moment. Allowed are YYYY-MM-DD and RFC 3339."
        ) from None
    return (when - EPOCH) // datetime.timedelta(microseconds=1)


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
