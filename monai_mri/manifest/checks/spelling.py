"""When two words are one word in two spellings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

SHORTEST = 5  # letters of a word in which one wrong letter is taken for a typing error


def same_id(subject: str) -> str:
    """What an id is but for leading zeros, case and outer spaces.

    >>> same_id("001") == same_id("1"), same_id("sub-01") == same_id("Sub-1 "), same_id("10") == same_id("1")
    (True, True, False)
    """
    return re.sub(r"(?<!\d)0+(?=\d)", "", subject.strip().casefold())


def near_spellings(counts: Mapping[str, int], *, typing_errors: bool) -> Iterator[tuple[str, str]]:
    """Pairs of values that look like one, the rarer first; empty values and numbers are left alone.

    They differ by case, spaces, hyphens or underscores; with `typing_errors` also by one letter too many or
    two letters swapped, in words of five letters and more. Words that differ in a digit are two words.

    >>> list(near_spellings({"Tumor": 2, "tumour": 1, "control": 3}, typing_errors=True))
    [('tumour', 'Tumor')]
    """
    words = (value for value in counts if re.search(r"[^\W\d_]", value))
    values = sorted(words, key=lambda value: (-counts[value], value))
    for index, rare in enumerate(values):
        for common in values[:index]:
            one, other = _plain(common), _plain(rare)
            if one == other or (typing_errors and _one_letter_off(one, other)):
                yield rare, common
                break


def _plain(value: str) -> str:
    return re.sub(r"[\s_-]+", "", value).casefold()


def _one_letter_off(one: str, other: str) -> bool:
    if re.sub(r"\D", "", one) != re.sub(r"\D", "", other) or min(len(one), len(other)) < SHORTEST:
        return False
    if len(one) == len(other):
        differ = [index for index, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        return len(differ) == 2 and differ[1] == differ[0] + 1 and sorted(one) == sorted(other)
    short, long = sorted((one, other), key=len)
    return len(long) == len(short) + 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))
