"""One strategy per file; `registry.py` names them."""
