"""`tfx-rebalance init`: from a CSV file and a label to a config and a schema that run unedited."""
