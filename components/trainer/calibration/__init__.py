"""What makes corrected probabilities honest: maps fitted on `val`, as plain numbers."""
