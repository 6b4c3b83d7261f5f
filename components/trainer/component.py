"""Trainer: the stock component with an optional `rebalance_report`."""

from tfx import types
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.proto import trainer_pb2
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter
from tfx.types.standard_component_specs import TrainerSpec as StockTrainerSpec
from tfx.utils import json_utils

from tfx_rebalance.artifacts import RebalanceReport
from tfx_rebalance.components.trainer.executor import Executor
from tfx_rebalance.components.trainer.models.images import check_images
from tfx_rebalance.components.trainer.settings import GateToPass, TrainerSettings
from tfx_rebalance.features import Features

RUN_FN = "tfx_rebalance.components.trainer.run_fn.run_fn"


class TrainerSpec(StockTrainerSpec):
    """The stock spec and what Rebalance reported."""

    INPUTS = {
        **StockTrainerSpec.INPUTS,
        "rebalance_report": ChannelParameter(type=RebalanceReport, optional=True),
    }


class Trainer(BaseComponent):
    """Trains on `train` as rebalanced, stops early by `val`; `eval` is never read."""

    SPEC_CLASS = TrainerSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        examples: types.BaseChannel,
        transform_graph: types.BaseChannel,
        features: Features,
        settings: TrainerSettings,
        rebalance_report: types.BaseChannel | None = None,
        hyperparameters: types.BaseChannel | None = None,
        gate: GateToPass | None = None,
        checkpoints: str | None = None,
    ) -> None:
        """Wires the node.

        Args:
            examples: Transformed examples with the splits train and val.
            transform_graph: What they were transformed by.
            features: Inputs, label and classes.
            settings: Model, weights and decision.
            rebalance_report: Tells the natural priors when `examples` were resampled.
            hyperparameters: What a Tuner found; they replace those of `settings`.
            gate: The release gate, for `decision: min_recall` with `min_recall: gate`.
            checkpoints: A folder in which an unfinished training waits for the next run of the same
                settings on the same examples; None: after a kill, training starts anew.

        Raises:
            ConfigError: If a model of the user's own cannot be imported or called, or the model is
                not for the inputs: it takes no image, or needs one.
        """
        settings.chosen_model.check()
        check_images(settings.chosen_model, features, name=settings.model)
        custom = {
            "settings": settings.model_dump_json(),
            "features": features.model_dump_json(exclude_defaults=True),
        }
        if gate is not None:
            custom["gate"] = gate.model_dump_json()
        if checkpoints is not None:
            custom["checkpoints"] = checkpoints
        super().__init__(
            spec=TrainerSpec(
                examples=examples,
                transform_graph=transform_graph,
                rebalance_report=rebalance_report,
                hyperparameters=hyperparameters,
                run_fn=RUN_FN,
                train_args=trainer_pb2.TrainArgs(splits=["train"]),
                eval_args=trainer_pb2.EvalArgs(splits=["val"]),
                custom_config=json_utils.dumps(custom),
                model=types.Channel(type=standard_artifacts.Model),
                model_run=types.Channel(type=standard_artifacts.ModelRun),
            )
        )
