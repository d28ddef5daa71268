"""Draw where a trained classifier looks: maps, sheets of slices, regions, scores against a known truth."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from monai_mri.engines.class_groups import GroupMaps
from monai_mri.engines.class_maps import CLASSLESS, MapMaker, MapSettings
from monai_mri.engines.console import say
from monai_mri.engines.dataset import Sample
from monai_mri.engines.durable import write_text_durably
from monai_mri.engines.entry import bundle_step
from monai_mri.engines.evaluator import Evaluator
from monai_mri.engines.key_metric import as_array
from monai_mri.engines.run_folder import RunFolder, plain
from monai_mri.engines.weights import WeightsRecord, load_weights
from monai_mri.errors import ConfigError, ImageError
from monai_mri.explain import (
    METHODS,
    MapScore,
    RegionRow,
    overlay_on_mni,
    region_table,
    sagittal_sheet,
    score_map,
    summarise_maps,
    write_map,
)
from monai_mri.images import check_same_grid, read_image
from monai_mri.transforms.read_mri import picture_of

BRAIN_SHARE = 0.1  # of the volume's maximum, above which a voxel counts as brain


@bundle_step
def explain_classes(  # noqa: PLR0913 - one argument a line of the bundle's YAML
    evaluator: Evaluator,
    *,
    run_folder: RunFolder,
    weights: str | Path | None = None,
    methods: Sequence[str] = ("summed", "grad_cam", "hires_cam"),
    target: str | None = None,
    layer: str | None = None,
    truth: str | Path | None = None,
    atlas: str | Path | None = None,
    labels: str | Path | None = None,
    sheets: int = 4,
    occlusion_box_mm: float = 18.0,
    occlusion_cover: float | Literal["mean"] = "mean",
    permutations: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """Write `explanation/<method>/<sample>.nii.gz` for each image, pictures of the first, tables of all.

    `regions.csv` has a line a map and region. Then the maps of people of the target's class are compared
    with those of all others, each method by itself and beside it the images themselves (`group_t.nii.gz`,
    `group_mni.png`, `group_regions.csv`; see `monai_mri.explain.group_difference`). With `truth`, the mask of
    what was planted in a phantom, `summary.json` says how often a map's strongest voxel lies in it and what
    share of its strongest voxels does, beside chance; strong is a large value of either sign.

    Args:
        evaluator: network and images.
        run_folder: where to write.
        weights: run folder or safetensors file; the run folder itself by default.
        methods: names of `monai_mri.explain.METHODS`.
        target: the class to explain; None for the predicted one of each image, whose maps are then of
            different classes and are not compared.
        layer: of the network; None for its last convolution.
        truth: NIfTI mask on the images' grid.
        atlas: NIfTI of labels in the images' space; None for the coarse partition of white matter.
        labels: names of the atlas's labels.
        sheets: images of which sheets of slices and an overlay on MNI are drawn.
        occlusion_box_mm: edge of the box that covers; it moves by half of it.
        occlusion_cover: what covers, a value or "mean", the mean of the images that are explained.
        permutations: of the comparison of groups; 0 for none.
        seed: of the permutations.

    Returns:
        The summary, as written.

    Raises:
        ConfigError: no such method or class, or a setting is out of range.
        CheckpointError: there are no weights.
        ImageError: the truth is on another grid than an image.
    """
    record = load_weights(evaluator.network, Path(weights or run_folder.root))
    _require_methods(methods)
    settings = MapSettings(tuple(methods), _number(record, target), layer, occlusion_box_mm, occlusion_cover)
    maps = _Maps(run_folder.root / "explanation", evaluator, settings, truth, atlas, labels, sheets)
    maps.groups.first = target or (record.classes or ("",))[-1]
    evaluator.run_over_samples(maps.add, what="explaining")
    summary: dict[str, Any] = plain(
        {
            "weights_sha256": record.tensors_sha256,
            "classes": list(record.classes),
            "target": target or "the predicted class",
            "images": maps.count,
            "methods": [row._asdict() for row in summarise_maps(maps.scores)],
            **maps.compared(record, permutations=permutations, seed=seed),
        }
    )
    run_folder.write_json("explanation/summary.json", summary)
    write_text_durably(maps.folder / "regions.csv", maps.regions_table())
    for line in printed_maps(summary):
        say(line)
    say(f"{maps.count} images, {len(methods)} maps each, in {maps.folder}")
    return summary


@dataclass
class _Maps:
    """The maps of all images so far: their files, regions and scores."""

    folder: Path
    evaluator: Evaluator
    settings: MapSettings
    truth: str | Path | None
    atlas: str | Path | None
    labels: str | Path | None
    sheets: int
    count: int = 0
    scores: list[MapScore] = field(default_factory=list)
    regions: list[tuple[str, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.groups = GroupMaps(self.folder, "")
        self.maker = MapMaker(self.evaluator, self.settings)

    def add(self, sample: Sample, output: Sample) -> None:
        """Explain one image."""
        volume, name = sample["image"], str(sample["sample_id"])
        picture = picture_of(volume)
        anatomy = as_array(volume)[0]
        brain = anatomy > BRAIN_SHARE * anatomy.max()
        truth = None if self.truth is None else self._truth(picture)
        self.groups.add(picture, brain, subject=str(sample["subject_id"]), name=sample.get("class"))
        for method in self.settings.methods:
            found = self.maker.make(method, volume, picture)
            stem = self.folder / method / name
            written = write_map(found, picture, stem.with_name(f"{name}.nii.gz"))
            self.groups.paths.setdefault(method, []).append(written)
            if self.count < self.sheets:
                title = f"{name}: {method}"
                sagittal_sheet(found, anatomy, stem.with_name(f"{name}_sagittal.png"), title=title)
                overlay_on_mni(written, stem.with_name(f"{name}_mni.png"), title=title)
            self._add_regions(method, name, found, picture.affine, brain)
            if truth is not None:
                self.scores.append(score_map(method, np.abs(found), truth, mask=brain | truth))
        self.count += 1

    def compared(self, record: WeightsRecord, *, permutations: int, seed: int) -> dict[str, Any]:
        """The comparison of groups for summary.json, or why there is none."""
        if not permutations:
            return {"groups": [], "groups_note": "no comparison of groups was asked for"}
        if reason := self.groups.reason_against(record.known(self.groups.subjects)):
            return {"groups": [], "groups_note": reason}
        note = ""
        if self.settings.target is None:
            free = {name: paths for name, paths in self.groups.paths.items() if name in CLASSLESS}
            self.groups.paths = free
            note = "maps of the predicted class are not compared: set target"
        truth = None
        if self.truth is not None:
            truth = np.asarray(read_image(Path(str(self.truth))).array > 0)
        rows = self.groups.compare(
            atlas=self.atlas, labels=self.labels, truth=truth, permutations=permutations, seed=seed
        )
        return {"groups": rows, "groups_note": note}

    def regions_table(self) -> str:
        """CSV of all maps' regions."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["method", "sample_id", *RegionRow._fields])
        writer.writerows(self.regions)
        return text.getvalue()

    def _truth(self, picture: Any) -> NDArray[np.bool_]:
        truth = read_image(Path(str(self.truth)))
        check_same_grid(picture, truth)
        if not truth.array.any():
            raise ImageError(f"{truth.path}: an empty mask, expected what was planted; leave truth out")
        return np.asarray(truth.array > 0)

    def _add_regions(self, method: str, name: str, found: Any, affine: Any, brain: NDArray[np.bool_]) -> None:
        rows = region_table(found, affine, atlas=self.atlas, labels=self.labels, mask=brain)
        for row in rows:
            figures = (f"{value:.6g}" if isinstance(value, float) else str(value) for value in row)
            self.regions.append((method, name, *figures))


