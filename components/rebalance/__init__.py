"""Rebalance: exact, seeded, Beam-parallel resampling of the training split."""
