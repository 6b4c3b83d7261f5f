"""How each run on Kubeflow and Vertex is told the day it is for."""

from typing import Any

from tfx.orchestration.data_types import RuntimeParameter

from tfx_rebalance.pipeline.beam_presets import Place
from tfx_rebalance.pipeline.config import PipelineConfig
from tfx_rebalance.pipeline.targets.abilities import SCHEDULE_TIME, fills_in
from tfx_rebalance.pipeline.targets.checks import backend_of

RUN_DATE = "run_date"
"""The pipeline's parameter; empty: the day of the schedule, else the config's."""


def day_of_run(config: PipelineConfig, place: Place) -> dict[str, Any]:
    """Returns what ExampleGen is wired with; on this machine the config alone says the day."""
    if place == "local":
        return {}
    scheduled = fills_in(SCHEDULE_TIME, place, backend_of(config))
    return {
        "run_date": RuntimeParameter(RUN_DATE, ptype=str, default=""),
        **({"schedule_time": SCHEDULE_TIME} if scheduled else {}),
    }
