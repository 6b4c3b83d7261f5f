"""Tuner: the stock component with an optional `rebalance_report`."""

from tfx import types
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.proto import trainer_pb2
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter
from tfx.types.standard_component_specs import TunerSpec as StockTunerSpec
from tfx.utils import json_utils

from tfx_rebalance.artifacts import RebalanceReport
from tfx_rebalance.components.trainer.models.images import check_images
from tfx_rebalance.components.trainer.settings import GateToPass, TrainerSettings
from tfx_rebalance.components.tuner.executor import Executor
from tfx_rebalance.components.tuner.settings import TunerSettings
from tfx_rebalance.components.tuner.space import space_of, trials_of_one
from tfx_rebalance.features import Features

TUNER_FN = "tfx_rebalance.components.tuner.tuner_fn.tuner_fn"


class TunerSpec(StockTunerSpec):
    """The stock spec and what Rebalance reported."""

    INPUTS = {
        **StockTunerSpec.INPUTS,
        "rebalance_report": ChannelParameter(type=RebalanceReport, optional=True),
    }


class Tuner(BaseComponent):
    """Searches the Trainer's settings on `train` as rebalanced and on `val`; never on `eval`."""

    SPEC_CLASS = TunerSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        examples: types.BaseChannel,
        transform_graph: types.BaseChannel,
        features: Features,
        settings: TunerSettings,
        trainer: TrainerSettings,
        rebalance_report: types.BaseChannel | None = None,
        gate: GateToPass | None = None,
    ) -> None:
        """Wires the node.

        Args:
            examples: Transformed examples with the splits train and val.
            transform_graph: What they were transformed by.
            features: Inputs, label and classes.
            settings: The search.
            trainer: What is not searched.
            rebalance_report: Tells the natural priors when `examples` were resampled.
            gate: The release gate, for `decision: min_recall` with `min_recall: gate`.

        Raises:
            ConfigError: If the space does not fit the Trainer's settings, or a model does not fit
                the inputs.
        """
        for _, _, tried in trials_of_one(space_of(settings, trainer), trainer):
            tried.chosen_model.check()
            check_images(tried.chosen_model, features, name=tried.model)
        custom = {
            "settings": trainer.model_dump_json(),
            "features": features.model_dump_json(exclude_defaults=True),
            "tuner": settings.model_dump_json(by_alias=True),
        }
        if gate is not None:
            custom["gate"] = gate.model_dump_json()
        super().__init__(
            spec=TunerSpec(
                examples=examples,
                transform_graph=transform_graph,
                rebalance_report=rebalance_report,
                tuner_fn=TUNER_FN,
                train_args=trainer_pb2.TrainArgs(splits=["train"]),
                eval_args=trainer_pb2.EvalArgs(splits=["val"]),
                custom_config=json_utils.dumps(custom),
                best_hyperparameters=types.Channel(type=standard_artifacts.HyperParameters),
                tuner_results=types.Channel(type=standard_artifacts.TunerResults),
            )
        )
