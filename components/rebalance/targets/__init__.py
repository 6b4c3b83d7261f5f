"""How many rows of each class, and what that means for a row."""
