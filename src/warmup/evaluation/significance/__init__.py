"""Whether a difference is more than chance: tests, intervals, effect sizes, power.

All are pure functions of arrays. Unless something else is said, n counts items, S seeds, R
resamples, k the sufficient statistics of a metric (see `warmup.evaluation.metrics`); differences
are ours minus theirs in points of the metric; and p-values are two-sided.
"""

LEVEL = 0.05
"""Error rate of a test if nothing differs: a difference is significant if p is below it."""
