"""Layout "open-ms": the MS patients of Ljubljana (`open_ms_data`), cross-sectional or at two visits."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from monai_mri.errors import ImageError, ManifestError, UsageError
from monai_mri.images.grids import grid_difference
from monai_mri.manifest.core import Skipped
from monai_mri.manifest.layouts._people import about, columns_of, read_people
from monai_mri.manifest.layouts._samples import Collected, Sample, files_below

ABOUT = {name: name for name in ("age", "sex", "ms_type", "edss")}
MODALITIES = ("flair", "t1", "t1post", "t2")
COLUMNS = (*MODALITIES, "brainmask", "change_mask")
CHANGES = (
    "marks lesion changes between the visits, on the grid of the common space and not of these images, so it "
    "is no mask of them; space=coregistered takes it as change_mask"
)

Key = tuple[str, str]  # visit ("" where there is one only), column
Files = dict[Key, Path]


@dataclass(frozen=True)
class _Space:
    """A folder of patients: how its files are called, and which rows the files of one patient make.

    `pattern` finds a file's visit and what it is, `columns` says which column that is.
    """

    folder: str
    pattern: re.Pattern[str]
    columns: dict[str, str]
    rows: Callable[[str, Files], list[Sample]]
    refused: dict[str, str] = field(default_factory=dict)
    check_grids: bool = False


def collect(root: Path, *, set: str = "cross-sectional", space: str = "", modality: str = "") -> Collected:
    """open_ms_data: set=cross-sectional (space=mni, patient) or longitudinal (space=raw, coregistered).

    The first of the two spaces is the default.

    - cross-sectional, mni: columns flair, t1, t1post, t2; `mask` is the consensus of the lesions.
    - cross-sectional, patient: the same and `brainmask`, in the patient's space. What is not on the grid of
      `mask` by its header is left out: most brain masks lie half a voxel off.
    - longitudinal, raw: columns flair and t1, each on a grid of its own; a row a visit (`session_id`). There
      is no mask. `to_common_space` and `t1w_to_flair` name the transforms, files beside the row's images.
    - longitudinal, coregistered: a row a patient, with columns such as flair_1 and t1_2 for the two visits,
      `brainmask`, and `change_mask`, which marks lesion changes between the visits.

    `modality` takes only these columns of images (comma list). age, sex, ms_type and edss come from
    `demographics.tsv`. Longitudinal subjects are called `long-patient01`: their numbers are not those of the
    cross-sectional patients.

    Raises:
        UsageError: there is no such set, space or modality.
        ManifestError: the folder of that space is missing, or the demographics are broken.
    """
    chosen, wanted = _chosen(set, space), _wanted(modality)
    folder = _folder(root, chosen)
    table = folder.parent / "demographics.tsv"
    people = read_people(table, key="id", columns=ABOUT) if folder != root else {}
    skipped: list[Skipped] = []
    samples: list[Sample] = []
    alone: list[Skipped] = []
    why = "no image of those asked for beside it" if wanted else "no image to it in its folder"
    for patient, files in sorted(_patients(root, folder, chosen, wanted, skipped).items()):
        if chosen.check_grids:
            skipped += _take_off_grid(root, files)
        rows = [row for row in chosen.rows(patient, files) if row.images.keys() - {"change_mask"}]
        samples += [
            replace(row, extra=row.extra | about(people, patient, columns_of(people))) for row in rows
        ]
        left = sorted({*files.values()} - _taken(rows))
        alone += [Skipped(_below(root, path), why) for path in left]
    columns = sorted({name for sample in samples for name in sample.images}, key=_order)
    return Collected(tuple(columns), tuple(samples), (*alone, *skipped, *_elsewhere(root, folder)))


def _patients(
    root: Path, folder: Path, chosen: _Space, wanted: tuple[str, ...], skipped: list[Skipped]
) -> dict[str, Files]:
    """The files of each patient by visit and column; what is not taken goes to `skipped`."""
    patients: dict[str, Files] = defaultdict(dict)
    for path in files_below(folder):
        name, patient = _below(root, path), path.parent.name
        if path.parent.parent != folder or not patient.startswith("patient"):
            skipped.append(Skipped(name, "not in a patient's folder"))
            continue
        key, why = _key(path.name, chosen, wanted)
        if not why and (first := patients[patient].setdefault(key, path)) != path:
            why = f"the same as {first.name} by its name"
        if why:
            skipped.append(Skipped(name, why))
    return patients


def _key(name: str, chosen: _Space, wanted: tuple[str, ...]) -> tuple[Key, str]:
    """A file's visit and column; else why it has none."""
    found = chosen.pattern.fullmatch(name)
    what = found["what"] if found else ""
    if what in chosen.refused:
        return ("", ""), chosen.refused[what]
    if found is None or what not in chosen.columns:
        return ("", ""), "not a file that this set has there"
    column = chosen.columns[what]
    if wanted and column in MODALITIES and column not in wanted:
        return ("", ""), f"modality {column} was not asked for"
    return (found.groupdict().get("visit") or "", column), ""


