"""Whether a difference is more than chance: tests, intervals, effect sizes, power.

Each module is one concept, pure functions of arrays. Where not said otherwise, n counts items, S
seeds, R resamples, k the sufficient statistics of a metric (see `warmup.evaluation.metrics`),
differences are ours minus theirs in points of the metric, and p-values are two-sided.
"""

LEVEL = 0.05
"""Error rate of a test where nothing differs: a difference is significant where p is below."""
