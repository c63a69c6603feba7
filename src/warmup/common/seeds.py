"""The range of seeds: NumPy and `transformers` accept 32 bits."""

from warmup.common.errors import InputError

LARGEST = 2**32 - 1


def check_seed(seed: int, where: str) -> None:
    """Check that an integer can be a seed.

    Raises:
        InputError: it is negative or too large; the message begins with `where`.
    """
    if not 0 <= seed <= LARGEST:
        raise InputError(f"{where}: must be from 0 to {LARGEST} (2**32 - 1), got {seed}")
