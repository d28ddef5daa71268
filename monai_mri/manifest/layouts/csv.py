"""Layout "csv": any table with a column of subjects and columns of image paths."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from monai_mri.errors import ManifestError, UsageError
from monai_mri.faults import Fault
from monai_mri.images.names import is_image_name
from monai_mri.manifest.core import Skipped
from monai_mri.manifest.layouts._nofile import why_no_file
from monai_mri.manifest.layouts._samples import Collected, Sample, files_below
from monai_mri.manifest.layouts._tables import (
    Table,
    column_named,
    id_column,
    manifest_columns,
    read_subject_table,
)

_CORE = ("subject_id", "session_id", "site")


def collect(
    root: Path,
    *,
    map: str = "",
    table: str = "",
    id: str = "",
    keep: str = "all",
    base: str = "",
    strip_prefix: str = "",
) -> Collected:
    r"""Any table as CSV or TSV: columns are renamed by map=NEW=OLD, those with paths become images.

    `root` is the table, or the folder that holds it (`table` names it there if there are several). `map` is
    a list as "subject_id=PatientID,flair=FLAIR path,label=Dx", with `;` between if a name holds a comma. The
    subjects stand in the column mapped to subject_id, or named by `id`, or called participant_id,
    subject_id or id. Columns that `map` does not name keep their names, with `_` for spaces; `keep=none`
    leaves them out.

    A column with a cell that ends like an image file is a modality, `mask` the masks. Paths are relative to
    the table's folder or to `base` (itself relative to the current folder); `\` counts as `/`, and
    `strip_prefix` is taken off their beginning, as in strip_prefix=C:\data. A row without a subject, with a
    missing file, without any image, or that stands there twice is skipped.

    Raises:
        UsageError: an option cannot be understood, or names a column that there is not.
        ManifestError: there is no table, or it is wrong.
    """
    if keep not in ("all", "none"):
        raise UsageError(f"keep: {keep!r}, expected all or none; choose one")
    place = _table_path(root, table)
    read = read_subject_table(place)
    names = _names(read, map, id=id, keep=keep)
    folder = Path(os.path.abspath(base)) if base else place.parent
    skipped: list[Skipped] = []
    paths = _path_columns(read, names)
    samples = _samples(read, names, paths, folder, strip_prefix, skipped)
    if root.is_dir():
        used = {os.path.abspath(path) for one in samples for path in (*one.images.values(), one.mask) if path}
        used.add(os.path.abspath(place))
        others = (path for path in files_below(root) if os.path.abspath(path) not in used)
        skipped.extend(Skipped(path.relative_to(root).as_posix(), "no row takes it") for path in others)
    return Collected(tuple(name for name in paths if name != "mask"), tuple(samples), tuple(skipped))


def _table_path(root: Path, table: str) -> Path:
    if not root.is_dir():
        if table:
            raise UsageError(f"table: {table!r}, but {root} is no folder; give the folder, or only the table")
        return root
    if table:
        return root / table
    found = sorted(
        path
        for path in root.iterdir()
        if path.suffix.lower() in (".csv", ".tsv") and path.is_file() and not path.name.startswith(".")
    )
    if len(found) == 1:
        return found[0]
    names = ", ".join(path.name for path in found[:5]) or "none"
    raise Fault(
        "", str(root), f"tables: {names}", "one CSV or TSV file", "name it as table=FILE, or as the root"
    ).error(ManifestError)


def _names(table: Table, given: str, *, id: str, keep: str) -> list[tuple[str, str]]:
    """Pairs of a manifest's column and the table's, the column of subjects first."""
    mapped = _mapping(table, given)
    subject = mapped.pop("subject_id", "") or id_column(table, id)
    names = [("subject_id", subject), *mapped.items()]
    if keep == "none":
        return names
    old = {subject, *mapped.values()}
    kept = manifest_columns(table, drop=old, taken={"subject_id", *mapped})
    used = {*mapped, *kept.values()}
    for column, new in kept.items():
        plain = new.lower()  # "Site" is the manifest's site, unless something else is called so
        own = plain in (*_CORE, "mask", "label") and plain not in used
        used.add(plain if own else new)
        names.append((plain if own else new, column))
    return names


def _mapping(table: Table, given: str) -> dict[str, str]:
    mapped: dict[str, str] = {}
    for part in given.split(";" if ";" in given else ","):
        if not part.strip():
            continue
        new, equals, old = (piece.strip() for piece in part.partition("="))
        if not equals or not re.fullmatch(r"\w[\w.-]*", new) or not old:
            raise UsageError(
                f"map: {part.strip()!r}, expected NEW=OLD as in flair=FLAIR path; put ';' between the pairs "
                "if a column's name holds a comma"
            )
        if new in mapped:
            raise UsageError(f"map: {new!r} twice, expected each new name once; leave one out")
        mapped[new] = column_named(table, old, option="map")
    return mapped


def _path_columns(table: Table, names: list[tuple[str, str]]) -> list[str]:
    """The manifest's columns that hold paths of images; `mask` also where all its cells are empty."""
    return [
        new
        for new, old in names
        if new not in _CORE
        and new != "label"
        and (new == "mask" or any(is_image_name(row[old]) for row in table.rows))
    ]


