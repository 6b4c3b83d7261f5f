"""The stock executor, told where Rebalance's report lies."""

from tfx.components.tuner.executor import Executor as StockExecutor

from tfx_rebalance.components.trainer.executor import Artifacts, with_report


class Executor(StockExecutor):
    """Adds `rebalance_report`, a path, to `custom_config`."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Searches and writes the best hyperparameters and all results, as the stock one does."""
        super().Do(input_dict, output_dict, with_report(input_dict, exec_properties))
