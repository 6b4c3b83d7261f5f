"""Which settings trials may have: every one of them is checked before anything runs."""

import math
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from tfx_rebalance.components.trainer.hyperparameters import NAMED, Plain, settled
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.components.tuner.settings import Option, TunerSettings
from tfx_rebalance.errors import ConfigError
from tfx_rebalance.names import nearest

Space = dict[str, Option]

TREATMENTS: tuple[Mapping[str, Any], ...] = (
    {"loss": "cross_entropy", "class_weights": "none"},
    {"loss": "cross_entropy", "class_weights": "sqrt"},
    {"loss": "cross_entropy", "class_weights": "balanced"},
    *(
        {
            "loss": "cross_entropy",
            "class_weights": {"scheme": "effective_number", "beta": beta},
        }
        for beta in (0.99, 0.999, 0.9999)
    ),
    {"loss": "focal", "loss_parameters": {"gamma": 1.0}, "class_weights": "sqrt"},
    {"loss": "focal", "loss_parameters": {"gamma": 2.0}, "class_weights": "sqrt"},
    {"loss": "focal", "loss_parameters": {"gamma": 2.0}, "class_weights": "none"},
    {"loss": "logit_adjusted", "loss_parameters": {"tau": 0.5}, "class_weights": "none"},
    {"loss": "logit_adjusted", "loss_parameters": {"tau": 1.0}, "class_weights": "none"},
    {"loss": "ldam", "class_weights": "none"},
)
"""Losses with their parameters, and class weights from none to balanced, that go together."""

GROUPED = {*NAMED, "class_weights"}
REMEDY = (
    "Choose what belongs together in a group, such as "
    "treatment: {choices: [{loss: logit_adjusted, class_weights: none}]}."
)

SPACE_PER_TRIAL = 2
"""Random trials must differ, and finding new ones gets hard where nearly all have been tried."""


def space_of(settings: TunerSettings, trainer: TrainerSettings) -> Space:
    """Returns what is tried of each key, once each value is known to be a setting of the Trainer.

    Every value is tried alone and with every value of every other key.

    Raises:
        ConfigError: If a key is unknown, a value out of range, two values do not go together, or
            hyperband would run out of trials.
    """
    space = default_search(trainer) if settings.search is None else dict(settings.search)
    for key, option in space.items():
        _check_name(key, option, list(TrainerSettings.model_fields))
    _check_once(space)
    if settings.algorithm == "hyperband" and "epochs" in _keys(space):
        raise ConfigError(
            "tuner.search.epochs: hyperband sets the epochs of its trials itself. Take it out, or "
            "set tuner.algorithm: random."
        )
    for key, value, _ in trials_of_one(space, trainer):
        _try(trainer, {key: value})
    for one, other in combinations(space, 2):
        for value in space[one].plain:
            for beside in space[other].plain:
                _try(trainer, {one: value, other: beside})
    _check_enough(settings, space)
    return space


def default_search(trainer: TrainerSettings) -> Space:
    """Returns learning rate, the model's own parameters, optimizer, and loss with class weights."""
    model = type(trainer.chosen_model).searched
    space = {
        "learning_rate": {"low": 1e-4, "high": 1e-2, "sampling": "log"},
        **{f"model_parameters.{key}": option for key, option in model.items()},
        "optimizer": {"choices": ["adam", "adamw"]},
        "treatment": {"choices": list(TREATMENTS)},
    }
    return {key: Option.model_validate(option) for key, option in space.items()}


def trials_of_one(
    space: Space, trainer: TrainerSettings
) -> Iterator[tuple[str, Plain, TrainerSettings]]:
    """Yields each key with each of its values and the settings that they make.

    Raises:
        ConfigError: If they make none.
    """
    for key, option in space.items():
        for value in option.plain:
            yield key, value, _try(trainer, {key: value})


