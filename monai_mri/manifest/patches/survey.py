"""Count the lesions of scans, and decide for each whether it makes a patch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monai_mri.manifest.layouts._samples import Sample
from monai_mri.manifest.patches.classes import ClassOf
from monai_mri.manifest.patches.components import Lesion, find_lesions, number_lesions
from monai_mri.manifest.patches.cut import Box, place
from monai_mri.manifest.patches.scans import Scan, file_name

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


MEASURES = ("voxels", "volume_ml", "centre_r_mm", "centre_a_mm", "centre_s_mm")


@dataclass(frozen=True)
class Recipe:
    """How lesions are found and cut; see the options of the layout. `class_of` None: no classes."""

    size: int = 35
    connectivity: int = 26
    ids_by_value: bool = False
    min_voxels: int = 1
    min_ml: float = 0.0
    border: str = "pad"
    background: float = 0.0
    centre: str = "mass"
    keep_neighbours: bool = False
    class_of: ClassOf | None = None
    site: str = ""


@dataclass(frozen=True)
class Finding:
    """A lesion of a scan: its class, and its box, or why it has no patch."""

    scan: Scan
    lesion: Lesion
    label: str
    box: Box | None
    why: str = ""

    @property
    def name(self) -> str:
        """Scan and number, as a file's name begins."""
        return f"{self.scan.folder}_lesion-{self.lesion.number:03d}"


@dataclass(frozen=True)
class Volume:
    """The lesion volume of a scan, read: the lesion of each voxel, the value of each, the affine (RAS)."""

    numbered: npt.NDArray[np.uint32]
    affine: npt.NDArray[np.float64]
    lesions: list[Lesion] = field(default_factory=list)


def read_lesions(scan: Scan, recipe: Recipe) -> Volume:
    """Read the lesion volume of a scan and find its lesions.

    Raises:
        ImageError: it cannot be read, or holds negative values or fractions.
    """
    import numpy as np

    from monai_mri.images import lesions, read_image

    picture = read_image(scan.lesions)
    lesions(picture)  # refuses fractions and negative values
    labels = np.rint(picture.array).astype(np.uint32)
    numbered = number_lesions(labels, connectivity=recipe.connectivity, by_value=recipe.ids_by_value)
    affine = np.asarray(picture.affine)
    return Volume(numbered, affine, find_lesions(numbered, labels, affine, centre=recipe.centre))


def survey(scan: Scan, recipe: Recipe) -> list[Finding]:
    """Every lesion of a scan, in the order of their numbers.

    Raises:
        ImageError: as `read_lesions`.
    """
    volume = read_lesions(scan, recipe)
    return [_judged(scan, lesion, volume.numbered.shape, recipe) for lesion in volume.lesions]


def planned_sample(finding: Finding, box: Box, recipe: Recipe) -> Sample:
    """The row of a patch, its files below the folder of patches to be."""
    lesion, scan = finding.lesion, finding.scan
    folder = Path(scan.folder)
    files = {kind: folder / f"{finding.name}_{file_name(kind)}.nii.gz" for kind in (*scan.images, "mask")}
    mask = files.pop("mask")
    extra = {} if recipe.class_of is None else {"label": finding.label}
    extra |= {"lesion_id": str(lesion.number), "scan_id": scan.scan_id, **measures(lesion)}
    extra["border_shift"] = " ".join(f"{axis}{step:+d}" for axis, step in zip("RAS", box.shift, strict=True))
    extra["padded_voxels"] = str(box.padded)
    return Sample(scan.subject_id, files, mask, scan.session_id, recipe.site, extra)


def measures(lesion: Lesion) -> dict[str, str]:
    """Size and place of a lesion as cells of a table."""
    places = (f"{place_mm:.2f}" for place_mm in lesion.centre_mm)
    return dict(zip(MEASURES, (str(lesion.voxels), f"{lesion.volume_ml:.6g}", *places), strict=True))


def _judged(scan: Scan, lesion: Lesion, shape: Any, recipe: Recipe) -> Finding:
    label = "" if recipe.class_of is None else recipe.class_of(scan, lesion)
    box = place(lesion.centre, shape, size=recipe.size, border=recipe.border)
    why = ""
    if lesion.voxels < recipe.min_voxels:
        why = f"{lesion.voxels} voxels, expected {recipe.min_voxels} or more (option min_voxels)"
    elif lesion.volume_ml < recipe.min_ml:
        why = f"{lesion.volume_ml:.3g} ml, expected {recipe.min_ml:g} or more (option min_ml)"
    elif recipe.class_of is not None and not label:
        why = f"value {lesion.value}: no class (options labels, classes, table)"
    elif box is None:
        why = (
            f"a patch of {recipe.size} voxels does not lie inside the volume (option border={recipe.border})"
        )
    return Finding(scan, lesion, label, None if why else box, why)
