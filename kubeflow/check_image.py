"""Imports what the steps of a pipeline are told to run, in the image that they will run in.

The image's build runs it, so that a missing package fails there and not in a step at night.
"""

import argparse
import os
import pkgutil
import sys
from importlib import import_module
from pathlib import Path

PACKAGE = "tfx_rebalance"
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
        module, _, name = path.rpartition(".")
        getattr(import_module(module), name).Do
    for name in (*ENTRY_POINTS, *modules()):
        import_module(name)
    titles = artifacts()
    for title in titles:
        module, _, name = title.rpartition(".")
        getattr(import_module(module), name)
    print("\n".join([*found, *titles]))
    if wanted.gpu:
        libraries()
    return 0


def modules() -> list[str]:
    """Returns every module of ours."""
    package = import_module(PACKAGE)
    return [found.name for found in pkgutil.walk_packages(package.__path__, f"{PACKAGE}.")]


def executors() -> list[str]:
    """Returns the class path of the executor of each component of ours."""
    names = [name for name in modules() if name.endswith(".component")]
    return sorted({path for name in names for path in _paths(name)})


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
