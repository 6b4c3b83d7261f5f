"""One module per target: the same pipeline, run here or compiled for somewhere else."""
