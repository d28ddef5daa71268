"""One self-contained HTML page about a run: figures, curves and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import monai_mri
from monai_mri.errors import DataError, ImageError
from monai_mri.files import write_whole
from monai_mri.report import curves
from monai_mri.report.overlays import (
    FALSE,
    FOUND,
    MISSED,
    PANELS,
    TRUTH,
    Overlay,
    OverlaySource,
    draw_overlays,
    to_data_uri,
)
from monai_mri.report.run_folder import Method, Part, RunFolder, RunRecord, Sample, read_run_folder
from monai_mri.report.tables import Table, lesion_table, subject_table, to_count, to_figure, voxel_table

__all__ = ["write_report"]

PUBLISHED_FILTERS = {"PlaqueFCN": (20, 20, 40, 60, 20)}  # all layers but the last
PUBLISHED_PARAMETERS = {"PlaqueFCN": 233_321}  # with one input channel
SHOWN_SAMPLES = 6
SHOWN_ROWS = 250
PICTURES_BYTES = 2_800_000
SIZES = ((400, 86), (320, 80), (240, 72))  # height in pixels, JPEG quality: the first that fits


@dataclass(frozen=True)
class Shown:
    """A sample on the page: why it was chosen, its slices with pictures as data URIs, or what went wrong."""

    role: str
    sample: Sample
    slices: list[tuple[Overlay, dict[str, str]]]
    problem: str = ""


def write_report(
    run_dir: Path, out: Path | None = None, *, title: str | None = None, notes: Sequence[str] = ()
) -> Path:
    """Write one HTML page about a run; it needs no network, no other file and no JavaScript.

    Steps that have not been run yet (evaluation, threshold) are named on the page with the command to run.

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
    page = _environment().get_template("page.html.j2").render(**_collect(folder, title=title, notes=notes))
    return write_whole(out, page.encode())


