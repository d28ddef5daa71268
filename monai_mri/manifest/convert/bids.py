"""A BIDS-like tree: images under the names that BIDS tools look for."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from monai_mri.errors import ManifestError, UsageError
from monai_mri.images.names import PICTURE_SUFFIXES, image_suffix
from monai_mri.manifest.convert._bids_names import MASKS, Place, modality_suffixes, places
from monai_mri.manifest.convert._bids_tables import write_tables
from monai_mri.manifest.convert._result import Converted, choice, switch
from monai_mri.manifest.core import Manifest

Jobs = list[tuple[Path, PurePosixPath]]  # from where, to where below the tree


def convert(
    manifest: Manifest, out: Path, *, link: str = "no", keep_ids: str = "no", suffixes: str = ""
) -> Converted:
    """BIDS-like tree: sub-…/ses-…/anat, masks in derivatives/masks, participants.tsv.

    Ids become letters and digits; `keep_ids=yes` keeps the manifest's in a column `original_id`. Rows of one
    visit are numbered as runs. Columns that say one thing of each person go to participants.tsv, others to
    the scans.tsv of a visit. `suffixes=flair=FLAIR,swi=SWI` names modalities that are not known. Files are
    copied as they are, headers too, or linked with `link=hard` or `link=symbolic`; `.nii` stays `.nii` and
    pictures keep their format. The tree is made beside `out` and renamed when whole.

    Raises:
        UsageError: an option is not understood, or `out` is something that this did not make.
        ManifestError: two ids would become one, or a file is missing or cannot be copied.
    """
    place = LINKS[choice(link, tuple(LINKS), option="link")]
    keep = switch(keep_ids, option="keep_ids")
    _refuse_strange(out)
    rows = manifest.rows()
    found = places(str(manifest.path), rows)
    names = modality_suffixes(str(manifest.path), manifest.modalities, suffixes)
    images, masks = _jobs(manifest, rows, found, names)
    jobs = [job for row in images.values() for job in row] + masks
    _refuse_missing(manifest, jobs)
    pictures = any(image_suffix(source.name) in PICTURE_SUFFIXES for source, _ in jobs)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        for source, target in jobs:
            _place(place, source, temporary / target)
        files = {number: [target for _, target in row] for number, row in images.items()}
        write_tables(temporary, manifest, rows, found, files=files, keep_ids=keep, pictures=pictures)
        _replace(temporary, out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    notes = ["headers are as they were: look for names and dates with `manifest check --phi` before sharing"]
    if pictures:
        notes.append("pictures keep their format, which BIDS does not know for anatomical images")
    subjects = len({spot.folder.parts[0] for spot in found})
    return Converted(
        out, f"{len(jobs) - len(masks)} images and {len(masks)} masks of {subjects} subjects", tuple(notes)
    )


def _jobs(
    manifest: Manifest, rows: Sequence[Mapping[str, str]], found: Sequence[Place], names: Mapping[str, str]
) -> tuple[dict[int, Jobs], Jobs]:
    images: dict[int, Jobs] = {}
    masks: Jobs = []
    for number, (row, spot) in enumerate(zip(rows, found, strict=True)):
        images[number] = []
        for modality, suffix in names.items():
            if row[modality]:
                source = manifest.resolve(row[modality])
                name = f"{spot.stem}_{suffix}{image_suffix(source.name)}"
                images[number].append((source, spot.folder / name))
        if row.get("mask"):
            source = manifest.resolve(row["mask"])
            name = f"{spot.stem}_label-lesion_mask{image_suffix(source.name)}"
            masks.append((source, MASKS / spot.folder / name))
    return images, masks


def _refuse_missing(manifest: Manifest, jobs: Jobs) -> None:
    if not jobs:
        raise ManifestError(f"{manifest.path}: no row has an image, expected at least one; check the table")
    for source, _ in jobs:
        if not image_suffix(source.name):
            raise ManifestError(
                f"{manifest.path}: {source.name} does not end like an image, expected .nii, .nii.gz, .png or "
                "such; correct the cell"
            )
        if not source.is_file():
            raise ManifestError(
                f"{source}: no such file, expected it because {manifest.path.name} names it; bring it, or "
                "take the row out [E111]"
            )


def _refuse_strange(out: Path) -> None:
    """Only a tree that was made here may be replaced: its description says so."""
    if not out.exists() and not out.is_symlink():
        return
    with suppress(OSError, ValueError, KeyError, TypeError, IndexError):
        made = json.loads((out / "dataset_description.json").read_text(encoding="utf-8"))
        if made["GeneratedBy"][0]["Name"] == "monai_mri":
            return
    raise UsageError(
        f"{out}: was not made by this command, expected a new folder, or a tree that was; choose another name"
    )


def _place(place: Callable[[Path, Path], object], source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        place(source, target)
    except OSError as error:
        raise ManifestError(
            f"{source}: {error.strerror or error}, expected to copy or link it; free space, or choose "
            "another link"
        ) from error


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _hard(source: Path, target: Path) -> None:
    os.link(source.resolve(), target)


def _symbolic(source: Path, target: Path) -> None:
    # The folder is renamed to its neighbour, so that a relative link stays right.
    target.symlink_to(os.path.relpath(source.resolve(), target.parent.resolve()))


def _replace(temporary: Path, out: Path) -> None:
    """Rename the new tree to `out`; the old one is moved aside first, and comes back if that fails."""
    aside = out.with_name(f".{out.name}.{os.getpid()}.old")
    if out.exists():
        out.rename(aside)
    try:
        temporary.rename(out)
    except OSError:
        if aside.exists():
            aside.rename(out)
        raise
    shutil.rmtree(aside, ignore_errors=True)


LINKS: dict[str, Callable[[Path, Path], None]] = {"no": _copy, "hard": _hard, "symbolic": _symbolic}
