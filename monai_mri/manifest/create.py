"""Make a manifest from a folder of images: a layout finds the samples, this checks and writes them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monai_mri.errors import ImageError, ManifestError
from monai_mri.faults import Fault
from monai_mri.images.headers import Header, read_header
from monai_mri.manifest.core import Manifest, root_folder, write_manifest
from monai_mri.manifest.layouts import Collected, Sample, find
from monai_mri.manifest.sidecar import make_sidecar

SHIFT_TOLERANCE = 0.1  # of a voxel: how far apart two grids may lie and still be called one


def create_manifest(
    layout: str,
    root: Path,
    out: Path,
    *,
    root_is: str = "manifest",
    source: str = "",
    licence: str = "",
    **options: Any,
) -> Manifest:
    """Write the manifest `out` (CSV and sidecar) of the images below `root`.

    `layout` names a module of `monai_mri.manifest.layouts`, `options` are its own (and `preset`).
    Paths are relative to the folder of `out`; with `root_is="env:NAME"` to the folder that the
    environment variable NAME holds, so that the manifest of read-only data can lie elsewhere.
    `source` and `licence` say where the data come from. `Manifest.skipped` says what was not taken.

    Raises:
        UsageError: the layout or an option is unknown.
        ManifestError: no sample was found, or the data lie outside the manifest's root.
        ImageError: an image cannot be read, or a mask is on another grid than its image (E209); all
            such faults, one a line, and nothing is written.
    """
    collected = plan_manifest(layout, root, **options)
    if not collected.samples:
        why = f"; for instance {collected.skipped[0]}" if collected.skipped else ""
        raise ManifestError(
            f"{root}: no sample found, expected those of layout {layout!r}; check its options{why}"
        )
    if faults := [fault for sample in collected.samples for fault in _grid_faults(sample)]:
        raise ImageError("\n".join(faults))
    recorded, base = data_root(root_is, manifest=Path(out))
    rows = [_row(sample, collected.modalities, base, root_is) for sample in collected.samples]
    sidecar = make_sidecar(
        rows, folder=base, modalities=collected.modalities, source=source, licence=licence, root=recorded
    )
    written = write_manifest(Path(out), rows, sidecar=sidecar)
    return Manifest(written.path, written.table, sidecar, written.sha256, skipped=collected.skipped)


def plan_manifest(layout: str, root: Path, **options: Any) -> Collected:
    """What `create_manifest` would take and what not, and why; opens no image, writes nothing.

    Raises:
        UsageError: the layout or an option is unknown.
        ManifestError: the folder is missing.
    """
    return find(layout).collect(Path(root), options)


def data_root(root_is: str, *, manifest: Path) -> tuple[str, Path]:
    """What the sidecar records as root, and the folder that it means now, for `root_is` of `create_manifest`.

    Raises:
        ManifestError: neither "manifest" nor "env:NAME", or NAME holds no folder.
    """
    if root_is != "manifest" and not root_is.startswith("env:"):
        raise ManifestError(f"{manifest}: root_is {root_is!r}, expected 'manifest' or 'env:NAME'; choose one")
    recorded = "." if root_is == "manifest" else root_is
    return recorded, root_folder(recorded, manifest=manifest)


def relative_to_root(path: Path, base: Path, *, root_is: str) -> str:
    """A file's path as a manifest whose data lie below `base` writes it.

    Raises:
        ManifestError: the file lies elsewhere.
    """
    # A linked file keeps its link's name, as in git-annex; links in the folders above do not matter.
    for near, far in ((path, base), (path.parent.resolve() / path.name, base.resolve())):
        inside, outside = Path(os.path.abspath(near)), Path(os.path.abspath(far))
        if inside.is_relative_to(outside) and path.resolve().is_relative_to(base.resolve()):
            return inside.relative_to(outside).as_posix()
    where = "the manifest's folder" if root_is == "manifest" else root_is
    raise ManifestError(
        f"{path}: lies outside {base.resolve()}, expected it below {where}; write the manifest to a folder "
        "above the data, or set an environment variable to such a folder and use root_is='env:NAME' [E509]"
    )


def _row(sample: Sample, modalities: Sequence[str], base: Path, root_is: str) -> dict[str, str]:
    images = {name: sample.images[name] for name in modalities if name in sample.images}
    paths = images if sample.mask is None else {**images, "mask": sample.mask}
    cells = {name: relative_to_root(path, base, root_is=root_is) for name, path in paths.items()}
    core = {"subject_id": sample.subject_id, "session_id": sample.session_id, "site": sample.site}
    return {**core, **dict.fromkeys(modalities, ""), **cells, **sample.extra}


def _grid_faults(sample: Sample) -> list[str]:
    """Images and masks of one sample that cannot be read, or do not lie on one grid."""
    files = [*sample.images.values(), *([] if sample.mask is None else [sample.mask])]
    try:
        headers = [read_header(path) for path in files]
    except ImageError as error:
        return [str(error)]
    faults = []
    for path, header in zip(files[1:], headers[1:], strict=True):
        found, expected = _difference(headers[0], header)
        if found:
            todo = "resample one onto the grid of the other, or leave the pair out"
            faults.append(str(Fault("E209", str(path), found, f"{expected} as {files[0].name} has", todo)))
    return faults


def _difference(first: Header, second: Header) -> tuple[str, str]:
    """How the second grid differs from the first, and what the first is; empty when they agree."""
    if first.grid != second.grid:
        return f"shape {second.grid}", f"{first.grid}"
    if first.affine is None or second.affine is None:
        return "", ""
    return _shift(first, second)


def _shift(first: Header, second: Header) -> tuple[str, str]:
    import itertools

    import numpy as np

    corners = np.array(
        [(*corner, 1) for corner in itertools.product(*((0, size - 1) for size in first.shape[:3]))]
    )
    moved_mm = np.linalg.norm(corners @ (second.affine - first.affine).T, axis=1).max()
    voxel_mm = np.linalg.norm(first.affine[:3, :3], axis=0).min()
    if moved_mm <= SHIFT_TOLERANCE * voxel_mm:
        return "", ""
    return f"an affine {moved_mm:.3g} mm off", "the same affine"
