"""The brain-tumour study's pipeline: classify each slice, and segment those that show a tumour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.engines.class_evaluate import predict, require_same_data
from monai_mri.engines.console import say
from monai_mri.engines.durable import write_text_durably
from monai_mri.engines.entry import bundle_step
from monai_mri.engines.fresh_folder import WRITTEN, fresh_folder
from monai_mri.engines.infer import chosen_threshold
from monai_mri.engines.members import Maker, Member, Source, load_members, named, refuse_unknown, showing
from monai_mri.engines.pipeline.choice import Chosen, choose_slices_to_draw
from monai_mri.engines.pipeline.classes import Positive
from monai_mri.engines.pipeline.dataset import PipelineDataset
from monai_mri.engines.pipeline.decision import By, Decision, decide_slices
from monai_mri.engines.pipeline.draw import draw_all
from monai_mri.engines.pipeline.masks import Marked, MaskWriter, mark_slices
from monai_mri.engines.pipeline.scan import SliceViews, scan_images
from monai_mri.engines.pipeline.summary import announce, summarise
from monai_mri.engines.pipeline.tables import slices_table
from monai_mri.errors import ConfigError, ImageError, UsageError

PICTURES = ("gallery.png", "figure.png", "uncertain.png")


@bundle_step
def classify_then_segment(  # noqa: PLR0913 - one argument a line of the bundle's YAML
    voters: Mapping[str, Maker],
    segmenters: Mapping[str, Maker],
    *,
    weights: Mapping[str, Source],
    output_dir: str | Path,
    positive: str | Sequence[str] = "tumor",
    decide: By = "vote",
    mask_of: str | None = None,
    threshold: float | None = 0.5,
    pictures: int = 12,
    draws: int = 2000,
    seed: int = 0,
    overwrite: bool = False,
    how_to_train: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Classify every slice, segment those with a tumour, and write masks, tables and pictures.

    Written to `output_dir`, all of it or nothing: `masks/<sample_id>_mask`, one for each image, as NIfTI,
    TIFF or PNG as the image was, empty where no slice shows a tumour; `slices.csv` and `summary.json`;
    `gallery.png` of what was missed and falsely found, where the truth is known; `figure.png` of what the
    segmenters mark; `uncertain.png` of the slices that the voters do not agree on.

    A voter says tumour where the probabilities of the `positive` classes add up to more than one half. An
    even number of voters may tie; the mean probability decides then.

    Where the truth is known, everything is scored, too: slices that the voters missed count with Dice 0. This
    is no test if the weights were trained on the same people, and that is said; nothing is refused.

    Args:
        voters: evaluators of classifiers over one `PipelineDataset`, each with a network of its own.
        segmenters: evaluators of networks that mark pixels, over the same dataset.
        weights: run folder or safetensors file of each of both; null leaves one out.
        output_dir: folder of the results, new, empty, or of an earlier run.
        positive: the class, or classes, that mean a tumour.
        decide: "vote", or "mean" for the mean probability.
        mask_of: segmenter whose masks are written; by default, and where that one is left out, the last.
        threshold: a pixel is marked from that probability on; null for that which each training chose.
        pictures: how many slices of each kind are drawn; 0 for none.
        draws: bootstrap draws of subjects.
        seed: seed of the draws.
        overwrite: replace the results of an earlier run.
        how_to_train: command that trains a network, by its name, for the error where its weights are missing.

    Returns:
        The summary, as written.

    Raises:
        UsageError: results are there already, the folder holds other files, or no voter or segmenter is left.
        CheckpointError: weights are missing, of another network, or of another kind.
        ConfigError: a setting names nothing, or the networks know different classes or image columns.
        ImageError: images were left out; the results of the others are written.
    """
    out = Path(output_dir)
    _check_settings(out, threshold=threshold, pictures=pictures, overwrite=overwrite)
    refuse_unknown(weights, [*voters, *segmenters])
    asked = load_members(voters, weights, kind="classifier", how_to_train=how_to_train)
    marking = load_members(segmenters, weights, kind="segmenter", how_to_train=how_to_train)
    dataset = _dataset_of([*asked, *marking])
    classes = Positive.of(asked, positive)
    task = _Task(
        voters=asked,
        segmenters=marking,
        dataset=dataset,
        classes=classes,
        mask_of=_mask_of(mask_of, list(segmenters), marking),
        thresholds={one.name: _threshold(one, threshold) for one in marking},
    )
    with fresh_folder(out, is_own=_is_own) as folder:
        scan = scan_images(dataset, labels=classes.labels)
        views = SliceViews(dataset, scan)
        decision = decide_slices([one.name for one in asked], task.chances(views), by=decide)
        chosen = choose_slices_to_draw(scan.slices, decision, at_most=pictures)
        marked = task.mark(views, decision, chosen, folder / "masks")
        write_text_durably(folder / "slices.csv", slices_table(scan, decision, marked, classes.names))
        if pictures:
            draw_all(views, decision, chosen, marked, folder)
        summary = summarise(
            scan, decision, marked, task.facts | {"decided_by": decide}, folder, draws=draws, seed=seed
        )
    announce(summary, out)
    if scan.faults:
        raise ImageError(
            f"{out}: without {len(scan.faults)} of {len(scan.faults) + len(scan.images)} images, first "
            f"{scan.faults[0]}; mend them and set overwrite"
        )
    return summary


