"""The report of a run: one page for people, one JSON for programs, an index of all runs."""
