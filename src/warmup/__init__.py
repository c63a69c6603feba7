"""Warmup Generations: train a model to write a short sequence that makes its output more likely."""

__version__ = "0.1.0"
