"""Columns that alone tell the class: known only afterwards, or the label once more.

The rule: the sampled rows of each class are dealt in turn to a fitting and a held-out half. On the
first half a rule of this one column is fitted: for numbers a decision tree with at most twice as
many leaves as there are classes (8 at least), for categories the class in which each value is most
frequent; classes count alike, a missing cell is a value. From a balanced accuracy of LEAK_BAR on
the second half on, the column leaks: it is left out until somebody says otherwise. From SUSPECT_BAR
on it is named and stays: an honest column can be that good (elevation tells two kinds of forest at
0.994). Only classes with MIN_HELD_OUT rows in that half are judged, and fewer than two of them
leave the question open. Ids and dates are not judged: in a sorted file they separate the classes
without knowing anything.

What no rule on the data finds: a column known only afterwards that tells no more than honest ones.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

LEAK_BAR = 0.999
SUSPECT_BAR = 0.95
MIN_HELD_OUT = 10
SAMPLE_ROWS = 100_000

Codes = npt.NDArray[np.int64]


def sample_shares(class_rows: Mapping[str, int], *, rows: int = SAMPLE_ROWS) -> dict[str, float]:
    """Returns the share of each class to sample, so that at most about `rows` are taken.

    Rare classes are taken whole; the room that is left is divided evenly among the others.
    """
    shares = {}
    room = rows
    ascending = sorted(class_rows, key=lambda name: class_rows[name])
    for place, name in enumerate(ascending):
        taken = min(class_rows[name], room // (len(ascending) - place))
        shares[name] = taken / class_rows[name]
        room -= taken
    return shares


def value_codes(column: pa.ChunkedArray) -> Codes:
    """Returns each cell's value as a number from 0, missing cells included, (n,).

    Numbers keep their order, missing ones come last; text is numbered in no order.
    """
    if pa.types.is_string(column.type):
        encoded = column.combine_chunks().dictionary_encode()
        codes = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy()
        return np.asarray(codes, dtype=np.int64)
    values, found = np.unique(column.drop_null().to_numpy(), return_inverse=True)
    ordered = np.full(len(column), len(values), dtype=np.int64)
    ordered[column.is_valid().to_numpy()] = found
    return ordered


def separation(values: Codes, classes: Codes, *, ordered: bool) -> float | None:
    """Returns the held-out balanced accuracy of one column alone, in [0, 1].

    Args:
        values: From `value_codes`, (n,).
        classes: Class index of each row, (n,).
        ordered: Whether the order of the values means something.

    Returns:
        None if fewer than two classes have MIN_HELD_OUT held-out rows.
    """
    held_out = _held_out(classes)
    sizes = np.bincount(classes[held_out])
    judged = np.flatnonzero(sizes >= MIN_HELD_OUT)
    if len(judged) < 2:
        return None
    predict = _by_tree if ordered else _by_value
    predicted = predict(values, classes, held_out)
    hits = np.bincount(classes[held_out][predicted == classes[held_out]], minlength=len(sizes))
    return float(np.mean(hits[judged] / sizes[judged]))


def _held_out(classes: Codes) -> npt.NDArray[np.bool_]:
    """Every second row of each class."""
    by_class = np.argsort(classes, kind="stable")
    sizes = np.bincount(classes)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    held_out = np.empty(len(classes), dtype=bool)
    held_out[by_class] = (np.arange(len(classes)) - starts) % 2 == 1
    return held_out


def _by_tree(values: Codes, classes: Codes, held_out: npt.NDArray[np.bool_]) -> Codes:
    from sklearn.tree import DecisionTreeClassifier  # Costs a second, so only when it is used.

    tree = DecisionTreeClassifier(
        max_leaf_nodes=max(8, 2 * len(np.unique(classes))), class_weight="balanced", random_state=0
    )
    column = values[:, np.newaxis]
    fitted = tree.fit(column[~held_out], classes[~held_out])
    return np.asarray(fitted.predict(column[held_out]), dtype=np.int64)


def _by_value(values: Codes, classes: Codes, held_out: npt.NDArray[np.bool_]) -> Codes:
    """Predicts the class whose rows have the value most often; -1 for a value never fitted."""
    shape = (int(values.max()) + 1, int(classes.max()) + 1)
    pairs = values[~held_out] * shape[1] + classes[~held_out]
    counts = np.bincount(pairs, minlength=shape[0] * shape[1]).reshape(shape)
    rates = counts / np.maximum(counts.sum(axis=0), 1)
    best = np.where(counts.any(axis=1), rates.argmax(axis=1), -1)
    return np.asarray(best[values[held_out]], dtype=np.int64)
