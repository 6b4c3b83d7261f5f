"""What a column of a CSV file is to a model, judged from a scan of all its cells."""

import re
from dataclasses import dataclass
from enum import Enum

from tfx_rebalance.features import DType
from tfx_rebalance.pipeline.init.column_scan import MAX_COUNTED, ColumnScan

MIN_ID_ROWS = 20
"""With fewer cells, all different says nothing."""

MIN_FILLED = 20
"""Of fewer cells `train` could hold none by chance (0.4 ** 20 = 1e-8), so nothing to scale by."""

_CODE_NAMES = {"code", "type", "category", "cat", "class", "zip", "zipcode", "postcode", "region"}
_ID_NAMES = {"id", "uuid", "guid", "key", "index", "idx"}
_TIME_NAMES = {"time", "timestamp", "ts", "date", "datetime", "epoch", "at", "created", "updated"}

_EPOCHS = {"seconds": (1e8, 4.2e9), "milliseconds": (1e11, 4.2e12)}  # 1973 to 2103.
_COMPACT_DATES = (19_000_101, 21_001_231)


class Kind(Enum):
    """What a column is to a model."""

    NUMERIC = "numeric"
    CATEGORY = "category"
    ID = "id"
    DATE = "date"
    CONSTANT = "constant"
    EMPTY = "empty"
    SELDOM = "seldom filled"


@dataclass(frozen=True)
class Column:
    """One column, over the rows that have a label."""

    name: str
    dtype: DType
    kind: Kind
    why: str
    """What the kind was told from, in words."""
    rows: int
    missing: int
    distinct: int
    """Different values; estimated to about 1 % where there are more than 32,768."""
    domain: tuple[str, ...] = ()
    """All values of a text column that looks exhausted, sorted; else empty."""
    separation: float | None = None
    """How well the column alone tells the classes of held-out rows (`leaks`); None: not known."""

    @property
    def present(self) -> int:
        """The cells that are not missing."""
        return self.rows - self.missing


def judge(scan: ColumnScan) -> Column:
    """Returns what the scanned column is."""
    kind, why = _kind(scan)
    text = scan.dtype in (None, "string")
    return Column(
        name=scan.name,
        dtype=scan.dtype or "string",
        kind=kind,
        why=why,
        rows=scan.rows,
        missing=scan.rows - scan.present,
        distinct=scan.distinct,
        domain=scan.domain() if text and kind is Kind.CATEGORY else (),
    )


def _kind(scan: ColumnScan) -> tuple[Kind, str]:
    if not scan.present:
        return Kind.EMPTY, "no row with a label has a value"
    if scan.present < min(MIN_FILLED, scan.rows):
        return Kind.SELDOM, f"in {scan.present} of {scan.rows:,} rows, perhaps in none of train"
    if scan.distinct == 1 and scan.present == scan.rows:
        return Kind.CONSTANT, "the same value in every row"
    for kind, why in ((Kind.DATE, _why_date(scan)), (Kind.ID, _why_id(scan))):
        if why:
            return kind, why
    if scan.dtype == "string":
        return Kind.CATEGORY, "text"
    coded = bool(_words(scan.name) & (_CODE_NAMES | _ID_NAMES))
    if coded and scan.dtype == "int" and 2 < scan.distinct <= MAX_COUNTED:
        return Kind.CATEGORY, f"{scan.distinct:,} different integers, named like a code"
    return Kind.NUMERIC, "integers" if scan.dtype == "int" else "numbers"


def _why_date(scan: ColumnScan) -> str:
    if scan.dtype == "string":
        return "ISO dates" if scan.iso else ""
    if not _words(scan.name) & _TIME_NAMES:
        return ""
    for unit, (low, high) in _EPOCHS.items():
        if low <= scan.low and scan.high <= high:
            return f"{unit} since 1970, by name and range"
    low, high = _COMPACT_DATES
    compact = scan.dtype == "int" and low <= scan.low and scan.high <= high
    return "dates as YYYYMMDD, by name and range" if compact else ""


def _why_id(scan: ColumnScan) -> str:
    if scan.dtype == "float" or scan.present < MIN_ID_ROWS:
        return ""
    share = scan.distinct / scan.present
    of = f"{min(scan.distinct, scan.present):,} different values in {scan.present:,} cells"
    if scan.dtype == "string" and share >= 0.9:
        return f"nearly unique text: {of}"
    if scan.dtype == "int" and scan.direction in (1, -1):
        return f"running number: {'rises' if scan.direction == 1 else 'falls'} from row to row"
    named = bool(_words(scan.name) & _ID_NAMES)
    if named and (scan.distinct > MAX_COUNTED or share > 0.05):
        return f"by name: {of}"
    return ""


def _words(name: str) -> set[str]:
    """Returns the words of a snake_case, camelCase or spaced name, in lower case."""
    return {w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}
