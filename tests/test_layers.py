"""Imports point one way, and files and functions stay small enough to read."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {
    "src/tfx_rebalance": "tfx_rebalance",
    **{r: f"tfx_rebalance.{r}" for r in ("components", "pipeline")},
}

FILE_LINES, FUNCTION_LINES, DO_LINES = 250, 30, 40

LAYERS = {
    "transforms": {"executor", "component"},
    "executor": {"component"},
    "component": set(),
}
"""A component's files with a place in the order, and those beside them that they may not import."""
PURE = {"transforms", "executor", "component"}
"""What every other file of a component may not import of its own folder."""
USES = {"tuner": {"trainer"}}
"""Components that may import another one's inside, and whose: a trial is trained and measured as
the Trainer does it (docs/adr/0017)."""
CALLED_BY_TFX = {"run_fn", "tuner_fn", "metrics", "computations", "extractors"}
"""Files that TFX and TFMA call with types of their own."""
ABOVE_THE_DAG = (
    "dag", "targets.compiling", "runners", "schedules", "outcome", "facts", "run",
    "compile_commands", "cli",
)  # fmt: skip
"""The pipeline's files from the lowest to the highest; each may import those before it."""


def modules():
    """Returns (dotted name, path) of every module of the package."""
    return [
        (".".join([package, *path.relative_to(ROOT / room).with_suffix("").parts]), path)
        for room, package in ROOMS.items()
        for path in sorted((ROOT / room).rglob("*.py"))
    ]


MODULES = modules()
EVERY_MODULE = pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path):
    """Returns what a file imports, wherever in it, as dotted names."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def inside(imported, package):
    return imported == package or imported.startswith(package + ".")


def folder_of(name):
    """Returns a component's folder as a dotted name, or None for what is no component."""
    parts = name.split(".")
    return ".".join(parts[:3]) if parts[1] == "components" and len(parts) > 3 else None


def layer_of(name):
    """Returns the file or folder right under a component's: `transforms` may be either."""
    return name.split(".")[3]


def test_the_rooms_are_found():
    names = {name for name, _ in MODULES}
    assert {"tfx_rebalance.draws", "tfx_rebalance.components.rebalance.targets.plan"} <= names
    assert "tfx_rebalance.pipeline.dag" in names


@EVERY_MODULE
def test_imports_are_absolute(name, path):
    nodes = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.ImportFrom)]
    assert [node.lineno for node in nodes if node.level] == []


@EVERY_MODULE
def test_no_room_imports_one_above_it(name, path):
    room = name.split(".")[1]
    above = {"components": ["pipeline"], "pipeline": []}.get(room, ["components", "pipeline"])
    wrong = [i for i in imports_of(path) for r in above if inside(i, f"tfx_rebalance.{r}")]
    assert wrong == []


@EVERY_MODULE
def test_a_component_imports_no_other_components_inside(name, path):
    own = folder_of(name)
    if own:
        parent, _, component = own.rpartition(".")
        allowed = [own, *(f"{parent}.{used}" for used in USES.get(component, ()))]
        others = [i for i in imports_of(path) if i.startswith("tfx_rebalance.components.")]
        assert [i for i in others if not any(inside(i, a) for a in allowed)] == []


@EVERY_MODULE
def test_within_a_component_imports_point_from_the_wiring_to_the_pure(name, path):
    own = folder_of(name)
    if own:
        forbidden = LAYERS.get(layer_of(name), PURE)
        assert [i for i in imports_of(path) for f in forbidden if inside(i, f"{own}.{f}")] == []


@EVERY_MODULE
def test_only_the_wiring_of_a_component_knows_beam_and_tfx(name, path):
    if folder_of(name) and layer_of(name) not in {*LAYERS, *CALLED_BY_TFX}:
        found = imports_of(path)
        assert [i for i in found if inside(i, "apache_beam") or inside(i, "tfx")] == []


@EVERY_MODULE
def test_within_the_pipeline_only_what_is_above_the_dag_imports_it(name, path):
    parts = name.split(".")
    if parts[1] == "pipeline" and len(parts) > 2:
        own = next((f for f in ABOVE_THE_DAG if inside(".".join(parts[2:]), f)), None)
        place = ABOVE_THE_DAG.index(own) if own else 0
        higher = [f for f in ABOVE_THE_DAG[place:] if f != own]
        package = "tfx_rebalance.pipeline"
        assert [i for i in imports_of(path) for f in higher if inside(i, f"{package}.{f}")] == []


def lines_of(function):
    """Returns the lines of a function's body: without signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@EVERY_MODULE
def test_a_file_is_short(name, path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES


@EVERY_MODULE
def test_a_function_is_short(name, path):
    if name == "tfx_rebalance.pipeline.dag":
        return  # It reads like a drawing, from the first node to the last.
    functions = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.FunctionDef)]
    limits = {f.name: DO_LINES if f.name == "Do" else FUNCTION_LINES for f in functions}
    assert [(f.name, lines_of(f)) for f in functions if lines_of(f) > limits[f.name]] == []
