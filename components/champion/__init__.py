"""Champion: the last released model, on any target."""
