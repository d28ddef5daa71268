"""Where the maps of people of one class differ from those of all others, corrected for looking everywhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.engines.console import track
from monai_mri.engines.durable import write_text_durably
from monai_mri.errors import ConfigError, ImageError
from monai_mri.explain import Difference, group_difference, overlay_on_mni, write_map
from monai_mri.explain.difference import LEAST_PEOPLE, LEAST_PERMUTATIONS
from monai_mri.explain.top import top_weights
from monai_mri.images import Picture, check_same_grid, read_image

LEVEL = 0.05
TOP_SHARE = 0.01  # of the voxels
IMAGES = "images"  # the images themselves, beside the methods: voxel-based morphometry
REGION_COLUMNS = ("method", "region", "t", "p", "voxels", "voxels_that_differ")


@dataclass
class GroupMaps:
    """The maps of all people, by method, and what is needed to compare them.

    Attributes:
        folder: where `<method>/group_t.nii.gz`, `group_mni.png` and `group_regions.csv` go.
        first: the class that is compared with the others.
        paths: file of each person's map, by method; `IMAGES` are the images.
        subjects: of each image.
        classes: of each image.
    """

    folder: Path
    first: str
    paths: dict[str, list[Path]] = field(default_factory=dict)
    subjects: list[str] = field(default_factory=list)
    classes: list[str | None] = field(default_factory=list)
    like: Picture | None = None
    brains: NDArray[np.int32] | None = None
    same_grid: bool = True

    def add(self, picture: Picture, brain: NDArray[np.bool_], *, subject: str, name: str | None) -> None:
        """Count one image in."""
        self.paths.setdefault(IMAGES, []).append(Path(picture.path))
        self.subjects.append(subject)
        self.classes.append(name)
        if self.like is None or self.brains is None:
            self.like, self.brains = picture, np.zeros(brain.shape, dtype=np.int32)
        try:
            check_same_grid(self.like, picture)
            self.brains += brain
        except ImageError:
            self.same_grid = False

    def reason_against(self, trained_on: Iterable[str] = ()) -> str:
        """Why the groups cannot be compared; empty where they can.

        Args:
            trained_on: subjects of the images that the network knows.
        """
        counts = [sum(name == self.first for name in self.classes)]
        counts.append(sum(name not in (None, self.first) for name in self.classes))
        known = sorted(set(trained_on))
        if known:
            return f"{len(known)} people were trained on: a test on their maps would be circular"
        if not self.same_grid:
            return "the images lie on different grids"
        if len(set(self.subjects)) < len(self.subjects):
            return "some people have several images, which are not independent"
        if unknown := len(self.classes) - sum(counts):
            return (
                f"{unknown} of {len(self.classes)} images have no class, so their people belong to no group"
            )
        if min(counts) < LEAST_PEOPLE:
            return (
                f"{counts[0]} people of {self.first!r} and {counts[1]} others, "
                f"at least {LEAST_PEOPLE} of each are needed"
            )
        return ""

    def compare(
        self,
        *,
        regions: tuple[NDArray[Any], Mapping[str, int]],
        truth: NDArray[np.bool_] | None,
        permutations: int,
        seed: int,
    ) -> list[dict[str, Any]]:
        """A row a method; maps, pictures and `group_regions.csv` are written.

        Args:
            regions: of `regions_on_grid` for the images' grid.
            truth: bool (I, J, K), or None.
            permutations: see `group_difference`.
            seed: of the permutations.
        """
        if self.brains is None:
            return []
        mask = self.brains * 2 >= len(self.subjects)
        comparison = _Comparison(self, mask, *regions, truth, permutations, seed)
        rows = [comparison.of(method) for method in track(self.paths, what="comparing groups")]
        write_text_durably(self.folder / "group_regions.csv", _table(comparison.lines))
        return rows


def require_permutations(permutations: int) -> None:
    """Make sure that a comparison can be drawn, or that none is asked for.

    Raises:
        ConfigError: neither 0 nor enough for p to reach 0.05.
    """
    if permutations != 0 and permutations < LEAST_PERMUTATIONS:
        raise ConfigError(
            f"permutations: {permutations} found, expected at least {LEAST_PERMUTATIONS}, below which no p "
            "reaches 0.05, or 0 for no comparison"
        )


def strongest_inside(t: NDArray[Any], inside: NDArray[np.bool_]) -> dict[str, float]:
    """Share of the 1 % of voxels with the largest |t| that lie in the truth, and what chance gives.

    Both arrays are (voxels,). Voxels tied at the threshold share what is left; where |t| is the same
    everywhere the share is nan.

    >>> strongest_inside(np.array([0.0, -3, 1, 2]), np.array([False, True, False, False]))
    {'top_share': 1.0, 'chance': 0.25}
    """
    weights = top_weights(np.abs(t), np.ones(t.shape, dtype=np.bool_), share=TOP_SHARE)
    return {"top_share": float(weights[inside].sum() / weights.sum()), "chance": float(inside.mean())}


@dataclass
class _Comparison:
    maps: GroupMaps
    mask: NDArray[np.bool_]
    regions: NDArray[Any]
    names: Mapping[str, int]
    truth: NDArray[np.bool_] | None
    permutations: int
    seed: int
    lines: list[tuple[str, ...]] = field(default_factory=list)

    def of(self, method: str) -> dict[str, Any]:
        values = np.stack([read_image(path).array[self.mask] for path in self.maps.paths[method]])
        found = self._difference(values)
        differs = self._on_grid(found.p <= LEVEL) > 0
        self._add_regions(method, values, differs)
        self._draw(method, found)
        row: dict[str, Any] = {
            "method": method,
            "first": self.maps.first,
            "n": list(found.n),
            "permutations": found.permutations,
            "p": found.p_any,
            "voxels": int(self.mask.sum()),
            "voxels_that_differ": int(differs.sum()),
        }
        if self.truth is not None:
            row["differ_in_truth"] = int((differs & self.truth).sum())
            row |= strongest_inside(found.t, self.truth[self.mask])
        return row

    def _difference(self, values: NDArray[Any]) -> Difference:
        first = [name == self.maps.first for name in self.maps.classes]
        return group_difference(values, first, permutations=self.permutations, seed=self.seed)

    def _on_grid(self, values: NDArray[Any]) -> NDArray[np.float32]:
        drawn = np.zeros(self.mask.shape, dtype=np.float32)
        drawn[self.mask] = values
        return drawn

    def _add_regions(self, method: str, values: NDArray[Any], differs: NDArray[np.bool_]) -> None:
        """The regions' means compared, corrected over the regions."""
        places = {name: self.regions[self.mask] == label for name, label in self.names.items()}
        places = {name: here for name, here in places.items() if here.any()}
        if not places:
            return
        means = np.stack([values[:, here].mean(axis=1) for here in places.values()], axis=1)
        found = self._difference(means)
        for number, (name, here) in enumerate(places.items()):
            there = int(differs[self.mask][here].sum())
            figures = (f"{found.t[number]:.4g}", f"{found.p[number]:.4g}", str(int(here.sum())), str(there))
            self.lines.append((method, name, *figures))

    def _draw(self, method: str, found: Difference) -> None:
        folder, like = self.maps.folder / method, self.maps.paths[IMAGES][0]
        write_map(self._on_grid(found.t), like, folder / "group_t.nii.gz")
        shown = self._on_grid(np.where(found.p <= LEVEL, np.abs(found.t), 0))
        path = write_map(shown, like, folder / "group_t_corrected.nii.gz")
        count = int((found.p <= LEVEL).sum())
        said = f"{count} voxels differ" if count else "nothing differs"
        title = f"{method}, {self.maps.first} against the others: {said} (least p {found.p_any:.3g})"
        overlay_on_mni(path, folder / "group_mni.png", share=1.0, title=title)


def _table(lines: Sequence[tuple[str, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(REGION_COLUMNS)
    writer.writerows(lines)
    return text.getvalue()
