import pytest

from warmup.common.units import duration, size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (119, "119 s"),
        (420, "7 min"),
        (7500, "2 h 05 min"),
        (7199, "120 min"),
        (10799, "3 h 00 min"),
        (111600, "31 h"),
        (362880, "4.2 days"),
    ],
)
def test_a_duration_has_the_unit_that_people_would_use(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(12, "12 B"), (850e6, "850 MB"), (2.1e9, "2.1 GB"), (312e9, "312 GB"), (1.5e12, "1.5 TB")],
)
def test_a_size_has_three_digits_and_a_unit(count, text):
    assert size(count) == text
