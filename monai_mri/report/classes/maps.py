"""What the explanation of a classification left in a run folder: scores of maps, regions, folders."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from math import isfinite, nan
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, ConfigDict, Field, model_validator

from monai_mri.errors import DataError
from monai_mri.report.records import Count, Figure, Record, read_json, read_rows
from monai_mri.report.run_folder import RunFolder

__all__ = ["GROUP", "GroupRegion", "GroupScores", "MapScores", "Maps", "MapsSummary", "Region", "read_maps"]

Line = tuple[float, float]  # top_share and volume_share of one map's region
GROUP = "group_mni.png"  # one picture of all images' maps together


class MapScores(Record):
    """One method against a known truth: maxima inside it, share of the strongest voxels inside, chance."""

    method: str = ""
    n: Count = None
    undefined: Count = None
    hits: Count = None
    hit_rate: Figure = nan
    hit_low: Figure = nan
    hit_high: Figure = nan
    hit_chance: Figure = nan
    top_share: Figure = nan
    chance: Figure = nan
    ratio: Figure = nan


class GroupScores(Record):
    """People of one class compared with the others, by the maps of one method; p is that of any difference.

    What else the line holds is shown under its own name.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    method: str = ""
    first: str = ""
    n: list[int] | int | None = None
    p: Figure = Field(default=nan, validation_alias=AliasChoices("p", "p_value"))

    @property
    def others(self) -> dict[str, Any]:
        """Figures and words beside method and p, by name."""
        extra = self.__pydantic_extra__ or {}
        return {
            key: value
            for key, value in extra.items()
            if value is None or isinstance(value, str | int | float)
        }


class MapsSummary(Record):
    """`explanation/summary.json`; `drawn` are the folders of this explanation, None in older ones."""

    weights_sha256: str | None = None
    target: str = ""
    images: Count = None
    drawn: list[str] | None = None
    methods: list[MapScores] = Field(default_factory=list)
    groups: list[GroupScores] = Field(default_factory=list)
    groups_note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _without_null(cls, content: Any) -> Any:
        """A key that is null is as good as missing."""
        if not isinstance(content, dict):
            return content
        return {key: value for key, value in content.items() if value is not None}


@dataclass(frozen=True)
class Region:
    """One region over all maps of a method.

    `top_share` is its mean share of a map's strongest voxels, `volume_share` of the brain's voxels, both over
    the `n` maps where the top is defined; nan where there is none.
    """

    name: str
    n: int
    top_share: float
    volume_share: float

    @property
    def ratio(self) -> float:
        """Strongest voxels beside what its volume would hold; nan without a volume."""
        return self.top_share / self.volume_share if self.volume_share > 0 else nan


@dataclass(frozen=True)
class GroupRegion:
    """One region's mean, compared between the groups; p is corrected over the regions of the method."""

    method: str
    region: str
    t: float
    p: float
    voxels: float
    voxels_that_differ: float


@dataclass(frozen=True)
class Maps:
    """`summary` is None where nothing was explained; `drawn` are folders of methods."""

    folder: Path
    summary: MapsSummary | None = None
    drawn: list[str] = field(default_factory=list)
    regions: dict[str, list[Region]] = field(default_factory=dict)
    group_regions: dict[str, list[GroupRegion]] = field(default_factory=dict)


def read_maps(folder: RunFolder) -> Maps:
    """Read `explanation/summary.json` and its tables, and see which methods have a folder.

    Where the summary says what was drawn, other folders are left out: they are of another explanation.

    Raises:
        DataError: one of them cannot be understood.
    """
    path = folder.path / "explanation"
    summary = read_json(path / "summary.json", MapsSummary)
    regions = _read_regions(path / "regions.csv")
    drawn = sorted(entry.name for entry in path.iterdir() if entry.is_dir()) if path.is_dir() else []
    if summary is not None and summary.drawn is not None:
        drawn = [name for name in dict.fromkeys(summary.drawn) if name in drawn]
    return Maps(path, summary, drawn, regions, _read_group_regions(path / "group_regions.csv"))


def _read_regions(path: Path) -> dict[str, list[Region]]:
    """Rows of each method, the region with the largest share of the strongest voxels first."""
    found: dict[str, dict[str, list[Line]]] = defaultdict(lambda: defaultdict(list))
    for line, row in enumerate(read_rows(path), start=2):
        if "method" not in row or "region" not in row:
            raise DataError(f"{path}: has no columns method and region, expected both; explain again")
        top, volume = (
            _number(row.get(name, ""), f"{path}:{line}: {name}") for name in ("top_share", "volume_share")
        )
        found[row["method"]][row["region"]].append((top, volume))
    return {
        method: sorted(
            (_region(name, lines) for name, lines in rows.items()),
            key=lambda region: -region.top_share if isfinite(region.top_share) else 1,
        )
        for method, rows in found.items()
    }


def _read_group_regions(path: Path) -> dict[str, list[GroupRegion]]:
    """Rows of each method, the least p first, of one p the largest t of either sign."""
    found: dict[str, list[GroupRegion]] = defaultdict(list)
    for line, row in enumerate(read_rows(path), start=2):
        if "method" not in row or "region" not in row:
            raise DataError(f"{path}: has no columns method and region, expected both; explain again")
        figures = [
            _number(row.get(name, ""), f"{path}:{line}: {name}")
            for name in ("t", "p", "voxels", "voxels_that_differ")
        ]
        found[row["method"]].append(GroupRegion(row["method"], row["region"], *figures))
    return {method: sorted(rows, key=_by_p) for method, rows in found.items()}


def _by_p(row: GroupRegion) -> tuple[float, float]:
    return (row.p if isfinite(row.p) else 2, -abs(row.t) if isfinite(row.t) else 0)


def _region(name: str, lines: list[Line]) -> Region:
    defined = [line for line in lines if isfinite(line[0])]
    top, volume = (_mean([line[place] for line in defined]) for place in range(2))
    return Region(name, len(defined), top, volume)


def _mean(values: list[float]) -> float:
    defined = [value for value in values if isfinite(value)]
    return sum(defined) / len(defined) if defined else nan


def _number(text: str, where: str) -> float:
    try:
        return float(text) if text else nan
    except ValueError as error:
        raise DataError(f"{where} is {text!r:.80}, expected a number; explain again") from error
