"""When two words are one word in two spellings."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from monai_mri.faults import Fault

if TYPE_CHECKING:
    from monai_mri.manifest.core import Manifest

SHORTEST = 5  # letters of a word in which one wrong letter is taken for a typing error


def refuse_spellings(manifest: Manifest, columns: Iterable[str]) -> None:
    """Refuse to divide subjects whose ids, or the values of the columns to divide by, stand in two spellings.

    Raises:
        ManifestError: two ids of what looks like one person (E503), or two values of one class (E506).
    """
    first: dict[str, str] = {}
    for subject in dict.fromkeys(manifest.table["subject_id"].tolist()):
        other = first.setdefault(same_id(subject), subject)
        if other != subject:
            found = f"ids {other!r} and {subject!r}, which differ only by zeros, case or spaces"
            todo = "write one person's id in one way, or give two persons ids that differ more"
            raise Fault("E503", str(manifest.path), found, "one spelling a person", todo).error()
    for column in columns:
        counts = Counter(manifest.table[column].tolist())
        for rare, common in near_spellings(counts, typing_errors=True):
            found = f"{column} {rare!r} beside {common!r}"
            fault = Fault("E506", str(manifest.path), found, "one spelling a class", "write it in one way")
            raise fault.error()


def same_id(subject: str) -> str:
    """What an id is but for leading zeros, case, spaces and a spreadsheet's ".0".

    >>> same_id("001") == same_id("1"), same_id("01") == same_id("1.0"), same_id("10") == same_id("1")
    (True, True, False)
    """
    plain = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", subject)).strip().casefold()
    plain = re.sub(r"^(\d+)\.0+$", r"\1", plain)
    return re.sub(r"(?<!\d)0+(?=\d)", "", plain)


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
