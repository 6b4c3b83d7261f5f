"""The statistics of the release gate on plain counts."""
