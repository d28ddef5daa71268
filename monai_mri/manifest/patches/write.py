"""Cut the patches of scans and write them, with a table of all lesions."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monai_mri.errors import ImageError
from monai_mri.files import write_whole
from monai_mri.manifest.layouts._making import packed
from monai_mri.manifest.layouts._samples import Sample
from monai_mri.manifest.patches.cut import cut, moved_affine
from monai_mri.manifest.patches.scans import Scan
from monai_mri.manifest.patches.survey import (
    MEASURES,
    Finding,
    Recipe,
    measures,
    planned_sample,
    read_lesions,
)
from monai_mri.manifest.table import escape

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LESION_TABLE = "lesions.csv"
ID_COLUMNS = ("subject_id", "session_id", "scan_id", "lesion_id")


def write_patches(scan: Scan, findings: Sequence[Finding], folder: Path, recipe: Recipe) -> list[Sample]:
    """Write the patches of one scan below `folder`, and give their rows.

    Images are written as float32 with the header's scaling applied, masks as uint8, axes pointing right,
    anterior, superior. Each file appears whole or not at all.

    Raises:
        ImageError: an image cannot be read, or the lesions are not those that were counted.
        OSError: the disk is full or refuses.
    """
    from monai_mri.images import read_image

    wanted = [(finding, finding.box) for finding in findings if finding.box is not None]
    if not wanted:
        return []
    volume = read_lesions(scan, recipe)
    if volume.lesions != [finding.lesion for finding in findings]:
        raise ImageError(f"{scan.lesions}: other lesions than a moment ago, expected the same; start again")
    samples = [_below(folder, planned_sample(finding, box, recipe)) for finding, box in wanted]
    code = _space(scan.lesions)
    for kind, path in scan.images.items():
        picture = read_image(path)
        for sample, (_, box) in zip(samples, wanted, strict=True):
            patch = cut(picture.array, box, background=recipe.background)
            _save(patch, moved_affine(volume.affine, box), sample.images[kind], code)
    for sample, (finding, box) in zip(samples, wanted, strict=True):
        patch = cut(volume.numbered, box)
        mask = patch > 0 if recipe.keep_neighbours else patch == finding.lesion.number
        if sample.mask is not None:
            _save(mask.astype("uint8"), moved_affine(volume.affine, box), sample.mask, code)
    return samples


def write_lesion_table(findings: Sequence[Finding], folder: Path) -> Path:
    """Write `lesions.csv`: every lesion that was found, taken or not, and why not.

    `values` are the values of its voxels in the volume with the count of each.

    Raises:
        OSError: the disk is full or refuses.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(
        text, (*ID_COLUMNS, *MEASURES, "values", "label", "taken", "why"), lineterminator="\n"
    )
    writer.writeheader()
    for finding in findings:
        lesion, scan = finding.lesion, finding.scan
        ids = (scan.subject_id, scan.session_id, scan.scan_id, str(lesion.number))
        cells = dict(zip(ID_COLUMNS, ids, strict=True)) | measures(lesion)
        cells["values"] = " ".join(f"{value}:{count}" for value, count in lesion.values.items())
        cells |= {"label": finding.label, "taken": "no" if finding.box is None else "yes", "why": finding.why}
        writer.writerow({name: cell if name in MEASURES else escape(cell) for name, cell in cells.items()})
    return write_whole(folder / LESION_TABLE, text.getvalue().encode())


def _below(folder: Path, sample: Sample) -> Sample:
    images = {kind: folder / path for kind, path in sample.images.items()}
    return replace(sample, images=images, mask=None if sample.mask is None else folder / sample.mask)


def _space(path: Path) -> int:
    """The code of the space that a volume's affine leads to: scanner, aligned, Talairach or MNI."""
    import nibabel

    header: Any = nibabel.load(path).header
    return int(header["sform_code"]) or int(header["qform_code"])


def _save(patch: npt.NDArray[Any], affine: npt.NDArray[np.float64], path: Path, code: int) -> None:
    import nibabel
    import numpy as np

    image = nibabel.Nifti1Image(np.ascontiguousarray(patch), affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, code=code)
    image.set_qform(None, code=0)  # a quaternion would round, and cannot hold a shear
    write_whole(path, packed(image.to_bytes()))
