"""ExitHandler: the node that runs when all others have ended; only Kubeflow and Vertex have one."""

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.orchestration.kubeflow.decorators import FinalStatusStr
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from tfx_rebalance.components.exit_handler.executor import Executor


class ExitHandlerSpec(ComponentSpec):
    """How the run has ended in; nothing out: an exit handler has no artifacts."""

    INPUTS: dict[str, ChannelParameter] = {}
    OUTPUTS: dict[str, ChannelParameter] = {}
    PARAMETERS = {
        "final_status": ExecutionParameter(type=str),
        "pipeline": ExecutionParameter(type=str),
        "run_id": ExecutionParameter(type=str),
        "root": ExecutionParameter(type=str),
        "webhook_variable": ExecutionParameter(type=str),
        "report_fn": ExecutionParameter(type=str),
        "planned": ExecutionParameter(type=str),
        "created": ExecutionParameter(type=str),
    }


class ExitHandler(BaseComponent):
    """Records the final state of a run, and posts it where somebody wants to be told."""

    SPEC_CLASS = ExitHandlerSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        pipeline: str,
        run_id: str,
        root: str,
        webhook_variable: str = "",
        report_fn: str = "",
        planned: str = "",
        created: str = "",
    ) -> None:
        """Wires the node; a runner takes it through `set_exit_handler`.

        Args:
            pipeline: The pipeline's name.
            run_id: What the backend puts the run's own name in place of.
            root: Where `runs/<run id>/final.json` goes.
            webhook_variable: The environment variable of the step with the address to post to; "":
                nobody is told.
            report_fn: Where the function is that writes the run's report; "": none is written.
            planned: What that function is told of the pipeline.
            created: What the backend puts the time in place of at which the run was created; "":
                it says none.
        """
        super().__init__(
            spec=ExitHandlerSpec(
                final_status=FinalStatusStr(),
                pipeline=pipeline,
                run_id=run_id,
                root=root,
                webhook_variable=webhook_variable,
                report_fn=report_fn,
                planned=planned,
                created=created,
            )
        )
