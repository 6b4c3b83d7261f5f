"""One import package, `tfx_rebalance`, put together from the rooms of the house."""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
ROOMS = {
    "tfx_rebalance": "src/tfx_rebalance",
    "tfx_rebalance.components": "components",
    "tfx_rebalance.pipeline": "pipeline",
    "tfx_rebalance.schemas": "schemas",
    "tfx_rebalance.examples": "examples",
}

RUNTIME = [
    "tfx[kfp]>=1.16.0,<1.17",
    "tensorflow>=2.16.2,<2.17",
    "keras>=3.0,<4",
    "tensorflow-data-validation>=1.16.1,<1.17",
    "tensorflow-model-analysis>=0.47.1,<0.48",
    "tfx-bsl>=1.16.1,<1.17",
    "ml-metadata>=1.16.0,<1.17",
    "apache-beam[gcp]>=2.67.0,<2.68",  # From 2.68 on DirectRunner downloads the Prism binary.
    "dill>=0.3.1",  # tfx-bsl imports it, Beam 2.67 brings it only as an extra.
    "google-cloud-aiplatform>=1.165,<2",  # Older ones do not bound the active runs of a schedule.
    "kfp>=2.5.0,<2.6",  # Later ones need a protobuf that tensorflow-metadata 1.16 refuses.
    "protobuf>=3.20.3,<4",
    "setuptools<81",  # kfp 2.5.0 imports pkg_resources.
    "click>=8.1,<9",
    "isal>=1.7,<2",  # GZIP at five times zlib's speed: most of the time of writing shards.
    "jinja2>=3.1,<4",
    "matplotlib>=3.9,<4",
    "numpy>=1.22,<2",
    "pyarrow>=10,<11",
    "pydantic>=2.10,<3",
    "pyyaml>=6,<7",
    "rich>=13,<15",
    "scikit-learn>=1.5,<1.6",
    "scipy>=1.10,<1.13",
    "threadpoolctl>=3.1,<4",
]
TFDS = [
    # For CPython alone: else uv resolves for PyPy too, and ml-metadata has no wheels for it.
    "tensorflow-datasets>=4.9.9,<5; platform_python_implementation == 'CPython'",
]
DEV = [
    *TFDS,
    "build>=1.2",
    "codespell>=2.3",
    "hypothesis>=6.100",
    "imbalanced-learn>=0.12,<0.15",
    "mypy>=1.13",
    "pytest>=8",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.6",
    "ruff>=0.8",
    "selenium>=4.20,<5",  # Drives the Chromium that opens the pages of runs.
    "types-PyYAML",
    "wheel>=0.44",
]


def packages() -> list[str]:
    """Returns every package name under `tfx_rebalance`, whatever room it lies in."""
    return sorted(
        name
        for package, folder in ROOMS.items()
        for name in [package, *(f"{package}.{p}" for p in find_packages(str(ROOT / folder)))]
    )


setup(
    packages=packages(),
    package_dir=ROOMS,
    install_requires=RUNTIME,
    extras_require={"dev": DEV, "tfds": TFDS},
)