def _take_off_grid(root: Path, files: Files) -> list[Skipped]:
    """Take the files out that lie on another grid than the mask, and say so.

    By their headers most brain masks of the patients' space lie half a voxel off the consensus.
    """
    mask = files.get(("", "mask"))
    off = {key: how for key, path in files.items() if mask and (how := _unlike(mask, path))}
    why = "not on the grid of its consensus mask by their headers"
    return [Skipped(_below(root, files.pop(key)), f"{why}: {how}") for key, how in off.items()]


def _unlike(one: Path, other: Path) -> str:
    """How the grid of a volume differs from the first; empty when it does not, or when a header is broken."""
    from monai_mri.images.headers import read_header

    try:
        headers = [read_header(path) for path in (one, other)]
    except ImageError:
        return ""  # writing the manifest says what is wrong with it
    first, second = (
        (header.shape[:3], None if header.affine is None else tuple(map(tuple, header.affine[:3].tolist())))
        for header in headers
    )
    return grid_difference(first, second)[0]


def _one_row(patient: str, files: Files) -> list[Sample]:
    images = {column: path for (_, column), path in files.items() if column != "mask"}
    return [Sample(patient, images, files.get(("", "mask")))]


def _one_row_of_visits(patient: str, files: Files) -> list[Sample]:
    images = {f"{column}_{visit}" if visit else column: path for (visit, column), path in files.items()}
    return [Sample(f"long-{patient}", images)]


def _a_row_a_visit(patient: str, files: Files) -> list[Sample]:
    """Transforms are named by file, not by path: that holds wherever the manifest's root is."""
    rows = []
    for visit in sorted({visit for visit, _ in files}):
        images = {column: files[visit, column] for column in TRANSFORMS if (visit, column) in files}
        own = {TRANSFORMS[column]: files.get((visit, TRANSFORMS[column])) for column in images}
        names = {transform: path.name for transform, path in own.items() if path}
        extra = {"to_common_space": "", "t1w_to_flair": "", **names}
        rows.append(Sample(f"long-{patient}", images, None, visit, "", extra))
    return rows


