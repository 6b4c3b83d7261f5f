"""The pipeline; it reads like the drawing in ARCHITECTURE.md."""

from typing import Any

from tfx.components.example_validator.component import ExampleValidator
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.components.transform.component import Transform
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.input_resolution.strategies.latest_artifact_strategy import LatestArtifactStrategy
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import pusher_pb2, transform_pb2
from tfx.types import BaseChannel, Channel, standard_artifacts

from tfx_rebalance.components.carried_schema.component import CarriedSchema
from tfx_rebalance.components.champion.component import Champion
from tfx_rebalance.components.evaluator.component import Evaluator
from tfx_rebalance.components.example_gen.component import ExampleGen
from tfx_rebalance.components.imbalance_validator.component import ImbalanceValidator
from tfx_rebalance.components.imbalance_validator.stats_options import slicing_by
from tfx_rebalance.components.pusher.component import Pusher
from tfx_rebalance.components.rebalance.component import Rebalance
from tfx_rebalance.components.trainer.component import Trainer
from tfx_rebalance.components.trainer.settings import GateToPass
from tfx_rebalance.components.tuner.component import Tuner
from tfx_rebalance.components.validation_gate.component import ValidationGate
from tfx_rebalance.features import Features
from tfx_rebalance.pipeline.beam_presets import Place, beam_args
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.targets.registering import registrars
from tfx_rebalance.pipeline.targets.run_day import day_of_run

LATEST_TUNER = "LatestTuner"
"""The node of `tuner: {from: latest}`."""
NOT_FOUND = {
    LATEST_TUNER: "tuner: {from: latest} found no earlier search of this pipeline under this root. "
    "Run it once with a search, such as tuner: {algorithm: hyperband}, or set tuner: null."
}
"""What is said where a node that looks for something finds nothing."""

PREPROCESSING_FN = "tfx_rebalance.pipeline.preprocessing.preprocessing_fn"

NEVER_CACHED = ("ImbalanceValidator", "ValidationGate", "Champion", "Pusher", "Registrar")
"""Nodes that judge or read the outside world: a remembered answer would be no answer."""


def create_pipeline(
    config: PipelineConfig,
    features: Features,
    *,
    root: str,
    destination: str,
    target: Place = "local",
    fingerprint: str = "",
    serving_fingerprint: str = "",
    schema_text: str | None = None,
) -> Pipeline:
    """Returns the pipeline that a config describes, the same for every target.

    Args:
        config: The run.
        features: What `checks.check_config` made of the schema.
        root: Where artifacts go.
        destination: Where released models go.
        target: Where the steps run.
        fingerprint: A hash of the source's content (see `ExampleGen`).
        serving_fingerprint: The same of the rows that were sent to the model, if there are any.
        schema_text: The schema, where the steps do not see its file.
    """
    schema = _schema(config, schema_text)
    schema_of = {"schema": schema.outputs["schema"]}

    day = day_of_run(config, target)
    example_gen = ExampleGen(settings=config.data, fingerprint=fingerprint, **day, **schema_of)
    examples = example_gen.outputs["examples"]

    # What describes `eval` is its class counts alone, and ExampleGen has them.
    statistics_gen = StatisticsGen(
        examples=examples,
        exclude_splits=["eval"],
        stats_options=slicing_by(features.label) if config.validation.slice_by_class else None,
        **schema_of,
    )
    statistics = statistics_gen.outputs["statistics"]
    schema_validator = ExampleValidator(statistics=statistics, **schema_of)
    serving, serving_statistics = _serving(config, {**day, **schema_of}, serving_fingerprint)
    validator = ImbalanceValidator(
        statistics=statistics,
        anomalies=schema_validator.outputs["anomalies"],
        examples=examples,
        serving_statistics=serving_statistics,
        settings=config.validation.checks,
        features=features,
        bars={name: config.evaluate.bar(name) for name in features.classes},
        confidence=config.evaluate.confidence,
        released=destination,
        **schema_of,
    )
    gate = ValidationGate(imbalance_report=validator.outputs["imbalance_report"])

    transform = Transform(
        examples=examples,
        preprocessing_fn=PREPROCESSING_FN,
        custom_config={
            "features": features.model_dump_json(exclude_defaults=True),
            "transform": config.transform.model_dump_json(),
            **({"group_key": config.rebalance.group_key} if config.rebalance.group_key else {}),
        },
        splits_config=transform_pb2.SplitsConfig(analyze=["train"], transform=["train", "val"]),
        disable_statistics=True,
        **schema_of,
    )
    transform.add_upstream_node(gate)

    rebalance = Rebalance(
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        features=features,
        settings=config.rebalance,
    )

    tuner = _tuner(config, features, transform=transform, rebalance=rebalance)

    trainer = Trainer(
        examples=rebalance.outputs["rebalanced_examples"],
        transform_graph=transform.outputs["transform_graph"],
        rebalance_report=rebalance.outputs["rebalance_report"],
        features=features,
        settings=config.trainer,
        hyperparameters=_hyperparameters(tuner),
        gate=_gate(config, features),
        checkpoints=f"{root}/checkpoints/{config.name}" if target == "local" else None,
    )

    champion = [Champion(released=destination)] if config.evaluate.champion is not None else []
    for node in champion:  # A training takes hours: by then another model may be the one served.
        node.add_upstream_node(trainer)

    evaluator = Evaluator(
        examples=examples,
        model=trainer.outputs["model"],
        baseline_model=champion[0].outputs["model"] if champion else None,
        settings=config.evaluate,
        classes=features.classes,
        released=destination,
        **schema_of,
    )

    pusher = Pusher(
        model=trainer.outputs["model"],
        model_blessing=evaluator.outputs["blessing"],
        statistics=statistics,
        examples=examples,
        push_destination=pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=destination)
        ),
    )

    return Pipeline(
        pipeline_name=config.name,
        pipeline_root=root,
        components=[
            schema,
            example_gen,
            statistics_gen,
            schema_validator,
            *serving,
            validator,
            gate,
            transform,
            rebalance,
            *tuner,
            trainer,
            *champion,
            evaluator,
            pusher,
            *registrars(config, target, pusher=pusher, evaluator=evaluator),
        ],
        enable_cache=True,
        beam_pipeline_args=beam_args(config, target),
    )


