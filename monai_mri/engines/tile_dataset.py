"""The tiles of a part's slices, as the plaque network is trained on them."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from monai_mri.engines.dataset import Sample
from monai_mri.engines.sampling import EpochIndex
from monai_mri.engines.seeding import generator
from monai_mri.engines.slices import SliceDataset
from monai_mri.errors import ConfigError, ManifestError
from monai_mri.transforms.augment import augment_tile
from monai_mri.transforms.tiles import (
    Candidates,
    Tile,
    candidate_negatives,
    cut_tile,
    draw_negatives,
    negative_count,
    positive_tiles,
)

Place = tuple[int, Tile]  # number of the slice, and where in it


class TileDataset(Dataset[Sample]):
    """Square tiles: every one with plaque, and a drawn share of those without (BIOSTEC 2017, section 4.1).

    Which tiles there are depends on the images and `seed` alone; the draw without plaque is made over all
    slices together. With an (epoch, index) pair a tile is redrawn, shifted and augmented by a pure function
    of (seed, epoch, index).

    A sample holds image and label (1, size, size) float32, sample_id and subject_id.

    Args:
        data: the slices, all with a mask.
        tile_size: side in pixels.
        negative_share: share of tiles without plaque among all.
        redraw: draw the tiles without plaque anew for each epoch, so that in the end the network has seen
            most of what looks like plaque and is none; False draws once, as the paper does.
        shift: a tile is moved by up to so many pixels along each axis, within its slice; 0 as in the paper.
        augment: settings of `augment_tile`; None leaves tiles as they are, as the paper does.
        seed: seed of the draw and of the augmentation.

    Raises:
        ManifestError: a slice has no mask.
    """

    def __init__(
        self,
        *,
        data: SliceDataset,
        tile_size: int = 50,
        negative_share: float = 1 / 3,
        redraw: bool = False,
        shift: int = 0,
        augment: Mapping[str, Any] | None = None,
        seed: int = 0,
    ) -> None:
        self.data, self.tile_size, self.negative_share = data, tile_size, negative_share
        self.redraw, self.shift, self.augment, self.seed = redraw, shift, augment, seed
        if unknown := set(augment or ()) - set(signature(augment_tile).parameters):
            raise ConfigError(
                f"TileDataset: augment has no setting {sorted(unknown)[0]!r}; see augment_tile for those"
            )
        self._found: tuple[list[Place], Candidates[Place]] | None = None
        self._drawn: tuple[int, list[Place]] = (-1, [])

    @property
    def positives(self) -> list[Place]:
        """Tiles with plaque; reads the images when first asked for."""
        return self._all()[0]

    def negatives(self, epoch: int = 0) -> list[Place]:
        """Tiles without plaque of an epoch; those of every epoch without `redraw`."""
        epoch = epoch if self.redraw else 0
        if self._drawn[0] != epoch:
            positives, candidates = self._all()
            count = negative_count(len(positives), self.negative_share)
            rng = generator(self.seed, "negatives", epoch)
            self._drawn = epoch, draw_negatives(candidates, count, rng)
        return self._drawn[1]

    @property
    def subjects(self) -> list[str]:
        """Subjects of the slices, sorted."""
        return self.data.subjects

    def __len__(self) -> int:
        """Number of tiles, the same in each epoch."""
        return len(self.positives) + len(self.negatives())

    def __getitem__(self, index: int | EpochIndex) -> Sample:
        """One tile; redrawn, shifted and augmented where an epoch is given."""
        epoch, number = index if isinstance(index, tuple) else (0, index)
        known = len(self.positives)
        slice_number, tile = (
            self.positives[number] if number < known else self.negatives(epoch)[number - known]
        )
        sample = self.data[slice_number]
        image, label = _array(sample["image"]), _array(sample["label"])
        rng = generator(self.seed, "augment", epoch, number)
        if epoch and self.shift:
            tile = _shifted(tile, self.shift, label.shape[1:], rng)
        image, mask = cut_tile(image, tile), cut_tile(label, tile) > 0
        if epoch and self.augment is not None:
            image, mask = augment_tile(image, mask, rng=rng, **self.augment)
        return {
            "image": torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32)),
            "label": torch.from_numpy(np.ascontiguousarray(mask, dtype=np.float32)),
            "sample_id": f"{sample['sample_id']} tile at row {tile.row}, column {tile.column}",
            "subject_id": sample["subject_id"],
        }

    def prepare(self) -> None:
        """Read the images and find the tiles now."""
        self.data.prepare()
        self._all()

    def _all(self) -> tuple[list[Place], Candidates[Place]]:
        if self._found is None:
            self._found = self._search()
        return self._found

    def _search(self) -> tuple[list[Place], Candidates[Place]]:
        positives: list[Place] = []
        negatives: list[Place] = []
        weights = [np.empty(0)]
        for number in range(len(self.data)):
            sample = self.data[number]
            if "label" not in sample:
                raise ManifestError(
                    f"{sample['sample_id']}: no mask, needed for training; add it to the manifest"
                )
            image, mask = _array(sample["image"]).mean(axis=0), _array(sample["label"])[0] > 0
            if self.tile_size > 2 * max(mask.shape):
                raise ConfigError(
                    f"tile_size: {self.tile_size} found, too large for slices of "
                    f"{mask.shape[0]} x {mask.shape[1]} pixels"
                )
            positives += [(number, tile) for tile in positive_tiles(mask, self.tile_size)]
            found, preference = candidate_negatives(image, mask, self.tile_size)
            negatives += [(number, tile) for tile in found]
            weights.append(preference)
        if not positives:
            raise ManifestError(
                f"{self.data.data.manifest_path}: no plaque in any training slice, nothing to learn from; "
                "look at the masks, or split the manifest anew"
            )
        return positives, (negatives, np.concatenate(weights))


def _shifted(tile: Tile, most: int, shape: tuple[int, ...], rng: np.random.Generator) -> Tile:
    down, right = (int(step) for step in rng.integers(-most, most + 1, size=2))
    return Tile(
        row=max(0, min(tile.row + down, shape[0] - tile.size)),
        column=max(0, min(tile.column + right, shape[1] - tile.size)),
        size=tile.size,
    )


def _array(tensor: torch.Tensor) -> np.ndarray[Any, np.dtype[np.float32]]:
    array: np.ndarray[Any, np.dtype[np.float32]] = np.asarray(tensor, dtype=np.float32)
    return array
