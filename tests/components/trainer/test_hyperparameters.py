"""What a tuner hands on comes back as it was, in the place where it belongs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.trainer.hyperparameters import decoded, encoded, replaced, settled
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.errors import ConfigError

WORDS = st.text("abcdefgh_", min_size=1)
INSIDE = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
    max_leaves=5,
)
SECTIONS = st.dictionaries(WORDS, INSIDE)
CHOICES = st.one_of(
    st.lists(st.integers(), min_size=1),
    st.lists(st.booleans(), min_size=1),
    st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9), min_size=1),
    st.lists(WORDS.filter(lambda word: word != "null") | st.lists(INSIDE) | SECTIONS | st.none()),
)


@given(choices=CHOICES)
def test_choices_come_back_and_are_of_one_type(choices):
    plain = encoded(choices)
    assert [decoded(value) for value in plain] == choices
    assert len({type(value) for value in plain}) <= 1


def test_groups_are_taken_apart_and_the_tuners_own_values_are_left_out():
    values = {
        "tuner/epochs": 3,
        "treatment": '{"loss": "focal", "loss_parameters.gamma": 1}',
        "class_weights": '{"a": 2.0}',
    }
    assert settled(values, ["loss", "class_weights"]) == {
        "loss": "focal",
        "loss_parameters.gamma": 1,
        "class_weights": {"a": 2.0},
    }


def test_another_loss_does_not_inherit_parameters():
    settings = TrainerSettings(loss="focal", loss_parameters={"gamma": 1}, class_weights="none")
    other = settings.with_hyperparameters({"loss": "logit_adjusted"})
    assert (other.loss, other.loss_parameters) == ("logit_adjusted", {})
    same = settings.with_hyperparameters({"loss": "focal", "learning_rate": 0.1})
    assert (same.loss_parameters, same.learning_rate) == ({"gamma": 1}, 0.1)
    new = {"loss": "ldam", "loss_parameters.start": 0.5}
    assert settings.with_hyperparameters(new).loss_parameters == {"start": 0.5}


def test_a_section_keeps_what_is_not_searched():
    settings = TrainerSettings(model_parameters={"dropout": 0.2, "hidden_units": [8]})
    found = settings.with_hyperparameters({"model_parameters.hidden_units": "[4, 2]"})
    assert found.model_parameters == {"dropout": 0.2, "hidden_units": [4, 2]}
    assert settings.model_parameters == {"dropout": 0.2, "hidden_units": [8]}


def test_settings_are_not_changed_in_place():
    before = {"section": {"key": 1}}
    assert replaced(before, {"section.key": 2}) == {"section": {"key": 2}}
    assert before == {"section": {"key": 1}}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"learning_rate": -1}, "trainer.learning_rate: Input should be greater than 0, got -1"),
        ({"lr": 1}, "trainer.lr: Extra inputs are not permitted, got 1"),
        ({"ensemble.members": 3}, "trainer.ensemble.members: ensemble is None, not a section"),
        ({"loss": "ldam"}, "loss: ldam makes up for rare classes itself"),
    ],
)
def test_what_does_not_fit_is_told(values, message):
    with pytest.raises(ConfigError, match=message):
        TrainerSettings().with_hyperparameters(values)
