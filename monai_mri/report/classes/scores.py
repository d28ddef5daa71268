"""A figure of a classification with its interval."""

from __future__ import annotations

from math import nan
from typing import Annotated

from pydantic import Field

from monai_mri.report.records import LARGEST, Count, Figure, Record

__all__ = ["Images", "Score", "as_score"]

Images = Annotated[int, Field(ge=0, le=LARGEST)]


def as_score(content: object) -> object:
    """A bare figure is a score without an interval."""
    return content if isinstance(content, dict) else {"value": content}


class Score(Record):
    """A figure with its interval; `interval` says how that was made, `reason` why it is undefined."""

    value: Figure = nan
    low: Figure = nan
    high: Figure = nan
    n: Count = None
    interval: str | None = None
    undefined_draws: Count = None
    reason: str | None = None
