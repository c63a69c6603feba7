"""Numbers of the paper, and what its test sets could have shown."""
