"""What the rows come from: one file per format, named in `registry.py`."""
