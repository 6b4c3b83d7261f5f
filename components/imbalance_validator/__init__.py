"""ImbalanceValidator: what is wrong with the classes and the features, before training."""
