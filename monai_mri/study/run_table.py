"""A table a variant with a line a run, as papers print that repeat one training."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from monai_mri.study.design import Design
from monai_mri.study.figures import Figure, figure_of, has_figure, mean, sample_sd
from monai_mri.study.protocol import Protocol
from monai_mri.study.runs import Run, State, runs_of, state_of
from monai_mri.study.table import (
    Cell,
    Line,
    Table,
    common_notes,
    has_published,
    headings_of,
    missing_note,
    title_of,
)
from monai_mri.study.table_spec import TableSpec

BESIDE = "the paper's run 1 stands beside repeat 0, and so on: runs of other splits, in the paper's order"


def run_tables(protocol: Protocol, spec: TableSpec, design: Design, output: Path) -> list[Table]:
    """One table for each variant that was asked for, and a note on those that were not."""
    names = [name for name in protocol.variants if name in design.variants]
    names += [name for name in design.variants if name not in names]
    tables = [_Variant(protocol, spec, design, output, name).table() for name in names]
    if absent := [name for name in protocol.variants if name not in names]:
        last = tables[-1]
        note = f"variants of the protocol that this study does not hold: {', '.join(absent)}"
        tables[-1] = Table(last.title, last.label, last.headings, last.lines, (*last.notes, note), last.about)
    return tables


class _Variant:
    """The table of one variant."""

    def __init__(self, protocol: Protocol, spec: TableSpec, design: Design, output: Path, name: str) -> None:
        self.protocol, self.spec, self.design, self.name = protocol, spec, design, name
        own = protocol.published.get(name)
        self.published: dict[str, Any] = own if isinstance(own, dict) else protocol.published
        self.runs = list(runs_of(design, output, [name]))
        self.states: dict[Run, State] = {
            run: state_of(run, design.identity(run.variant, run.repeat, run.fold)) for run in self.runs
        }
        self.figures = {
            run: {key: figure_of(run, column) for key, column in spec.columns.items()}
            for run, state in self.states.items()
            if state.kind == "done"
        }
        self.lacking = {
            key
            for key, column in spec.columns.items()
            if self.figures and not any(has_figure(run, column) for run in self.figures)
        }

    def table(self) -> Table:
        best = self._best()
        lines = [self._line(run, place, marked=run == best) for place, run in enumerate(self.runs)]
        lines += [self._paper_alone(place) for place in range(len(self.runs), self._published_runs())]
        headings = headings_of(
            self.spec, parts=dict.fromkeys(self.spec.columns, ("value",)), protocol=self.protocol
        )
        return Table(
            title=title_of(self.design, self.name),
            label="run",
            headings=tuple(headings),
            lines=(*lines, self._over_runs("mean", mean), self._over_runs("SD", sample_sd)),
            notes=tuple(self._notes(best)),
            about={"variant": self.name},
        )

    def _line(self, run: Run, place: int, *, marked: bool) -> Line:
        label = f"repeat {run.repeat}" + (f" fold {run.fold}" if run.several_folds else "")
        ours = self.figures.get(run)
        cells: list[Cell] = []
        for key in self.spec.columns:
            cells.append("missing" if ours is None else "-" if key in self.lacking else ours[key])
            cells += self._paper(key, place)
        return Line(f"{label} *" if marked else label, self.states[run].kind, tuple(cells))

    def _paper_alone(self, place: int) -> Line:
        """A run of the paper beyond those of this study."""
        cells: list[Cell] = []
        for key in self.spec.columns:
            cells += ["-", *self._paper(key, place)]
        return Line(f"(paper's run {place + 1})", "not asked for", tuple(cells))

    def _paper(self, key: str, place: int) -> list[Cell]:
        if not has_published(self.protocol, key):
            return []
        found = self._list(key)
        scale = self.spec.columns[key].published_scale
        return [Figure(found[place] * scale) if place < len(found) else "-"]

    def _list(self, key: str) -> list[float]:
        """The paper's figures, one a run; with several folds a run here is none of the paper's."""
        found = self.published.get(key)
        return found if isinstance(found, list) and self.design.folds == 1 else []

    def _published_runs(self) -> int:
        return max(len(self._list(key)) for key in self.spec.columns)

    def _over_runs(self, what: str, statistic: Any) -> Line:
        cells: list[Cell] = []
        for key, column in self.spec.columns.items():
            values = self._values(key)
            none = "-" if key in self.lacking else "missing"
            cells.append(Figure(statistic(values)) if values else none)
            if has_published(self.protocol, key):
                found = self.published.get(key)
                several = found if isinstance(found, list) else [] if found is None else [found]
                scaled = [value * column.published_scale for value in several]
                cells.append(
                    "-" if not scaled or math.isnan(statistic(scaled)) else Figure(statistic(scaled))
                )
        state = f"{len(self.figures)} of {len(self.runs)} runs"
        return Line(what, state, tuple(cells))

    def _values(self, key: str) -> list[float]:
        every = [figures[key].value for figures in self.figures.values()]
        return [value for value in every if not math.isnan(value)]

    def _best(self) -> Run | None:
        """The run that the paper would report."""
        if self.spec.best is None:
            return None
        ranked = {run: figures[self.spec.best].value for run, figures in self.figures.items()}
        defined = {run: value for run, value in ranked.items() if not math.isnan(value)}
        return max(defined, key=lambda run: defined[run], default=None)

    def _notes(self, best: Run | None) -> list[str]:
        notes = missing_note({run.name: state.why or state.kind for run, state in self.states.items()})
        for key, column in self.spec.columns.items():
            if key in self.lacking:
                continue
            if lacking := len(self.figures) - len(self._values(key)):
                notes.append(f"{column.title}: undefined in {lacking} runs, left out of mean and SD")
        if best is not None and self.spec.best is not None:
            name = self.spec.columns[self.spec.best].title
            notes.append(
                f"* highest {name} of {len(self.figures)} runs, as the paper chooses the run it reports; "
                "the best of several runs flatters: report the mean"
            )
        beside = [BESIDE] if self._published_runs() else []
        return [*notes, *common_notes(self.spec, self.design), *beside]
