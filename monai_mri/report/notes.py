"""Sentences at the top of the page: on unpublished filters, from the run, from the caller."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from monai_mri.report.run_folder import RunRecord

__all__ = ["collect_notes", "filters_note"]

# Of all layers but those that are the same in every variant of the study.
PUBLISHED_FILTERS = {
    "PlaqueFCN": (20, 20, 40, 60, 20),
    "MigraineCNN": (20, 10, 5),
    "LesionCNN": (64, 64, 128),
}


def collect_notes(run: RunRecord, notes: Sequence[str]) -> list[str]:
    """All notes once, in order: on the filters, from the run, from the caller."""
    return list(dict.fromkeys(note for note in chain([filters_note(run)], run.notes, notes) if note))


def filters_note(run: RunRecord) -> str:
    """A sentence on filters that are not the published ones; empty where they are, or nothing is known.

    >>> filters_note(RunRecord(network="PlaqueFCN", filters=[8, 8, 16, 24, 8]))[:54]
    'The filters are not those of the published net: fewer,'
    """
    if run.filters_note or isinstance(run.filters, str):
        return run.filters_note or str(run.filters)
    published = PUBLISHED_FILTERS.get(run.network)
    if published is None or not isinstance(run.filters, list) or tuple(run.filters) == published:
        return ""
    here, there = ("-".join(map(str, filters)) for filters in (run.filters, published))
    numbers = [filters for filters in run.filters if isinstance(filters, int)]
    fewer = "fewer, " if len(numbers) == len(run.filters) and sum(numbers) < sum(published) else ""
    return (
        f"The filters are not those of the published net: {fewer}{here} a layer here, {there} there. "
        "The figures are not those of the published net either."
    )
