"""One self-contained HTML page about a run: figures, curves and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import monai_mri
from monai_mri.errors import DataError
from monai_mri.files import write_whole
from monai_mri.report.curves import PARTS
from monai_mri.report.kind import SHOWN_ROWS, Kind, kind_of
from monai_mri.report.notes import collect_notes
from monai_mri.report.run_folder import Part, RunFolder, read_run_folder
from monai_mri.report.tables import to_count, to_figure
from monai_mri.report.words import to_day, to_duration

__all__ = ["write_report"]

TEMPLATES = Path(__file__).parent / "templates"


def write_report(
    run_dir: Path, out: Path | None = None, *, title: str | None = None, notes: Sequence[str] = ()
) -> Path:
    """Write one HTML page about a run; it needs no network, no other file and no JavaScript.

    Steps that have not been run yet (evaluation, threshold, maps) are named on the page with the command to
    run. What the page shows depends on the kind of study; see `monai_mri.report.kind`.

    Args:
        run_dir: output folder of a training run; see `read_run_folder`.
        out: where to write, by default `report.html` in the run folder; its folder is made.
        title: heading of the page, by default the study's name.
        notes: plain sentences shown prominently, such as that the data are synthetic.

    Returns:
        The page's path.

    Raises:
        DataError: `run_dir` is no run folder, one of its files cannot be understood, or `out` is a folder.
    """
    folder = read_run_folder(Path(run_dir))
    out = folder.path / "report.html" if out is None else Path(out)
    if out.is_dir():
        raise DataError(
            f"{out}: is a folder, expected the path of the page; add a file name such as report.html"
        )
    kind = kind_of(folder)
    template = _environment().get_template(f"kinds/{kind.name}.html.j2")
    page = template.render(_collect(folder, kind, title=title, notes=notes))
    return write_whole(out, page.encode())


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("monai_mri.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        figure=to_figure, count=to_count, duration=to_duration, part=lambda part: PARTS.get(part, part)
    )
    return environment


def _collect(folder: RunFolder, kind: Kind, *, title: str | None, notes: Sequence[str]) -> dict[str, Any]:
    shown = kind.collect(folder)
    return {
        "title": title or folder.run.study or folder.path.name,
        "css": Markup("".join(map(_style, ("page.css", "palette.css", f"kinds/{kind.name}.css")))),
        "folder": folder,
        "run": folder.run,
        "parts": _parts(folder, shown["scored"]),
        "started": to_day(folder.run.started),
        "notes": collect_notes(folder.run, notes),
        "shown_rows": SHOWN_ROWS,
        "version": monai_mri.__version__,
        **shown,
    }


def _style(name: str) -> str:
    path = TEMPLATES / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _parts(folder: RunFolder, scored: tuple[str, Part] | None) -> dict[str, Part]:
    """The parts that the training saw, and the one that the evaluation scored."""
    parts = dict(folder.run.parts)
    if scored is not None:
        parts.setdefault(*scored)
    return parts
