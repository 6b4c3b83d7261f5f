"""Tuner: searches what the Trainer is to be set to."""
