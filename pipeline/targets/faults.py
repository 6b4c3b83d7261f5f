"""A fault of a compiled pipeline, with its place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What is wrong, and where."""

    place: str
    """The keys that lead there, with dots between them."""
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"
