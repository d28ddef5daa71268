"""Find the scans to cut patches from: the images and the lesion volume of each subject and visit."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from monai_mri.errors import ImageError
from monai_mri.faults import Fault
from monai_mri.images.headers import Header, read_header
from monai_mri.images.names import NIFTI_SUFFIXES, image_suffix
from monai_mri.manifest.core import Skipped
from monai_mri.manifest.layouts._samples import matched

LESIONS = "lesions"
SAME_VOXELS = 0.1  # how far two grids may lie apart, in voxels: as create_manifest has it
PATCH = re.compile(r"_lesion-\d{3,}_\w+\.nii\.gz$")


@dataclass(frozen=True)
class Scan:
    """The lesion volume of one visit, and the image of each modality there is."""

    subject_id: str
    session_id: str
    lesions: Path
    images: dict[str, Path]

    @property
    def scan_id(self) -> str:
        """The same for all patches of the scan, and for no other scan's."""
        return "_".join(filter(None, (self.subject_id, self.session_id)))

    @property
    def folder(self) -> str:
        """The scan's id as a folder's name."""
        return file_name(self.scan_id)


def find_scans(
    paths: Sequence[Path],
    root: Path,
    patterns: Mapping[str, str],
    *,
    required: Sequence[str],
    subject_of: re.Pattern[str] | None,
    session_of: re.Pattern[str] | None,
) -> tuple[list[Scan], list[Skipped]]:
    """Sort files into scans by glob: one for each modality, and `LESIONS`.

    The subject is what its pattern finds in the path below `root`, else the first folder, or in a flat
    folder the name up to its first `_` or `.`. A visit that lacks a required modality is left out.
    """
    visits: dict[tuple[str, str], dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    skipped = []
    for path in paths:
        name = path.relative_to(root).as_posix()
        subject = matched(subject_of, name) if subject_of else _subject(name)
        kinds = [kind for kind, glob in patterns.items() if PurePosixPath(name).match(glob)]
        if why := _why_not(name, kinds, subject):
            skipped.append(Skipped(name, why))
        else:
            visits[subject, matched(session_of, name) if session_of else ""][kinds[0]].append(path)
    scans: dict[str, Scan] = {}
    for (subject, session), files in sorted(visits.items()):
        if why := _incomplete(files, patterns, required):
            skipped.append(Skipped(f"{subject} {session}".strip(), why))
        else:
            images = {kind: files[kind][0] for kind in patterns if kind != LESIONS and files[kind]}
            scan = Scan(subject, session, files[LESIONS][0], images)
            if scans.setdefault(scan.folder, scan) is not scan:
                why = f"its patches would lie in the folder {scan.folder} of another scan: rename one"
                skipped.append(Skipped(scan.scan_id, why))
    return list(scans.values()), skipped


def grid_faults(scan: Scan) -> Iterator[str]:
    """What is wrong with the headers of a scan: not readable, no orientation (E205), another grid (E209).

    Grids are compared as they lie in space: files that store their axes in another order or direction
    agree.
    """
    headers = {}
    for path in (scan.lesions, *scan.images.values()):
        try:
            header = read_header(path)
        except ImageError as error:
            yield str(error)
            continue
        if header.affine is None:
            todo = "set its qform or sform, or convert it again"
            yield str(Fault("E205", str(path), "no orientation", "a qform or sform", todo))
        else:
            headers[path] = header
    reference = headers.pop(scan.lesions, None)
    for path, header in headers.items():
        if reference is not None and (found := _difference(reference, header)):
            expected, todo = f"the grid of {scan.lesions.name}", "resample them onto one grid"
            yield str(Fault("E209", str(path), found, expected, todo))


def file_name(text: str) -> str:
    """An id as the name of a file or folder: letters, digits, `-` and `_`; others become `-`.

    >>> file_name("../A 17")
    '---A-17'
    """
    return re.sub(r"[^A-Za-z0-9_-]", "-", text) or "-"


def _why_not(name: str, kinds: Sequence[str], subject: str) -> str:
    if image_suffix(name) not in NIFTI_SUFFIXES:
        return "not a NIfTI file (.nii, .nii.gz)"
    if PATCH.search(name):
        return "a patch that was cut before"
    if len(kinds) > 1:
        return f"matches the patterns of {' and '.join(kinds)}: narrow one"
    if not kinds:
        return "matches no pattern of the options modalities and lesions"
    return "" if subject else "subject_pattern finds nothing in its path"


def _incomplete(files: Mapping[str, list[Path]], patterns: Mapping[str, str], required: Sequence[str]) -> str:
    for kind in (LESIONS, *required):
        if not files.get(kind):
            what = "lesion volume" if kind == LESIONS else kind
            hint = "" if kind == LESIONS else " (option required)"
            return f"no {what}: no file matches {patterns[kind]!r}{hint}"
    for kind, several in files.items():
        if len(several) > 1:
            names = ", ".join(path.name for path in several)
            return f"several files for {kind}: {names}; narrow the pattern, or give session_pattern"
    return "" if any(files.get(kind) for kind in patterns if kind != LESIONS) else "no image at all"


def _subject(name: str) -> str:
    parts = PurePosixPath(name).parts
    return parts[0] if len(parts) > 1 else re.split(r"[_.]", name, maxsplit=1)[0]


def _difference(lesions: Header, image: Header) -> str:
    import itertools

    import numpy as np

    (shape, affine), (other, moved) = _in_ras(lesions), _in_ras(image)
    if shape != other:
        return f"{_times(other)} voxels (R x A x S), not {_times(shape)}"
    corners = [(*at, 1) for at in itertools.product(*((0, size - 1) for size in shape[:3]))]
    moved_mm = float(np.linalg.norm(np.array(corners) @ (moved - affine).T, axis=1).max())
    near_mm = SAME_VOXELS * float(np.linalg.norm(affine[:3, :3], axis=0).min())
    return "" if moved_mm <= near_mm else f"an affine {moved_mm:.3g} mm off"


def _in_ras(header: Header) -> tuple[tuple[int, ...], Any]:
    """Shape and affine after its axes are turned to point right, anterior, superior."""
    import nibabel

    turns = nibabel.orientations.io_orientation(header.affine)
    shape = (*header.shape[:3], *(1,) * (3 - len(header.shape[:3])))
    order = turns[:, 0].argsort()
    turned = tuple(int(shape[axis]) for axis in order)
    extra = tuple(length for length in header.shape[3:] if length > 1)
    return (*turned, *extra), header.affine @ nibabel.orientations.inv_ornt_aff(turns, shape)


def _times(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
