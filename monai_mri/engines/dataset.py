"""Images of a manifest, one part at a time, as samples for MONAI's engines."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import count as count_from
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from monai_mri.engines.console import track
from monai_mri.engines.equal_channels import kept_once, own_copy
from monai_mri.engines.sampling import EpochIndex
from monai_mri.engines.seeding import generator
from monai_mri.errors import ConfigError, ManifestError
from monai_mri.manifest import Manifest, Splits, read_manifest, read_splits, rows_of_part, splits_path
from monai_mri.transforms.read_mri import CHANNELS

Sample = dict[str, Any]
Transform = Callable[[Sample], Any]
CLASS = "\0class"  # of a sample; no column of a CSV file can be called so
COPIED = "copied_channels"
GIVEN = ("image", "label", "sample_id", "subject_id")  # keys of a sample that the dataset itself fills
LONGEST_NAME = 100  # bytes of a sample's name: file names end at 255


class ManifestDataset(Dataset[Sample]):
    """One sample for each row of a manifest that stands in `part` of its splits.

    A sample starts as {"image": path or list of paths, "label": path of the mask, "subject_id", "sample_id"}
    and every further column of the manifest under its own name; a column called "label" stays only where
    `mask` is None. It then goes through `transform`, whose result is kept in memory, channels that are equal
    only once, and through the random transforms of `augment`, seeded by (seed, epoch, row). Copy what you
    want to write on: `augment` gets copies.

    `beside` puts further files into a sample, such as a scan that all images of it are cropped by. With
    `fallback` the file of that column stands in for an image that a row has not, as the brain-tumour study
    copies the FLAIR into channels that were not measured; "copied_channels" then names the columns that it
    stands for, as in "pre+post", unless the manifest has a column of that name.

    `transform` is also told the column of each file, under `CHANNELS`. Nothing is read before the first
    sample or length is asked for.

    Args:
        manifest: CSV file, relative to `dataset_dir`.
        part: "train", "validation" or "test"; "all" takes every row and needs no splits.
        images: columns of the image or of its channels.
        mask: column of the mask; None where there are none.
        beside: key of a sample and the column whose file, as a path, it shall hold.
        fallback: column whose file stands in where the cell of an image is empty; by default that is an
            error.
        splits: splits file, relative to `dataset_dir`; the one beside the manifest by default.
        dataset_dir: folder that relative paths start from.
        repeat: repeat of the splits.
        fold: fold of the splits.
        transform: deterministic transforms.
        augment: MONAI's random transforms.
        seed: seed of `augment`.

    Raises:
        ManifestError: manifest or splits are missing or do not fit each other, the part is empty, or a row
            has no file where it needs one.
        ConfigError: a column of the image is named twice, there is no such column, or a key of `beside` is
            taken.
    """

    def __init__(  # noqa: PLR0913 - one argument a line of the bundle's YAML
        self,
        *,
        manifest: str | Path,
        part: str,
        images: Sequence[str],
        mask: str | None = "mask",
        beside: Mapping[str, str] | None = None,
        fallback: str | None = None,
        splits: str | Path | None = None,
        dataset_dir: str | Path = ".",
        repeat: int = 0,
        fold: int = 0,
        transform: Transform | None = None,
        augment: Any = None,
        seed: int = 0,
    ) -> None:
        self.manifest_path = Path(dataset_dir) / manifest
        self.splits_path = Path(dataset_dir) / splits if splits else splits_path(self.manifest_path)
        self.part, self.repeat, self.fold = part, repeat, fold
        self.columns, self.mask_column = list(images), mask
        self.beside, self.fallback = dict(beside or {}), fallback
        self.transform, self.augment, self.seed = transform, augment, seed
        self._manifest: Manifest | None = None
        self._rows: list[Sample] | None = None
        self._cache: dict[int, Sample] = {}

    @property
    def manifest(self) -> Manifest:
        """The manifest, read once."""
        if self._manifest is None:
            self._manifest = read_manifest(self.manifest_path)
        return self._manifest

    @property
    def splits(self) -> Splits:
        """The splits."""
        return read_splits(self.splits_path)

    @property
    def rows(self) -> list[Sample]:
        """Samples as they are before `transform`."""
        if self._rows is None:
            self._rows = self._read_rows()
        return self._rows

    @property
    def subjects(self) -> list[str]:
        """Subjects of this part, sorted."""
        return sorted({row["subject_id"] for row in self.rows})

    @property
    def is_empty(self) -> bool:
        """Whether no row stands in the part."""
        return not self._rows_of_manifest()

    def require_files(self) -> None:
        """Make sure that the files of all parts are there, before a day of training is lost.

        Raises:
            ManifestError: names the first that is not, and says how many there are.
        """
        further = [*self.beside.values(), *([self.mask_column] if self.mask_column else [])]
        cells = [
            cell
            for row in self.manifest.rows()
            for cell in (*self._images_of(row), *(row.get(column, "") for column in further))
            if cell
        ]
        missing = [cell for cell in cells if not self.manifest.resolve(cell).is_file()]
        if missing:
            raise ManifestError(
                f"{self.manifest_path}: {len(missing)} of its files are not there, first {missing[0]}; "
                "put them back or take their rows out and split anew"
            )

    def __len__(self) -> int:
        """Number of rows in the part."""
        return len(self.rows)

    def __getitem__(self, index: int | EpochIndex) -> Sample:
        """The sample of a row; with an (epoch, row) pair it is augmented."""
        epoch, row = index if isinstance(index, tuple) else (None, index)
        if row not in self._cache:
            self._cache[row] = self._load(row)
        sample = dict(self._cache[row])
        if epoch is None or self.augment is None:
            return sample
        self.augment.set_random_state(seed=int(generator(self.seed, "augment", epoch, row).integers(2**32)))
        augmented: Sample = self.augment({key: own_copy(value) for key, value in sample.items()})
        return augmented

    def prepare(self) -> None:
        """Read every image of the part now, with a progress bar."""
        for row in track(range(len(self)), what=f"reading {self.part}", total=len(self)):
            self[row]

    def _load(self, row: int) -> Sample:
        sample = self.rows[row]
        if self.transform is not None:
            columns = {"image": self.columns} | {key: [column] for key, column in self.beside.items()}
            sample = self.transform(sample | {CHANNELS: columns})
        return {key: kept_once(value) for key, value in sample.items() if key != CHANNELS}

    def _read_rows(self) -> list[Sample]:
        if twice := [name for name, count in Counter(self.columns).items() if count > 1]:
            raise ConfigError(
                f"images: {twice[0]!r} stands twice in {', '.join(self.columns)}, expected columns that "
                "differ; correct channels"
            )
        manifest, rows = self.manifest, self._rows_of_manifest()
        if not rows:
            raise ManifestError(
                f"{self.splits_path}: part {self.part!r} holds no image; split the manifest anew"
            )
        named = _sample_ids(rows)
        return [self._sample(manifest, row, name) for row, name in zip(rows, named, strict=True)]

    def _rows_of_manifest(self) -> list[dict[str, str]]:
        return self.manifest.rows() if self.part == "all" else self._rows_of_part(self.manifest)

    def _rows_of_part(self, manifest: Manifest) -> list[dict[str, str]]:
        if not self.splits_path.is_file():
            raise ManifestError(
                f"{self.splits_path}: no splits there, needed for part {self.part!r}; "
                f"make them: monai-mri manifest split {self.manifest_path}"
            )
        return rows_of_part(manifest, self.splits, part=self.part, repeat=self.repeat, fold=self.fold)

    def _sample(self, manifest: Manifest, row: dict[str, str], name: str) -> Sample:
        self._require_columns(row)
        paths = [str(manifest.resolve(cell)) for cell in self._images_of(row)]
        sample: Sample = {**row, "sample_id": name, "image": paths[0] if len(paths) == 1 else paths}
        sample |= {key: str(manifest.resolve(row[column])) for key, column in self.beside.items()}
        if self.fallback and COPIED not in row:
            sample[COPIED] = "+".join(column for column in self.columns if not row[column])
        if self.mask_column:
            sample.pop("label", None)  # the class of an image, in manifests of classifiers
            if cell := row[self.mask_column]:
                sample["label"] = str(manifest.resolve(cell))
        return sample

    def _images_of(self, row: dict[str, str]) -> list[str]:
        """The cells of the image columns, with that of `fallback` in the place of an empty one."""
        spare = row.get(self.fallback, "") if self.fallback else ""
        return [row.get(column, "") or spare for column in self.columns]

    def _require_columns(self, row: dict[str, str]) -> None:
        """Make sure that a row has all columns, and a file where there must be one."""
        needed = dict.fromkeys(self.columns, "modality or channels to columns")
        needed |= {column: f"{key}, or beside::{key}, to a column" for key, column in self.beside.items()}
        further = {"fallback": self.fallback, "mask": self.mask_column}
        needed |= {column: f"{setting} to a column" for setting, column in further.items() if column}
        if absent := [column for column in needed if column not in row]:
            raise ConfigError(
                f"{self.manifest_path}: no column {absent[0]!r}, found {', '.join(row)}; "
                f"set {needed[absent[0]]} of the manifest"
            )
        if taken := [
            key for key, column in self.beside.items() if key in GIVEN or (key in row and key != column)
        ]:
            raise ConfigError(
                f"beside: key {taken[0]!r} is one that each sample has already, expected a new one; rename it"
            )
        cells = {column: row[column] for column in self.beside.values()}
        cells |= dict(zip(self.columns, self._images_of(row), strict=True))
        if empty := [column for column, cell in cells.items() if not cell]:
            spare = f" nor one in {self.fallback!r} to stand in" if self.fallback else ""
            raise ManifestError(
                f"{self.manifest_path}: subject {row['subject_id']!r} has no image in column {empty[0]!r}"
                f"{spare}; name its file there or take the row out"
            )


def _sample_ids(rows: list[dict[str, str]]) -> list[str]:
    """Subject and session, numbered where several rows share them, safe as a file name."""
    names = [
        _file_name("_".join(filter(None, (row["subject_id"], row.get("session_id", ""))))) for row in rows
    ]
    shared = {name for name, count in Counter(names).items() if count > 1}
    taken = set(names) - shared
    unique = []
    for name in names:
        if name in shared:
            name = next(numbered for n in count_from(1) if (numbered := f"{name}_{n:03d}") not in taken)
            taken.add(name)
        unique.append(name)
    return unique


def _file_name(text: str) -> str:
    name = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in text)
    if len(name.encode()) <= LONGEST_NAME:
        return name
    start = name.encode()[:LONGEST_NAME].decode(errors="ignore")
    return f"{start}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
