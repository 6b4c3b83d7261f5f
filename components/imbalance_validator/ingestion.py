"""What ExampleGen wrote beside the examples: the classes of every split, eval among them."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from tfx_rebalance.errors import CorruptArtifactError


class IngestedSplit(BaseModel):
    """One split."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    classes: dict[str, NonNegativeInt]


class Ingestion(BaseModel):
    """What is read of the file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    splits: dict[str, IngestedSplit]
    group_by: Any = None
    time: Any = None

    @property
    def counts(self) -> Mapping[str, dict[str, int]]:
        """Split -> class -> rows."""
        return {split: dict(of_split.classes) for split, of_split in self.splits.items()}

    @property
    def dependence(self) -> str:
        """Why rows of different splits are no independent draws, or ""."""
        if self.group_by is not None:
            return "the splits keep groups whole"
        return "the splits are cut by time" if self.time is not None else ""


def ingestion_of(text: str, *, path: str) -> Ingestion:
    """Returns the content of the file.

    Raises:
        CorruptArtifactError: If it has no class counts per split.
    """
    try:
        return Ingestion.model_validate_json(text)
    except ValidationError as error:
        raise CorruptArtifactError(
            f"{path!r} has no class counts per split: {error.errors()[0]['msg']}. Run ExampleGen "
            "again, without the cache."
        ) from error
