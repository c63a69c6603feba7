"""McNemar's test for two shares of the same items, in its exact form."""

from scipy.special import bdtr


def mcnemar(ours_only: int, theirs_only: int) -> float:
    """Return the exact p-value of equal accuracies (McNemar 1947).

    Items that both or neither got right say nothing. Of the others, each is as likely to be
    one system's as the other's if the systems are equally good: a binomial test with share 1/2.

    Args:
        ours_only: items that only one system got right.
        theirs_only: items that only the other got right.
    """
    fewer, both = min(ours_only, theirs_only), ours_only + theirs_only
    return min(1.0, 2 * float(bdtr(fewer, both, 0.5)))
