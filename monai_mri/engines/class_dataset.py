"""Images of a manifest with a class each, as samples to train and test a classifier on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from monai.data import MetaTensor
from torch.utils.data import Dataset

from monai_mri.engines.dataset import CLASS, ManifestDataset, Sample
from monai_mri.engines.equal_channels import own_copy
from monai_mri.engines.sampling import EpochIndex
from monai_mri.engines.seeding import generator
from monai_mri.errors import ConfigError, ManifestError

Label = str | int | float
Classes = Mapping[str, Label | Sequence[Label]]


class ClassDataset(Dataset[Sample]):
    """The images of `data` whose label is one of `classes`, with the class's number under "label".

    A sample is that of `data` with "label" the number of its class, counted from 0 in the order of `classes`,
    and its name under `monai_mri.engines.dataset.CLASS`. Images of other labels are left out; `left_out`
    counts them. Random transforms are seeded by (seed, epoch, place in this dataset), so that the copies of
    an oversampled image differ.

    Args:
        data: the images; its `mask` and `augment` are not used.
        classes: name of each class and the label, or the labels, that the manifest has for it; numbers stand
            for their text.
        column: column of the label.
        copies: how often the images of a class stand in an epoch, as in {remyelinating: 2}; once by default.
        augment: MONAI's random transforms.
        seed: seed of `augment`.

    Raises:
        ConfigError: two classes share a label, a label is neither text nor number, or `copies` names no
            class.
        ManifestError: there is no such column, or no image of any class.
    """

    def __init__(
        self,
        *,
        data: ManifestDataset,
        classes: Classes,
        column: str = "label",
        copies: Mapping[str, int] | None = None,
        augment: Any = None,
        seed: int = 0,
    ) -> None:
        self.data, self.column, self.augment, self.seed = data, column, augment, seed
        self.classes = _texts(classes)
        self.copies = {str(name): int(count) for name, count in (copies or {}).items()}
        self._order: list[int] | None = None
        self._check()

    @property
    def names(self) -> list[str]:
        """The classes, in the order of their numbers."""
        return list(self.classes)

    @property
    def numbers(self) -> dict[str, int]:
        """The number of the class that each label belongs to."""
        return {label: n for n, labels in enumerate(self.classes.values()) for label in labels}

    @property
    def order(self) -> list[int]:
        """The row of `data` that stands at each place."""
        if self._order is None:
            self._order = self._ordered()
        return self._order

    @property
    def subjects(self) -> list[str]:
        """Subjects of the images that are taken, sorted."""
        return sorted({self.data.rows[row]["subject_id"] for row in self.order})

    @property
    def labels(self) -> list[int]:
        """The number of the class at each place."""
        return [self.numbers[self._label(row)] for row in self.order]

    @property
    def left_out(self) -> int:
        """How many images of `data` have another label."""
        return len(self.data.rows) - len(set(self.order))

    @property
    def left_out_line(self) -> str:
        """How many images have which other labels, for people; empty where all are taken."""
        if not self.left_out:
            return ""
        labels = [self._label(row) for row in range(len(self.data.rows))]
        others = Counter(label or "(empty)" for label in labels if label not in self.numbers)
        named = ", ".join(f"{label} {count}" for label, count in others.most_common(8))
        more = f" and {len(others) - 8} more labels" if len(others) > 8 else ""
        shares = f"{self.left_out} of {len(labels)} images"
        return f"left out of {self.data.part}: {shares}, of other labels: {named}{more}"

    @property
    def absent(self) -> list[str]:
        """Classes without an image."""
        there = set(self.labels)
        return [name for number, name in enumerate(self.names) if number not in there]

    def __len__(self) -> int:
        """Number of places."""
        return len(self.order)

    def __getitem__(self, index: int | EpochIndex) -> Sample:
        """The sample at a place; with an (epoch, place) pair it is augmented, and only what a step needs."""
        epoch, place = index if isinstance(index, tuple) else (None, index)
        row = self.order[place]
        number = self.numbers[self._label(row)]
        sample = self.data[row] | {"label": number, CLASS: self.names[number]}
        if epoch is None:
            return sample
        step: Sample = {
            "image": self._of_step(sample["image"]),
            "label": number,
            "sample_id": sample["sample_id"],
        }
        if self.augment is None:
            return step
        self.augment.set_random_state(seed=int(generator(self.seed, "augment", epoch, place).integers(2**32)))
        augmented: Sample = dict(self.augment(step))
        augmented["image"] = _plain(augmented["image"])
        return augmented

    def prepare(self) -> None:
        """Read every image now, with a progress bar."""
        self.data.prepare()

    def _of_step(self, image: Any) -> Any:
        """The voxels alone, as a copy where `augment` might write on what is kept in memory."""
        plain = _plain(image)
        keeps = self.augment is None or getattr(self.augment, "keeps_input", False)
        return plain if keeps else own_copy(plain)

    def _label(self, row: int) -> str:
        return str(self.data.rows[row].get(self.column, ""))

    def _check(self) -> None:
        labels = [label for group in self.classes.values() for label in group]
        if twice := sorted({label for label in labels if labels.count(label) > 1}):
            raise ConfigError(f"classes: label {twice[0]!r} stands in two classes, expected one; remove it")
        for name, count in self.copies.items():
            if name not in self.classes or count < 1:
                raise ConfigError(
                    f"copies: {name}: {count} found, expected a class of {', '.join(self.classes)} and a "
                    "whole number of at least 1"
                )

    def _ordered(self) -> list[int]:
        rows = self.data.rows
        if rows and self.column not in rows[0]:
            columns = ", ".join(name for name in rows[0] if name not in ("image", "sample_id"))
            raise ManifestError(
                f"{self.data.manifest_path}: no column {self.column!r} with the label, found {columns}; "
                "add it, or name another one"
            )
        copies = [self.copies.get(name, 1) for name in self.names]
        kept = [row for row in range(len(rows)) if self._label(row) in self.numbers]
        if not kept:
            found = ", ".join(sorted({self._label(row) or "(empty)" for row in range(len(rows))})[:8])
            raise ManifestError(
                f"{self.data.manifest_path}: part {self.data.part!r} has no {self.column} of "
                f"{', '.join(self.numbers)}, found {found}; correct classes or the manifest"
            )
        return [row for row in kept for _ in range(copies[self.numbers[self._label(row)]])]


def _plain(image: Any) -> Any:
    """The voxels without what MONAI knows about them; batches take no other tensors."""
    return image.as_tensor() if isinstance(image, MetaTensor) else image


def _texts(classes: Classes) -> dict[str, list[str]]:
    """The labels of each class as the manifest's cells are: text."""
    if not isinstance(classes, Mapping):
        raise ConfigError(f"classes: {classes!r} found, expected a label or labels for each name; correct it")
    found = {}
    for name, labels in classes.items():
        group = [labels] if isinstance(labels, (str, int, float)) or labels is None else list(labels)
        for label in (name, *group):
            if isinstance(label, bool) or not isinstance(label, (str, int, float)):
                raise ConfigError(
                    f"classes: {name}: {label!r} found, expected text or a number; put quotes around it"
                )
        found[str(name)] = [str(label) for label in group]
    return found


def classes_of(dataset: Any) -> ClassDataset | None:
    """The dataset of classes, also below one that makes copies of its samples; None without classes."""
    while dataset is not None and not isinstance(dataset, ClassDataset):
        dataset = getattr(dataset, "data", None)
    return dataset


def class_names(dataset: Any) -> list[str]:
    """The classes of a dataset, also below one that makes copies of its samples; empty without classes."""
    found = classes_of(dataset)
    return [] if found is None else found.names
