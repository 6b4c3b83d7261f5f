"""Simulated card transactions: something to run on where nobody has brought data yet.

Nothing here is real. Each row is drawn from a `Pattern`. Customers follow three of them, frauds
two: use of a stolen card (dear goods, at night, abroad, from a new device) and card testing
(bursts of tiny payments online). The patterns overlap, and a share `DISGUISED` of the frauds looks
like everyday shopping, so no model finds every fraud. The label tells fraud from not, never the
kind. The rows of one burst share card and hour, as they would in life; to keep them in one split,
group by `card_id`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from tfx_rebalance.components.example_gen.settings import DemoSettings

FRAUD_SHARE = 0.006
DISGUISED = 0.04
"""The share of frauds that nothing gives away."""
BURST = 6
"""Payments with which a stolen card number is tested, within minutes."""
ROWS_PER_CARD = 12
MEAN_CARD_AGE_DAYS = 900
START, TIME_FORMAT = np.datetime64("2024-01-01T00:00:00", "s"), "%Y-%m-%dT%H:%M:%SZ"

COUNTRIES = ("DE", "AT", "CZ", "ES", "FR", "GB", "IT", "NL", "US")
"""Home, and abroad; customers and frauds abroad are spread over it alike."""
DEVICES = ("terminal", "known_phone", "known_browser", "new_phone", "new_browser")
MERCHANTS = (5411, 5812, 5541, 5912, 4111, 5651, 8398, 5732, 5944, 4511, 7011, 5815, 5816)
"""Category codes (ISO 18245): groceries, restaurants, fuel, pharmacies, transport, clothing,
charities; electronics, jewellery, airlines, hotels; digital goods, games."""

_SECONDS_PER_HOUR, _SECONDS_PER_DAY = 3600, 86_400

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pattern:
    """How one kind of payment looks."""

    amount: float
    """The median."""
    spread: float
    """Standard deviation of the logarithm of the amount."""
    hour: float
    """The middle of the hours, in [0, 24)."""
    hours: float
    """Standard deviation of the hour."""
    abroad: float
    """Share of the payments made abroad."""
    devices: Sequence[int]
    """Percentages in the order of `DEVICES`."""
    merchants: Sequence[int]
    """Percentages in the order of `MERCHANTS`."""
    youth: float = 1.0
    """1: any card; above: rather a young one."""
    missing: float = 0.03
    """Share of empty cells in each column that may have them."""


EVERYDAY = Pattern(
    amount=28,
    spread=0.9,
    hour=14.5,
    hours=4.0,
    abroad=0.02,
    devices=(72, 20, 6, 1, 1),
    merchants=(36, 18, 13, 8, 10, 10, 1, 3, 1, 0, 0, 0, 0),
)
ONLINE = Pattern(
    amount=17,
    spread=1.0,
    hour=20.0,
    hours=3.5,
    abroad=0.12,
    devices=(0, 42, 45, 6, 7),
    merchants=(0, 0, 0, 0, 0, 32, 4, 14, 0, 0, 0, 29, 21),
)
TRAVEL = Pattern(
    amount=110,
    spread=0.9,
    hour=15.0,
    hours=5.5,
    abroad=0.7,
    devices=(60, 20, 10, 6, 4),
    merchants=(0, 28, 0, 0, 14, 8, 0, 5, 3, 16, 26, 0, 0),
)
STOLEN_CARD = Pattern(
    amount=330,
    spread=0.75,
    hour=2.0,
    hours=3.2,
    abroad=0.65,
    devices=(22, 2, 6, 30, 40),
    merchants=(0, 0, 0, 0, 0, 12, 0, 42, 26, 8, 4, 8, 0),
    missing=0.05,
)
CARD_TESTING = Pattern(
    amount=1.4,
    spread=0.5,
    hour=4.0,
    hours=5.0,
    abroad=0.45,
    devices=(0, 2, 8, 20, 70),
    merchants=(0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 0, 42, 33),
    youth=2.0,
    missing=0.1,
)

PATTERNS = (EVERYDAY, ONLINE, TRAVEL, STOLEN_CARD, CARD_TESTING)
CUSTOMERS = (0.7, 0.2, 0.1)
"""Shares of the first three patterns among the customers."""
PRICES_AFTER_DRIFT = 1.3
"""What everybody pays after the drift, relative to before."""
DRIFTED = (
    *(replace(p, amount=p.amount * PRICES_AFTER_DRIFT) for p in PATTERNS[: len(CUSTOMERS)]),
    replace(STOLEN_CARD, amount=140, hour=13.0, abroad=0.15),
    replace(CARD_TESTING, amount=7, hour=16.0, devices=(0, 30, 50, 10, 10)),
)
"""The patterns after the drift: frauds have learnt to look like customers."""


def write_demo_data(path: str, settings: DemoSettings) -> None:
    """Writes `card_transactions` as CSV with a header; the file appears whole or not at all."""
    unfinished = Path(f"{path}.{os.getpid()}.unfinished")
    try:
        pa.csv.write_csv(card_transactions(settings), str(unfinished))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def card_transactions(settings: DemoSettings) -> pa.Table:
    """Returns `rows` simulated transactions sorted by time, round(0.006 * rows) of them frauds.

    The same settings give the same rows, and a drift leaves the days before it as they were.
    """
    random = np.random.Generator(np.random.PCG64(settings.seed))
    frauds = round(FRAUD_SHARE * settings.rows)
    kind = _kinds(settings.rows, frauds, random)
    leader = _leaders(kind)
    day = random.integers(settings.days, size=settings.rows)[leader]
    if settings.drift_day is not None:
        kind = kind + len(PATTERNS) * (day >= settings.drift_day)
    looks = Looks(kind, random)
    hour = looks.hours()[leader]
    second = day * _SECONDS_PER_DAY + hour * _SECONDS_PER_HOUR + _seconds(leader, random)
    columns = {
        "timestamp": pc.strftime(pa.array(START + second.astype(np.int64)), format=TIME_FORMAT),
        **looks.cards(leader, day),
        "amount": looks.amounts(),
        "hour": hour,
        "merchant_category": looks.choices("merchants", MERCHANTS),
        "country": looks.countries(),
        "device": looks.with_gaps(looks.choices("devices", DEVICES)),
        "is_fraud": (np.arange(settings.rows) < frauds).astype(np.int64),
    }
    return pa.table(columns).take(np.argsort(second, kind="stable"))


def _kinds(rows: int, frauds: int, random: np.random.Generator) -> Integers:
    """Returns the place of each row's pattern in `PATTERNS`, (rows,); the frauds come first."""
    disguised = round(DISGUISED * frauds)
    stolen = (frauds - disguised) // 2
    numbers = {STOLEN_CARD: stolen, CARD_TESTING: frauds - disguised - stolen, EVERYDAY: disguised}
    of_frauds = [np.full(n, PATTERNS.index(pattern)) for pattern, n in numbers.items()]
    return np.concatenate([*of_frauds, random.choice(len(CUSTOMERS), rows - frauds, p=CUSTOMERS)])


