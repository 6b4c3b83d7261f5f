"""Losses and decision rules by name, with their parameters, before anything is trained."""

import pytest
from pydantic import ValidationError

from tfx_rebalance.components.trainer.losses.registry import LOSSES
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.components.trainer.thresholds.registry import RULES

NEEDED = {"min_recall": {"min_recall": "gate"}, "cost": {"cost": [[0, 1], [5, 0]]}}


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_can_be_named(name):
    settings = TrainerSettings(loss=name, class_weights="none")
    again = TrainerSettings.model_validate_json(settings.model_dump_json())
    assert type(again.chosen_loss) is type(settings.chosen_loss)


@pytest.mark.parametrize("name", RULES)
def test_every_decision_rule_can_be_named(name):
    settings = TrainerSettings(decision=name, decision_parameters=NEEDED.get(name, {}))
    again = TrainerSettings.model_validate_json(settings.model_dump_json())
    assert again.chosen_rule == settings.chosen_rule


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"loss": "foca"}, r"must be one of .*did you mean 'focal'"),
        (
            {"loss": "focal", "loss_parameters": {"gama": 1}},
            "loss_parameters.gama of loss: focal is wrong: Extra inputs are not permitted, got 1",
        ),
        (
            {"decision": "min_recall"},
            "decision_parameters.min_recall of decision: min_recall is wrong: Field required",
        ),
        (
            {"decision": "cost", "decision_parameters": {"cost": [[0, 1], [0, 5]]}},
            "a wrong decision must cost more than the right one, row 1",
        ),
        (
            {"ensemble": {"method": "self_paced"}, "calibration": "none"},
            "self_paced gives no probabilities by itself, got calibration: none",
        ),
        ({"loss": "ldam"}, "makes up for rare classes itself, got class_weights: balanced"),
        ({"class_weights": {"a": 0}}, "greater than 0"),
        ({"class_weights": {"scheme": "effective_number", "beta": 1}}, "less than 1"),
    ],
)
def test_what_does_not_fit_is_refused(wrong, message):
    with pytest.raises(ValidationError, match=message):
        TrainerSettings.model_validate(wrong)


def test_class_weights_may_be_a_scheme_with_its_parameter():
    settings = TrainerSettings.model_validate(
        {"class_weights": {"scheme": "effective_number", "beta": 0.99}}
    )
    assert settings.class_weights.beta == 0.99
    assert TrainerSettings.model_validate({"class_weights": {"a": 2.0}}).class_weights == {"a": 2.0}
