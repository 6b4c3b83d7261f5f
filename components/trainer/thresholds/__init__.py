"""Decision rules fitted on `val`: thresholds or gains that turn probabilities into a class."""
