"""Times in words."""

from __future__ import annotations

from datetime import datetime, timezone
from math import isfinite

__all__ = ["to_day", "to_duration"]


def to_duration(seconds: float) -> str:
    """Seconds in words.

    >>> to_duration(75), to_duration(3 * 3600 + 240), to_duration(9.4)
    ('1 min 15 s', '3 h 4 min', '9 s')
    """
    if not isfinite(seconds):
        return "unknown"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def to_day(started: str | float | None) -> str:
    """A day and minute from an ISO date or seconds since 1970; text that is neither stays as it is.

    >>> to_day("2026-03-01T12:30:00+00:00"), to_day(None)
    ('2026-03-01 12:30 UTC', '')
    """
    if started is None:
        return ""
    try:
        if isinstance(started, str):
            moment = datetime.fromisoformat(started.replace("Z", "+00:00"))
        else:
            moment = datetime.fromtimestamp(started, tz=timezone.utc)
    except (ValueError, OverflowError, OSError):
        return str(started)
    return f"{moment:%Y-%m-%d %H:%M %Z}".strip()