def trial_settings(
    trainer: TrainerSettings, values: Mapping[str, Plain], *, epochs: int | None
) -> TrainerSettings:
    """Returns what a trial is trained with.

    Args:
        trainer: What is not searched.
        values: What a tuner chose, with what it keeps for itself.
        epochs: Of the trial; None: as the settings say.

    Raises:
        ConfigError: If the values do not go together.
    """
    epochs = int(values.get("tuner/epochs", 0)) or epochs
    chosen = trainer.with_hyperparameters(values)
    if epochs is None or "epochs" in settled(values, list(TrainerSettings.model_fields)):
        return chosen
    return chosen.model_copy(update={"epochs": epochs})


def hyperband_rounds(max_epochs: int, *, factor: int) -> list[list[tuple[int, int]]]:
    """Returns (trials, epochs) of each round of each bracket, as KerasTuner shares them out.

    Li et al. 2018, "Hyperband", algorithm 1; the sizes are KerasTuner's, which gives the last
    bracket 1 + log(max_epochs) trials and every bracket about as many epochs in all.
    """
    last = math.ceil(1 + math.log(max_epochs, factor))
    brackets, epochs = 0, float(max_epochs)
    while epochs >= 1:
        brackets, epochs = brackets + 1, epochs / factor
    return [
        [
            (
                math.ceil(last / (bracket + 1) * factor ** (bracket - number)),
                math.ceil(max_epochs / factor ** (bracket - number)),
            )
            for number in range(bracket + 1)
        ]
        for bracket in reversed(range(brackets))
    ]


def planned_trials(settings: TunerSettings) -> int:
    """Returns how many trials there are at most."""
    if settings.algorithm != "hyperband":
        return settings.max_trials
    rounds = hyperband_rounds(settings.max_epochs, factor=settings.factor)
    return sum(trials for bracket in rounds for trials, _ in bracket)


def told(values: Mapping[str, Plain]) -> str:
    """Returns a trial's values on one line, for a person."""
    shown = {key: value for key, value in values.items() if not key.startswith("tuner/")}
    return ", ".join(
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in shown.items()
    )


def _keys(space: Space) -> list[str]:
    """Returns the keys of `trainer` that the search changes, one for each time it is named."""
    names = list(TrainerSettings.model_fields)
    return [
        key
        for name, option in space.items()
        for key in {k for value in option.plain for k in settled({name: value}, names)}
    ]


def _check_name(key: str, option: Option, known: list[str]) -> None:
    is_group = all(isinstance(choice, dict) for choice in option.choices or (None,))
    if key.partition(".")[0] not in known and not is_group:
        raise ConfigError(
            f"tuner.search.{key} is no key of trainer{nearest(known, key)}. Allowed: "
            f"{', '.join(known)}, dotted keys of their sections, or a name for a group of them, "
            "whose choices are sections such as {loss: focal, class_weights: none}."
        )


def _check_once(space: Space) -> None:
    keys = _keys(space)
    for key in sorted(set(keys)):
        if keys.count(key) > 1:
            raise ConfigError(
                f"tuner.search names {key} twice, alone or in groups. Keep it in one place."
            )


def _try(trainer: TrainerSettings, values: Mapping[str, Plain]) -> TrainerSettings:
    try:
        return trainer.with_hyperparameters(values)
    except ConfigError as error:
        named = " with ".join(f"tuner.search.{key} {value}" for key, value in values.items())
        text = f"{named} does not fit: {str(error).rstrip('.')}."
        if len(values) > 1 or not GROUPED.isdisjoint(values):
            text += f" {REMEDY}"
        raise ConfigError(text) from None


def _check_enough(settings: TunerSettings, space: Space) -> None:
    if settings.algorithm != "hyperband":
        return
    values = [option.values for option in space.values()]
    if any(n is None for n in values):
        return
    has = math.prod(n for n in values if n is not None)
    rounds = hyperband_rounds(settings.max_epochs, factor=settings.factor)
    needed = SPACE_PER_TRIAL * sum(bracket[0][0] for bracket in rounds)
    if has < needed:
        raise ConfigError(
            f"tuner.search has {has} different trials, hyperband with max_epochs "
            f"{settings.max_epochs} and factor {settings.factor} needs at least {needed}. Search "
            "more, lower tuner.max_epochs, or set tuner.algorithm: random."
        )
