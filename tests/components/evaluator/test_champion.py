"""The last released model beside the candidate: whom it may be compared with, and on which rows."""

import json

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix
from support.evaluator_runs import rows_of, save_model, served_decisions
from support.evaluator_world import (
    CLASSES,
    FEATURES,
    FRAME,
    GOOD,
    LABELS,
    files_of,
    make_world,
    properties_of,
)

from tfx_rebalance.components.evaluator.executor import check_comparable
from tfx_rebalance.components.evaluator.settings import GateSettings
from tfx_rebalance.errors import ModelError
from tfx_rebalance.features import Feature, Features
from tfx_rebalance.files import RELEASES
from tfx_rebalance.gate import read_gate
from tfx_rebalance.releases import tree_digest, write_row_keys

pytestmark = pytest.mark.tfx

KNOWN = 40
"""Rows of `eval`, the first, that the champion was fitted on."""


def features(*inputs, label="y", classes=("a", "b"), optional=()):
    return Features(
        inputs=tuple(
            Feature(
                name=name, dtype=dtype, categorical=dtype == "string", optional=name in optional
            )
            for name, dtype in inputs
        ),
        label=label,
        label_dtype="string",
        classes=classes,
    )


NOW = features(("x", "float"), ("s", "string"))


@pytest.mark.parametrize("champion", [NOW, features(("x", "float"))])
def test_a_champion_with_fewer_inputs_and_the_same_classes_is_compared(champion):
    check_comparable(NOW, champion=champion)


@pytest.mark.parametrize(
    ("champion", "words"),
    [
        (features(("x", "float"), label="z"), "its label is 'z'"),
        (features(("x", "float"), classes=("b", "a")), "its classes are b, a, now they are a, b"),
        (features(("gone", "int")), r"it needs the inputs gone \(int\)"),
        (features(("x", "string")), r"it needs the inputs x \(string\)"),
    ],
)
def test_another_label_order_of_classes_or_input_is_refused(champion, words):
    with pytest.raises(ModelError, match=f"{words}.*champion: null"):
        check_comparable(NOW, champion=champion)


def test_an_input_that_the_champion_needs_in_every_row_and_may_be_missing_now_is_refused():
    now = features(("x", "float"), ("s", "string"), optional=("x", "s"))
    champion = features(("x", "float"), ("s", "string"), optional=("s",))
    words = r"it needs the inputs x \(float\) in every row, .* may be missing.*champion: null"
    with pytest.raises(ModelError, match=words):
        check_comparable(now, champion=champion)


@pytest.mark.parametrize("optional", [("x", "s"), ("s",), ()])
def test_a_champion_that_does_without_the_inputs_that_may_be_missing_is_compared(optional):
    now = features(("x", "float"), ("s", "string"), optional=optional)
    champion = features(("x", "float"), ("s", "string"), optional=("x", "s"))
    check_comparable(now, champion=champion)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def compared(world, tmp_path_factory):
    """Returns a comparison with a champion whose release says what it was fitted on."""
    folder, champion = tmp_path_factory.mktemp("compared"), world.models["other"]
    releases = folder / RELEASES
    releases.mkdir()
    train = rows_of(folder / "train", FRAME.iloc[:KNOWN], label="y")["examples"]
    write_row_keys(str(releases / "7.rows"), [f"{train.uri}/Split-eval"])
    digest = tree_digest(f"{champion.uri}/Format-Serving")
    manifest = {"version": "7", "model_sha256": digest, "fitted_rows": "7.rows"}
    (releases / "7.json").write_text(json.dumps(manifest))
    return world.evaluate(
        folder / "out",
        GateSettings(champion={"margin": 0.3}),
        model="never_c",
        baseline_model=champion,
        released=str(folder),
    )


