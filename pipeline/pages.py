"""Reports on disk: a run's page and JSON, the list of all runs, and finding them again."""

from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

from tfx_rebalance.components.report.facts import (
    FACTS_FILE,
    INDEX_FILE,
    PAGE_FILE,
    RunFacts,
    order_of,
    read_facts,
)
from tfx_rebalance.errors import ConfigError, CorruptArtifactError
from tfx_rebalance.files import write_whole


def write_report(root: Path, facts: RunFacts) -> Path:
    """Writes a run's JSON and page and the list of all runs anew; returns the page's path."""
    from tfx_rebalance.components.report.page import page_of  # Draws, so only where it is needed.

    folder = root / "runs" / facts.run_id
    write_whole(folder / FACTS_FILE, facts.model_dump_json(indent=1))
    write_whole(folder / PAGE_FILE, page_of(facts))
    write_index(root)
    return folder / PAGE_FILE


def write_index(root: Path) -> None:
    """Writes the list of all runs; one without a report that can be read is in it as such."""
    from tfx_rebalance.components.report.index import entry_of, index_of

    entries, without = [], []
    for folder in _folders(root):
        if not (folder / FACTS_FILE).exists():
            without.append(f"{folder.name}: it has not ended, or was killed, or an older version "
                           "made it")  # fmt: skip
            continue
        try:
            entries.append(entry_of(read_facts(folder / FACTS_FILE)))
        except CorruptArtifactError as error:
            without.append(f"{folder.name}: {error}")
    write_whole(root / INDEX_FILE, index_of(entries, without=without))


def facts_in(root: Path, run_id: str | None) -> RunFacts:
    """Returns the facts of a run, of the latest one if None is named.

    Raises:
        ConfigError: If there is no such run, or it has no report.
        CorruptArtifactError: If its report cannot be read.
    """
    folders = {folder.name: folder for folder in _folders(root)}
    if not folders:
        raise ConfigError(
            f"there is no run under {str(root)!r}. Name the --root of the run, or start one with "
            "tfx-rebalance run."
        )
    chosen = _latest(folders) if run_id is None else run_id
    if chosen not in folders:
        near = get_close_matches(chosen, folders, n=1, cutoff=0)
        raise ConfigError(
            f"there is no run {chosen!r} under {str(root)!r}. The latest is {_latest(folders)!r}"
            + (f", the nearest name {near[0]!r}." if near else ".")
        )
    path = folders[chosen] / FACTS_FILE
    if not path.exists():
        raise ConfigError(
            f"run {chosen!r} has no {FACTS_FILE}: it has not ended, or was killed, or an older "
            "version made it. Run the pipeline again to have one."
        )
    return read_facts(path)


def readable_facts(root: Path) -> list[RunFacts]:
    """Returns all runs whose report can be read, oldest first; the index names the others."""
    found = []
    for folder in _folders(root):
        try:
            found.append(read_facts(folder / FACTS_FILE))
        except CorruptArtifactError:
            continue
    return sorted(found, key=lambda facts: order_of(facts.started, facts.run_id))


def attempts_on(eval_sha256: str, root: Path, *, without: str) -> list[str]:
    """Returns the runs that held a model against these eval rows, oldest first.

    Args:
        eval_sha256: Of the eval split.
        root: Where the runs are.
        without: The run that is being told about.
    """
    return [
        facts.run_id
        for facts in readable_facts(root)
        if facts.evaluated and facts.eval_sha256 == eval_sha256 and facts.run_id != without
    ]


def _latest(folders: Mapping[str, Path]) -> str:
    """Returns the run that began last; of one without a report that can be read its id tells."""

    def order(run_id: str) -> tuple[datetime, str]:
        try:
            return order_of(read_facts(folders[run_id] / FACTS_FILE).started, run_id)
        except CorruptArtifactError:
            return order_of("", run_id)

    return max(folders, key=order)


def _folders(root: Path) -> list[Path]:
    runs = root / "runs"
    return sorted(path for path in runs.iterdir() if path.is_dir()) if runs.is_dir() else []
