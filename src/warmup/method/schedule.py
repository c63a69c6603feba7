"""How the weight of a term of the loss falls over training."""


def fall(update: int, first: float, final: float, updates: int) -> float:
    """Return final + (first − final) · max(0, 1 − update / updates)."""
    return final + (first - final) * max(1 - update / updates, 0.0)
