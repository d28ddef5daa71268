"""Draw where a trained classifier looks: maps, sheets of slices, regions, scores against a known truth."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    make_map,
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
    methods: Sequence[str] = ("summed", "grad_cam"),
    target: str | None = None,
    layer: str | None = None,
    truth: str | Path | None = None,
    atlas: str | Path | None = None,
    labels: str | Path | None = None,
    sheets: int = 4,
) -> dict[str, Any]:
    """Write `explanation/<method>/<sample>.nii.gz` for each image, pictures of the first, tables of all.

    `regions.csv` has a line a map and region. With `truth`, the mask of what was planted in a phantom,
    `summary.json` says how often a map's maximum lies in it and what share of its strongest voxels does,
    beside chance.

    Args:
        evaluator: network and images.
        run_folder: where to write.
        weights: run folder or safetensors file; the run folder itself by default.
        methods: names of `monai_mri.explain.METHODS`.
        target: the class to explain; None for the predicted one of each image.
        layer: of the network; None for its last convolution.
        truth: NIfTI mask on the images' grid.
        atlas: NIfTI of labels in the images' space; None for the coarse partition of white matter.
        labels: names of the atlas's labels.
        sheets: images of which sheets of slices and an overlay on MNI are drawn.

    Returns:
        The summary, as written.

    Raises:
        ConfigError: no such method or class.
        CheckpointError: there are no weights.
        ImageError: the truth is on another grid than an image.
    """
    record = load_weights(evaluator.network, Path(weights or run_folder.root))
    settings = _Settings(tuple(methods), _number(record, target), layer, atlas, labels, sheets)
    _require_methods(settings.methods)
    maps = _Maps(run_folder.root / "explanation", evaluator, settings, truth)
    evaluator.run_over_samples(maps.add, what="explaining")
    summary: dict[str, Any] = plain(maps.summary(record, target))
    run_folder.write_json("explanation/summary.json", summary)
    write_text_durably(maps.folder / "regions.csv", maps.regions_table())
    for row in summary["methods"]:
        say(
            f"{row['method']:<10} hits {row['hits']}/{row['n']} (by chance {row['hit_chance']:.2f}), "
            f"strongest 1 % inside {row['top_share']:.2f} (by chance {row['chance']:.2f})"
        )
    say(f"{maps.count} images, {len(settings.methods)} maps each, in {maps.folder}")
    return summary


@dataclass(frozen=True)
class _Settings:
    methods: tuple[str, ...]
    target: int | None
    layer: str | None
    atlas: str | Path | None
    labels: str | Path | None
    sheets: int


@dataclass
class _Maps:
    """The maps of all images so far: their files, regions and scores."""

    folder: Path
    evaluator: Evaluator
    settings: _Settings
    truth: str | Path | None = None
    count: int = 0
    scores: list[MapScore] = field(default_factory=list)
    regions: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, sample: Sample, output: Sample) -> None:
        """Explain one image."""
        volume = sample["image"]
        picture = picture_of(volume)
        tensor = volume.as_tensor()[None].to(self.evaluator.state.device)
        anatomy = as_array(volume)[0]
        brain = anatomy > BRAIN_SHARE * anatomy.max()
        truth = None if self.truth is None else self._truth(picture)
        for method in self.settings.methods:
            network = self.evaluator.network
            found = make_map(method, network, tensor, target=self.settings.target, layer=self.settings.layer)
            stem = self.folder / method / str(sample["sample_id"])
            written = write_map(found, picture, stem.with_name(f"{stem.name}.nii.gz"))
            if self.count < self.settings.sheets:
                title = f"{sample['sample_id']}: {method}"
                sagittal_sheet(found, anatomy, stem.with_name(f"{stem.name}_sagittal.png"), title=title)
                overlay_on_mni(written, stem.with_name(f"{stem.name}_mni.png"), title=title)
            self._add_regions(method, str(sample["sample_id"]), found, picture.affine, brain)
            if truth is not None:
                self.scores.append(score_map(method, found, truth, mask=brain | truth))
        self.count += 1

    def summary(self, record: WeightsRecord, target: str | None) -> dict[str, Any]:
        """What summary.json holds."""
        return {
            "weights_sha256": record.tensors_sha256,
            "classes": list(record.classes),
            "target": target or "the predicted class",
            "images": self.count,
            "methods": [row._asdict() for row in summarise_maps(self.scores)],
        }

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
        rows = region_table(found, affine, atlas=self.settings.atlas, labels=self.settings.labels, mask=brain)
        for row in rows:
            figures = (f"{value:.6g}" if isinstance(value, float) else str(value) for value in row)
            self.regions.append((method, name, *figures))


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
