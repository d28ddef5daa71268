"""Images of a manifest, one part at a time, as samples for MONAI's engines."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count as count_from
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.utils.data import Dataset

from monai_mri.engines.console import track
from monai_mri.engines.sampling import EpochIndex
from monai_mri.engines.seeding import generator
from monai_mri.errors import ConfigError, ManifestError
from monai_mri.manifest import Manifest, Splits, read_manifest, read_splits, rows_of_part, splits_path

Sample = dict[str, Any]
Transform = Callable[[Sample], Any]
CLASS = "\0class"  # of a sample; no column of a CSV file can be called so
LONGEST_NAME = 100  # bytes of a sample's name: file names end at 255


class ManifestDataset(Dataset[Sample]):
    """One sample for each row of a manifest that stands in `part` of its splits.

    A sample starts as {"image": path or list of paths, "label": path of the mask, "subject_id", "sample_id"}
    and every further column of the manifest under its own name; then goes through `transform`, whose result
    is kept in memory, and through the random transforms of `augment`, seeded by (seed, epoch, row).

    Nothing is read before the first sample or length is asked for.

    Args:
        manifest: CSV file, relative to `dataset_dir`.
        part: "train", "validation" or "test"; "all" takes every row and needs no splits.
        images: columns of the image or of its channels.
        mask: column of the mask; None where there are none.
        splits: splits file, relative to `dataset_dir`; the one beside the manifest by default.
        dataset_dir: folder that relative paths start from.
        repeat: repeat of the splits.
        fold: fold of the splits.
        transform: deterministic transforms.
        augment: MONAI's random transforms.
        seed: seed of `augment`.

    Raises:
        ManifestError: manifest or splits are missing or do not fit each other, or the part is empty.
        ConfigError: a column of the image is named twice.
    """

    def __init__(  # noqa: PLR0913 - one argument a line of the bundle's YAML
        self,
        *,
        manifest: str | Path,
        part: str,
        images: Sequence[str],
        mask: str | None = "mask",
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
        """Make sure that the images and masks of all parts are there, before a day of training is lost.

        Raises:
            ManifestError: names the first that is not, and says how many there are.
        """
        columns = [*self.columns, *([self.mask_column] if self.mask_column else [])]
        cells = [row[column] for row in self.manifest.rows() for column in columns if row.get(column)]
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
        sample = {key: value.clone() if isinstance(value, Tensor) else value for key, value in sample.items()}
        augmented: Sample = self.augment(sample)
        return augmented

    def prepare(self) -> None:
        """Read every image of the part now, with a progress bar."""
        for row in track(range(len(self)), what=f"reading {self.part}", total=len(self)):
            self[row]

    def _load(self, row: int) -> Sample:
        return dict(self.rows[row] if self.transform is None else self.transform(dict(self.rows[row])))

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
        needed = [*self.columns, *([self.mask_column] if self.mask_column else [])]
        if absent := [column for column in needed if column not in row]:
            raise ConfigError(
                f"{manifest.path}: no column {absent[0]!r}, found {', '.join(row)}; "
                "set modality or channels to columns of the manifest"
            )
        if empty := [column for column in self.columns if not row[column]]:
            raise ManifestError(
                f"{manifest.path}: subject {row['subject_id']!r} has no image in column {empty[0]!r}; "
                "name its file there or take the row out"
            )
        paths = [str(manifest.resolve(row[column])) for column in self.columns]
        sample: Sample = {**row, "sample_id": name, "image": paths[0] if len(paths) == 1 else paths}
        if self.mask_column and row[self.mask_column]:
            sample["label"] = str(manifest.resolve(row[self.mask_column]))
        return sample


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
