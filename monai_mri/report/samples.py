"""Scans shown on the page: chosen by F, drawn, and made small enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from monai_mri.errors import ImageError
from monai_mri.report.overlays import Overlay, OverlaySource, draw_overlays, to_data_uri
from monai_mri.report.run_folder import RunFolder
from monai_mri.report.segment_results import Sample

__all__ = ["Shown", "choose_samples", "draw_samples"]

SHOWN_SAMPLES = 6
PICTURES_BYTES = 2_800_000
SIZES = ((400, 86), (320, 80), (240, 72))  # height in pixels, JPEG quality: the first that fits


@dataclass(frozen=True)
class Shown:
    """A sample on the page: why it was chosen, its slices with pictures as data URIs, or what went wrong."""

    role: str
    sample: Sample
    slices: list[tuple[Overlay, dict[str, str]]]
    problem: str = ""


def choose_samples(samples: Sequence[Sample], *, at_most: int = SHOWN_SAMPLES) -> list[tuple[str, Sample]]:
    """Best, median and worst by F, then others evenly between them; samples without an F come last.

    >>> samples = [Sample(sample_id=name, f1=f) for name, f in [("a", 0.2), ("b", 0.9), ("c", 0.5)]]
    >>> [(role, sample.sample_id) for role, sample in choose_samples(samples)]
    [('best', 'b'), ('median', 'c'), ('worst', 'a')]
    """
    ranked = sorted((s for s in samples if isfinite(s.f1)), key=lambda s: s.f1, reverse=True)
    places = {0: "best", len(ranked) - 1: "worst"} if len(ranked) > 1 else {}
    if places:
        places.setdefault(len(ranked) // 2, "median")
    roles = ("best", "median", "worst")
    chosen = sorted(((role, ranked[n]) for n, role in places.items()), key=lambda pair: roles.index(pair[0]))
    others = [s for n, s in enumerate(ranked) if n not in places]
    room = max(at_most - len(chosen), 0)
    step = max(len(others) / room, 1) if room else 1
    extra = [others[int(n * step)] for n in range(min(room, len(others)))]
    extra += [s for s in samples if not isfinite(s.f1)]
    return (chosen + [("", s) for s in extra])[:at_most]


def draw_samples(folder: RunFolder, samples: Sequence[Sample]) -> list[Shown]:
    """Pictures of the chosen samples, made smaller until all together are small enough for one page."""
    chosen = choose_samples(samples)
    shown: list[Shown] = []
    for height, quality in SIZES:
        shown = [
            _draw_sample(folder, role, sample, height=height, quality=quality) for role, sample in chosen
        ]
        size = sum(len(uri) for s in shown for _, uris in s.slices for uri in uris.values())
        if size <= PICTURES_BYTES:
            break
    return shown


def _draw_sample(folder: RunFolder, role: str, sample: Sample, *, height: int, quality: int) -> Shown:
    source = OverlaySource(
        label=sample.sample_id,
        image=folder.resolve(sample.image),
        truth=folder.resolve(sample.mask),
        prediction=folder.resolve(sample.prediction),
        probability=folder.resolve(sample.probability) if sample.probability else None,
        plane=sample.plane,
    )
    try:
        overlays = draw_overlays(source, height=height)
    except ImageError as error:
        problem = str(error)
        for path in (source.image, source.truth, source.prediction, source.probability):
            problem = problem.replace(str(path), path.name) if path is not None else problem
        return Shown(role=role, sample=sample, slices=[], problem=problem)
    uris = [{name: to_data_uri(p, quality=quality) for name, p in o.panels.items()} for o in overlays]
    return Shown(role=role, sample=sample, slices=list(zip(overlays, uris, strict=True)))
