"""How far a rate can be trusted that comes from few conversations."""

from __future__ import annotations

from math import sqrt

Z = 1.959963984540054  # 95 % of a normal distribution lie within so many standard deviations


def wilson(successes: int, total: int) -> tuple[float, float] | None:
    """Lower and upper end, between 0 and 1, of Wilson's 95 % interval of `successes` among `total`; None of nothing.

    Wilson 1927, JASA 22:209-212: the one that the closures of rule 8.3 are judged by. It holds the share itself, and
    stays honest where the share is 0 or 1. Raises ValueError where `successes` are not part of `total`.
    """
    if not 0 <= successes <= total:
        raise ValueError(f"{successes} of {total}")
    if total == 0:
        return None
    share = successes / total
    middle, spread = 2 * successes + Z * Z, Z * sqrt(Z * Z + 4 * successes * (1 - share))
    whole = 2 * (total + Z * Z)
    # what rounding carries past the share is brought back
    low = min(share, (middle - spread) / whole) if successes else 0.0
    high = max(share, (middle + spread) / whole) if successes < total else 1.0
    return low, high
