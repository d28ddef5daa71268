"""Correct cohorts on disk, and the tools to spoil them by exactly one thing at a time."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import posixpath
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from PIL import Image
from scipy import ndimage

from monai_mri.errors import ImageError
from monai_mri.manifest import (
    file_record,
    make_sidecar,
    make_splits,
    splits_path,
    write_manifest,
    write_splits,
)

LABELS = ("relapsing", "progressive")
SITES = ("A", "B")


@dataclass(frozen=True)
class Cohort:
    """A manifest whose images lie below its folder. Edits keep the sidecar's records true."""

    path: Path

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def sidecar(self) -> Path:
        return self.path.with_suffix(".json")

    @property
    def splits(self) -> Path:
        return self.path.with_suffix(".splits.json")

    @property
    def image(self) -> str:
        """The column of images."""
        return str(json.loads(self.sidecar.read_text())["modalities"][0])

    def read(self) -> tuple[list[str], list[list[str]]]:
        """Header and rows, as text."""
        header, *rows = csv.reader(io.StringIO(self.path.read_text("utf-8-sig"), newline=""))
        return header, rows

    def write(self, header: list[str], rows: list[list[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([header, *rows])
        self.path.write_text(text.getvalue(), "utf-8", newline="")
        if self.splits.exists():  # else "made from another manifest" would be a second fault
            content = json.loads(self.splits.read_text())
            content["manifest_sha256"] = hashlib.sha256(self.path.read_bytes()).hexdigest()
            self.splits.write_text(json.dumps(content, indent=1))

    def subjects(self) -> list[str]:
        header, rows = self.read()
        return list(dict.fromkeys(row[header.index("subject_id")] for row in rows))

    def partner(self, subject: str) -> str:
        """The subject of the next row; where there are splits, the next one in another part."""
        subjects = self.subjects()
        at = subjects.index(subject)
        others = subjects[at + 1 :] + subjects[:at]
        if not self.splits.exists():
            return others[0]
        parts = json.loads(self.splits.read_text())["parts"][0][0]
        return next(other for other in others if parts[other] != parts[subject])

    def row(self, subject: str) -> dict[str, str]:
        header, rows = self.read()
        at = header.index("subject_id")
        return dict(zip(header, next(row for row in rows if row[at] == subject), strict=True))

    def set(self, subject: str, **cells: str) -> None:
        """Change cells of a subject's first row; a new column is empty for the others."""
        header, rows = self.read()
        for column in cells.keys() - set(header):
            header.append(column)
            rows = [[*row, ""] for row in rows]
        row = next(row for row in rows if row[header.index("subject_id")] == subject)
        for column, cell in cells.items():
            row[header.index(column)] = cell
        self.write(header, rows)

    def add(self, subject: str, **cells: str) -> None:
        """Another row of a subject, like its first but for these cells."""
        header, rows = self.read()
        row = {**self.row(subject), **cells}
        self.write(header, [*rows, [row[column] for column in header]])

    def file(self, subject: str, column: str = "") -> Path:
        return self.folder / self.row(subject)[column or self.image]

    def record(self, cell: str) -> None:
        """Make the sidecar's record of a file anew, or drop it where none can be made."""
        content = json.loads(self.sidecar.read_text())
        content["files"].pop(cell, None)
        with suppress(ImageError, OSError, ValueError):
            content["files"][cell] = file_record(self.folder / cell).model_dump(mode="json")
        self.sidecar.write_text(json.dumps(content, indent=1))

    def forget(self, cell: str) -> None:
        content = json.loads(self.sidecar.read_text())
        content["files"].pop(cell, None)
        self.sidecar.write_text(json.dumps(content, indent=1))

    def edit(self, subject: str, change: Callable[[bytes], bytes], column: str = "") -> None:
        """Change the bytes of a file."""
        path = self.file(subject, column)
        path.write_bytes(change(path.read_bytes()))
        self.record(self.row(subject)[column or self.image])

    def edit_header(self, subject: str, at: int, values: bytes, column: str = "") -> None:
        """Overwrite bytes of the unpacked NIfTI."""

        def change(packed: bytes) -> bytes:
            raw = bytearray(gzip.decompress(packed))
            raw[at : at + len(values)] = values
            return gzip.compress(bytes(raw), mtime=0)

        self.edit(subject, change, column)

    def move(self, subject: str, name: str, column: str = "") -> Path:
        """Give a file another name, relative to its folder, in the table and the sidecar, too."""
        column = column or self.image
        old = self.row(subject)[column]
        new = posixpath.normpath(f"{posixpath.dirname(old)}/{name}")
        os.rename(self.folder / old, self.folder / new)
        self.set(subject, **{column: new})
        self.forget(old)
        self.record(new)
        return self.folder / new

    def voxels(self, subject: str, column: str = "") -> tuple[np.ndarray, np.ndarray]:
        """The voxels and the affine of a subject's NIfTI."""
        image: Any = nibabel.load(self.file(subject, column))
        return np.asarray(image.dataobj), image.affine

    def save(
        self, subject: str, array: np.ndarray, affine: np.ndarray | None = None, column: str = ""
    ) -> None:
        """Replace a subject's NIfTI."""
        path = self.file(subject, column)
        save_nifti(path, array, self.voxels(subject, column)[1] if affine is None else affine)
        self.record(self.row(subject)[column or self.image])


def base(
    folder: Path,
    n: int = 6,
    shape: tuple[int, int, int] = (32, 32, 32),
    seed: int = 0,
    *,
    splits: bool = False,
) -> Path:
    """Write a correct cohort of volumes with masks, and perhaps splits; returns the manifest's path."""
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = [-float(side) for side in shape]
    rows = []
    for number in range(n):
        row = person(number)
        paths = {column: f"images/{row['subject_id']}/{column}.nii.gz" for column in ("flair", "mask")}
        head, lesions = anatomy(shape, seed=seed, number=number)
        save_nifti(folder / paths["flair"], head.astype(np.int16), affine)
        save_nifti(folder / paths["mask"], lesions.astype(np.uint8), affine)
        rows.append(row | paths)
    return _finish(folder, rows, "flair", splits=splits)


def picture_base(
    folder: Path, n: int = 6, shape: tuple[int, int] = (64, 64), seed: int = 0, *, splits: bool = False
) -> Path:
    """Write a correct cohort of grey 8-bit pictures with masks; returns the manifest's path."""
    rows = []
    for number in range(n):
        row = person(number)
        paths = {column: f"images/{row['subject_id']}/{column}.png" for column in ("image", "mask")}
        head, lesions = anatomy(shape, seed=seed, number=number)
        (folder / paths["image"]).parent.mkdir(parents=True)
        Image.fromarray((head / 5).clip(0, 255).astype(np.uint8)).save(folder / paths["image"])
        Image.fromarray((lesions * 255).astype(np.uint8)).save(folder / paths["mask"])
        rows.append(row | paths)
    return _finish(folder, rows, "image", splits=splits)


def person(number: int) -> dict[str, str]:
    """A row without images: labels alternate, and each site has as many of one as of the other."""
    return {
        "subject_id": f"sub-{number + 1:03d}",
        "session_id": "ses-1",
        "site": SITES[number // 2 % 2],
        "label": LABELS[number % 2],
        "age": f"{24.5 + 37 * number % 40}",
        "sex": "fm"[number // 4 % 2],
    }


def anatomy(shape: tuple[int, ...], *, seed: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """A head-like blob, 0 to about 1000 with 0 outside, and a mask of three lesions in it."""
    rng = np.random.default_rng((seed, number))
    axes = np.meshgrid(*(np.linspace(-1, 1, side) for side in shape), indexing="ij")
    centre, radii = rng.uniform(-0.12, 0.12, len(shape)), rng.uniform(0.6, 0.85, len(shape))
    distance = sum(((x - c) / r) ** 2 for x, c, r in zip(axes, centre, radii, strict=True))
    texture = sum(_noise(rng, shape, sigma=share * shape[0]) for share in (0.06, 0.03))
    head = np.where(distance < 1, 420 + 160 * texture + 120 * (distance < 0.45), 0)
    lesions = np.zeros(shape, dtype=bool)
    inside = np.argwhere(distance < 0.5)
    voxels = np.stack(np.indices(shape))
    for place in inside[rng.choice(len(inside), 3, replace=False)]:
        offset = voxels - place.reshape(-1, *[1] * len(shape))
        lesions |= (offset**2).sum(0) <= (shape[0] * rng.uniform(0.04, 0.08)) ** 2 + 1
    head = np.where(lesions, 900, head) + np.where(distance < 1, rng.normal(0, 12, shape), 0)
    return head.clip(0).round(), lesions


def save_nifti(path: Path, array: np.ndarray, affine: np.ndarray) -> None:
    """Write a NIfTI file whose qform and sform agree."""
    image = nibabel.Nifti1Image(array, affine)
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    image.header.set_xyzt_units("mm")
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(image, path)


def tree(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Kind, time of change and content of everything below a folder, links not followed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        if path.is_symlink():
            content = os.readlink(path)
        elif stat.S_ISREG(status.st_mode) and status.st_size < 1 << 28:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            content = str(status.st_size)
        found[path.relative_to(folder).as_posix()] = (status.st_mode, status.st_mtime_ns, content)
    return found


def _noise(rng: np.random.Generator, shape: tuple[int, ...], *, sigma: float) -> np.ndarray:
    noise = ndimage.gaussian_filter(rng.standard_normal(shape), sigma)
    return noise / noise.std()


def _finish(folder: Path, rows: list[dict[str, str]], image: str, *, splits: bool) -> Path:
    sidecar = make_sidecar(
        rows, folder=folder, modalities=(image,), source="made by a test", licence="CC0-1.0"
    )
    manifest = write_manifest(folder / "cohort.csv", rows, sidecar=sidecar)
    if splits:
        dealt = make_splits(manifest, test=0.25, validation=0.2, stratify=("label",), seed=0)
        write_splits(splits_path(manifest.path), dealt)
    return manifest.path
