"""From a tree of DICOM files to the images and rows that it will make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from monai_mri.manifest.core import Skipped
from monai_mri.manifest.dicom.sequence import guess_sequence, has_contrast, part_of_signal
from monai_mri.manifest.dicom.series import Series, find_series, unsuitable
from monai_mri.manifest.dicom.tags import Instance
from monai_mri.manifest.dicom.who import folder_name, pseudonyms, visits
from monai_mri.manifest.layouts._samples import Sample

SUBJECTS = ("pseudonym", "patient-id", "folder")
SITES = ("", "institution", "scanner")


@dataclass(frozen=True)
class Choice:
    """What to take of a tree, and how to name it; see the layout's options. True keeps that kind."""

    subject: str = "pseudonym"
    known: Mapping[str, str] | None = None
    site: str = ""
    site_from: str = ""
    take: re.Pattern[str] = re.compile("")
    sequences: tuple[str, ...] = ()
    modality: str = "MR"
    derived: bool = False
    gaps: bool = False
    volumes: bool = False
    least_slices: int = 3
    jobs: int = 1


@dataclass(frozen=True)
class Job:
    """A series to convert, and its row, whose image lies below the folder of images to be."""

    series: Series
    name: str
    sample: Sample

    @property
    def target(self) -> Path:
        """The image to be, relative to the folder of images."""
        return self.sample.images["image"]


def plan(paths: Sequence[Path], root: Path, choice: Choice) -> tuple[list[Job], list[Skipped]]:
    """The series to convert, in the order of subject, visit and series number, and what is left out."""
    found, skipped = find_series(paths, root, modality=choice.modality, jobs=choice.jobs)
    good = []
    for series in found:
        if why := _unwanted(series, root, choice):
            skipped.append(Skipped(series.name(root), why))
        else:
            good.append(series)
    return _jobs(good, root, choice), skipped


def patients(jobs: Iterable[Job], known: Mapping[str, str]) -> dict[str, str]:
    """Pseudonym of each patient, those of earlier runs included: what a subject map holds."""
    return dict(known) | {job.series.first.patient: job.sample.subject_id for job in jobs}


def column(image: Instance) -> str:
    """The column of a series in a table of sessions: `flair`, `t1w`, `t1w_ce` with contrast, `swi_phase`."""
    marks = ("ce" if has_contrast(image) else "", part_of_signal(image))
    return "_".join((guess_sequence(image)[0].lower(), *filter(None, marks)))


def _unwanted(series: Series, root: Path, choice: Choice) -> str:
    image = series.first
    if why := unsuitable(
        series,
        derived=choice.derived,
        gaps=choice.gaps,
        volumes=choice.volumes,
        least_slices=choice.least_slices,
    ):
        return why
    if not choice.take.search(image.text):
        return "its description does not match (option take)"
    if choice.sequences and column(image) not in choice.sequences:
        return f"it is {column(image)}, not {' or '.join(choice.sequences)} (option sequences)"
    if choice.subject == "folder":
        return "lies in no folder (option subject)" if image.path.parent == root else ""
    known = image.patient_id if choice.subject == "patient-id" else image.patient
    return "" if known else "the tags do not say whose it is (option subject=folder)"


def _jobs(good: Sequence[Series], root: Path, choice: Choice) -> list[Job]:
    owners = {series.first.patient for series in good}
    given = pseudonyms(owners, known=choice.known)

    def named(image: Instance) -> str:
        if choice.subject == "folder":
            return image.path.relative_to(root).parts[0]
        return image.patient_id if choice.subject == "patient-id" else given[image.patient]

    visit = visits((series.first for series in good), owner=named)
    order = sorted(
        good,
        key=lambda series: (
            named(series.first),
            visit[named(series.first), series.first.study],
            series.first.number or 0,
            series.first.series,
        ),
    )
    jobs, used = [], set[Path]()
    for series in order:
        subject = named(series.first)
        session = visit[subject, series.first.study]
        target = _target(series.first, subject, session, used)
        used.add(target)
        jobs.append(Job(series, series.name(root), _sample(series, subject, session, target, choice)))
    return jobs


def _target(image: Instance, subject: str, session: str, used: set[Path]) -> Path:
    """A path that no other series has, also where two have one number or two ids look alike as names."""
    stem = f"series-{image.number or 0:03d}_{guess_sequence(image)[0].lower()}"
    folder, count = Path(folder_name(subject), session), 1
    target = folder / f"{stem}.nii.gz"
    while target in used:
        count += 1
        target = folder / f"{stem}_run-{count}.nii.gz"
    return target


def _sample(series: Series, subject: str, session: str, target: Path, choice: Choice) -> Sample:
    image = series.first
    scanner = " ".join(filter(None, (image.manufacturer, image.model, _decimal(image.field_t))))
    site = {"": choice.site, "institution": image.institution, "scanner": scanner}[choice.site_from]
    sequence, told_by = guess_sequence(image)
    extra = {
        "series": "" if image.number is None else str(image.number),
        "sequence": sequence,
        "sequence_by": told_by,
        "contrast": "yes" if has_contrast(image) else "",
        "part": part_of_signal(image),
        "echo": "",
        "manufacturer": image.manufacturer,
        "field_strength_t": _decimal(image.field_t),
        "voxel_mm": "x".join(map(_decimal, image.voxel_mm or ())),
        "slices": str(series.frames),
        "converter": "",
    }
    return Sample(subject, {"image": target}, session_id=session, site=site, extra=extra)


def _decimal(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
