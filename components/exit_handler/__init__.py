"""ExitHandler: what is done when a run has ended in whatever way."""
