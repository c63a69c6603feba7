"""Generators of the embedded data sets, one a file.

Each has `generate(pair, seed, settings) -> Iterator[Record]`, endless and the same for the same
arguments, and a dataclass `Settings` with its knobs and their defaults.
"""
