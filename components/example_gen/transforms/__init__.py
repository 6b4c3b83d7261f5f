"""The Beam graph: key every row, deal, write."""