def _samples(
    table: Table,
    names: list[tuple[str, str]],
    paths: list[str],
    folder: Path,
    strip_prefix: str,
    skipped: list[Skipped],
) -> list[Sample]:
    samples = []
    first: dict[tuple[str, ...], int] = {}
    for number, row in enumerate(table.rows):
        where = f"{table.path.name}:{table.lines[number]}"
        cells = {new: row[old] for new, old in names}
        files, why = _files({name: cells[name] for name in paths}, folder, strip_prefix)
        if not cells["subject_id"]:
            why = f"{dict(names)['subject_id']} is empty: no subject"
        if not why and not files.keys() - {"mask"}:
            why = "no image in this row"
        line = first.setdefault(tuple(cells.values()), table.lines[number])
        if not why and line != table.lines[number]:
            why = f"the row of line {line} again"
        if why:
            skipped.append(Skipped(where, why))
            continue
        mask = files.pop("mask", None)
        extra = {name: cell for name, cell in cells.items() if name not in (*_CORE, *paths)}
        session, site = cells.get("session_id", ""), cells.get("site", "")
        samples.append(Sample(cells["subject_id"], files, mask, session, site, extra))
    return samples


def _files(cells: Mapping[str, str], folder: Path, strip_prefix: str) -> tuple[dict[str, Path], str]:
    """The file of each cell that names one, or why one of them cannot be taken."""
    files = {}
    for name, cell in cells.items():
        if not cell:
            continue
        relative = _stripped(cell, strip_prefix)
        path = folder / relative
        if re.match(r"[A-Za-z]:|//", relative):
            return (
                {},
                f"{name} is a path of another computer ({_shown(relative)}): give strip_prefix and base",
            )
        if why := why_no_file(path):
            hint = ": check it, strip_prefix and base" if why == "no such file" else ""
            return {}, f"{name}: {why} ({_shown(relative)}){hint}"
        files[name] = Path(os.path.normpath(path)) if ".." in Path(relative).parts else path
    return files, ""


def _stripped(cell: str, prefix: str) -> str:
    """A path cell with `/` between folders, without the prefix (on Windows in any case of letters)."""
    path, start = cell.replace("\\", "/"), prefix.replace("\\", "/").rstrip("/")
    windows = re.match(r"[A-Za-z]:|//", start) is not None
    same = path.lower().startswith(start.lower()) if windows else path.startswith(start)
    if start and same and path[len(start) : len(start) + 1] == "/":
        return path[len(start) :].lstrip("/")
    return path


def _shown(path: str) -> str:
    """The end of a path: enough to find it, without the home directory it may lie in."""
    parts = path.split("/")
    return "/".join(["…", *parts[-2:]] if len(parts) > 2 else parts)[-120:]