def choose_samples(samples: Sequence[Sample], *, at_most: int = SHOWN_SAMPLES) -> list[tuple[str, Sample]]:
    """Best, median and worst by F, then others evenly between them; samples without an F come last.

    >>> samples = [Sample(sample_id=name, f1=f) for name, f in [("a", 0.2), ("b", 0.9), ("c", 0.5)]]
    >>> [(role, sample.sample_id) for role, sample in choose_samples(samples)]
    [('best', 'b'), ('median', 'c'), ('worst', 'a')]
    """
    ranked = sorted((s for s in samples if isfinite(s.f1)), key=lambda s: s.f1, reverse=True)
    places = {0: "best", len(ranked) - 1: "worst"} if len(ranked) > 1 else {}
    if places:
        places.setdefault(len(ranked) // 2, "median")
    roles = ("best", "median", "worst")
    chosen = sorted(((role, ranked[n]) for n, role in places.items()), key=lambda pair: roles.index(pair[0]))
    others = [s for n, s in enumerate(ranked) if n not in places]
    room = max(at_most - len(chosen), 0)
    step = max(len(others) / room, 1) if room else 1
    extra = [others[int(n * step)] for n in range(min(room, len(others)))]
    extra += [s for s in samples if not isfinite(s.f1)]
    return (chosen + [("", s) for s in extra])[:at_most]


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("monai_mri.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        figure=to_figure, count=to_count, duration=to_duration, part=lambda part: curves.PARTS.get(part, part)
    )
    return environment


def _collect(folder: RunFolder, *, title: str | None, notes: Sequence[str]) -> dict[str, Any]:
    summary = folder.summary
    methods = folder.methods
    network = next((m for m in methods if m.name == "network"), None)
    return {
        "title": title or folder.run.study or folder.path.name,
        "css": Markup(_read_template("page.css")),
        "folder": folder,
        "run": folder.run,
        "summary": summary,
        "parts": _parts(folder),
        "started": to_day(folder.run.started),
        "notes": _notes(folder.run, notes),
        "network": network,
        "baseline": _best_baseline(methods),
        "tables": {"voxels": voxel_table(methods), "lesions": lesion_table(methods)} if methods else {},
        "curves": _draw_curves(folder, methods),
        "shown": _draw_samples(folder),
        "panels": PANELS,
        "colours": {
            name: "rgb({}, {}, {})".format(*colour)
            for name, colour in {"found": FOUND, "false": FALSE, "missed": MISSED, "truth": TRUTH}.items()
        },
        "subjects": _subject_tables(folder, methods),
        "shown_rows": SHOWN_ROWS,
        "version": monai_mri.__version__,
    }


def _read_template(name: str) -> str:
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")


def _parts(folder: RunFolder) -> dict[str, Part]:
    """The parts that the training saw, and the one that the evaluation scored."""
    parts, summary = dict(folder.run.parts), folder.summary
    if summary is not None and summary.samples:
        subjects = {sample.subject_id for sample in summary.samples}
        parts.setdefault(summary.part, Part(subjects=len(subjects), images=len(summary.samples)))
    return parts


def _notes(run: RunRecord, notes: Sequence[str]) -> list[str]:
    """All notes once, in order: on the filters, from the run, from the caller."""
    return list(dict.fromkeys(note for note in chain([filters_note(run)], run.notes, notes) if note))


def filters_note(run: RunRecord) -> str:
    """A sentence on filters that are not the published ones; empty where they are, or nothing is known.

    >>> filters_note(RunRecord(network="PlaqueFCN", filters=[8, 8, 16, 24, 8]))[:47]
    'The filters are not those of the published net:'
    """
    if run.filters_note or isinstance(run.filters, str):
        return run.filters_note or str(run.filters)
    published = PUBLISHED_FILTERS.get(run.network)
    if published is None or not isinstance(run.filters, list) or tuple(run.filters) == published:
        return ""
    found, wanted = ("-".join(map(str, filters)) for filters in (run.filters, published))
    here, there = run.parameters or 0, PUBLISHED_PARAMETERS[run.network]
    fewer = "fewer, " if 0 < here < there else ""
    return (
        f"The filters are not those of the published net: {fewer}{found} a layer here, {wanted} there. "
        "The figures are not those of the published net either."
    )


def _best_baseline(methods: Sequence[Method]) -> Method | None:
    baselines = [m for m in methods if m.name != "network" and isfinite(m.pooled.f1)]
    return max(baselines, key=lambda m: m.pooled.f1, default=None)


def _draw_curves(folder: RunFolder, methods: Sequence[Method]) -> dict[str, Markup | None]:
    summary = folder.summary
    drawn = {
        "training": curves.training_curves(folder.history),
        "threshold": curves.threshold_curve(folder.threshold),
        "precision_recall": curves.precision_recall_curve(summary.pr_curve if summary else None, methods),
        "froc": curves.froc_curve(summary.froc if summary else None, methods),
    }
    # The SVG writer has escaped the text that comes from the run.
    return {name: Markup(svg) if svg else None for name, svg in drawn.items()}


def _draw_samples(folder: RunFolder) -> list[Shown]:
    """Pictures of the chosen samples, made smaller until all together are small enough for one page."""
    chosen = choose_samples(folder.summary.samples) if folder.summary is not None else []
    shown: list[Shown] = []
    for height, quality in SIZES:
        shown = [
            _draw_sample(folder, role, sample, height=height, quality=quality) for role, sample in chosen
        ]
        size = sum(len(uri) for s in shown for _, uris in s.slices for uri in uris.values())
        if size <= PICTURES_BYTES:
            break
    return shown


def _draw_sample(folder: RunFolder, role: str, sample: Sample, *, height: int, quality: int) -> Shown:
    source = OverlaySource(
        label=sample.sample_id,
        image=folder.resolve(sample.image),
        truth=folder.resolve(sample.mask),
        prediction=folder.resolve(sample.prediction),
        probability=folder.resolve(sample.probability) if sample.probability else None,
        plane=sample.plane,
    )
    try:
        overlays = draw_overlays(source, height=height)
    except ImageError as error:
        problem = str(error)
        for path in (source.image, source.truth, source.prediction, source.probability):
            problem = problem.replace(str(path), path.name) if path is not None else problem
        return Shown(role=role, sample=sample, slices=[], problem=problem)
    uris = [{name: to_data_uri(p, quality=quality) for name, p in o.panels.items()} for o in overlays]
    return Shown(role=role, sample=sample, slices=list(zip(overlays, uris, strict=True)))


def _subject_tables(folder: RunFolder, methods: Sequence[Method]) -> list[tuple[str, Table, int]]:
    """(label, table of the first rows, number of rows) for each method, the network first."""
    labels = {m.name: m.label or m.name for m in methods}
    names = dict.fromkeys(row.get("method", "network") for row in folder.subjects)
    tables = []
    for name in sorted(names, key=lambda name: name != "network"):
        rows = [row for row in folder.subjects if row.get("method", "network") == name]
        tables.append((labels.get(name, name), subject_table(rows[:SHOWN_ROWS]), len(rows)))
    return tables


def to_duration(seconds: float) -> str:
    """Seconds in words.

    >>> to_duration(75), to_duration(3 * 3600 + 240), to_duration(9.4)
    ('1 min 15 s', '3 h 4 min', '9 s')
    """
    if not isfinite(seconds):
        return "unknown"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def to_day(started: str | float | None) -> str:
    """A day and minute from an ISO date or seconds since 1970; text that is neither stays as it is.

    >>> to_day("2026-03-01T12:30:00+00:00"), to_day(None)
    ('2026-03-01 12:30 UTC', '')
    """
    if started is None:
        return ""
    try:
        if isinstance(started, str):
            moment = datetime.fromisoformat(started.replace("Z", "+00:00"))
        else:
            moment = datetime.fromtimestamp(started, tz=timezone.utc)
    except (ValueError, OverflowError, OSError):
        return str(started)
    return f"{moment:%Y-%m-%d %H:%M %Z}".strip()
