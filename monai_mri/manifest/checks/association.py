"""How much one category says about another."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence


def cramers_v(pairs: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """Cramér's V with the bias correction of Bergsma (J. Korean Stat. Soc. 2013), and the p of chi-squared.

    V is 0 for independent categories and 1 where one tells the other. Both are nan where a category
    has fewer than two values, or where every subject has a value of its own.

    >>> round(cramers_v([("a", "x"), ("b", "y")] * 20)[0], 3)
    1.0
    """
    rows, columns = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    if min(len(rows), len(columns)) < 2:
        return math.nan, math.nan
    from scipy.stats import chi2

    count, cells = len(pairs), Counter(pairs)
    squared = sum(
        (cells[one, other] - in_row * in_column / count) ** 2 / (in_row * in_column / count)
        for one, in_row in rows.items()
        for other, in_column in columns.items()
    )
    freedom = (len(rows) - 1) * (len(columns) - 1)
    shared = max(0.0, squared / count - freedom / (count - 1))
    height = len(rows) - (len(rows) - 1) ** 2 / (count - 1)
    width = len(columns) - (len(columns) - 1) ** 2 / (count - 1)
    if min(height, width) <= 1:  # every subject its own value: nothing can be said
        return math.nan, math.nan
    return math.sqrt(min(1.0, shared / (min(height, width) - 1))), float(chi2.sf(squared, freedom))
