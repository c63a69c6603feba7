"""From outputs to numbers: metrics, tests of significance, what warmups are like."""
