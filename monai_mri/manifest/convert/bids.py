"""A BIDS-like tree: images under the names that BIDS tools look for."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from monai_mri.errors import ManifestError
from monai_mri.images.names import NIFTI_SUFFIXES, PICTURE_SUFFIXES, image_suffix
from monai_mri.manifest.convert._bids_names import MASKS, Place, modality_suffixes, places
from monai_mri.manifest.convert._bids_tables import write_tables
from monai_mri.manifest.convert._own_tree import list_files, refuse_strange
from monai_mri.manifest.convert._result import Converted, choice, switch
from monai_mri.manifest.core import Manifest

PICTURES = (
    "pictures keep their format, which BIDS does not know for anatomical images: the layout bids does not "
    "read them back"
)
Jobs = list[tuple[Path, PurePosixPath]]  # from where, to where below the tree


def convert(
    manifest: Manifest, out: Path, *, link: str = "no", keep_ids: str = "no", suffixes: str = ""
) -> Converted:
    """BIDS-like tree: sub-…/ses-…/anat, masks in derivatives/masks, participants.tsv.

    Ids become letters and digits; `keep_ids=yes` keeps the manifest's in a column `original_id`. Rows of one
    visit are numbered as runs. Columns that say one thing of each person go to participants.tsv, others to
    the scans.tsv of a visit. `suffixes=flair=FLAIR,swi=SWI` names modalities that are not known. Files are
    copied as they are, headers too, or linked with `link=hard` or `link=symbolic`; `.nii` stays `.nii` and
    pictures keep their format. The tree is made beside `out` and renamed when whole; it holds a list of its
    files, and one that holds anything else is never replaced.

    Raises:
        UsageError: an option is not understood, or `out` is something that this did not make.
        ManifestError: two ids would become one, or a file is missing or cannot be copied.
    """
    from tqdm import tqdm

    place = LINKS[choice(link, tuple(LINKS), option="link")]
    keep = switch(keep_ids, option="keep_ids")
    refuse_strange(out)
    rows = manifest.rows()
    found = places(str(manifest.path), rows)
    names = modality_suffixes(str(manifest.path), manifest.modalities, suffixes)
    images, masks = _jobs(manifest, rows, found, names)
    jobs = [job for row in images.values() for job in row] + masks
    _refuse_missing(manifest, jobs)
    pictures = any(image_suffix(source.name) in PICTURE_SUFFIXES for source, _ in jobs)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        for source, target in tqdm(jobs, desc="copy", disable=None, leave=False):
            _place(place, source, temporary / target, out)
        files = {number: [target for _, target in row] for number, row in images.items()}
        with _blamed_on(out):
            write_tables(temporary, manifest, rows, found, files=files, keep_ids=keep, pictures=pictures)
            list_files(temporary)
            _replace(temporary, out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    notes = ["headers are as they were: look for names and dates with `manifest check --phi` before sharing"]
    if pictures:
        notes.append(PICTURES)
    if any(image_suffix(source.name) in NIFTI_SUFFIXES for source, _ in jobs):
        linked = [source for source, _ in jobs] if link == "symbolic" else []
        notes.append(f"the layout bids reads it back: {_command_to_read(out, names.values(), linked)}")
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


def _command_to_read(out: Path, names: Iterable[str], linked: Sequence[Path]) -> str:
    """The command that makes a manifest of the tree; where links lead out of it, in a folder above both."""
    table = out.with_name(f"{out.name}.csv")
    if linked:
        above = os.path.commonpath([os.path.realpath(path) for path in (out.parent, *linked)])
        table = Path(os.path.relpath(above, os.path.realpath(out.parent))) / table.name
        table = Path(os.path.normpath(out.parent / table))
    suffixes = dict.fromkeys(name.rpartition("_")[2] for name in names)
    words = ["create", "bids", str(out), "-o", str(table), "--option", f"suffixes={','.join(suffixes)}"]
    return f"monai-mri manifest {shlex.join(words)}"


def _place(place: Callable[[Path, Path], object], source: Path, target: Path, out: Path) -> None:
    with _blamed_on(out):
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        place(source, target)
    except OSError as error:
        reason = error.strerror or str(error)
        if not os.access(source, os.R_OK):
            raise ManifestError(f"{source}: {reason}, expected to read it; check its rights") from error
        raise ManifestError(
            f"{out}: {reason} when {source.name} was written, expected to copy or link it; free space, or "
            "choose another folder or link"
        ) from error


@contextmanager
def _blamed_on(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ManifestError(
            f"{out}: {error.strerror or error}, expected to write it; free space, or choose another folder"
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
