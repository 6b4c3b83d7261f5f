"""The release gate: per-class recall on TFMA slices."""
