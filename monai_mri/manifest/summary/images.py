"""What a cohort's images are: voxel sizes and shapes from the sidecar, and those that are missing."""

from __future__ import annotations

from itertools import chain

from monai_mri.manifest.core import Manifest
from monai_mri.manifest.schema import FileRecord
from monai_mri.manifest.summary.columns import Column, histogram
from monai_mri.manifest.summary.model import Categorical, Histogram
from monai_mri.manifest.summary.tally import Groups, categorical

MOST_SIZES = 8  # of voxel sizes or shapes, the commonest; pictures come in hundreds


def image_variables(manifest: Manifest, groups: Groups) -> list[Categorical]:
    """Voxel sizes and shapes of each modality, from the sidecar; rows without that image do not count."""
    files = manifest.sidecar.files if manifest.sidecar else {}
    found = []
    for name in manifest.modalities if files else ():
        cells = manifest.table[name].tolist()
        rows = {group: [row for row in members if cells[row]] for group, members in groups.items()}
        for what, tell in ((f"{name}, voxel size in mm", _spacing), (f"{name}, shape", _shape)):
            values = tuple(tell(files.get(cell)) for cell in cells)
            column = Column(what, values, numeric=False, unit="scans")
            items = {group: column.items([], members) for group, members in rows.items()}
            if any(values):
                found.append(categorical(column, items, most=MOST_SIZES))
    return found


def missing_images(manifest: Manifest, groups: Groups) -> list[Categorical]:
    """How many rows of each group lack each modality, and the mask."""
    found = []
    for name in manifest.path_columns:
        cells = tuple("there" if cell else "none" for cell in manifest.table[name])
        if "there" not in cells:
            continue
        column = Column(f"without {name}", cells, numeric=False, unit="scans")
        made = categorical(column, {group: column.items([], rows) for group, rows in groups.items()})
        if "none" not in made.levels:
            made = Categorical(
                made.name, made.unit, ("none", *made.levels), ((0,) * len(groups), *made.counts), made.missing
            )
        found.append(made)
    return found


def edges_mm(manifest: Manifest) -> Histogram | None:
    """The shortest and the longest voxel edge of each image."""
    files = manifest.sidecar.files if manifest.sidecar else {}
    cells = chain.from_iterable(manifest.table[name] for name in manifest.modalities)
    sizes = [files[cell].spacing_mm for cell in cells if cell in files]
    edges = [(min(size), max(size)) for size in sizes if size]
    return histogram([[low for low, _ in edges], [high for _, high in edges]], ["shortest", "longest"])


def _spacing(record: FileRecord | None) -> str:
    return " x ".join(f"{step:.3g}" for step in record.spacing_mm) if record and record.spacing_mm else ""


def _shape(record: FileRecord | None) -> str:
    return " x ".join(map(str, record.shape)) if record else ""
