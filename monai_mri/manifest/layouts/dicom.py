"""Layout "dicom": a tree of DICOM files, made into NIfTI by dcm2niix, one row a series or a visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from monai_mri.errors import UsageError
from monai_mri.manifest.core import Skipped
from monai_mri.manifest.dicom.plan import SITES, SUBJECTS, Choice, Job, patients, plan
from monai_mri.manifest.dicom.rows import Named, by_session, convert_all, remove_unused
from monai_mri.manifest.dicom.sequence import SEQUENCES
from monai_mri.manifest.dicom.who import read_subject_map, write_subject_map
from monai_mri.manifest.layouts._making import one_of, only_over_own, threads, whole
from monai_mri.manifest.layouts._samples import Collected, compiled, files_below

KEEP = ("skip", "keep")


def collect(  # noqa: PLR0913 - one for each option
    root: Path,
    *,
    rows: str = "series",
    subject: str = "pseudonym",
    subject_map: str = "",
    site: str = "",
    site_from: str = "",
    take: str = "",
    sequences: str = "",
    modality: str = "MR",
    derived: str = "skip",
    gaps: str = "skip",
    volumes: str = "skip",
    least_slices: str = "3",
    jobs: str = "",
) -> Collected:
    """A tree of DICOM files: each series becomes a NIfTI file and a row, each patient a number.

    Files may have any name and lie in any folder. Only tags are read until the images are made.

    `rows` is `series` (the image in the column `image`) or `session`: a row a visit with a column a
    sequence (`flair`, `t1w`, `t1w_ce` with contrast …), where a visit has one series of it. `subject` is
    `pseudonym` (`sub-001` …), `patient-id`, or `folder`, the first folder below the root. `subject_map`
    is a CSV that keeps the pseudonyms from run to run; it says who is who, so lock it away. `site` is
    written as it is; `site_from`, `institution` or `scanner`, takes it from the tags. `take` is a regular
    expression for description, protocol and sequence name, in lower case; `sequences` are the only ones
    wanted, such as `flair,t1w`; `modality` is DICOM's, empty for any. `derived`, `gaps` and `volumes` are
    `skip` or `keep`: computed images, series with missing slices, several volumes in a series. Fewer
    slices than `least_slices` make no row. `jobs` is how many series to convert at once, by default one
    for each processor.

    Raises:
        UsageError: an option has a value that it cannot have.
        ManifestError: the folder is missing, or the subject map is none.
    """
    one_of(rows, ("series", "session"), option="rows")
    if subject_map and subject != "pseudonym":
        raise UsageError(f"subject_map: with subject={subject!r}, expected pseudonym; leave one out")
    known = read_subject_map(Path(subject_map)) if subject_map else {}
    choice = Choice(
        subject=one_of(subject, SUBJECTS, option="subject"),
        known=known,
        site=site,
        site_from=one_of(site_from, SITES, option="site_from"),
        take=compiled(take, option="take"),
        sequences=_sequences(sequences),
        modality=modality,
        derived=one_of(derived, KEEP, option="derived") == "keep",
        gaps=one_of(gaps, KEEP, option="gaps") == "keep",
        volumes=one_of(volumes, KEEP, option="volumes") == "keep",
        least_slices=whole(least_slices, option="least_slices"),
        jobs=threads(jobs),
    )
    planned, skipped = plan(files_below(root), root, choice)

    def make(folder: Path) -> Collected:
        if subject_map:
            write_subject_map(Path(subject_map), patients(planned, known))
        made, failed = convert_all(planned, folder, volumes=choice.volumes, workers=choice.jobs)
        collected = _collected(made, [*skipped, *failed], rows=rows, made=True)
        remove_unused(made, collected.samples, folder)
        return collected

    return replace(_collected(_planned(planned), skipped, rows=rows, made=False), make=only_over_own(make))


def _collected(named: Sequence[Named], skipped: Sequence[Skipped], *, rows: str, made: bool) -> Collected:
    if rows == "series":
        return Collected(("image",), tuple(row.sample for row in named), tuple(skipped))
    samples, left = by_session(named, made=made)
    columns = sorted({name for sample in samples for name in sample.images}, key=_column_order)
    return Collected(tuple(columns), tuple(samples), (*skipped, *left))


def _planned(jobs: Sequence[Job]) -> list[Named]:
    return [Named(job.name, job.sample) for job in jobs]


def _column_order(column: str) -> tuple[int, str]:
    names = [name.lower() for name in SEQUENCES]
    return names.index(column.partition("_")[0]), column


def _sequences(text: str) -> tuple[str, ...]:
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    for name in names:
        one_of(name.partition("_")[0], [known.lower() for known in SEQUENCES], option="sequences")
    return names