def _leaders(kind: Integers) -> Integers:
    """Returns, for each row, the row whose card, day and hour it has: itself but in a burst."""
    leader = np.arange(len(kind))
    testing = np.flatnonzero(kind == PATTERNS.index(CARD_TESTING))
    leader[testing] = testing[np.arange(len(testing)) // BURST * BURST]
    return leader


def _seconds(leader: Integers, random: np.random.Generator) -> Floats:
    """Returns the second within the hour, (rows,); a burst lies within ten minutes."""
    start, later = random.random((2, len(leader)))
    in_burst = np.bincount(leader, minlength=len(leader))[leader] > 1
    return np.where(in_burst, 3000 * start[leader] + 600 * later, _SECONDS_PER_HOUR * start)


class Looks:
    """Draws the cells of a column for rows whose place in `PATTERNS + DRIFTED` is known."""

    def __init__(self, kind: Integers, random: np.random.Generator) -> None:
        self._kind, self._random = kind, random

    def amounts(self) -> Floats:
        """Returns amounts in cents' steps, at least one cent, (rows,)."""
        log = np.log(self._of("amount")) + self._of("spread") * self._normal()
        amounts: Floats = np.maximum(np.exp(log).round(2), 0.01)
        return amounts

    def hours(self) -> Integers:
        """Returns hours, 0 to 23, (rows,)."""
        drawn = self._of("hour") + self._of("hours") * self._normal()
        return np.floor(drawn).astype(np.int64) % 24

    def countries(self) -> pa.Array:
        """Returns home or, evenly, one of the countries abroad, (rows,)."""
        uniform, abroad = self._uniform(), self._of("abroad")
        chosen = 1 + np.floor(uniform / abroad * (len(COUNTRIES) - 1)).astype(np.int64)
        return pa.array(COUNTRIES).take(pa.array(np.where(uniform < abroad, chosen, 0)))

    def choices(self, field: str, names: Sequence[str] | Sequence[int]) -> pa.Array:
        """Returns names in the shares that the patterns' `field` gives, (rows,)."""
        uniform, chosen = self._uniform(), np.empty(len(self._kind), np.int64)
        for place, pattern in enumerate((*PATTERNS, *DRIFTED)):
            bounds = np.cumsum(getattr(pattern, field)[:-1]) / 100
            rows = self._kind == place
            chosen[rows] = np.searchsorted(bounds, uniform[rows], side="right")
        return pa.array(names).take(pa.array(chosen))

    def cards(self, leader: Integers, day: Integers) -> dict[str, pa.Array]:
        """Returns `card_id` and `card_age_days`, which has gaps."""
        count = max(1, len(leader) // ROWS_PER_CARD)
        ages = np.sort(1 + self._random.exponential(MEAN_CARD_AGE_DAYS, count)).astype(np.int64)
        card = np.floor(count * self._uniform() ** self._of("youth")).astype(np.int64)[leader]
        number = pc.utf8_lpad(pa.array(card).cast(pa.string()), width=8, padding="0")
        return {
            "card_id": pc.binary_join_element_wise("card", number, "-"),
            "card_age_days": self.with_gaps(pa.array(ages[card] + day)),
        }

    def with_gaps(self, cells: pa.Array) -> pa.Array:
        """Returns the cells, some of them null."""
        kept = self._uniform() >= self._of("missing")
        return pc.if_else(pa.array(kept), cells, None)

    def _of(self, field: str) -> Floats:
        values: Floats = np.array([getattr(pattern, field) for pattern in (*PATTERNS, *DRIFTED)])
        return values[self._kind]

    def _uniform(self) -> Floats:
        return self._random.random(len(self._kind))

    def _normal(self) -> Floats:
        return self._random.standard_normal(len(self._kind))
