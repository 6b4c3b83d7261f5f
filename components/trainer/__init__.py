"""Trainer: the stock one plus what Rebalance reported, and our `run_fn`."""
