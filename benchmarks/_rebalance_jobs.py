"""What a child of `rebalance.py` is asked to do, and what it answers."""

from dataclasses import dataclass
from pathlib import Path

NAMES = tuple(f"f{i:02d}" for i in range(30))
LABEL = "label"
CLASSES = ("legit", "fraud")
MINORITY_SHARE = 0.02
NEIGHBOURS = 5


@dataclass(frozen=True)
class Job:
    """One run in a process of its own; travels as JSON."""

    work: str
    """A key of `_rebalance_child.WORKS`."""
    rows: int
    """Rows in; where data or arrays are made, how many."""
    target: str = ""
    """A folder for what is written; it does not exist yet."""
    data: str = ""
    """The folder of an artifact, `Split-train` and its shards in it."""
    files: int = 10
    """How many to write, where the work has the choice."""
    strategy: str = ""
    beam_args: tuple[str, ...] = ()

    @property
    def sources(self) -> list[str]:
        """The shards of the data, in order."""
        return sorted(str(path) for path in Path(self.data, "Split-train").glob("*.gz"))


@dataclass(frozen=True)
class Run:
    """What one process measured."""

    seconds: float
    """Of the work alone, by the wall clock."""
    start_up: float
    """From the start of the process to the start of the work, imports for the most part."""
    cpu: float
    """User and system seconds of the work, its ended child processes included."""
    start_bytes: int
    """The most memory the process held before the work began."""
    peak_rss_bytes: int
    """The most memory the process, or one of its children, held up to the end of the work."""
    rows_in: int
    rows_out: int

    @property
    def speed(self) -> float:
        """Rows read and rows written, per second."""
        return (self.rows_in + self.rows_out) / self.seconds


def shard_name(shard: int, shards: int) -> str:
    """Returns the name TFX gives a GZIP shard."""
    return f"data_tfrecord-{shard:05d}-of-{shards:05d}.gz"