@dataclass(frozen=True)
class _Task:
    """The networks, and what they are to do."""

    voters: list[Member]
    segmenters: list[Member]
    dataset: PipelineDataset
    classes: Positive
    mask_of: str
    thresholds: dict[str, float]

    @property
    def facts(self) -> dict[str, Any]:
        """What the summary says of them."""
        members = [*self.voters, *self.segmenters]
        known = {one.name: len(one.record.known(self.dataset.subjects)) for one in members}
        return {
            "study": self.voters[0].record.study,
            "input": str(self.dataset.source),
            "images_from": self.dataset.columns,
            "voters": {one.name: one.facts for one in self.voters},
            "segmenters": {one.name: one.facts for one in self.segmenters},
            "mask_of": self.mask_of,
            "classes": list(self.classes.names),
            "positive": self.classes.wanted,
            "trained_subjects": {name: count for name, count in known.items() if count},
        }

    def chances(self, views: SliceViews) -> NDArray[np.float64]:
        """Each voter's probability of a tumour in each slice, (V, n)."""
        found = []
        for one in self.voters:
            with showing(one.evaluator, views.as_seen_by(one.record)):
                said = predict(one.evaluator, what=one.name)
            found.append([float(each.probabilities[self.classes.columns].sum()) for each in said])
        return np.array(found, dtype=np.float64).clip(0, 1)

    def mark(self, views: SliceViews, decision: Decision, chosen: Chosen, folder: Path) -> dict[str, Marked]:
        """What each segmenter marks in the slices with a tumour; the masks of one are written."""
        places = np.flatnonzero(decision.tumor).tolist()
        writer = MaskWriter(views.scan, folder)
        found = {}
        for one in self.segmenters:
            found[one.name] = mark_slices(
                one,
                views,
                places,
                threshold=self.thresholds[one.name],
                keep=chosen.marked,
                writer=writer if one.name == self.mask_of else None,
            )
        writer.finish()
        return found


def _check_settings(out: Path, *, threshold: float | None, pictures: int, overwrite: bool) -> None:
    if threshold is not None and not 0 <= threshold <= 1:
        raise UsageError(f"threshold: {threshold} found, expected 0 to 1; it is a probability")
    if pictures < 0:
        raise UsageError(f"pictures: {pictures} found, expected 0 or more; correct it")
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / WRITTEN).is_file():
        raise UsageError(
            f"{out}: holds other files, expected a new or empty folder; choose another output_dir"
        )
    if not overwrite:
        raise UsageError(
            f"{out}: holds results already, expected a new folder; set overwrite or another output_dir"
        )


def _dataset_of(members: Sequence[Member]) -> PipelineDataset:
    dataset: PipelineDataset = members[0].evaluator.dataset
    for one in members:
        if not isinstance(dataset, PipelineDataset) or one.evaluator.dataset is not dataset:
            raise ConfigError(
                f"{one.name}: its dataset is another, expected one PipelineDataset for all; give it the same"
            )
        with named(f"weights::{one.name}"):
            require_same_data(one.record, dataset)
    return dataset


def _mask_of(wanted: str | None, known: Sequence[str], segmenters: Sequence[Member]) -> str:
    there = [one.name for one in segmenters]
    if wanted is not None and wanted not in known:
        raise ConfigError(f"mask_of: {wanted!r} found, expected one of {', '.join(known)}; correct it")
    if wanted in there:
        return wanted
    if wanted is not None:
        say(f"masks are those of {there[-1]}: {wanted} is left out")
    return there[-1]


def _threshold(member: Member, wanted: float | None) -> float:
    if wanted is not None:
        return wanted
    with named(f"weights::{member.name}"):
        return chosen_threshold(member.evaluator)


def _is_own(path: Path) -> bool:
    in_masks = path.parts[0] == "masks" and len(path.parts) == 2 and "_mask." in path.name
    return in_masks or path.as_posix() in ("slices.csv", "summary.json", *PICTURES)