@pytest.mark.slow
def test_pairs_are_counted_without_the_rows_that_the_champion_was_fitted_on(world, compared):
    gate = read_gate(str(compared.uri))
    assert (gate.champion, gate.excluded_rows) == ("compared", KNOWN)
    assert gate.champions == pairs_of(gate, world, first=KNOWN)
    decided = served_decisions(world.models["never_c"], world.rows["examples"])
    matrix = confusion_matrix(LABELS, decided, labels=range(3)).tolist()
    assert np.array(gate.confusion).tolist() == matrix  # For the bars all rows count.


def pairs_of(gate, world, *, first):
    """Returns the cells with the counts of the rows from `first` on."""
    one, two = (
        served_decisions(world.models[name], world.rows["examples"]) == LABELS
        for name in ("never_c", "other")
    )
    cells = []
    for index, cell in enumerate(gate.champions):
        of_class = np.equal(LABELS, index) & (np.arange(len(LABELS)) >= first)
        ways = {
            "both": one & two,
            "gained": one & ~two,
            "lost": ~one & two,
            "neither": ~one & ~two,
        }
        counts = {name: int((way & of_class).sum()) for name, way in ways.items()}
        cells.append(cell.model_copy(update={"label": CLASSES[index], **counts}))
    return tuple(cells)


@pytest.mark.slow
def test_a_lost_class_is_not_blessed_and_the_blessing_names_both_models(world, compared):
    gate = read_gate(str(compared.uri))
    assert [cell.verdict for cell in gate.champions] == ["pass", "pass", "fail"]
    assert any("from the champion's" in reason for reason in gate.reasons)
    assert files_of(compared.blessing) == ["NOT_BLESSED"]
    assert properties_of(compared.blessing) == {
        "blessed": 0,
        "current_model": world.models["never_c"].uri,
        "current_model_id": 12,
        "baseline_model": world.models["other"].uri,
        "baseline_model_id": 13,
    }


@pytest.mark.slow
def test_a_release_that_does_not_say_what_it_was_fitted_on_leaves_every_row_in(world, tmp_path):
    settings = GateSettings(min_recall={"default": 0.5}, champion={"margin": 0.3})
    champion = world.models["other"]
    found = world.evaluate(tmp_path, settings, model="good", baseline_model=champion)
    gate = read_gate(str(found.uri))
    assert gate.excluded_rows is None
    assert sum(c.both + c.gained + c.lost + c.neither for c in gate.champions) == len(LABELS)
    assert gate.passed
    assert files_of(found.blessing) == ["BLESSED"]
    assert properties_of(found.blessing)["baseline_model_id"] == champion.id


def refused(world, champion, folder):
    """Returns what is said of a champion that nothing is measured against."""
    with pytest.raises(ModelError) as error:
        world.evaluate(folder, GateSettings(), model="good", baseline_model=champion)
    assert not (folder / "evaluation").exists()
    assert not (folder / "blessing").exists()
    return str(error.value)


def test_a_champion_with_other_classes_is_refused_before_anything_is_measured(world, tmp_path):
    other = FEATURES.model_copy(update={"classes": ("a", "c", "b")})
    champion = save_model(tmp_path / "m", other, weights=GOOD, thresholds=[1, 1, 1])
    said = refused(world, champion, tmp_path / "out")
    assert "its classes are a, c, b, now they are a, b, c" in said
    assert "champion: null" in said


@pytest.mark.parametrize(
    "damaged", ["saved_model.pb", "variables/variables.index", "assets.extra/features.json"]
)
@pytest.mark.parametrize("damage", ["gone", "cut off"])
def test_a_champion_that_does_not_load_is_named_with_a_remedy(world, tmp_path, damaged, damage):
    champion = save_model(tmp_path / "m", FEATURES, weights=GOOD, thresholds=[1, 1, 1])
    file = tmp_path / "m" / "Format-Serving" / damaged
    content = file.read_bytes()
    file.unlink()
    if damage == "cut off":
        file.write_bytes(content[: len(content) // 2])
    said = refused(world, champion, tmp_path / "out")
    assert f"the last released model, '{champion.uri}/Format-Serving', does not load" in said
    assert "Restore its files, or release once with evaluate.champion: null" in said
