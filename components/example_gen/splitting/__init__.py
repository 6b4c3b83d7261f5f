"""Which row goes to which split: decided by the rows and the seed alone."""
