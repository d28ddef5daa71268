"""Intervals for proportions of independent subjects."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

from monai_mri.errors import UsageError


def wilson_interval(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of a proportion, 0 to 1 (Wilson, J. Am. Stat. Assoc. 1927); nan, nan if n is 0.

    It holds for independent rows: several lesions of one patient are not.

    Raises:
        UsageError: The counts or the level are out of range.

    >>> [round(end, 4) for end in wilson_interval(11, 20)]
    [0.3421, 0.7418]
    """
    if not (0 <= successes <= n and 0 < level < 1):
        raise UsageError(
            f"wilson_interval: found {successes} of {n} at level {level}, "
            "expected 0 <= successes <= n and a level between 0 and 1; correct the arguments"
        )
    if n == 0:
        return float("nan"), float("nan")
    z2 = NormalDist().inv_cdf((1 + level) / 2) ** 2
    share = successes / n
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)
