"""Images for the two-stage pipeline: a file, a folder of patients, or a manifest that tells the truth."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from itertools import count as count_from
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from monai_mri.engines.console import say
from monai_mri.engines.dataset import ManifestDataset, Sample
from monai_mri.engines.fresh_folder import WRITTEN
from monai_mri.engines.infer import ENDINGS
from monai_mri.errors import ImageError
from monai_mri.transforms.save import output_name

RESULTS = ("_mask", "_probability")  # ends of names that are no images
NO_IMAGES = ("annotations", "labels", "masks")  # folders
NO_SUBJECTS = ("images",)  # folders
OURS = {WRITTEN, "run.json"}  # files of a folder that this pipeline, or a training, has written


@dataclass(frozen=True)
class ImageItem:
    """One image: a picture or a volume, its channels' files, and what is known of it; "" where nothing is."""

    sample_id: str
    subject_id: str
    paths: tuple[str, ...]
    mask: str = ""
    label: str = ""
    slice_index: str = ""


class PipelineDataset(Dataset[Sample]):
    """One sample for each image of a file, of a folder with all its subfolders, or of a manifest.

    In a folder each image is a sample; its subject is the folder below `source` that it lies in, or itself
    where it lies in none; a folder called images is no subject. Masks and results (names that end in _mask or
    _probability, folders that the pipeline or a training wrote) are passed over, and so are hidden files, and
    folders called masks, labels or annotations, which is said.

    A manifest (a file that ends in .csv) may tell the truth: a mask, a label, a slice's number.

    Samples are {"image": path or list of paths, "sample_id", "subject_id"}, with "label" the path of the mask
    where there is one, after `transform`. Nothing is read before it is asked for, and nothing is kept.

    Args:
        source: file, folder, or manifest.
        transform: deterministic transforms; they must keep the image's size.
        images: columns of the channels, of a manifest.
        mask: its column of the mask, if it has that; null where no mask shall be read.
        label: its column of the class, if it has that.
        fallback: its column that stands in for a channel that a row lacks; see `ManifestDataset`.
        part: its part, "all" for every row.
        splits: its splits file; the one beside the manifest by default.
        repeat: repeat of the splits.
        fold: fold of the splits.

    Raises:
        ImageError: there is no image.
        ManifestError: the manifest is wrong.
    """

    def __init__(  # noqa: PLR0913 - one argument a line of the bundle's YAML
        self,
        *,
        source: str | Path,
        transform: Callable[[Sample], Any] | None = None,
        images: Sequence[str] = ("image",),
        mask: str | None = "mask",
        label: str = "label",
        fallback: str | None = None,
        part: str = "all",
        splits: str | Path | None = None,
        repeat: int = 0,
        fold: int = 0,
    ) -> None:
        self.source, self.transform = Path(source), transform
        self.mask, self.label = mask, label
        self._rows: ManifestDataset | None = None
        if self.source.suffix.lower() == ".csv":
            self._rows = ManifestDataset(
                manifest=self.source,
                part=part,
                images=images,
                mask=None,
                fallback=fallback,
                splits=splits,
                repeat=repeat,
                fold=fold,
            )
        self._items: list[ImageItem] | None = None

    @property
    def items(self) -> list[ImageItem]:
        """The images."""
        if self._items is None:
            self._items = self._of_files() if self._rows is None else self._of_rows(self._rows)
        return self._items

    @property
    def columns(self) -> list[str] | None:
        """The manifest's columns of the channels; None for files."""
        return None if self._rows is None else self._rows.columns

    @property
    def subjects(self) -> list[str]:
        """Subjects of the images, sorted."""
        return sorted({item.subject_id for item in self.items})

    def __len__(self) -> int:
        """Number of images."""
        return len(self.items)

    def __getitem__(self, index: int) -> Sample:
        """One image after `transform`."""
        item = self.items[index]
        paths: str | list[str] = item.paths[0] if len(item.paths) == 1 else list(item.paths)
        sample: Sample = {"image": paths, "sample_id": item.sample_id, "subject_id": item.subject_id}
        if item.mask:
            sample["label"] = item.mask
        return dict(sample if self.transform is None else self.transform(sample))

    def _of_rows(self, rows: ManifestDataset) -> list[ImageItem]:
        return [_item(rows, row, mask=self.mask, label=self.label) for row in rows.rows]

    def _of_files(self) -> list[ImageItem]:
        paths = [self.source] if self.source.is_file() else _images_below(self.source)
        if not paths:
            raise ImageError(
                f"{self.source}: no image there, expected a file, a folder of {', '.join(ENDINGS)}, or a "
                "manifest; set input to it"
            )
        root = self.source if self.source.is_dir() else self.source.parent
        names = _names([path.relative_to(root) for path in paths])
        return [
            ImageItem(name, _subject(path.relative_to(root), name), (str(path),))
            for path, name in zip(paths, names, strict=True)
        ]


def _item(rows: ManifestDataset, row: Sample, *, mask: str | None, label: str) -> ImageItem:
    images = row["image"] if isinstance(row["image"], list) else [row["image"]]
    cell = row.get(mask, "") if mask else ""
    return ImageItem(
        sample_id=row["sample_id"],
        subject_id=row["subject_id"],
        paths=tuple(images),
        mask=str(rows.manifest.resolve(cell)) if cell else "",
        label=str(row.get(label, "")),
        slice_index=str(row.get("slice_index", "")),
    )


def _images_below(folder: Path) -> list[Path]:
    """Images of a folder and its subfolders, sorted; not those of masks, of results and of trainings."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        if OURS & set(names):
            folders.clear()
            continue
        for name in sorted(folders):
            if name.lower() in NO_IMAGES:
                say(f"passed over: {Path(place) / name}, no images by its name")
        folders[:] = [name for name in folders if not name.startswith(".") and name.lower() not in NO_IMAGES]
        found += [Path(place) / name for name in names if _is_image(name)]
    return sorted(found)


def _is_image(name: str) -> bool:
    ours = output_name(name).endswith(RESULTS)
    return name.lower().endswith(ENDINGS) and not name.startswith(".") and not ours


def _names(paths: Sequence[Path]) -> list[str]:
    """What the results of each image are called: its name, with its folders where two share one."""
    stems = [output_name(path) for path in paths]
    counts = Counter(stems)
    names: dict[str, None] = {}
    for path, stem in zip(paths, stems, strict=True):
        wanted = stem if counts[stem] == 1 else path.as_posix().replace("/", "_").replace(".", "_")
        numbered = (f"{wanted}_{number}" for number in count_from(2))
        names[next(name for name in chain([wanted], numbered) if name not in names)] = None
    return list(names)


def _subject(path: Path, name: str) -> str:
    folders = [folder for folder in path.parts[:-1] if folder.lower() not in NO_SUBJECTS]
    return folders[0] if folders else name
