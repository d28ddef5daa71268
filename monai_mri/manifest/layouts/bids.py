"""Layout "bids": a BIDS data set, raw or derivatives, with what its tables say of the subjects."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from monai_mri.errors import ImageError, UsageError
from monai_mri.manifest.core import Skipped
from monai_mri.manifest.layouts._bids_masks import (
    MASK_SUFFIXES,
    MaskPattern,
    by_session,
    mask_patterns,
    pick_mask,
)
from monai_mri.manifest.layouts._bids_names import BidsFile, parse_file, run_number
from monai_mri.manifest.layouts._bids_tables import People, read_people
from monai_mri.manifest.layouts._samples import Collected, Sample, files_below

# Suffixes of single volumes in anat/, in the order of their columns.
ANATOMY = (
    "T1w", "T2w", "FLAIR", "PDw", "T2starw", "UNIT1", "inplaneT1", "inplaneT2", "FLASH", "PD", "T2star",
    "SWI", "swi", "angio", "Chimap", "T1map", "T2map", "R1map", "R2map", "R2starmap", "T2starmap",
    "PDmap", "MTsat", "MTRmap", "MWFmap", "M0map", "S0map",
)  # fmt: skip
# Images that differ in one of these show different things: each gets a column of its own.
VARIANTS = ("ce", "inv", "echo", "part")
Row = tuple[tuple[str, str], str, dict[str, BidsFile]]  # session, run, the file of each column
MASKS = "label-lesion_mask,label-lesion_roi,mask,dseg"


@dataclass(frozen=True)
class _Request:
    suffixes: tuple[str, ...]
    pipelines: tuple[str, ...]
    run: str
    entities: dict[str, tuple[str, ...]]


def collect(
    root: Path,
    *,
    label: str = "",
    suffixes: str = "",
    derivatives: str = "",
    mask: str = MASKS,
    run: str = "all",
    entities: str = "",
    participants: str = "participants.tsv",
) -> Collected:
    """A BIDS data set, raw or derivatives: a row a session (or run), with participants.tsv joined.

    Each suffix is a column (`t1w`, `flair`): those of `suffixes`, by default the anatomical ones in anat/.
    Images with ce-, inv-, echo- or part- get a column of their own (`t1w_ce_gad`). Others that differ, as in
    acq-, are not chosen among in silence: `entities` does, as in `acq=3D|high,space=MNI152`; an empty
    value asks for those without. An entity is asked only of columns where some image has it.

    Images are the raw ones, or those of the folders of derivatives/ that `derivatives` names (with commas
    between); `all` takes raw and all, each pipeline in columns of its own. The mask lies in any of them: of
    the ends of names that `mask` lists the first that one file has, of the same subject, session, run, scan
    and space as the images. Masks of brain or tissue (desc-brain …) are taken only by name. Of several runs,
    `all` gives a row each with a column `run`; `first`, `last` or a number takes one.

    The columns of `participants` and of each subject's sessions.tsv are kept, `site` as the site, the column
    `label` as label. A modality that a session lacks is an empty cell.

    Raises:
        UsageError: an option cannot be understood, or no column is named so.
        ManifestError: the folder or a table is missing, or a table is wrong.
    """
    request = _request(suffixes, derivatives, run, entities)
    reasons: dict[str, str] = {}
    files, tables = _read_tree(root, participants, reasons)
    images = [file for file in files if _is_image(file, request, reasons)]
    rows = list(_rows(_chosen(images, request, reasons), request, reasons))
    modalities = _ordered({column for _, _, row in rows for column in row}, request)
    drawn = _masks_of_rows(rows, files, mask_patterns(mask), reasons)
    people = read_people(root, participants, tables, label=label, taken={*modalities, "run"})
    told = people.match({session[0] for session, _, _ in rows})
    several = len({session for session, _, _ in rows}) < len(rows)
    samples = []
    for (session, number, row), own in zip(rows, drawn, strict=True):
        site, extra = people.cells(told, session)
        extra |= {"run": number} if several else {}
        paths = {column: row[column].path for column in modalities if column in row}
        samples.append(Sample(session[0], paths, own.path if own else None, session[1], site, extra))
    used = {file.relative for _, _, row in rows for file in row.values()}
    used |= {file.relative for file in drawn if file}
    left = [Skipped(name, why) for name, why in sorted(reasons.items()) if name not in used]
    return Collected(modalities, tuple(samples), (*left, *_without_images(people, told)))


def _masks_of_rows(
    rows: Sequence[Row], files: Sequence[BidsFile], patterns: Sequence[MaskPattern], reasons: dict[str, str]
) -> list[BidsFile | None]:
    """The mask of each row; why a file is neither image nor mask goes to `reasons`."""
    masks = by_session([file for file in files if any(pattern.fits(file) for pattern in patterns)])
    counts = Counter(session for session, _, _ in rows)
    drawn = [
        pick_mask(
            list(row.values()), masks.get(session, []), patterns, alone=counts[session] == 1, reasons=reasons
        )
        for session, _, row in rows
    ]
    for file in files:
        asked = any(pattern.fits(file) for pattern in patterns)
        why = "no image of its subject, session, scan and space, or another mask is preferred"
        reasons.setdefault(file.relative, why if asked else "a mask that mask= does not ask for")
    return drawn


def _request(suffixes: str, derivatives: str, run: str, entities: str) -> _Request:
    if run not in ("all", "first", "last") and not run.isdecimal():
        raise UsageError(f"run: {run!r}, expected all, first, last or a number; choose one")
    wanted: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (part.strip() for part in entities.split(","))):
        key, equals, value = part.partition("=")
        if not equals or not key.strip().isalpha():
            raise UsageError(f"entities: {part!r}, expected KEY=VALUE as in acq=3D; correct it")
        wanted[key.strip()] = tuple(one.strip() for one in value.split("|"))
    return _Request(_listed(suffixes), _listed(derivatives), run, wanted)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _read_tree(root: Path, participants: str, reasons: dict[str, str]) -> tuple[list[BidsFile], list[Path]]:
    """The NIfTI files with good names, and the tables of sessions; what else there is goes to `reasons`."""
    files, tables = [], []
    people = os.path.abspath(root / participants) if participants else ""
    for path in files_below(root):
        relative = path.relative_to(root).as_posix()
        if os.path.abspath(path) == people:
            continue
        if re.fullmatch(r"(sub-[A-Za-z0-9+]+)/\1_sessions\.tsv", relative):
            tables.append(path)
            continue
        try:
            files.append(parse_file(path, relative))
        except ValueError as error:
            reasons[relative] = str(error)
    return files, tables


def _is_image(file: BidsFile, request: _Request, reasons: dict[str, str]) -> bool:
    why = _not_asked(file, request)
    if not why and (volumes := _volumes(file.path)) > 1:
        why = f"4D ({volumes} volumes), not one image"
    if why:
        reasons[file.relative] = why
        if file.name.suffix in MASK_SUFFIXES and file.name.suffix not in request.suffixes:
            del reasons[file.relative]  # said once it is known whose mask it is
    return not why


def _not_asked(file: BidsFile, request: _Request) -> str:
    suffix = file.name.suffix.lower()
    if not request.suffixes and (file.kind or "anat") != "anat":
        return f"in {file.kind}/: only anat/ is taken unless suffixes= names {file.name.suffix}"
    if suffix not in {known.lower() for known in request.suffixes or ANATOMY}:
        return f"suffix {file.name.suffix} is not asked for: name it in suffixes="
    if "all" in request.pipelines or file.pipeline in (request.pipelines or ("",)):
        return ""
    if not file.pipeline:
        return "raw, and derivatives= asks for others"
    return f"in derivatives/{file.pipeline}: name it in derivatives="


def _volumes(path: Path) -> int:
    """How many volumes the header declares; 1 where it cannot be read, which a check of the images says."""
    from math import prod

    from monai_mri.images.headers import read_nifti_header

    try:
        return prod(read_nifti_header(path, size=path.stat().st_size).shape[3:])
    except (ImageError, OSError):
        return 1


def _column(file: BidsFile, request: _Request) -> str:
    has = file.name.entities
    parts = [part for key in VARIANTS if key in has for part in (key, has[key].lower())]
    if file.pipeline and ("all" in request.pipelines or len(request.pipelines) > 1):
        parts.append(re.sub(r"\W+", "_", file.pipeline))
    return "_".join([file.name.suffix.lower(), *parts])


def _chosen(images: Sequence[BidsFile], request: _Request, reasons: dict[str, str]) -> list[BidsFile]:
    """The images that `entities` asks for."""
    having: dict[str, set[str]] = defaultdict(set)
    for file in images:
        having[_column(file, request)].update(file.name.entities)
    kept = []
    for file in images:
        asked = {key: want for key, want in request.entities.items() if key in having[_column(file, request)]}
        wrong = [key for key, want in asked.items() if file.name.entities.get(key, "") not in want]
        if wrong:
            reasons[file.relative] = f"another {wrong[0]}- than entities= asks for"
        else:
            kept.append(file)
    return kept


def _rows(images: Sequence[BidsFile], request: _Request, reasons: dict[str, str]) -> Iterator[Row]:
    """Session, run, and the file of each column; what cannot be told apart goes to `reasons`."""
    sessions = by_session(images)
    for session in sorted(sessions):
        columns: dict[str, dict[int, list[BidsFile]]] = defaultdict(lambda: defaultdict(list))
        for file in sessions[session]:
            columns[_column(file, request)][run_number(file.run)].append(file)
        single = {name: _single(runs, reasons) for name, runs in columns.items()}
        single = {name: runs for name, runs in single.items() if runs}
        if request.run != "all":
            picked = {name: _one_run(runs, request.run, reasons) for name, runs in single.items()}
            row = {name: file for name, file in picked.items() if file is not None}
            yield from [(session, "", row)] if row else []
        else:
            yield from ((session, run, row) for run, row in _every_run(single))


def _single(runs: Mapping[int, list[BidsFile]], reasons: dict[str, str]) -> dict[int, BidsFile]:
    for same in runs.values():
        keys = sorted({key for file in same for key in file.name.entities})
        differ = [key for key in keys if len({file.name.entities.get(key) for file in same}) > 1]
        how = f"differ in {', '.join(differ)}: choose by entities={differ[0]}=…" if differ else "of one name"
        for file in same if len(same) > 1 else ():
            reasons[file.relative] = f"{len(same)} {file.name.suffix} images of one run {how}"
    return {number: same[0] for number, same in sorted(runs.items()) if len(same) == 1}


def _one_run(runs: Mapping[int, BidsFile], run: str, reasons: dict[str, str]) -> BidsFile | None:
    numbers = sorted(runs)
    if run.isdecimal():
        number = int(run) if numbers != [-1] else -1
    else:
        number = numbers[0 if run == "first" else -1]
    for other in numbers:
        if other != number:
            reasons[runs[other].relative] = f"another run than run={run} asks for"
    return runs.get(number)


def _every_run(columns: Mapping[str, Mapping[int, BidsFile]]) -> Iterator[tuple[str, dict[str, BidsFile]]]:
    """A row a run; an image whose name has no run, alone in its column, stands in each of them."""
    numbers = sorted({number for runs in columns.values() for number in runs})
    if columns and all(len(runs) == 1 for runs in columns.values()):
        row = {name: next(iter(runs.values())) for name, runs in columns.items()}
        labels = {file.run for file in row.values()} - {""}
        yield (labels.pop() if len(labels) == 1 else ""), row
        return
    shared = {name: runs[-1] for name, runs in columns.items() if list(runs) == [-1]}
    for number in numbers:
        own = {name: runs[number] for name, runs in columns.items() if number in runs and name not in shared}
        if own:
            yield next(iter(own.values())).run, {**own, **shared}


def _ordered(columns: Collection[str], request: _Request) -> tuple[str, ...]:
    order = [suffix.lower() for suffix in request.suffixes or ANATOMY]
    return tuple(sorted(columns, key=lambda name: (order.index(name.split("_")[0]), name)))


def _without_images(people: People, told: Mapping[str, object]) -> list[Skipped]:
    used = {id(row) for row in told.values()}
    return [
        Skipped(f"{people.name}:{row.line}", "no image of this subject")
        for row in people.rows.values()
        if id(row) not in used
    ]
