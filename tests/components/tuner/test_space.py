"""The space of a search: every setting in it is one of the Trainer's, or the config is refused."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tfx_rebalance.components.trainer.losses.registry import LOSSES
from tfx_rebalance.components.trainer.models.registry import MODELS
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.components.tuner.settings import Option, TunerSettings
from tfx_rebalance.components.tuner.space import (
    default_search,
    hyperband_rounds,
    planned_trials,
    space_of,
    told,
    trial_settings,
)
from tfx_rebalance.errors import ConfigError

TRAINER = TrainerSettings()


@pytest.mark.parametrize("model", MODELS)
@given(seed=st.integers())
def test_any_trial_of_the_default_space_is_a_setting_of_the_trainer(model, seed):
    trainer = TrainerSettings(model=model)
    draw = random.Random(seed)
    space = space_of(TunerSettings(), trainer)
    values = {key: draw.choice(option.plain) for key, option in space.items()}
    chosen = trial_settings(trainer, values, epochs=None)
    assert chosen.learning_rate == values["learning_rate"]
    assert chosen.optimizer == values["optimizer"]
    assert chosen.model == model


def test_the_default_space_covers_rate_width_depth_dropout_optimizer_losses_and_weights():
    space = default_search(TRAINER)
    units = space["model_parameters.hidden_units"].choices
    assert {len(u) for u in units} > {2}
    assert len({u[0] for u in units}) > 2
    assert {"learning_rate", "model_parameters.dropout", "optimizer"} <= set(space)
    treatments = space["treatment"].choices
    assert {t["loss"] for t in treatments} == set(LOSSES) - {"class_balanced"}
    weights = [t["class_weights"] for t in treatments]
    assert all(scheme in weights for scheme in ("none", "sqrt", "balanced"))
    assert len({w["beta"] for w in weights if isinstance(w, dict)}) == 3


def test_every_treatment_goes_without_a_calibration():
    trainer = TrainerSettings(calibration="none")
    settings = TunerSettings(algorithm="random")
    assert space_of(settings, trainer) == default_search(trainer)


def _search(**search):
    return TunerSettings(algorithm="random", search=search)


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (
            {"learning_rat": {"low": 1, "high": 2}},
            r"tuner.search.learning_rat is no key of trainer \(did you mean 'learning_rate'\?\)",
        ),
        ({"learning_rate": {"low": 0, "high": 1}}, "tuner.search.learning_rate 0 does not fit"),
        (
            {"model_parameters.dropout": {"low": 0.0, "high": 1.0}},
            "tuner.search.model_parameters.dropout 1.0 does not fit: .*less than 1, got 1.0",
        ),
        (
            {"model_parameters.hidden_unit": {"choices": [1]}},
            "model_parameters.hidden_unit of model: mlp is wrong",
        ),
        (
            {"optimizer": {"choices": ["adam", "addam"]}},
            "tuner.search.optimizer addam does not fit",
        ),
        (
            {"loss": {"choices": ["cross_entropy", "ldam"]}},
            "tuner.search.loss ldam does not fit: .*Set class_weights: none. Choose what belongs",
        ),
        (
            {
                "ensemble": {"choices": [{"method": "self_paced"}]},
                "calibration": {"choices": ["auto", "none"]},
            },
            "tuner.search.ensemble .*self_paced.* with tuner.search.calibration none does not fit",
        ),
        (
            {
                "some": {"choices": [{"optimizer": "adam"}]},
                "optimizer": {"choices": ["sgd"]},
            },
            "tuner.search names optimizer twice",
        ),
        (
            {"some": {"choices": [{"optimiser": "adam"}]}},
            "trainer.optimiser: Extra inputs are not permitted, got 'adam'",
        ),
    ],
)
def test_a_search_that_is_not_of_the_trainers_settings_is_refused(search, message):
    with pytest.raises(ConfigError, match=message):
        space_of(_search(**search), TRAINER)


def test_hyperband_refuses_epochs_and_a_space_it_would_run_dry():
    with pytest.raises(ConfigError, match="hyperband sets the epochs of its trials itself"):
        space_of(TunerSettings(search={"epochs": {"low": 1, "high": 9}}), TRAINER)
    few = {"batch_size": {"choices": [32, 64]}, "patience": {"low": 1, "high": 4}}
    with pytest.raises(ConfigError, match=r"has 8 different trials, hyperband .* at least 44"):
        space_of(TunerSettings(search=few), TRAINER)
    assert space_of(_search(**few), TRAINER)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"low": 1}, "needs low < high, got 1 and None"),
        ({"low": 2, "high": 1}, "needs low < high"),
        ({}, "needs either choices"),
        ({"low": 1, "high": 2, "choices": [1]}, "needs either choices"),
        ({"choices": [1], "step": 1}, "step and sampling mean nothing"),
        ({"choices": [[1], [1]]}, r"has \[1\] twice"),
        ({"choices": []}, "at least 1 item"),
        ({"low": 0.0, "high": 1.0, "sampling": "log"}, "needs low > 0"),
        ({"low": 0.1, "high": 1.0, "sampling": "log", "step": 0.1}, "and no step"),
    ],
)
def test_what_is_no_option_is_refused(wrong, message):
    with pytest.raises(ValidationError, match=message):
        Option.model_validate(wrong)


@given(low=st.integers(-50, 50), steps=st.integers(1, 50), step=st.integers(1, 9))
def test_an_option_counts_its_values(low, steps, step):
    high = low + steps * step
    option = Option(low=low, high=high, step=step)
    assert option.values == len(range(low, high + 1, step))
    assert Option(low=low, high=high).values == high - low + 1
    assert Option(low=float(low), high=float(high)).values is None
    assert Option(choices=tuple(range(steps))).values == steps


def test_a_trials_epochs_are_the_tuners_then_the_searchs_then_the_trainers():
    def epochs(values, given):
        return trial_settings(TrainerSettings(epochs=40), values, epochs=given).epochs

    assert epochs({"tuner/epochs": 3}, None) == 3
    assert epochs({"epochs": 5}, 7) == 5
    assert epochs({"learning_rate": 0.1}, 7) == 7
    assert epochs({"learning_rate": 0.1}, None) == 40


def test_hyperbands_rounds_are_those_of_the_paper_but_for_the_last_sizes():
    """For 81 epochs and factor 3 the epochs are those of Li et al. 2018, table 1."""
    rounds = hyperband_rounds(81, factor=3)
    assert [[epochs for _, epochs in bracket] for bracket in rounds] == [
        [1, 3, 9, 27, 81], [3, 9, 27, 81], [9, 27, 81], [27, 81], [81]
    ]  # fmt: skip
    assert [bracket[0][0] for bracket in rounds] == [81, 34, 15, 8, 5]
    assert planned_trials(TunerSettings()) == 30
    assert planned_trials(TunerSettings(algorithm="random", max_trials=7)) == 7


def test_settings_survive_the_way_through_json():
    for given_ in ({"from": "latest"}, {"algorithm": "bayesian", "max_trials": 3}):
        settings = TunerSettings.model_validate(given_)
        text = settings.model_dump_json(by_alias=True)
        assert TunerSettings.model_validate_json(text) == settings


def test_a_trial_is_told_without_what_is_the_tuners_own():
    assert told({"learning_rate": 0.00123456, "optimizer": "adam", "tuner/epochs": 3}) == (
        "learning_rate 0.00123, optimizer adam"
    )
