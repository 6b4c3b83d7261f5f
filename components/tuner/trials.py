"""Trials: each is trained as the Trainer trains and measured as it would be served."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.engine.oracle import Oracle
from keras_tuner.engine.trial import Trial, TrialStatus
from keras_tuner.errors import FailedTrialError, FatalError

from tfx_rebalance.components.trainer.deciding import decide
from tfx_rebalance.components.trainer.fitting import softmax_on
from tfx_rebalance.components.trainer.inputs import Split
from tfx_rebalance.components.trainer.objectives import measured
from tfx_rebalance.components.trainer.settings import GateToPass, TrainerSettings
from tfx_rebalance.components.trainer.training import learn
from tfx_rebalance.components.tuner.space import told, trial_settings
from tfx_rebalance.errors import ConfigError, ModelError
from tfx_rebalance.progress import tell, within
from tfx_rebalance.scores import Floats

Score = Callable[[TrainerSettings], float]


@dataclass(frozen=True)
class Scoring:
    """What trials are trained and measured on."""

    train: Split
    """As rebalanced."""
    val: Split
    """In the natural mix."""
    classes: tuple[str, ...]
    natural: Floats
    """Natural priors, (classes,)."""
    objective: str
    """As `objectives.resolved` returns it."""
    gate: GateToPass | None = None

    def score(self, settings: TrainerSettings) -> float:
        """Returns the objective on `val`, at the natural prior and with the decision served.

        Raises:
            ModelError: If training fails, or no decision keeps what the rule promises.
        """
        try:
            return self._measured(settings)
        finally:
            keras.utils.clear_session()  # Else the networks of all trials stay in memory.

    def _measured(self, settings: TrainerSettings) -> float:
        learned = learn(self.train, self.val, settings, classes=self.classes, natural=self.natural)
        decided = decide(
            learned,
            self.val,
            settings,
            natural=self.natural,
            classes=self.classes,
            gate=self.gate,
        )
        corrected = softmax_on(self.val, learned.models, list(learned.corrections))()
        probabilities = decided.map.apply(corrected)
        return measured(
            self.objective,
            probabilities,
            self.val.labels(),
            natural=self.natural,
            classes=self.classes,
            decisions=np.argmax(decided.decision.scores(probabilities), axis=1),
        )


class Trials(BaseTuner):
    """Runs what an oracle proposes, one trial after the other; a failed one is told and left out.

    Each trial is trained from its first weights on: of hyperband's later rounds, which KerasTuner
    would resume, only the epochs are taken over.
    """

    def __init__(
        self,
        oracle: Oracle,
        score: Score,
        *,
        trainer: TrainerSettings,
        epochs: int | None,
        planned: int,
        directory: str,
    ) -> None:
        """Takes what proposes and what measures.

        Args:
            oracle: Proposes values.
            score: Measures settings.
            trainer: What is not searched.
            epochs: Of a trial for which the oracle says nothing; None: those of `trainer`.
            planned: How many trials there are at most.
            directory: For KerasTuner's files.
        """
        self._score, self._trainer, self._epochs = score, trainer, epochs
        self._planned, self._failures = planned, [""]
        super().__init__(oracle, directory=directory, project_name="trials", overwrite=True)

    def search(self) -> None:
        """Runs all trials.

        Raises:
            ModelError: If every trial failed.
        """
        try:
            super().search()
        except FatalError as error:
            raise (error.__cause__ or error) from None
        if not self._completed():
            raise ModelError(
                f"all {len(self.oracle.trials)} trials of the Tuner failed; the last one: "
                f"{self._failures[-1].rstrip('.')}. Narrow tuner.search to what trains, or set "
                "tuner: null and see that the Trainer alone succeeds."
            )

    def run_trial(self, trial: Trial) -> dict[str, float]:
        """Returns the objective; KerasTuner calls it for each trial."""
        values = trial.hyperparameters.values
        place = f"trial {len(self.oracle.trials)}/{self._planned}"
        tell(f"{place}: {told(values)}")
        try:
            with within(place):
                settings = trial_settings(self._trainer, values, epochs=self._epochs)
                value = self._score(settings)
                if not np.isfinite(value):
                    raise ModelError(f"{self.oracle.objective.name} became {value}")
        except (ModelError, ConfigError) as error:
            self._failures.append(f"{told(values)}: {error}")
            tell(f"{place} failed: {error}")
            logging.warning("%s failed: %s", place, self._failures[-1])
            raise FailedTrialError(str(error)) from None
        except Exception as error:  # Not this trial's fault: it ends the search.
            raise FatalError(str(error)) from error
        tell(f"{place}: {self.oracle.objective.name} {value:.4f}")
        return {self.oracle.objective.name: value}

    def _completed(self) -> list[Trial]:
        return [t for t in self.oracle.trials.values() if t.status == TrialStatus.COMPLETED]
