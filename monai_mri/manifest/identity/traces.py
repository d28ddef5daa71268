"""Find in any text what may lead to a person: dates, e-mail, telephone, home folders, long numbers, names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Literal, NamedTuple

from monai_mri.manifest.identity.vocabulary import WORDS

Kind = Literal["date", "e-mail address", "telephone number", "home folder", "long number", "name"]

# BIDS moves dates before 1925 to say that they are not real ones.
FIRST_YEAR, LAST_YEAR = 1925, 2035
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = "(?P<word>" + "|".join(_MONTHS) + r")(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?(?![a-z])"
_START, _END = r"(?<!\d)(?<!\d\.)", r"(?!\d)"
_DATES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        _START + r"(?P<y>(?:19|20)\d\d)(?P<m>[01]\d)(?P<d>[0-3]\d)(?:[T_-]?[0-2]\d[0-5]\d[0-6]\d)?" + _END,
        _START + r"(?P<y>(?:19|20)\d\d)([-./:_])(?P<m>[01]?\d)\2(?P<d>[0-3]?\d)" + _END + r"(?!\.\d)",
        _START + r"(?P<d>[0-3]?\d)([-./_])(?P<m>[01]?\d)\2(?P<y>(?:19|20)\d\d)" + _END + r"(?!\.\d)",
        _START + r"(?P<m>[01]?\d)([-/])(?P<d>[0-3]?\d)\2(?P<y>(?:19|20)\d\d)" + _END,
        _START + r"(?P<d>[0-3]?\d)[-./ _]?" + _MONTH + r"[-./, _]{0,2}(?P<y>(?:19|20)?\d\d)" + _END,
        r"(?<![a-z])"
        + _MONTH
        + r"[. _-]{1,2}(?P<d>[0-3]?\d)(?:st|nd|rd|th)?,?[ _-]+(?P<y>(?:19|20)\d\d)"
        + _END,
    )
]
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}\.[A-Za-z]{2,}")
_PHONE = re.compile(
    r"(?<![\w.+-])(?:\+\d{1,3}[ ./-]?(?:\(0\))?(?:[ ./-]?\d){7,12}|\(\d{2,5}\)[ ./-]?\d{3,4}[ ./-]?\d{3,5}"
    r"|\d{3}-\d{3}-\d{4})(?![\w.-])"
)
_HOME = re.compile(
    r"(?:(?<![\w.])/(?:home|Users|usr/people|data/home|nfs/home)/"
    r"|\b[A-Za-z]:[\\/](?:Users|Documents and Settings)[\\/])"
    r"(?!Shared\b|Public\b|Default\b)[^\\/\s\"'<>:,;]+",
    re.IGNORECASE,
)
_LONG = re.compile(r"(?<![\d.,xX])(?<!\d[eE][+-])\d{7,}(?![\d.])")
_NAME = re.compile(r"(?<![^\W\d_])([A-Z][a-z]{2,})(?:, ?|[ _^-])([A-Z][a-z]{2,})(?![^\W\d_])")
_HINT = re.compile(r"\d{4}|\d[-./ _]?[A-Za-z]{3}|@|[\\/]|[A-Z][a-z]{2,}[, _^-]", re.ASCII)


_DATE_SHAPE = re.compile(
    r"0{8}|0{4}[-./:_]00?[-./:_]00?|00?[-./_]00?[-./_]0{4}|"
    + r"0[-./ _]?(?:{0})|(?:{0})[a-z]*[. _-]{{1,2}}00?".format("|".join(_MONTHS)),
    re.IGNORECASE,
)


class Trace(NamedTuple):
    """What was found in a text, and the piece of text itself (never to be printed: see `redact`)."""

    kind: Kind
    value: str


def traces(text: str, *, names: bool = False, numbers: bool = False) -> Iterator[Trace]:
    """Everything in a text that may lead to a person, each kind once.

    `names` also looks for two capitalised words that look like a personal name, `numbers` for digits of the
    length of a hospital's record number (7 or more that are no date).

    >>> [trace.kind for trace in traces("scan of 1996-09-09 in /home/jsmith/mri")]
    ['date', 'home folder']
    >>> list(traces("brisc2025_test_00003_gl_ax_t1")), list(traces("12345678"))
    ([], [])
    """
    if not _HINT.search(text):
        return
    rest = text
    for kind, finder in (("date", _find_date), ("e-mail address", _EMAIL), ("home folder", _HOME)):
        found = finder.search(rest) if isinstance(finder, re.Pattern) else finder(rest)
        if found:
            yield Trace(kind, found[0])  # type: ignore[arg-type]
            rest = rest.replace(found[0], " ")
    if found := _PHONE.search(rest):
        yield Trace("telephone number", found[0])
        rest = rest.replace(found[0], " ")
    if numbers and (found := _LONG.search(rest)):
        yield Trace("long number", found[0])
    if names and (value := _find_name(rest)):
        yield Trace("name", value)


def may_hold_traces(shape: str) -> bool:
    """Whether a text that becomes `shape` when its digits are set to 0 may hold a trace; quick, generous.

    >>> may_hold_traces("sub-000/ses-0/flair.nii.gz"), may_hold_traces("00000000_t0.nii")
    (False, True)
    """
    patterns = (_DATE_SHAPE, _EMAIL, _HOME, _PHONE, _LONG, _NAME)
    return any(pattern.search(shape) for pattern in patterns)


def _find_date(text: str) -> re.Match[str] | None:
    for pattern in _DATES:
        for match in pattern.finditer(text):
            if _is_date(match):
                return match
    return None


def _is_date(match: re.Match[str]) -> bool:
    parts = match.groupdict()
    year = int(parts["y"])
    if len(parts["y"]) == 2:
        year += 1900 if year > LAST_YEAR % 100 else 2000
    month = int(parts["m"]) if parts.get("m") else 1 + _MONTHS.index(parts["word"].lower())
    try:
        date(year, month, int(parts["d"]))
    except ValueError:
        return False
    return FIRST_YEAR <= year <= LAST_YEAR


def _find_name(text: str) -> str:
    for match in _NAME.finditer(text):
        if not {word.lower() for word in match.groups()} & WORDS:
            return match[0]
    return ""
