"""The image: what its build says is what the locks say, and what the tests run in.

Nothing is built here. What can be run without a Docker engine is: the shell lines that pick from
the locks, the check at the end of the build, the script that calls docker.
"""

import fnmatch
import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "kubeflow"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
PYTHON = "3.10"
SITE = f"/usr/local/lib/python{PYTHON}/site-packages"


def instructions():
    """Returns stage -> its instructions, each in one line; a stage without a name is `default`."""
    lines = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    stages, name = {}, ""
    for line in filter(None, lines):
        if line.startswith("FROM"):
            name = line.split(" AS ")[1] if " AS " in line else "default"
            stages[name] = []
        stages[name].append(" ".join(line.split()))
    return stages


STAGES = instructions()


def base_of(stage):
    return STAGES[stage][0].split()[1]


def of_kind(stage, kind):
    """Returns the instructions of a kind in a stage, without its name."""
    return [line.partition(" ")[2] for line in STAGES[stage] if line.startswith(kind + " ")]


def environment(stage):
    """Returns the variables that a stage sets, those of its own filled in."""
    found = {}
    for line in of_kind(stage, "ENV"):
        for word in line.split():
            key, _, value = word.partition("=")
            found[key] = re.sub(r"\$\{(\w+)\}", lambda m: found.get(m[1], m[0]), value)
    return found


def pins(name):
    """Returns package -> version of a lock, on the platform of the image."""
    linux = {"sys_platform": "linux", "platform_machine": "x86_64", "python_full_version": PYTHON}
    lines = re.findall(r"^[a-z0-9][^\n\\]*", (ROOT / "requirements" / name).read_text(), re.M)
    parsed = [Requirement(line) for line in lines]
    return {
        canonicalize_name(found.name): str(found.specifier).removeprefix("==")
        for found in parsed
        if found.marker is None or found.marker.evaluate(linux)
    }


RUNTIME, GPU = pins("runtime.txt"), pins("gpu.txt")


def shell(command, folder):
    """Runs a line of the Dockerfile in a folder with the locks, up to the first pip."""
    (folder / "requirements").mkdir()
    for name in ("runtime.txt", "gpu.txt"):
        (folder / "requirements" / name).write_text((ROOT / "requirements" / name).read_text())
    only = re.split(r" && (?:PIP_CONSTRAINT=\S+ )?pip ", command)[0]
    subprocess.run(["sh", "-c", only], cwd=folder, check=True)


# Versions.


def test_the_stages_are_those_that_are_spoken_of():
    assert [*STAGES] == ["beam", "wheels", "nvidia", "cpu", "gpu", "dataflow", "default"]
    assert (base_of("gpu"), base_of("dataflow"), base_of("default")) == ("cpu", "cpu", "cpu")
    assert STAGES["default"] == ["FROM cpu"]


def test_python_is_one_and_the_same():
    assert base_of("wheels") == base_of("cpu")
    assert re.match(r"python:3\.10-slim", base_of("cpu"))
    assert platform.python_version().startswith(f"{PYTHON}.")
    [wanted] = re.findall(r'requires-python = "(.*)"', (ROOT / "pyproject.toml").read_text())
    assert SpecifierSet(wanted).contains(f"{PYTHON}.0")
    assert environment("gpu")["NVIDIA"] == f"{SITE}/nvidia"


def test_beams_boot_binary_is_of_the_version_and_python_of_the_lock():
    [python, version] = re.match(
        r"apache/beam_python([\d.]+)_sdk:([\d.]+)$", base_of("beam")
    ).groups()
    assert python == PYTHON
    assert version == RUNTIME["apache-beam"] == metadata.version("apache-beam")
    assert "--from=beam /opt/apache/beam /opt/apache/beam" in of_kind("cpu", "COPY")
    assert of_kind("cpu", "ENTRYPOINT") == ['["/opt/apache/beam/boot"]']


@pytest.mark.parametrize("name", ["tfx", "tensorflow", "kfp", "protobuf", "keras", "numpy"])
def test_the_locks_say_what_the_tests_run_in(name):
    assert RUNTIME[name] == GPU[name] == metadata.version(name)


def test_everything_of_the_lock_is_what_the_tests_run_in():
    # The first of a name is what is imported: setuptools appends copies of its own to the path.
    found = reversed(list(metadata.distributions()))
    installed = {canonicalize_name(d.metadata["Name"]): d.version for d in found}
    other = {n: (v, installed.get(n)) for n, v in RUNTIME.items() if installed.get(n) != v}
    assert other == {}


def test_the_locks_differ_by_nvidias_wheels_only():
    added = GPU.keys() - RUNTIME.keys()
    assert added
    assert all(name.startswith("nvidia-") for name in added)
    assert {name: GPU[name] for name in RUNTIME} == RUNTIME


# The build.


