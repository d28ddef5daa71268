"""What the tables of a BIDS tree say: participants.tsv, and sessions.tsv of each subject."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from monai_mri.errors import UsageError
from monai_mri.manifest.layouts._tables import (
    SubjectRow,
    Table,
    by_subject,
    id_column,
    manifest_columns,
    match_subjects,
    read_subject_table,
)

DEFAULT = "participants.tsv"
_RESERVED = ("subject_id", "session_id", "site", "mask")


@dataclass(frozen=True)
class People:
    """Rows of participants and of sessions, and the manifest's name of each of their columns."""

    path: Path
    rows: dict[str, SubjectRow]
    columns: dict[str, str]
    sessions: dict[tuple[str, str], dict[str, str]]
    visit_columns: dict[str, str]

    @property
    def name(self) -> str:
        """The table's file name."""
        return self.path.name

    def match(self, subjects: Iterable[str]) -> dict[str, SubjectRow]:
        """The row of each subject that has one.

        Raises:
            ManifestError: ids that fit twice (E503).
        """
        return match_subjects(subjects, self.rows, table=self.path)

    def cells(self, told: Mapping[str, SubjectRow], session: tuple[str, str]) -> tuple[str, dict[str, str]]:
        """Site and other cells of a session; what its own table says wins over the subject's."""
        row = told.get(session[0])
        cells = {new: row.cells.get(old, "") if row else "" for old, new in self.columns.items()}
        visit = self.sessions.get(session, {})
        for old, new in self.visit_columns.items():
            cells[new] = visit.get(old, "") or cells.get(new, "")
        return cells.pop("site", ""), cells


def read_people(
    root: Path, participants: str, tables: Sequence[Path], *, label: str, taken: Collection[str]
) -> People:
    """Read the tables there are; participants.tsv may be absent unless it was named or `label` asks for it.

    Raises:
        UsageError: no table has a column `label`.
        ManifestError: a table is missing or wrong.
    """
    used = {*_RESERVED, *taken}
    visits, sessions = _read_sessions(tables)
    of_visit = label in {column for table in visits for column in table.columns}
    visit_columns = _visit_columns(visits, used, label if of_visit else "")
    path = root / (participants or DEFAULT)
    asked = bool(label) and not of_visit
    if not participants or (participants == DEFAULT and not asked and not path.exists()):
        if asked:
            raise UsageError(f"label: {label!r} without participants, expected a table; name it")
        return People(path, {}, {}, sessions, visit_columns)
    table = read_subject_table(path)
    known = {column.lower(): column for column in table.columns}
    in_table = label if label in table.columns or not of_visit else ""
    columns = manifest_columns(
        table, drop={id_column(table), known.get("site", "")}, taken=used, label=in_table
    )
    if "site" in known and known["site"] not in columns:
        columns[known["site"]] = "site"
    return People(path, by_subject(table), columns, sessions, visit_columns)


def _read_sessions(tables: Sequence[Path]) -> tuple[list[Table], dict[tuple[str, str], dict[str, str]]]:
    read, rows = [], {}
    for path in tables:
        table = read_subject_table(path)
        subject = path.name.removesuffix("_sessions.tsv")
        read.append(table)
        for session, row in by_subject(table, id="session_id").items():
            rows[subject, f"ses-{session.removeprefix('ses-')}"] = row.cells
    return read, rows


def _visit_columns(visits: Sequence[Table], used: Collection[str], label: str) -> dict[str, str]:
    names: dict[str, str] = {}
    for table in visits:
        has = label if label in table.columns else ""
        drop = {"session_id", "site", *names}
        named = manifest_columns(table, drop=drop, taken={*used, *names.values()}, label=has)
        names |= {old: new for old, new in named.items() if old not in names}
        names |= {"site": "site"} if "site" in table.columns and "site" not in names else {}
    return names
