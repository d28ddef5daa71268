"""What the block `table:` of protocol.yaml may say."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Column(BaseModel):
    """One of our figures; its key in the block is also that of the paper's in `published:`.

    Either `value`, a path in a run's evaluation/summary.json as `scores.accuracy` (items of a list by their
    `name`), with its interval where `interval` is set; or `history`, a column of the run's history.csv, of
    which `over_epochs` takes the mean or the sample SD. `published_scale` turns the paper's unit into ours.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    value: str | None = None
    interval: bool = False
    history: str | None = None
    over_epochs: Literal["mean", "sd"] | None = None
    published_scale: float = 1.0

    @model_validator(mode="after")
    def _has_one_source(self) -> Column:
        if (self.value is None) == (self.history is None):
            raise ValueError("give a column either value or history")
        if (self.history is None) != (self.over_epochs is None):
            raise ValueError("history and over_epochs belong together")
        if self.interval and self.value is None:
            raise ValueError("interval belongs to value")
        return self


class TableSpec(BaseModel):
    """The paper's table.

    `rows` is "runs", a table a variant with a line a run, or "variants", one table with a line a variant.
    `best` is the column whose highest value chooses the run that the paper would report. `baselines` are
    lines before the variants: for columns by their keys, paths in the summary of a run.
    `authors_manifest_sha256` are hashes of manifests of the authors' own data, whose figures may be compared
    with the paper's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: Literal["runs", "variants"]
    columns: dict[str, Column] = Field(min_length=1)
    best: str | None = None
    baselines: dict[str, dict[str, str]] = Field(default_factory=dict)
    authors_manifest_sha256: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_its_columns(self) -> TableSpec:
        named = {key for paths in self.baselines.values() for key in paths} | ({self.best} - {None})
        if unknown := sorted(str(key) for key in named - self.columns.keys()):
            raise ValueError(f"{unknown[0]!r} is no column of the table")
        if self.best and self.rows != "runs":
            raise ValueError("best belongs to a table of runs")
        return self
