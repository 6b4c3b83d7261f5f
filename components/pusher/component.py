"""Pusher: the stock component with our executor."""

from tfx.components.pusher.component import Pusher as StockPusher
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec

from tfx_rebalance.components.pusher.executor import Executor


class Pusher(StockPusher):
    """Pushes what was blessed; the runners never cache it, so it answers for what is there now."""

    EXECUTOR_SPEC = ExecutorClassSpec(Executor)
