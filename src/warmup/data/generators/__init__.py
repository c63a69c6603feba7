"""Generators of synthetic data sets, one per file.

Each has `generate(pair, seed, settings) -> Iterator[Record]`, endless and the same for the same
arguments, and a dataclass `Settings` with its settings and their defaults.
"""
