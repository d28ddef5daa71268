"""What every cohort writes the same way: its folder, its note of parameters, NIfTI files in MNI space."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.errors import DataError, UsageError
from monai_mri.files import write_whole
from monai_mri.phantom.cohort import MANIFEST_FILE, PARAMETERS_FILE


def stream(seed: int, study: int, index: int, part: int) -> np.random.Generator:
    """The random numbers of one part of one subject, whatever the size of the cohort."""
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(study, index, part)))


def check_number(name: str, value: float, *, least: float, most: float = np.inf) -> None:
    """Raise a UsageError unless a number is finite and within its range."""
    if not (np.isfinite(value) and least <= value <= most):
        limits = f"at least {least:g}" if np.isinf(most) else f"{least:g} to {most:g}"
        raise UsageError(f"{name}: {value}, expected a finite number of {limits}; choose another")


def claim_folder(out: Path, kind: str, parameters: Mapping[str, Any]) -> None:
    """Make a folder a cohort's: refuse another's, take away an older manifest, note the parameters.

    A run that is broken off leaves the note without a manifest, so that it can be started again.

    Raises:
        DataError: the path is a file, or the folder holds something else.
    """
    if out.exists() and not out.is_dir():
        raise DataError(f"{out}: a file, expected a folder; choose another path")
    if out.is_dir() and any(out.iterdir()) and _kind(out) != kind:
        raise DataError(
            f"{out}: not empty and not a phantom cohort of kind {kind} (see {PARAMETERS_FILE}), "
            "expected a new or empty folder; choose another one"
        )
    out.mkdir(parents=True, exist_ok=True)
    for path in (out / MANIFEST_FILE, (out / MANIFEST_FILE).with_suffix(".json")):
        path.unlink(missing_ok=True)
    note = json.dumps({"made_by": "monai_mri.phantom", "kind": kind, **parameters}, indent=2)
    write_whole(out / PARAMETERS_FILE, f"{note}\n".encode())


def description(maker: str, parameters: Mapping[str, Any]) -> str:
    """What a sidecar says of where the images come from."""
    settings = ", ".join(f"{name} {value}" for name, value in parameters.items())
    return f"Synthetic: made by monai_mri.phantom.{maker} on MNI152 anatomy, shows no person; {settings}."


def nifti_bytes(voxels: NDArray[Any], affine: NDArray[np.float64], *, slope: float = 0.0) -> bytes:
    """A NIfTI file in MNI space; its bytes depend on nothing but the arguments.

    Args:
        voxels: numbers as stored.
        affine: voxel indices to MNI mm.
        slope: what a stored 1 means; 0 leaves the header's scaling out.
    """
    import nibabel

    image: Any = nibabel.Nifti1Image(voxels, affine)
    image.set_sform(affine, code="mni")
    image.set_qform(affine, code="mni")
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = b"synthetic, monai_mri.phantom"
    if slope:
        image.header.set_slope_inter(slope, 0)
    content: bytes = image.to_bytes()
    return content


def packed(content: bytes) -> bytes:
    """Bytes compressed by gzip, without a time or a name in them."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, compresslevel=1, mtime=0) as file:
        file.write(content)
    return buffer.getvalue()


def progress_bar(indices: range, *, visible: bool) -> Any:
    """The indices under a progress bar, which hides itself where standard error is no terminal."""
    from tqdm import tqdm

    return tqdm(indices, desc="phantom", unit="subject", disable=None if visible else True)


def _kind(out: Path) -> str:
    """The kind of cohort that a folder holds, empty for none."""
    try:
        note = json.loads((out / PARAMETERS_FILE).read_bytes())
    except (OSError, ValueError):
        return ""
    return str(note.get("kind", "")) if isinstance(note, dict) else ""
