"""Who proposes the trials: KerasTuner's oracles over our space."""

from typing import Any

from keras_tuner import HyperParameters, Objective
from keras_tuner.engine.oracle import Oracle
from keras_tuner.oracles import (
    BayesianOptimizationOracle,
    HyperbandOracle,
    RandomSearchOracle,
)

from tfx_rebalance.components.tuner.settings import Option, TunerSettings
from tfx_rebalance.components.tuner.space import Space, planned_trials

SEED_STRIDE = 1_000_003
"""KerasTuner adds 1 to its seed for every value that it draws, and takes 0 for no seed: seeds that
lie side by side would draw the same values one after the other."""


def oracle_of(settings: TunerSettings, space: Space, *, objective: str) -> Oracle:
    """Returns what proposes trials, the same ones for the same seed and scores.

    Args:
        settings: The algorithm, its size and seed.
        space: What is tried of each key.
        objective: As `objectives.resolved` returns it.
    """
    planned = planned_trials(settings)
    given: dict[str, Any] = {
        "objective": Objective(objective, "min" if objective == "log_loss" else "max"),
        "hyperparameters": hyperparameters_of(space),
        "seed": (1 + settings.seed * SEED_STRIDE) % 2**31,
        # `Trials` tells failures, and all failing is an error there.
        "max_consecutive_failed_trials": planned + 1,
    }
    if settings.algorithm == "random":
        return RandomSearchOracle(max_trials=planned, **given)
    if settings.algorithm == "bayesian":
        at_random = min(3 * len(space), max(2, planned // 2))
        return BayesianOptimizationOracle(max_trials=planned, num_initial_points=at_random, **given)
    oracle = HyperbandOracle(max_epochs=settings.max_epochs, factor=settings.factor, **given)
    # TFX asks the oracle for that many results; KerasTuner leaves it open.
    oracle.max_trials = planned
    return oracle


def hyperparameters_of(space: Space) -> HyperParameters:
    """Returns the space in KerasTuner's words."""
    found = HyperParameters()
    for key, option in space.items():
        _add(found, key, option)
    return found


def _add(found: HyperParameters, key: str, option: Option) -> None:
    if option.choices is not None:
        found.Choice(key, option.plain, ordered=False)
        return
    kind = found.Int if option.is_whole else found.Float
    step = {"step": option.step} if option.step is not None else {}
    kind(key, min_value=option.low, max_value=option.high, sampling=option.sampling, **step)
