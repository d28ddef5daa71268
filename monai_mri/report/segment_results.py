"""What the evaluation of a segmentation left in a run folder: threshold, scores, curves, samples."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

from pydantic import Field, model_validator

from monai_mri.report.records import Count, Figure, Figures, Record, read_json, read_rows
from monai_mri.report.run_folder import RunFolder

__all__ = [
    "Counts",
    "Curve",
    "LesionFree",
    "Lesions",
    "Mean",
    "Method",
    "PerScan",
    "PerSlice",
    "PerVolume",
    "Pooled",
    "Sample",
    "SegmentResults",
    "Summary",
    "Threshold",
    "read_segment_results",
]


class Curve(Record):
    """Figures at increasing thresholds; which lists are filled depends on the curve."""

    threshold: Figures = Field(default_factory=list)
    precision: Figures = Field(default_factory=list)
    recall: Figures = Field(default_factory=list)
    f1: Figures = Field(default_factory=list)
    false_per_scan: Figures = Field(default_factory=list)
    sensitivity: Figures = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_one_length(self) -> Curve:
        lengths = {name: len(figures) for name, figures in self if figures}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"lists of one length, found {lengths}")
        return self


class Threshold(Record):
    """`threshold.json`: the cut on the network's output, and the slices it was chosen on."""

    threshold: Figure = nan
    f1: Figure = nan
    precision: Figure = nan
    recall: Figure = nan
    part: str = "train"
    images: Count = None
    slices: Count = None
    collapsed: bool = False
    curve: Curve = Field(default_factory=Curve)


class Pooled(Record):
    """Overlap over the voxels of all scans together."""

    precision: Figure = nan
    recall: Figure = nan
    f1: Figure = nan
    dice: Figure = nan
    jaccard: Figure = nan


class PerScan(Record):
    """A figure averaged over the scans where it is defined."""

    mean: Figure = nan
    sd: Figure = nan
    n: Count = None


class Lesions(Record):
    """Lesion-wise detection, counts over all scans together."""

    truth: Count = None
    detected: Count = None
    missed: Count = None
    false: Count = None
    merges: Count = None
    splits: Count = None
    precision: Figure = nan
    recall: Figure = nan
    f1: Figure = nan


class Counts(Record):
    """How many scans stand behind the figures."""

    scans: Count = None
    scored: Count = None
    empty_truth: Count = None
    empty_prediction: Count = None
    undefined_distances: Count = None


class Method(Record):
    """The network, or a baseline it is compared with."""

    name: str
    label: str = ""
    collapsed: bool = False
    pooled: Pooled = Field(default_factory=Pooled)
    per_scan: dict[str, PerScan] = Field(default_factory=dict)
    lesions: Lesions | None = None
    counts: Counts = Field(default_factory=Counts)


class Mean(Record):
    """A figure averaged over slices or volumes, with an interval that draws whole subjects."""

    value: Figure = nan
    low: Figure = nan
    high: Figure = nan
    sd: Figure = nan
    n: Count = None
    undefined: Count = None
    subjects: Count = None


class PerSlice(Record):
    """The slices whose reference holds something."""

    slices: Count = None
    subjects: Count = None
    missed: Count = None
    scores: dict[str, Mean] = Field(default_factory=dict)


class LesionFree(Record):
    """The slices whose reference is empty, and what was marked in them."""

    slices: Count = None
    subjects: Count = None
    falsely_marked: Count = None
    share: Mean = Field(default_factory=Mean)
    area_px: Mean = Field(default_factory=Mean)


class PerVolume(Record):
    """Volumes put together from slices; `without_mm` counts those without distances by the reason."""

    volumes: Count = None
    subjects: Count = None
    scored: Count = None
    missed: Count = None
    falsely_found: Count = None
    both_empty: Count = None
    with_gaps: Count = None
    missing_slices: Count = None
    slices_without_volume: Count = None
    without_mm: dict[str, Count] = Field(default_factory=dict)
    scores: dict[str, Mean] = Field(default_factory=dict)


class Sample(Record):
    """One evaluated image with its mask and what the network made of it."""

    sample_id: str
    subject_id: str = ""
    image: str = ""
    mask: str = ""
    prediction: str = ""
    probability: str = ""
    plane: int | None = None
    f1: Figure = nan


class Summary(Record):
    """`evaluation/summary.json`; `threshold_part` is empty where the threshold was not chosen but given."""

    study: str = ""
    protocol: str = ""
    part: str = "test"
    slices: str = ""
    threshold: Figure = nan
    threshold_part: str = "train"
    collapsed: bool = False
    trained_subjects_allowed: bool = False
    methods: list[Method] = Field(default_factory=list)
    pr_curve: Curve | None = None
    froc: Curve | None = None
    samples: list[Sample] = Field(default_factory=list)
    per_slice: PerSlice | None = None
    lesion_free: LesionFree | None = None
    per_volume: PerVolume | None = None


@dataclass(frozen=True)
class SegmentResults:
    """None or empty where a step has not been run; `subjects` are the lines of `subjects.csv`."""

    threshold: Threshold | None
    summary: Summary | None
    subjects: list[dict[str, str]]

    @property
    def collapsed(self) -> bool:
        """Whether the network's predictions are all background."""
        return any(method.collapsed for method in self.methods if method.name == "network")

    @property
    def methods(self) -> list[Method]:
        """The network and its baselines."""
        if self.summary is None:
            return []
        return [self._network(m) if m.name == "network" else m for m in self.summary.methods]

    @property
    def by_slice(self) -> bool:
        """Whether a sample is a slice, and not a scan."""
        return self.summary is not None and self.summary.per_slice is not None

    def _network(self, method: Method) -> Method:
        """The network, with what else the summary says of it: a collapse, and distances in pixels."""
        if self.summary is None:
            return method
        slices = self.summary.per_slice.scores if self.summary.per_slice else {}
        pixels = {
            name: PerScan(mean=score.value, sd=score.sd, n=score.n)
            for name, score in slices.items()
            if name.endswith("_px")
        }
        collapsed = method.collapsed or self.summary.collapsed
        return method.model_copy(update={"collapsed": collapsed, "per_scan": {**method.per_scan, **pixels}})


def read_segment_results(folder: RunFolder) -> SegmentResults:
    """Read `threshold.json`, and `summary.json`, `subjects.csv` and `slices.csv` in `evaluation`.

    The network's lines of `subjects.csv` get the distances in pixels of the same slice.

    Raises:
        DataError: one of them cannot be understood.
    """
    evaluation = folder.path / "evaluation"
    return SegmentResults(
        threshold=read_json(folder.path / "threshold.json", Threshold),
        summary=read_json(evaluation / "summary.json", Summary),
        subjects=_with_pixels(read_rows(evaluation / "subjects.csv"), read_rows(evaluation / "slices.csv")),
    )


def _with_pixels(rows: list[dict[str, str]], slices: list[dict[str, str]]) -> list[dict[str, str]]:
    pixels = {
        line.get("sample_id"): {name: cell for name, cell in line.items() if name.endswith("_px")}
        for line in slices
    }
    return [
        row | pixels.get(row.get("sample_id"), {}) if row.get("method", "network") == "network" else row
        for row in rows
    ]
