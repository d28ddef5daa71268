"""Tables of maps: against a known truth, of the group, and region by region."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from monai_mri.report.classes.maps import GroupRegion, MapScores, MapsSummary, Region
from monai_mri.report.tables import Cell, Row, Table, to_count, to_figure

__all__ = ["group_region_table", "group_table", "region_tables", "truth_table"]

SHOWN_REGIONS = 20
SHOWN_GROUP_REGIONS = 10  # of each method


def truth_table(methods: Sequence[MapScores]) -> Table | None:
    """Hits and strongest voxels inside the truth, beside chance; None where no map was scored."""
    if not methods:
        return None
    rows = []
    for method in methods:
        undefined = f"undefined in {to_count(method.undefined)}" if method.undefined else ""
        low, high = (to_figure(end, digits=2) for end in (method.hit_low, method.hit_high))
        between = f"{low} to {high}" if isfinite(method.hit_low) and isfinite(method.hit_high) else ""
        cells = [
            Cell(f"{to_count(method.hits)} of {to_count(method.n)}", note=undefined),
            _figure(method.hit_rate, note=between),
            _figure(method.hit_chance),
            _figure(method.top_share),
            _figure(method.chance),
            _figure(method.ratio),
        ]
        rows.append(Row(label=method.method, cells=cells))
    headings = ("hits", "rate", "by chance", "share", "by chance", "ratio")
    return Table(
        groups=[("maximum inside the truth", 3), ("strongest 1 % inside the truth", 3)],
        headings=[(heading, "") for heading in headings],
        rows=rows,
    )


def group_table(summary: MapsSummary) -> Table | None:
    """A row a line of `groups`, a column a figure that any of them has; None without a line."""
    if not summary.groups:
        return None
    names = list(dict.fromkeys(name for row in summary.groups for name in row.others))
    rows = []
    for row in summary.groups:
        cells = [Cell(row.first or "–", word=True), Cell(_people(row.n)), _figure(row.p, digits=3)]
        cells += [_any(row.others.get(name)) for name in names]
        rows.append(Row(label=row.method, cells=cells))
    headings = ["first group", "people", "p", *(name.replace("_", " ") for name in names)]
    return Table(groups=[], headings=[(heading, "") for heading in headings], rows=rows)


def group_region_table(regions: dict[str, list[GroupRegion]]) -> Table | None:
    """The regions with the least p of each method; None without a region."""
    rows = [
        Row(
            label=method,
            cells=[
                Cell(region.region, word=True),
                _figure(region.t),
                _figure(region.p, digits=3),
                _count(region.voxels),
                _count(region.voxels_that_differ),
            ],
        )
        for method, several in regions.items()
        for region in several[:SHOWN_GROUP_REGIONS]
    ]
    headings = ("region", "t", "p", "voxels", "voxels that differ")
    return Table(groups=[], headings=[(heading, "") for heading in headings], rows=rows) if rows else None


def region_tables(regions: dict[str, list[Region]]) -> list[tuple[str, Table, int]]:
    """(method, table of the first rows, number of regions) for each method."""
    return [(method, _region_table(rows[:SHOWN_REGIONS]), len(rows)) for method, rows in regions.items()]


def _region_table(regions: Sequence[Region]) -> Table:
    rows = [
        Row(
            label=region.name,
            cells=[
                _figure(region.top_share, note=f"{region.n} map{'' if region.n == 1 else 's'}", digits=3),
                _figure(region.volume_share, digits=3),
                _figure(region.ratio),
            ],
        )
        for region in regions
    ]
    headings = ("strongest 1 %", "volume", "ratio")
    return Table(groups=[], headings=[(heading, "") for heading in headings], rows=rows)


def _figure(value: float, *, note: str = "", digits: int = 2) -> Cell:
    return Cell(to_figure(value, digits=digits), note=note, value=value, undefined=not isfinite(value))


def _count(value: float) -> Cell:
    return Cell(to_count(value) if isfinite(value) else "–")


def _people(n: list[int] | int | None) -> str:
    return " + ".join(map(str, n)) if isinstance(n, list) else to_count(n)


def _any(value: str | int | float | None) -> Cell:
    if isinstance(value, bool):
        return Cell("yes" if value else "no", word=True)
    if isinstance(value, int):
        return Cell(str(value))
    if isinstance(value, float):
        return _figure(value, digits=3)
    return Cell("–") if value is None else Cell(value, word=True)
