"""Configurations: reading, checking, and what an experiment consists of."""
