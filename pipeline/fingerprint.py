"""A hash of what the data is made of: TFX compares settings and inputs, never files."""

import hashlib
from pathlib import Path

from tfx_rebalance import __version__
from tfx_rebalance.components.example_gen.files import window_of
from tfx_rebalance.components.example_gen.settings import DataSettings
from tfx_rebalance.components.example_gen.spans import File
from tfx_rebalance.errors import RebalanceError

HASH_BLOCK = 1 << 20


def fingerprint_of(data: DataSettings | None) -> str:
    """Returns a hash of the files that are to be read, this version included, or "".

    There is none for what is not in files of this machine, and where the files cannot be found
    or read: the node will say what is wrong.
    """
    if data is None:
        return ""
    if data.is_demo:
        return hashlib.sha256(__version__.encode()).hexdigest()  # The settings are the data.
    if not data.patterns or any("://" in pattern for pattern in data.patterns.values()):
        return ""
    try:
        window = window_of(data, folder="")
        return _hash((*window.files, *window.before))
    except (RebalanceError, OSError):
        return ""


def _hash(files: tuple[File, ...]) -> str:
    digest = hashlib.sha256(__version__.encode())
    for file in files:
        digest.update(f"{file.path} {file.split} {file.span}".encode())
        for path in _within(Path(file.path)):
            digest.update(str(path).encode())
            with path.open("rb") as content:
                while block := content.read(HASH_BLOCK):
                    digest.update(block)
    return digest.hexdigest()


def _within(path: Path) -> list[Path]:
    """Returns a file, or all files of a folder of images."""
    return sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
