"""Numbers of the paper, and the smallest gains that its test sets could show."""
