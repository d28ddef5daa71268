"""Draw the slices that were chosen from a pipeline's results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from monai_mri.engines.pipeline.choice import Chosen
from monai_mri.engines.pipeline.decision import Decision
from monai_mri.engines.pipeline.masks import Marked, Mask
from monai_mri.engines.pipeline.pictures import Shown, as_shown, draw_figure, draw_gallery, draw_unsure
from monai_mri.engines.pipeline.scan import SliceViews
from monai_mri.metrics import dice


def draw_all(
    views: SliceViews, decision: Decision, chosen: Chosen, marked: Mapping[str, Marked], folder: Path
) -> None:
    """Write `gallery.png` where the truth is known, `figure.png` and `uncertain.png` where there are any."""
    slices = views.scan.slices
    if any(facts.tumor is not None for facts in slices):
        outcomes = Counter(
            (facts.tumor, bool(tumor)) for facts, tumor in zip(slices, decision.tumor, strict=True)
        )
        missed, false = (_said(views, decision, places) for places in (chosen.missed, chosen.false))
        known = outcomes[True, False], outcomes[False, True]
        draw_gallery(missed, false, folder / "gallery.png", of=known)
    if chosen.marked:
        draw_figure(_compared(views, chosen.marked, marked), folder / "figure.png")
    if chosen.unsure:
        draw_unsure(_said(views, decision, chosen.unsure), folder / "uncertain.png")


def _said(views: SliceViews, decision: Decision, places: Sequence[int]) -> list[Shown]:
    """Slices with the mean probability of a tumour and the votes for it."""
    voters = len(decision.names)
    return [
        _shown(
            views,
            place,
            f"{views.scan.slices[place].sample_id} · p {decision.mean[place]:.2f} · "
            f"{decision.votes[place]} of {voters}",
        )
        for place in places
    ]


def _compared(views: SliceViews, places: Sequence[int], marked: Mapping[str, Marked]) -> list[Shown]:
    """Slices with what each segmenter marked, and its Dice."""
    rows = []
    for place in places:
        scores = [f"{name} {_dice(one, place)}" for name, one in marked.items() if place in one.counts]
        caption = " · ".join([views.scan.slices[place].sample_id, *(["Dice"] if scores else []), *scores])
        rows.append(_shown(views, place, caption, {name: one.kept[place] for name, one in marked.items()}))
    return rows


def _dice(marked: Marked, place: int) -> str:
    value = dice(marked.counts[place])
    return "undefined" if value != value else f"{value:.2f}"


def _shown(views: SliceViews, place: int, caption: str, marked: Mapping[str, Mask] | None = None) -> Shown:
    sample = views[place]
    return as_shown(
        sample["image"],
        caption=caption,
        volume=views.scan.slices[place].plane is not None,
        truth=sample.get("truth"),
        marked=marked,
    )
