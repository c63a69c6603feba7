"""What tests of wrong inputs share: how one is made, and that it is explained."""

import copy


def change(value, path, new):
    """Return a copy of a nested value in which the key or index at a dotted path is replaced."""
    changed = copy.deepcopy(value)
    *parents, last = path.split(".")
    place = changed
    for part in parents:
        place = place[int(part) if isinstance(place, list) else part]
    if new is None:
        del place[last]
    else:
        place[last] = new
    return changed


def assert_explained(status, error, message):
    lines = [line for line in error.splitlines() if line.strip()]
    assert status not in (0, None)
    assert "Traceback" not in error
    assert lines, "nothing was said"
    assert message in lines[-1]
    return lines
