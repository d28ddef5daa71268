"""Turn one DICOM series into NIfTI files with dcm2niix, and leave the patient's name behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from monai_mri.errors import ImageError
from monai_mri.faults import Fault
from monai_mri.files import write_whole
from monai_mri.manifest.dicom.scrub import nameless_header, nameless_sidecar
from monai_mri.manifest.layouts._making import packed

TIME_LIMIT_S = 3600
STEM = "x"
STAGING = ".dcm2niix-"  # begins the names of the folders that it works in
PARTS = {"ph": "phase", "real": "real", "imaginary": "imag"}


@dataclass(frozen=True)
class Converted:
    """One NIfTI file made of a series.

    `suffix` is what dcm2niix set it apart by among the images of its series (`e2`, `ph`, empty for the
    only one), `echo` and `part` what that means. `converter` is dcm2niix with its version.
    """

    path: Path
    suffix: str
    echo: str
    part: str
    shape: tuple[int, ...]
    voxel_mm: tuple[float, ...]
    converter: str


@dataclass(frozen=True)
class Rejected:
    """An image of a series that was not kept, and why."""

    suffix: str
    why: str


def convert_series(
    files: Sequence[Path],
    target: Path,
    *,
    secrets: Iterable[str] = (),
    volumes: bool = False,
    slices: int | None = None,
) -> tuple[list[Converted], list[Rejected]]:
    """Convert the files of one series to `target` (`….nii.gz`) with a JSON sidecar of the same name.

    Only these files are handed to dcm2niix, under neutral names, so that other series in their folder do not
    matter. Several images of one series get their suffix before the ending. Text fields and extensions
    of the NIfTI header are emptied; of the sidecar stay the acquisition's entries, none that holds one of
    `secrets`. Each file appears whole under its name or not at all.

    Args:
        files: The DICOM files.
        target: Where the image goes; its folder is made.
        secrets: Texts that must not stand in the sidecar, such as the patient's name.
        volumes: Keep a 4D image, which is otherwise rejected.
        slices: How many slices all images together must have; None to not count.

    Raises:
        ImageError: dcm2niix fails or makes nothing, with its own reason.
        OSError: the disk is full or refuses.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    target = Path(os.path.abspath(target))  # dcm2niix takes a folder that begins with "-" for an option
    with tempfile.TemporaryDirectory(prefix=STAGING, dir=target.parent) as staging:
        source, out = Path(staging, "in"), Path(staging, "out")
        source.mkdir()
        out.mkdir()
        for number, file in enumerate(files, 1):
            _stage(file, source / f"{number:06d}.dcm")
        converter = _run(source, out, where=target)
        made, rejected = _sort_out(sorted(out.glob("*.nii")), volumes=volumes, slices=slices)
        kept = [
            _keep(path, target, tuple(secrets), converter, suffix=path.stem[len(STEM) :].strip("_"))
            for path in made
        ]
    return kept, rejected


def _stage(file: Path, name: Path) -> None:
    try:
        name.symlink_to(file.resolve())
    except OSError:  # Windows, and some network disks
        shutil.copyfile(file, name)


def _run(source: Path, out: Path, *, where: Path) -> str:
    """Run dcm2niix; its name and version. `-g i`: the defaults file of the user's home is not read."""
    import dcm2niix

    settings = f"-g i -b y -ba y -z n -i n -d 0 -w 2 -f {STEM}".split()
    command = [dcm2niix.bin, *settings, "-c", "", "-o", str(out), str(source)]
    todo = "look at the series with a DICOM viewer, or leave it out"
    try:
        run = subprocess.run(command, capture_output=True, timeout=TIME_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        found, expected = f"dcm2niix ran longer than {TIME_LIMIT_S} s", "an end"
        raise Fault("", where.name, found, expected, todo).error(ImageError) from None
    said = (run.stdout + run.stderr).decode(errors="replace")
    if run.returncode or not any(out.glob("*.nii")):
        found = f"dcm2niix ended with code {run.returncode}{_reason(said, source.parent)}"
        raise Fault("", where.name, found, "an image", todo).error(ImageError)
    version = re.search(r"\bv\d[\d.]+\d", said)
    return f"dcm2niix {version.group()}" if version else "dcm2niix"


def _reason(said: str, staging: Path) -> str:
    """What dcm2niix complained of, without paths."""
    lines = [line for line in said.splitlines() if re.match(r"\s*(Error|Warning|Unable|No valid)", line)]
    lines.sort(key=lambda line: "Warning" in line)  # errors first
    clean = [re.sub(rf"{re.escape(str(staging))}\S*", "…", line).strip() for line in lines[:2]]
    return f" ({'; '.join(clean)[:200]})" if clean else ""


def _sort_out(
    paths: Sequence[Path], *, volumes: bool, slices: int | None
) -> tuple[list[Path], list[Rejected]]:
    """Which images to keep: the evenly spaced one of a series with gaps, and 4D only when asked for."""
    import nibabel
    import numpy as np

    shapes = {path: nibabel.load(path).shape for path in paths}
    resampled = {path for path in paths if "_Eq" in path.stem}
    counted = sum(int(np.prod(shape[2:])) for path, shape in shapes.items() if path not in resampled)
    kept, rejected = [], []
    for path, shape in shapes.items():
        suffix = path.stem[len(STEM) :].strip("_")
        depth = shape[3] if len(shape) > 3 else 1
        if not resampled and slices is not None and counted != slices:
            rejected.append(Rejected(suffix, f"dcm2niix made {counted} slices of {slices} images"))
        elif depth > 1 and not volumes:
            rejected.append(Rejected(suffix, f"4D, {depth} volumes (option volumes=keep)"))
        elif path not in resampled and any(other.stem.startswith(f"{path.stem}_Eq") for other in resampled):
            rejected.append(Rejected(suffix, "slices not evenly spaced; the resampled image is taken"))
        else:
            kept.append(path)
    return kept, rejected


def _keep(path: Path, target: Path, secrets: tuple[str, ...], converter: str, *, suffix: str) -> Converted:
    import nibabel

    suffix = re.sub(r"^Eq_?1?$", "", suffix)
    stem = target.name.removesuffix(".nii.gz") + (f"_{suffix}" if suffix else "")
    for extra in (".bval", ".bvec"):
        if path.with_suffix(extra).exists():
            os.replace(path.with_suffix(extra), target.with_name(stem + extra))
    sidecar = path.with_suffix(".json")
    if not sidecar.exists() and "_Eq" in path.stem:
        sidecar = path.with_name(f"{path.stem.partition('_Eq')[0]}.json")
    if sidecar.exists():
        entries = nameless_sidecar(json.loads(sidecar.read_text(encoding="utf-8", errors="replace")), secrets)
        write_whole(target.with_name(f"{stem}.json"), (json.dumps(entries, indent=2) + "\n").encode())
    header = nibabel.load(path).header
    final = write_whole(target.with_name(f"{stem}.nii.gz"), packed(nameless_header(path.read_bytes())))
    tokens = suffix.split("_")
    return Converted(
        path=final,
        suffix=suffix,
        echo=next((token[1:] for token in tokens if re.fullmatch(r"e\d+", token)), ""),
        part=next((PARTS[token] for token in tokens if token in PARTS), ""),
        shape=tuple(int(length) for length in header.get_data_shape()),
        voxel_mm=tuple(float(step) for step in header.get_zooms()[:3]),
        converter=converter,
    )
