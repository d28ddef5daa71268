"""One table with a line a variant, as papers print that compare inputs or networks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monai_mri.study.design import Design
from monai_mri.study.figures import Figure, figure_of, has_figure, has_path, over_runs, primary_of
from monai_mri.study.protocol import Protocol
from monai_mri.study.runs import Run, State, runs_of, state_of, summary_of
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


def variant_table(protocol: Protocol, spec: TableSpec, design: Design, output: Path) -> Table:
    """The table of all variants of the protocol, also of those that were not run."""
    return _Builder(protocol, spec, design, output).table()


class _Builder:
    def __init__(self, protocol: Protocol, spec: TableSpec, design: Design, output: Path) -> None:
        self.protocol, self.spec, self.design = protocol, spec, design
        self.names = [
            *protocol.variants,
            *(name for name in design.variants if name not in protocol.variants),
        ]
        self.states: dict[Run, State] = {
            run: state_of(run, design.identity(run.variant, run.repeat, run.fold))
            for run in runs_of(design, output, [name for name in self.names if name in design.variants])
        }
        self.several = design.repeats * design.folds > 1
        done = [name for name in self.names if self._done(name)]
        self.reference = done[0] if done else None

    def table(self) -> Table:
        parts = {
            key: ("value", *(("low", "high") if column.interval else ()), *(("sd",) if self.several else ()))
            for key, column in self.spec.columns.items()
        }
        return Table(
            title=title_of(self.design),
            label="variant",
            headings=tuple(headings_of(self.spec, parts=parts, protocol=self.protocol)),
            lines=(*map(self._baseline, self.spec.baselines), *map(self._variant, self.names)),
            notes=tuple(self._notes()),
        )

    def _variant(self, name: str) -> Line:
        done = self._done(name)
        cells: list[Cell] = []
        for key, column in self.spec.columns.items():
            having = [run for run in done if has_figure(run, column)]
            figures = [figure_of(run, column) for run in having]
            cells.append(over_runs(figures) if having else "-" if done else "missing")
            cells += self._paper(key, name, baseline=False)
        return Line(name, self._state(name), tuple(cells))

    def _baseline(self, name: str) -> Line:
        """What the runs of the first finished variant say of a baseline."""
        done = self._done(self.reference) if self.reference else []
        cells: list[Cell] = []
        for key in self.spec.columns:
            path = self.spec.baselines[name].get(key)
            having = [found for found in map(summary_of, done) if found and path and has_path(found, path)]
            figures = [Figure(primary_of(found, path or "")) for found in having]
            cells.append(over_runs(figures) if figures else "-" if done or path is None else "missing")
            cells += self._paper(key, name, baseline=True)
        return Line(name, f"of {self.reference}" if self.reference else "missing", tuple(cells))

    def _paper(self, key: str, name: str, *, baseline: bool) -> list[Cell]:
        if not has_published(self.protocol, key):
            return []
        found: Any = self.protocol.published.get(key)
        if isinstance(found, dict):
            found = found.get(name)
        elif baseline:
            found = None
        scale = self.spec.columns[key].published_scale
        return ["-" if not isinstance(found, (int, float)) else Figure(found * scale)]

    def _runs(self, name: str) -> list[Run]:
        return [run for run in self.states if run.variant == name]

    def _done(self, name: str) -> list[Run]:
        return [run for run in self._runs(name) if self.states[run].kind == "done"]

    def _state(self, name: str) -> str:
        kinds = Counter(self.states[run].kind for run in self._runs(name))
        if not kinds:
            return "not asked for"
        if not self.several:
            return next(iter(kinds))
        return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))

    def _notes(self) -> list[str]:
        absent = {name: "not asked for" for name in self.names if name not in self.design.variants}
        states = {run.name: state.why or state.kind for run, state in self.states.items()}
        notes = missing_note(states | absent)
        if others := self._of_other_classes():
            notes.append(f"{', '.join(others)}: other classes than {self.reference}, not to be compared")
        if any(column.interval for column in self.spec.columns.values()):
            notes.append("[low, high]: 95 % interval of one run, from its evaluation")
        if self.several:
            notes.append("±: mean and SD over the runs that are done; runs share data, so SD is no interval")
        return [*notes, *common_notes(self.spec, self.design)]

    def _of_other_classes(self) -> list[str]:
        def classes(name: str) -> Sequence[str] | None:
            done = self._done(name)
            found = (summary_of(done[0]) or {}).get("classes") if done else None
            return list(found) if isinstance(found, list) else None

        known = classes(self.reference) if self.reference else None
        return [name for name in self.names if known is not None and classes(name) not in (None, known)]
