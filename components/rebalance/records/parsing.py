"""From serialized tf.Examples to arrays, in batches through TensorFlow's parser."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfx_rebalance.components.rebalance.records.layout import Column, Layout
from tfx_rebalance.components.rebalance.records.rows import (
    ABSENT,
    Codes,
    Floats,
    Rows,
    concatenated,
)
from tfx_rebalance.errors import DataError
from tfx_rebalance.records import reason

LARGEST_INT = 2**53 - 1
"""Up to here float64, in which rows are compared and interpolated, tells integers apart."""


def parsed(records: Any, layout: Layout, *, path: str) -> Rows:
    """Returns a batch of serialized tf.Examples as rows.

    Args:
        records: (n,) bytes.
        layout: What to read.
        path: The shard, for messages.

    Raises:
        DataError: If a feature is of another type or size than the layout says, is infinite, is
            NaN or missing where it may not be, or is an integer beyond `LARGEST_INT`.
    """
    numeric, nominal = layout.of("numeric"), layout.of("nominal")
    spec = {c.name: _fixed(c) for c in (*numeric, *nominal)}
    spec |= {c.flag: tf.io.FixedLenFeature([], tf.float32, 0.0) for c in numeric if c.flag}
    values = parse(records, spec, path=path)
    blocks = [_numbers(values, column, path=path) for column in numeric]
    codes = [_codes(values[column.name]) for column in nominal]
    rows = len(records)
    return Rows(
        numeric=np.concatenate([np.empty((rows, 0)), *blocks], axis=1),
        nominal=np.stack(codes, axis=1) if codes else np.empty((rows, 0), dtype=np.int64),
    )


def parse(records: Any, spec: Mapping[str, Any], *, path: str) -> dict[str, Any]:
    """Returns features of a batch as tensors.

    Raises:
        DataError: If a record is no tf.Example, or a feature is of another type or size.
    """
    if not spec:
        return {}
    try:
        values: dict[str, Any] = tf.io.parse_example(records, spec)
        return values
    except tf.errors.InvalidArgumentError as error:
        raise DataError(
            f"{path!r}: an example is not as the schema says: {reason(error).rstrip('.')}. Correct "
            "the schema or the data."
        ) from None
    except UnicodeDecodeError:  # TensorFlow quotes what it cannot read.
        raise DataError(f"{path!r}: a record is no tf.Example. Write the examples anew.") from None


def parsed_all(batches: Iterable[Any], layout: Layout, *, path: str) -> Rows:
    """Returns batches of serialized tf.Examples as rows (see `parsed`)."""
    return concatenated([parsed(batch, layout, path=path) for batch in batches], layout)


def _fixed(column: Column) -> tf.io.FixedLenFeature:
    shape = [column.size or 0] if column.role == "numeric" else []
    if column.dtype == "string":
        return tf.io.FixedLenFeature(shape, tf.string, "")
    if column.dtype == "int":
        missing = np.full(shape, ABSENT)
        return tf.io.FixedLenFeature(shape, tf.int64, missing)
    return tf.io.FixedLenFeature(shape, tf.float32, np.full(shape, np.nan, dtype=np.float32))


def _numbers(values: Mapping[str, Any], column: Column, *, path: str) -> Floats:
    """Returns a numeric column, (n, size), NaN where it is missing.

    A NaN that is written out counts as missing where the column may be missing; one that has
    several values is missing as a whole.
    """
    raw = values[column.name].numpy()
    numbers: Floats = raw.astype(np.float64)
    if column.dtype == "int":
        numbers[raw == ABSENT] = np.nan
    _check(numbers, column, path=path)
    numbers[np.isnan(numbers).any(axis=1)] = np.nan
    if column.flag:
        numbers[values[column.flag].numpy() != 0] = np.nan
    return numbers


def _check(numbers: Floats, column: Column, *, path: str) -> None:
    """Refuses numbers that rows cannot be compared by."""
    faults = [("infinite", np.isinf(numbers), "")]
    if not column.optional:
        remedy = " declare the feature optional in the schema,"
        faults.append(("missing or NaN", np.isnan(numbers), remedy))
    if column.dtype == "int":
        remedy = " declare the feature categorical in the schema (int_domain),"
        faults.append(("beyond 2**53", np.abs(numbers) > LARGEST_INT, remedy))
    for fault, wrong, remedy in faults:
        rows = int(wrong.any(axis=1).sum())
        if rows:
            raise DataError(
                f"{path!r}: feature {column.name!r} is {fault} in {rows} of {len(numbers)} rows "
                f"read together, so rows cannot be compared by it. Correct the data,{remedy} or "
                "list the feature under rebalance.copied."
            )


def _codes(values: Any) -> Codes:
    """Returns categories as numbers, (n,): equal categories have equal numbers."""
    if values.dtype == tf.string:
        # A 63-bit fingerprint: among a million values two collide with a chance of 1 in 10**7.
        codes: Codes = tf.strings.to_hash_bucket_fast(values, 2**63 - 1).numpy()
        codes[tf.equal(values, "").numpy()] = ABSENT
        return codes
    whole: Codes = values.numpy().astype(np.int64)
    return whole