def test_the_lock_is_installed_with_its_hashes_and_nothing_beside_it():
    [_, lock, own] = of_kind("wheels", "RUN")
    assert "--no-deps --use-pep517 --require-hashes --requirement requirements/runtime.txt" in lock
    assert "--no-deps" in own
    [nvidia] = of_kind("nvidia", "RUN")
    assert "--no-deps --require-hashes --requirement nvidia.txt" in nvidia
    for stage in ("cpu", "gpu"):
        installs = [run for run in of_kind(stage, "RUN") if "pip install" in run]
        assert installs
        assert all("--no-index --no-deps" in run for run in installs)


def test_sources_are_built_with_the_locks_setuptools(tmp_path):
    [_, lock, _] = of_kind("wheels", "RUN")
    shell(lock, tmp_path)
    wanted = f"setuptools=={RUNTIME['setuptools']}\n"
    assert (tmp_path / "build-constraints.txt").read_text() == wanted


def test_the_gpu_stage_adds_nvidias_wheels_with_their_hashes_and_no_others(tmp_path):
    [command] = of_kind("nvidia", "RUN")
    shell(command, tmp_path)
    text = (tmp_path / "nvidia.txt").read_text()
    found = dict(re.findall(r"^(\S+)==(\S+)", text, re.MULTILINE))
    assert found == {name: GPU[name] for name in GPU.keys() - RUNTIME.keys()}
    blocks = re.split(r"^(?=nvidia)", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)


def test_every_library_of_nvidia_is_where_it_is_looked_for():
    paths = environment("gpu")["LD_LIBRARY_PATH"].split(":")
    folders = [re.fullmatch(rf"{SITE}/nvidia/(\w+)/lib", path)[1] for path in paths]
    wheels = [name.removeprefix("nvidia-").removesuffix("-cu12").replace("-", "_")
              for name in GPU.keys() - RUNTIME.keys()]  # fmt: skip
    assert sorted(folders) == sorted({*wheels} - {"cuda_nvcc"})
    assert environment("gpu")["PATH"] == f"{SITE}/nvidia/cuda_nvcc/bin:${{PATH}}"


@pytest.mark.parametrize(("stage", "check"), [("cpu", ""), ("gpu", " --gpu")])
def test_a_stage_ends_with_its_checks_and_without_root(stage, check):
    assert of_kind(stage, "RUN")[-1] == f"pip check && python /opt/check_image.py{check}"
    assert of_kind(stage, "USER")[-1] == "1000:1000"
    order = [line.split()[0] for line in STAGES[stage]]
    assert max(i for i, kind in enumerate(order) if kind == "RUN") > order.index("USER")


def test_workers_keep_to_the_environment_of_the_image():
    assert environment("cpu")["RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT"] == "1"


def test_only_dataflows_stage_ends_as_root():
    assert of_kind("dataflow", "USER") == ["0"]


# What the build gets to see.


def is_ignored(path):
    """Returns what .dockerignore says of a path: the last line that fits it or a folder above."""
    ignored = False
    names = [path, *map(str, Path(path).parents)][:-1]
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if not pattern or pattern.startswith("#"):
            continue
        deep = [pattern, pattern.removeprefix("**/")] if pattern.startswith("**/") else [pattern]
        if any(_fits(name, one, anywhere=len(deep) > 1) for name in names for one in deep):
            ignored = not line.startswith("!")
    return ignored


def _fits(name, pattern, *, anywhere):
    return fnmatch.fnmatch(Path(name).name if anywhere else name, pattern) and (
        anywhere or "/" not in name or "/" in pattern or pattern != "*"
    )


def copied():
    """Returns every path that the Dockerfile copies from the tree."""
    lines = [line for stage in STAGES for line in of_kind(stage, "COPY")]
    return [word for line in lines if "--from" not in line for word in line.split()[:-1]]


def test_what_is_copied_is_there_and_not_ignored():
    assert {"src", "setup.py", "requirements/runtime.txt", "kubeflow/check_image.py"} <= {*copied()}
    for path in copied():
        assert (ROOT / path).exists()
        assert not is_ignored(path), path


def test_the_wheel_gets_every_room_that_setup_py_names():
    rooms = re.findall(r'"tfx_rebalance[\w.]*": "(\w+)', (ROOT / "setup.py").read_text())
    assert {*rooms} <= {*copied()}
    for package in sorted((ROOT / "components").rglob("*.py")):
        assert not is_ignored(str(package.relative_to(ROOT)))


@pytest.mark.parametrize(
    "path",
    [".git", ".venv", "tests/conftest.py", "output", "kubeflow/README.md",
     "components/rebalance/README.md", "src/tfx_rebalance/__pycache__/x.pyc"],
)  # fmt: skip
def test_nothing_else_is_sent_to_the_engine(path):
    assert is_ignored(path)


