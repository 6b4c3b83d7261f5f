"""Parents of new rows, and the rows between them."""
