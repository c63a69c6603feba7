"""Tables, one kind per file."""