def test_the_folder_is_no_room_of_the_package():
    assert "kubeflow" not in re.findall(r'": "([\w/]+)"', (ROOT / "setup.py").read_text())
    assert not (FOLDER / "__init__.py").exists()


# What the build runs at its end.


def check_image(folder, *, code="", arguments=()):
    """Runs the check in a fresh interpreter outside the tree, after `code`."""
    program = (
        f"import runpy, sys; sys.path.insert(0, {str(FOLDER)!r}); import check_image\n{code}\n"
        f"sys.exit(check_image.main({list(arguments)!r}))"
    )
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip


def in_golden_files(pattern):
    texts = [path.read_text() for path in sorted((ROOT / "tests" / "golden").glob("*.yaml"))]
    assert texts
    return {found for text in texts for found in re.findall(pattern, text)}


@pytest.mark.tfx
@pytest.mark.slow
def test_the_check_imports_every_executor_and_artifact_that_a_spec_names(tmp_path):
    done = check_image(tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    imported = {*done.stdout.split()}
    executors = in_golden_files(r"\b(tfx[\w.]*\.executor\.Executor)\b")
    assert len(executors) > 8
    assert executors <= imported
    assert in_golden_files(r"title: (tfx_rebalance\.\w+)") <= imported


@pytest.mark.tfx
@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("check_image.modules = lambda: []", "has no component: it is not installed whole."),
        ("check_image.STOCK = ('tfx.components.gone.executor.Executor',)", "tfx.components.gone"),
        ("check_image.STOCK = ('pathlib.Path',)", "pathlib.Path is no executor: it has no Do."),
        ("check_image.artifacts = lambda: ['tfx_rebalance.Gone']", "Gone"),
    ],
)
def test_the_check_fails_for_what_is_missing(tmp_path, code, message):
    if "modules" not in code:
        code += "\ncheck_image.modules = check_image.executors = lambda: []"
    done = check_image(tmp_path, code=code)
    assert done.returncode != 0
    assert message in done.stderr


def test_the_check_of_libraries_fails_for_an_empty_folder(tmp_path):
    (tmp_path / "cuda_nvcc" / "bin").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libcudart.so.12").touch()
    answers = []
    for folder in ("empty", "lib"):
        found = {"NVIDIA": str(tmp_path), "LD_LIBRARY_PATH": str(tmp_path / folder)}
        code = f"import os\nos.environ.update({found!r})\ncheck_image.libraries()"
        done = check_image(tmp_path, code=code)
        answers.append(done.stderr.strip().splitlines()[-1])
    assert answers[0].endswith("is empty: LD_LIBRARY_PATH does not fit the NVIDIA wheels.")
    assert answers[1] == "ptxas of nvidia-cuda-nvcc-cu12 is missing or cannot be started."


# make image.


def build(tmp_path, stage=(), *, engine, **variables):
    """Runs the script with a `docker` that answers or does not; returns how it ended."""
    folder = tmp_path / "bin"
    folder.mkdir()
    docker = folder / "docker"
    answer = f'echo "$@" >> {tmp_path}/calls' if engine else "exit 1"
    docker.write_text(f"#!/bin/sh\n{answer}\n")
    docker.chmod(0o755)
    return subprocess.run(
        [str(ROOT / "scripts" / "image.sh"), *stage],
        capture_output=True, text=True, check=False,
        env={"PATH": f"{folder}:{os.environ['PATH']}", **variables},
    )  # fmt: skip


def test_without_a_docker_engine_it_says_so(tmp_path):
    done = build(tmp_path, engine=False)
    assert done.returncode == 1
    assert "no Docker engine answers here" in done.stderr


def test_a_stage_that_is_not_there_is_refused(tmp_path):
    done = build(tmp_path, ["tpu"], engine=True)
    assert done.returncode == 2
    assert "tpu is no stage of kubeflow/Dockerfile; allowed: cpu, gpu, dataflow." in done.stderr


@pytest.mark.parametrize(
    ("stage", "suffix"), [([], ""), (["gpu"], "-gpu"), (["dataflow"], "-dataflow")]
)
def test_with_one_the_stage_is_built_under_the_name_that_configs_expect(tmp_path, stage, suffix):
    from tfx_rebalance import __version__

    done = build(tmp_path, stage, engine=True, IMAGE="registry.example/rebalance")
    assert done.returncode == 0, done.stderr
    call = (tmp_path / "calls").read_text().splitlines()[-1].split()
    assert call[call.index("--tag") + 1] == f"registry.example/rebalance:{__version__}{suffix}"
    assert call[call.index("--target") + 1] in STAGES
    assert call[call.index("--file") + 1] == "kubeflow/Dockerfile"


def test_the_example_images_are_named_by_digest():
    config = yaml.safe_load((FOLDER / "schedules" / "card_fraud.yaml").read_text())
    assert all("@sha256:" in config[target]["image"] for target in ("kubeflow", "vertex"))