def printed_maps(summary: dict[str, Any]) -> list[str]:
    """Scores against a truth and the comparison of groups, a line each."""
    lines = [
        f"{row['method']:<10} hits {row['hits']}/{row['n']} (by chance {row['hit_chance']:.2f}), "
        f"strongest 1 % inside {row['top_share']:.2f} (by chance {row['chance']:.2f})"
        for row in summary["methods"]
        if row["n"]
    ]
    for row in summary["groups"]:
        line = f"{row['method']:<10} {row['first']} against the others: least corrected p {row['p']:.3g}"
        if row["voxels_that_differ"]:
            line += f", {row['voxels_that_differ']} of {row['voxels']} voxels differ"
            if "differ_in_truth" in row:
                line += f", {row['differ_in_truth']} of them inside the truth"
        lines.append(line)
    if summary["groups_note"]:
        lines.append(f"groups: {summary['groups_note']}")
    return lines


def _number(record: WeightsRecord, target: str | None) -> int | None:
    if target is None:
        return None
    if target not in record.classes:
        raise ConfigError(f"target: {target!r} found, expected one of {', '.join(record.classes)}")
    return record.classes.index(target)


def _require_methods(methods: Sequence[str]) -> None:
    for method in methods:
        if method not in METHODS:
            raise ConfigError(f"methods: {method!r} found, expected some of {', '.join(METHODS)}")
