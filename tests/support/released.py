"""Versions of models as a run that was blessed would have left them."""

import json
from pathlib import Path
from typing import Any


def release(base: Path, version: str, content: str = "model", **said: Any) -> Path:
    """Lays down a version with its manifest and returns its folder."""
    from tfx_rebalance.releases import tree_digest

    folder = base / version
    (folder / "variables").mkdir(parents=True)
    (folder / "variables" / "data").write_text("weights")
    (folder / "saved_model.pb").write_text(content)
    (base / "releases").mkdir(exist_ok=True)
    manifest = {"version": version, "model_sha256": tree_digest(str(folder)), **said}
    (base / "releases" / f"{version}.json").write_text(json.dumps(manifest))
    return folder
