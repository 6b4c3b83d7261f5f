"""ValidationGate: stops the run on what the validators published."""
