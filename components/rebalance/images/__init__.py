"""Images changed so that their class stays what it was."""
