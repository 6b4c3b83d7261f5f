"""What a run ran in: the versions, the code, the seeds, the end of its log."""

import hashlib
import platform
from collections.abc import Iterator, Mapping
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from tfx_rebalance import __version__

LIBRARIES = (
    "tfx",
    "tensorflow",
    "keras",
    "tensorflow-model-analysis",
    "tensorflow-transform",
    "apache-beam",
    "numpy",
    "scikit-learn",
)
ROOMS = ("tfx_rebalance", "tfx_rebalance.components", "tfx_rebalance.pipeline")
LINES, BYTES = 40, 1 << 16
"""How much of the end of a log is kept."""


def versions() -> dict[str, str]:
    """Returns the versions of this project, Python and the libraries that decide results."""
    return {
        "tfx-rebalance": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        **{name: metadata.version(name) for name in LIBRARIES},
    }


def code_digest() -> str:
    """Returns the SHA-256 over this project's Python files, the same however it is installed."""
    digest = hashlib.sha256()
    for name, path in sorted(_modules().items()):
        digest.update(name.encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def seeds_of(config: Mapping[str, object]) -> dict[str, int]:
    """Returns every `seed` of a config, dotted key -> value."""
    return dict(_seeds(config, ""))


def log_tail(log: Path) -> tuple[str, ...]:
    """Returns the last lines of a log; none if there is no log."""
    if not log.exists():
        return ()
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - BYTES))
        text = file.read().decode("utf-8", errors="replace")
    return tuple(text.splitlines()[-LINES:])


def _modules() -> dict[str, Path]:
    found = {}
    for room in ROOMS:
        spec = find_spec(room)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for path in Path(folder).rglob("*.py"):
                found[f"{room}/{path.relative_to(folder).as_posix()}".replace("/", ".")] = path
    return found


def _seeds(section: Mapping[str, object], prefix: str) -> Iterator[tuple[str, int]]:
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from _seeds(value, f"{prefix}{key}.")
        elif key == "seed" and isinstance(value, int):
            yield f"{prefix}{key}", value
