"""ExampleGen: data in, stratified splits out."""

from tfx import types
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from tfx_rebalance.components.example_gen.executor import Executor
from tfx_rebalance.components.example_gen.settings import DataSettings


class ExampleGenSpec(ComponentSpec):
    """A schema in, `Examples` out; `settings` is a `DataSettings` as JSON."""

    INPUTS = {"schema": ChannelParameter(type=standard_artifacts.Schema)}
    OUTPUTS = {"examples": ChannelParameter(type=standard_artifacts.Examples)}
    PARAMETERS = {
        "settings": ExecutionParameter(type=str),
        "fingerprint": ExecutionParameter(type=str),
        "serving": ExecutionParameter(type=int),
        "run_date": ExecutionParameter(type=str),
        "schedule_time": ExecutionParameter(type=str, optional=True),
    }


class ExampleGen(BaseBeamComponent):
    """Reads a source, typed by the schema, into the splits train, val and eval.

    Each split holds its share of every class to within one row, or as near as whole groups allow;
    which row goes where depends on the rows and the seed only. Dates and spans are resolved when
    it runs, so it needs no driver.
    """

    SPEC_CLASS = ExampleGenSpec
    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self,
        *,
        schema: types.BaseChannel,
        settings: DataSettings,
        fingerprint: str = "",
        serving: bool = False,
        run_date: str | RuntimeParameter = "",
        schedule_time: str | None = None,
    ) -> None:
        """Wires the node.

        Args:
            schema: The reviewed schema.
            settings: Source, label and splits.
            fingerprint: A hash of the source's content: another one makes TFX read it again.
                Without it the node must not be cached.
            serving: Whether these are rows that were sent to the model: they may come without a
                label and with unknown ones, and all go to the one split `serving`.
            run_date: The day of this run, such as a parameter of the pipeline; it wins over
                `settings.run_date`, unless it is empty.
            schedule_time: What the backend puts the time of the schedule in place of; it wins over
                `settings.run_date`, too. None: the backend has no such thing.
        """
        settings = settings.for_serving() if serving else settings
        super().__init__(
            spec=ExampleGenSpec(
                schema=schema,
                settings=settings.model_dump_json(by_alias=True),
                fingerprint=fingerprint,
                serving=int(serving),  # On KFP a bool is an integer anyway.
                run_date=run_date,
                schedule_time=schedule_time,
                examples=types.Channel(type=standard_artifacts.Examples),
            )
        )