TRANSFORMS = {"flair": "to_common_space", "t1": "t1w_to_flair", "t2": "t2w_to_flair"}
_VISIT = r"(?:study(?P<visit>\d+)_)?"
_NAMES = {"FLAIR": "flair", "T1W": "t1", "T1WKS": "t1post", "T2W": "t2", "brainmask": "brainmask"}
_SPACES = {
    ("cross-sectional", "mni"): _Space(
        "cross_sectional/MNI",
        re.compile(r"(?P<what>[A-Z0-9_]+?)_N4_noneck_\w+_regtoMNI\.nii(?:\.gz)?"),
        {"FLAIR": "flair", "T1": "t1", "T1POST": "t1post", "T2": "t2", "GOLD_STANDARD": "mask"},
        _one_row,
    ),
    ("cross-sectional", "patient"): _Space(
        "cross_sectional/coregistered_resampled",
        re.compile(r"(?P<what>\w+)\.nii(?:\.gz)?"),
        {**_NAMES, "consensus_gt": "mask"},
        _one_row,
        check_grids=True,
    ),
    ("longitudinal", "raw"): _Space(
        "longitudinal/raw",
        re.compile(_VISIT + r"(?P<what>\w+?)\.(?:nii|nii\.gz|txt)"),
        {
            **{name: _NAMES[name] for name in ("FLAIR", "T1W", "T2W")},
            "FLAIR_to_common_space": "to_common_space",
            "T1W_intrastudy_to_FLAIR": "t1w_to_flair",
            "T2W_intrastudy_to_FLAIR": "t2w_to_flair",
        },
        _a_row_a_visit,
        {"gt": CHANGES},
    ),
    ("longitudinal", "coregistered"): _Space(
        "longitudinal/coregistered",
        re.compile(_VISIT + r"(?P<what>\w+?)\.nii(?:\.gz)?"),
        {**_NAMES, "gt": "change_mask"},
        _one_row_of_visits,
    ),
}


def _chosen(kind: str, space: str) -> _Space:
    spaces = [name for one, name in _SPACES if one == kind]
    if not spaces:
        raise UsageError(f"set: {kind!r}, expected cross-sectional or longitudinal; choose one")
    if space and space not in spaces:
        raise UsageError(f"space: {space!r}, expected {' or '.join(spaces)} with set={kind}; choose one")
    return _SPACES[kind, space or spaces[0]]


def _wanted(modality: str) -> tuple[str, ...]:
    wanted = tuple(name.strip() for name in modality.split(",") if name.strip())
    for name in wanted:
        if name not in MODALITIES:
            raise UsageError(f"modality: {name!r}, expected some of {', '.join(MODALITIES)}; correct it")
    return wanted


def _folder(root: Path, chosen: _Space) -> Path:
    """The folder of a space, below the data set, below its set, or `root` itself."""
    inner = Path(chosen.folder).name
    for folder in (root / chosen.folder, root / inner if root.name == chosen.folder.split("/")[0] else root):
        if folder.name == inner and folder.is_dir():
            return folder
    todo = "name the folder open_ms_data, or choose another set and space"
    raise ManifestError(f"{root}: no folder {chosen.folder} in it, expected that of the set; {todo}")


def _elsewhere(root: Path, folder: Path) -> list[Skipped]:
    """Files outside the folder of the space; the other spaces as one each."""
    others = [root / one.folder for one in _SPACES.values()]
    others += [folder.parent / path.name for path in others if path.parent.name == folder.parent.name]
    spaces = sorted({path for path in others if path != folder and path.is_dir()})
    within = (folder, *spaces)
    notes = [
        Skipped(_below(root, path), "not a file of this set")
        for path in files_below(root)
        if path != folder.parent / "demographics.tsv" and not any(path.is_relative_to(one) for one in within)
    ]
    inside = [path for path in spaces if path.is_relative_to(root)]
    return [*(Skipped(_below(root, path), "another set or space") for path in inside), *notes]


def _taken(rows: Iterable[Sample]) -> set[Path]:
    """The files that rows name, transforms beside their image among them."""
    taken = {path for row in rows for path in (*row.images.values(), *([row.mask] if row.mask else []))}
    beside = {
        path.with_name(name)
        for row in rows
        for path in row.images.values()
        for name in row.extra.values()
        if name
    }
    return taken | beside


def _order(column: str) -> tuple[int, str]:
    plain, _, visit = column.partition("_")
    return COLUMNS.index(column if column in COLUMNS else plain), visit


def _below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()
