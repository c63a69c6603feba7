"""Times and sizes as people write them."""

_SECOND, _MINUTE, _HOUR, _DAY = 1, 60, 3600, 86400


def duration(seconds: float) -> str:
    """Return a time such as `12 s`, `7 min`, `2 h 05 min`, `31 h`, `4.2 days`."""
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < _DAY:
        hours, minutes = divmod(round(seconds / _MINUTE), 60)
        return f"{hours} h {minutes:02} min"
    if seconds < 4 * _DAY:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / _DAY:.1f} days"


def size(count: float) -> str:
    """Return a number of bytes such as `850 MB` or `2.1 GB`, in powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}" if count < 100 else f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.3g} TB" if count < 100 else f"{count:.0f} TB"
