"""Imports what the steps of a pipeline are told to run, in the image that they will run in.

The image's build runs it, so that a missing package fails there and not in a step at night.
"""

import argparse
import os
import pkgutil
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

PACKAGE = "tfx_rebalance"
ROOMS = (PACKAGE, *(f"{PACKAGE}.{room}" for room in ("components", "pipeline", "examples")))
"""Packages to look through one by one: an editable install keeps them in several folders."""
STOCK = (
    "tfx.components.example_validator.executor.Executor",
    "tfx.components.schema_gen.import_schema_gen.executor.Executor",
    "tfx.components.statistics_gen.executor.Executor",
    "tfx.components.transform.executor.Executor",
)
ENTRY_POINTS = (
    "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor",
    "apache_beam.runners.worker.sdk_worker_main",
)
"""What starts a step, and a worker of Beam."""


def main(arguments: list[str]) -> int:
    """Imports everything and prints what there is; what is missing is an exception."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpu", action="store_true", help="Look for CUDA's libraries too.")
    wanted = parser.parse_args(arguments)
    found = [*executors(), *STOCK]
    for path in found:
        if not callable(getattr(named(path), "Do", None)):
            raise SystemExit(f"{path} is no executor: it has no Do.")
    for name in (*ENTRY_POINTS, *modules()):
        import_module(name)
    titles = artifacts()
    for title in titles:
        named(title)
    print("\n".join([*found, *titles]))
    if wanted.gpu:
        libraries()
    return 0


def named(path: str) -> Any:
    """Returns what a dotted path names."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def modules() -> list[str]:
    """Returns every module of ours."""
    walks = (pkgutil.walk_packages(import_module(room).__path__, f"{room}.") for room in ROOMS)
    return sorted({found.name for walk in walks for found in walk})


def executors() -> list[str]:
    """Returns the class path of the executor of each component of ours."""
    names = [name for name in modules() if name.endswith(".component")]
    found = sorted({path for name in names for path in _paths(name)})
    if not found:
        raise SystemExit(f"{PACKAGE} has no component: it is not installed whole.")
    return found


def artifacts() -> list[str]:
    """Returns the type name of each artifact of ours: KFP imports the class by it."""
    module = import_module(f"{PACKAGE}.artifacts")
    classes = [value for value in vars(module).values() if getattr(value, "TYPE_NAME", None)]
    return sorted({found.TYPE_NAME for found in classes if found.__module__ == module.__name__})


def libraries() -> None:
    """Looks for every folder of LD_LIBRARY_PATH and for the assembler that XLA starts."""
    for name in [*os.environ["LD_LIBRARY_PATH"].split(":"), os.environ["NVIDIA"]]:
        if not any(Path(name).iterdir()):
            raise SystemExit(f"{name} is empty: LD_LIBRARY_PATH does not fit the NVIDIA wheels.")
    if not os.access(Path(os.environ["NVIDIA"], "cuda_nvcc", "bin", "ptxas"), os.X_OK):
        raise SystemExit("ptxas of nvidia-cuda-nvcc-cu12 is missing or cannot be started.")


def _paths(name: str) -> list[str]:
    found = [
        value.EXECUTOR_SPEC.class_path
        for value in vars(import_module(name)).values()
        if isinstance(value, type) and value.__module__ == name and hasattr(value, "EXECUTOR_SPEC")
    ]
    if not found:
        raise SystemExit(f"{name} has no component. Name the class there, or the file otherwise.")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
