"""Draw where a trained classifier looks: maps, sheets of slices, regions, scores against a known truth."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.engines.answering import load_trained
from monai_mri.engines.class_evaluate import require_same_data
from monai_mri.engines.class_groups import IMAGES, GroupMaps, require_permutations
from monai_mri.engines.class_maps import CLASSLESS, MapMaker, MapSettings
from monai_mri.engines.class_places import Places
from monai_mri.engines.console import say
from monai_mri.engines.dataset import CLASS, Sample
from monai_mri.engines.durable import write_text_durably
from monai_mri.engines.entry import bundle_step
from monai_mri.engines.evaluator import Evaluator
from monai_mri.engines.fresh_folder import fresh_folder
from monai_mri.engines.key_metric import as_array
from monai_mri.engines.run_folder import RunFolder, plain
from monai_mri.engines.weights import WeightsRecord
from monai_mri.errors import ConfigError
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
from monai_mri.images import Picture
from monai_mri.transforms.read_mri import picture_of

BRAIN_SHARE = 0.1  # of the volume's maximum, above which a voxel counts as brain
TABLES = ("summary.json", "regions.csv", "group_regions.csv")
ENDINGS = (".nii.gz", "_sagittal.png", "_mni.png")  # of the files in a method's folder


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
    occlusion_step_mm: float | None = None,
    occlusion_cover: float | str = "mean",
    permutations: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """Write `explanation/<method>/<sample>.nii.gz` for each image, pictures of the first, tables of all.

    `regions.csv` has a line a map and region. Then the maps of people of the target's class are compared
    with those of all others, each method by itself and beside it the images themselves (`group_t.nii.gz`,
    `group_mni.png`, `group_regions.csv`; see `monai_mri.explain.group_difference`). With `truth`, the mask of
    what was planted in a phantom, `summary.json` says how often a map's strongest voxel lies in it and what
    share of its strongest voxels does, beside chance; strong is a large value of either sign.

    All is written to `explanation.part`, which takes the place of `explanation` when it is whole; until then
    the old explanation stays as it was.

    Args:
        evaluator: network and images.
        run_folder: where to write.
        weights: run folder or safetensors file; the run folder itself by default.
        methods: names of `monai_mri.explain.METHODS`; occlusion, which takes long, is drawn last.
        target: the class to explain; None for the predicted one of each image, whose maps are then of
            different classes and are not compared.
        layer: of the network; None for its last convolution.
        truth: NIfTI mask on the images' grid.
        atlas: NIfTI of labels in the images' space; None for the coarse partition of white matter.
        labels: names of the atlas's labels.
        sheets: images of which sheets of slices and an overlay on MNI are drawn; 0 for none.
        occlusion_box_mm: edge of the box that covers, smaller than the image.
        occlusion_step_mm: how far it moves; None for its edge, so that boxes do not overlap.
        occlusion_cover: what covers, a value or "mean", the mean of the images that are explained.
        permutations: of the comparison of groups, at least 20; 0 for none.
        seed: of the permutations.

    Returns:
        The summary, as written.

    Raises:
        ConfigError: no such method or class, a setting is out of range, or the weights are of other data.
        UsageError: `explanation.part` holds files that are not of this step.
        CheckpointError: there are no weights.
        ImageError: the truth is on another grid than an image, or empty.
    """
    require_permutations(permutations)
    if sheets < 0:
        raise ConfigError(f"sheets: {sheets} found, expected a number of images, or 0 for none")
    settings = MapSettings.checked(
        methods,
        layer=layer,
        box_mm=occlusion_box_mm,
        step_mm=occlusion_step_mm,
        cover=occlusion_cover,
    )
    record = load_trained(evaluator, Path(weights or run_folder.root))
    require_same_data(record, evaluator.dataset)
    settings = replace(settings, target=_number(record, target))
    places = Places(truth, atlas=atlas, labels=labels)
    folder = run_folder.root / "explanation"
    with fresh_folder(folder, is_own=_is_own) as part:
        maps = _Maps(part, evaluator, settings, places, sheets)
        maps.groups.first = target or (record.classes or ("",))[-1]
        evaluator.run_over_samples(maps.add, what="explaining")
        compared = maps.compared(record, permutations=permutations, seed=seed)
        summary: dict[str, Any] = plain(
            {
                "weights_sha256": record.tensors_sha256,
                "classes": list(record.classes),
                "target": target or "the predicted class",
                "images": maps.count,
                "drawn": maps.drawn(compared["groups"]),
                "methods": [row._asdict() for row in summarise_maps(maps.scores)],
                **compared,
            }
        )
        run_folder.write_json(str(part / "summary.json"), summary)
        write_text_durably(part / "regions.csv", maps.regions_table())
    run_folder.note_command()
    for line in printed_maps(summary):
        say(line)
    say(f"{maps.count} images, {len(methods)} maps each, in {folder}")
    return summary


@dataclass
class _Maps:
    """The maps of all images so far: their files, regions and scores."""

    folder: Path
    evaluator: Evaluator
    settings: MapSettings
    places: Places
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
        self.maker.require_box(picture)
        anatomy = as_array(volume)[0]
        brain = anatomy > BRAIN_SHARE * anatomy.max()
        truth = self.places.truth_on(picture)
        self.groups.add(picture, brain, subject=str(sample["subject_id"]), name=sample.get(CLASS))
        for method in self.settings.methods:
            found = self.maker.make(method, volume, picture)
            stem = self.folder / method / name
            written = write_map(found, picture, stem.with_name(f"{name}.nii.gz"))
            self.groups.paths.setdefault(method, []).append(written)
            if self.count < self.sheets:
                title = f"{name}: {method}"
                sagittal_sheet(found, anatomy, stem.with_name(f"{name}_sagittal.png"), title=title)
                overlay_on_mni(written, stem.with_name(f"{name}_mni.png"), title=title)
            self._add_regions(method, name, found, picture, brain)
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
        like = self.groups.like
        rows = (
            []
            if like is None
            else self.groups.compare(
                regions=self.places.regions_on(like),
                truth=self.places.truth_on(like),
                permutations=permutations,
                seed=seed,
            )
        )
        return {"groups": rows, "groups_note": note}

    def drawn(self, groups: Sequence[Mapping[str, Any]]) -> list[str]:
        """Names of the folders that hold this explanation's maps and pictures."""
        compared = [IMAGES] if any(row["method"] == IMAGES for row in groups) else []
        return [*compared, *self.settings.methods]

    def regions_table(self) -> str:
        """CSV of all maps' regions."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["method", "sample_id", *RegionRow._fields])
        writer.writerows(self.regions)
        return text.getvalue()

    def _add_regions(
        self, method: str, name: str, found: Any, picture: Picture, brain: NDArray[np.bool_]
    ) -> None:
        regions = self.places.regions_on(picture)
        for row in region_table(found, np.asarray(picture.affine), mask=brain, regions=regions):
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
    if summary["groups"]:
        lines.append(
            "groups: p is corrected over the voxels of one method, not over methods; "
            f"{IMAGES!r} compares the images themselves, without covariates (total volume, age, sex, site)"
        )
    if summary["groups_note"]:
        lines.append(f"groups: {summary['groups_note']}")
    return lines


def _number(record: WeightsRecord, target: str | None) -> int | None:
    if target is None:
        return None
    if target not in record.classes:
        raise ConfigError(f"target: {target!r} found, expected one of {', '.join(record.classes)}")
    return record.classes.index(target)


def _is_own(path: Path) -> bool:
    """Whether a file of the folder has a name that this step gives."""
    if len(path.parts) == 1:
        return path.name in TABLES
    return path.parts[0] in (IMAGES, *METHODS) and path.name.endswith(ENDINGS)