def _schema(config: PipelineConfig, text: str | None) -> BaseNode:
    if text is None:
        return ImportSchemaGen(schema_file=config.data.schema_file)
    return CarriedSchema(text=text).with_id("ImportSchemaGen")


def _serving(
    config: PipelineConfig, given: dict[str, Any], fingerprint: str
) -> tuple[list[BaseNode], BaseChannel | None]:
    """Returns the nodes that describe the rows sent to the model, and their statistics."""
    data = config.serving_data
    if data is None:
        return [], None
    example_gen = ExampleGen(settings=data, fingerprint=fingerprint, serving=True, **given)
    example_gen = example_gen.with_id("ServingExampleGen")
    statistics_gen = StatisticsGen(examples=example_gen.outputs["examples"], schema=given["schema"])
    statistics_gen = statistics_gen.with_id("ServingStatisticsGen")
    return [example_gen, statistics_gen], statistics_gen.outputs["statistics"]


def _tuner(
    config: PipelineConfig, features: Features, *, transform: Transform, rebalance: Rebalance
) -> list[BaseNode]:
    """Returns the node that searches the Trainer's settings or finds an earlier search, if any."""
    if config.tuner is None:
        return []
    if config.tuner.origin == "latest":
        found = Channel(type=standard_artifacts.HyperParameters, producer_component_id="Tuner")
        latest = Resolver(strategy_class=LatestArtifactStrategy, best_hyperparameters=found)
        return [latest.with_id(LATEST_TUNER)]
    tuner = Tuner(
        examples=rebalance.outputs["rebalanced_examples"],
        transform_graph=transform.outputs["transform_graph"],
        rebalance_report=rebalance.outputs["rebalance_report"],
        features=features,
        settings=config.tuner,
        trainer=config.trainer,
        gate=_gate(config, features),
    )
    return [tuner]


def _hyperparameters(tuner: list[BaseNode]) -> BaseChannel | None:
    channels = [node.outputs["best_hyperparameters"] for node in tuner]
    return channels[0] if channels else None


def _gate(config: PipelineConfig, features: Features) -> GateToPass | None:
    """Returns what a decision that is to pass the gate must know; None: rows are not shared out."""
    splits = config.data.splits
    if splits.time is not None or splits.files is not None:
        return None
    bars = {name: config.evaluate.bar(name) for name in features.classes}
    return GateToPass(
        bars={name: bar for name, bar in bars.items() if bar is not None},
        confidence=config.evaluate.confidence,
        eval_rows_per_val_row=splits.eval / splits.val,
    )
