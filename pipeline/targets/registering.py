"""Where released versions are registered: on Vertex, if the config says as what."""

from tfx.dsl.components.base.base_node import BaseNode

from tfx_rebalance.components.registrar.component import Registrar
from tfx_rebalance.components.registrar.settings import RegistrarSettings
from tfx_rebalance.pipeline.beam_presets import Place
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.targets.abilities import RUN_ID


def registrars(
    config: PipelineConfig, place: Place, *, pusher: BaseNode, evaluator: BaseNode
) -> list[BaseNode]:
    """Returns the node that registers what `pusher` pushed, or none."""
    vertex = config.vertex if place == "vertex" else None
    if vertex is None or vertex.registry is None:
        return []
    settings = RegistrarSettings(
        project=vertex.project,
        location=vertex.location,
        model=vertex.registry.model or config.name,
        serving_image=vertex.registry.serving_image,
        labels=vertex.labels,
    )
    registrar = Registrar(
        pushed_model=pusher.outputs["pushed_model"],
        evaluation=evaluator.outputs["evaluation"],
        settings=settings,
        pipeline=config.name,
        run=RUN_ID[place],
    )
    return [registrar]
