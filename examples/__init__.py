"""The example configs; `card_fraud.yaml` is what `tfx-rebalance run` takes by default."""
