"""Layout "lesion-patches": a patch around each lesion, cut from full volumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from monai_mri.errors import ImageError, UsageError
from monai_mri.manifest.core import Skipped
from monai_mri.manifest.layouts._making import in_threads, number, one_of, only_over_own, threads, whole
from monai_mri.manifest.layouts._samples import Collected, Sample, compiled, files_below
from monai_mri.manifest.patches.classes import LABELS, ClassOf, TableClasses, by_value, class_names
from monai_mri.manifest.patches.components import CENTRES, CONNECTIVITIES
from monai_mri.manifest.patches.cut import BORDERS
from monai_mri.manifest.patches.scans import LESIONS, Scan, find_scans, grid_faults
from monai_mri.manifest.patches.survey import Finding, Recipe, planned_sample, survey
from monai_mri.manifest.patches.write import write_lesion_table, write_patches

PRESETS = {
    "ms_lesion": {
        "labels": "value",
        "classes": "2=remyelinating,6=remyelinating,3=demyelinating,5=demyelinating",
    },
    "ms_lesion_six": {"labels": "value"},
}


def collect(  # noqa: PLR0913 - one for each option
    root: Path,
    *,
    modalities: str = "flair=*_flair.nii*,qsm=*_qsm.nii*",
    lesions: str = "*_lesions.nii*",
    required: str = "",
    subject_pattern: str = "",
    session_pattern: str = "",
    site: str = "",
    size: str = "35",
    lesion_ids: str = "component",
    connectivity: str = "26",
    min_voxels: str = "1",
    min_ml: str = "0",
    centre: str = "mass",
    border: str = "pad",
    background: str = "0",
    neighbours: str = "remove",
    labels: str = "component",
    classes: str = "",
    table: str = "",
    jobs: str = "",
) -> Collected:
    """A patch around each lesion, cut from FLAIR, QSM and a lesion volume, one row a lesion.

    `modalities` are COLUMN=GLOB, `lesions` the glob of the lesion volumes: masks, or volumes whose values
    are classes or numbers of lesions. A visit needs the `required` modalities, by default all; subject and
    session are found as in nifti-pairs. A lesion is a connected component (`connectivity` 6, 18 or 26), or
    with `lesion_ids=value` all voxels of one value; smaller ones than `min_voxels` or `min_ml` are left
    out. Its `centre` (of `mass`, or of the bounding `box`) becomes voxel size // 2 of a cube of `size`
    voxels. At the volume's edge the cube is padded with `background` (`border=pad`), moved inside
    (`shift`) or left out (`skip`). Of the mask, `neighbours=remove` keeps only the lesion in the centre.
    `labels` says where its class comes from: none (`component`), the volume's `value` (the commonest of
    the lesion), or a `table` (CSV: subject_id, lesion_id, label); `classes` names them (`2=re,6=re,3=de`)
    and leaves out lesions of others. Voxels are copied, never interpolated; the lesion volumes are read
    already to count. `lesions.csv` beside the patches lists every lesion.

    Raises:
        UsageError: an option has a value that it cannot have.
        ManifestError: the folder is missing, or the table of classes is none.
        ImageError: a file cannot be read, has no orientation (E205), or lies on another grid than its
            lesion volume (E209); all such faults, one a line.
    """
    globs = _globs(modalities)
    needed = [name.strip() for name in required.split(",") if name.strip()] or list(globs)
    for name in needed:
        one_of(name, list(globs), option="required")
    table_path = _table(root, table, labels=one_of(labels, LABELS, option="labels"))
    recipe = Recipe(
        size=whole(size, option="size"),
        connectivity=int(one_of(connectivity, [str(n) for n in CONNECTIVITIES], option="connectivity")),
        ids_by_value=one_of(lesion_ids, ("component", "value"), option="lesion_ids") == "value",
        min_voxels=whole(min_voxels, option="min_voxels", least=0),
        min_ml=number(min_ml, option="min_ml"),
        border=one_of(border, BORDERS, option="border"),
        background=number(background, option="background", least=float("-inf")),
        centre=one_of(centre, CENTRES, option="centre"),
        keep_neighbours=one_of(neighbours, ("keep", "remove"), option="neighbours") == "keep",
        class_of=_classes(labels, table_path, classes),
        site=site,
    )
    workers = threads(jobs)
    scans, skipped = find_scans(
        [path for path in files_below(root) if table_path is None or not path.samefile(table_path)],
        root,
        {**globs, LESIONS: lesions},
        required=needed,
        subject_of=compiled(subject_pattern, option="subject_pattern") if subject_pattern else None,
        session_of=compiled(session_pattern, option="session_pattern") if session_pattern else None,
    )
    if faults := [fault for scan in scans for fault in grid_faults(scan)]:
        raise ImageError("\n".join(faults))
    found = in_threads(lambda scan: survey(scan, recipe), scans, jobs=workers, what="lesions")
    skipped += [skip for scan, findings in zip(scans, found, strict=True) for skip in _left(scan, findings)]
    if isinstance(recipe.class_of, TableClasses):
        skipped += recipe.class_of.unmet()
    every = [finding for findings in found for finding in findings]
    planned = [planned_sample(finding, finding.box, recipe) for finding in every if finding.box is not None]
    plan = Collected(tuple(globs), tuple(planned), tuple(skipped))

    def make(folder: Path) -> Collected:
        def write(work: tuple[Scan, list[Finding]]) -> list[Sample]:
            return write_patches(work[0], work[1], folder, recipe)

        made = in_threads(write, list(zip(scans, found, strict=True)), jobs=workers, what="patches")
        write_lesion_table(every, folder)
        return replace(plan, samples=tuple(sample for samples in made for sample in samples))

    return replace(plan, make=only_over_own(make))


def _left(scan: Scan, findings: Sequence[Finding]) -> list[Skipped]:
    if not findings:
        return [Skipped(scan.scan_id, "no lesion in its lesion volume")]
    return [
        Skipped(f"{scan.scan_id} lesion {one.lesion.number}", one.why) for one in findings if one.box is None
    ]


def _globs(text: str) -> dict[str, str]:
    globs: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        column, equals, glob = (part.strip() for part in entry.partition("="))
        if not (column and equals and glob) or column in (*globs, LESIONS, "mask"):
            raise UsageError(f"modalities: {entry!r}, expected COLUMN=GLOB, each column once; correct it")
        globs[column] = glob
    if not globs:
        raise UsageError("modalities: empty, expected COLUMN=GLOB such as flair=*_flair.nii*; name one")
    return globs


def _table(root: Path, table: str, *, labels: str) -> Path | None:
    """The table's path, as given or below the root."""
    if bool(table) != (labels == "table"):
        raise UsageError(f"table: {table!r} with labels={labels!r}, expected both or neither; correct one")
    if not table:
        return None
    return root / table if (root / table).exists() else Path(table)


def _classes(labels: str, table: Path | None, classes: str) -> ClassOf | None:
    names = class_names(classes)
    if table is not None:
        return TableClasses(table, names)
    if names and labels == "component":
        raise UsageError("classes: with labels='component', expected labels=value or table; correct one")
    return by_value(names) if labels == "value" else None
