"""Layout "cat12": tissue maps as CAT12 writes them, and a table of subjects with their labels."""

from __future__ import annotations

import fnmatch
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from monai_mri.errors import UsageError
from monai_mri.images.names import NIFTI_SUFFIXES, image_suffix
from monai_mri.manifest.core import Skipped
from monai_mri.manifest.layouts._samples import Collected, Sample, compiled, files_below, matched
from monai_mri.manifest.layouts._tables import (
    SubjectRow,
    by_subject,
    id_column,
    manifest_columns,
    match_subjects,
    read_subject_table,
)

PRESETS = {"open_ms_wm_mni": {"label": "sex"}}
TISSUES = {"1": "grey_matter", "2": "white_matter", "3": "csf"}
_PREFIX = re.compile(r"(?:s\d+)?m0?w[cp]([123])(.+)")  # smoothed (s8), modulated (m), warped (w)
_BIDS = re.compile(r"(sub-[A-Za-z0-9+]+)(?:_(ses-[A-Za-z0-9+]+))?(?:_.*)?")


@dataclass(frozen=True)
class _Map:
    path: Path
    name: str
    subject: str
    session: str
    modality: str


def collect(
    root: Path,
    *,
    label: str = "",
    pattern: str = "mw[cp]2*.nii*",
    modality: str = "",
    table: str = "participants.tsv",
    id: str = "",
    subject_pattern: str = "",
    session_pattern: str = "",
) -> Collected:
    """CAT12's tissue maps (mwp2*.nii, mwc2*.nii, also in mri/) and a table with labels.

    `pattern` is a glob on the file's name, or several with commas between. The modality is white_matter
    for tissue 2, grey_matter for 1, csf for 3, or what `modality` says. The subject is what stands behind
    the prefix, up to the ending; of a BIDS name `sub-…`, with `ses-…` as session. The regular expressions
    `subject_pattern` and `session_pattern` (their first group, if there is one) look there instead, or in
    the path below `root` if they hold a `/`.

    `table` is a CSV or TSV file, relative to `root` (empty: no table), `id` its column of subjects, `label`
    the column that becomes `label`; its other columns are kept, `site` as the site. Ids that differ by
    zeros, or by words such as "sub-", are matched if only one row fits. A file without a row and a row
    without a file are skipped.

    Raises:
        UsageError: a pattern is not a regular expression, or the table has no column of that name.
        ManifestError: the folder or table is missing, the table is wrong, or ids fit twice (E503).
    """
    skipped: list[Skipped] = []
    patterns = (
        compiled(subject_pattern, option="subject_pattern"),
        compiled(session_pattern, option="session_pattern"),
    )
    if label and not table:
        raise UsageError(f"label: {label!r} without a table, expected table=FILE; name the table, too")
    place = root / table if table else None
    maps = []
    for path in files_below(root):
        name = path.relative_to(root).as_posix()
        if place is not None and path.name == place.name and path.resolve() == place.resolve():
            continue
        found = _read_name(path, name, pattern.split(","), modality, patterns)
        maps.append(found) if isinstance(found, _Map) else skipped.append(Skipped(name, found))
    sessions = _by_session(maps, skipped)
    modalities = tuple(sorted({one.modality for one in maps})) or (modality or TISSUES["2"],)
    told, columns, site = _told(place, id, label, modalities, [subject for subject, _ in sessions], skipped)
    samples = []
    for (subject, session), images in sessions.items():
        row = told.get(subject)
        if place is not None and row is None:
            why = f"no row of subject {subject!r} in {place.name}"
            skipped.extend(Skipped(path.relative_to(root).as_posix(), why) for path in images.values())
            continue
        cells = row.cells if row else {}
        extra = {new: cells.get(old, "") for old, new in columns.items()}
        samples.append(Sample(subject, images, None, session, cells.get(site, ""), extra))
    return Collected(modalities, tuple(samples), tuple(skipped))


def _read_name(
    path: Path, name: str, globs: Sequence[str], modality: str, patterns: tuple[re.Pattern[str], ...]
) -> _Map | str:
    """What a file's name says, or why it is not taken."""
    suffix = image_suffix(path.name)
    if suffix not in NIFTI_SUFFIXES:
        return "not a NIfTI file (.nii, .nii.gz)"
    if not any(fnmatch.fnmatchcase(path.name, glob.strip()) for glob in globs):
        return f"does not match pattern {','.join(globs)!r}"
    if not path.is_file():
        return "a link that leads to no file"
    stem = path.name[: -len(suffix)]
    prefix = _PREFIX.fullmatch(stem)
    rest = prefix.group(2) if prefix else stem
    modality = modality or (TISSUES[prefix.group(1)] if prefix else "")
    if not modality:
        return "no CAT12 prefix (mwp1, mwp2, mwc1, mwc2) in its name: give modality"
    named = _BIDS.fullmatch(rest)
    parts = (named.group(1), named.group(2) or "") if named else (rest, "")
    places = [name if "/" in known.pattern else rest for known in patterns]
    subject, session = (
        matched(known, where) if known.pattern else part
        for known, where, part in zip(patterns, places, parts, strict=True)
    )
    if not subject.strip("-_. "):
        return f"subject_pattern {patterns[0].pattern!r} finds nothing in {places[0]!r}"
    return _Map(path, name, subject, session, modality)


def _by_session(maps: Sequence[_Map], skipped: list[Skipped]) -> dict[tuple[str, str], dict[str, Path]]:
    """The map of each modality by subject and session; several of one kind go to `skipped`."""
    found: dict[tuple[str, str], dict[str, list[_Map]]] = defaultdict(lambda: defaultdict(list))
    for one in maps:
        found[one.subject, one.session][one.modality].append(one)
    sessions: dict[tuple[str, str], dict[str, Path]] = {}
    for key in sorted(found):
        for modality, same in sorted(found[key].items()):
            if len(same) == 1:
                sessions.setdefault(key, {})[modality] = same[0].path
            why = f"{len(same)} files of {modality} for one subject and session: narrow pattern, or give "
            why += "session_pattern or subject_pattern"
            skipped.extend(Skipped(one.name, why) for one in same if len(same) > 1)
    return sessions


def _told(
    place: Path | None,
    id: str,
    label: str,
    modalities: Sequence[str],
    subjects: Sequence[str],
    skipped: list[Skipped],
) -> tuple[Mapping[str, SubjectRow], dict[str, str], str]:
    """The row of each subject, the manifest's name of each column, and the column of sites."""
    if place is None:
        return {}, {}, ""
    table = read_subject_table(place)
    rows = by_subject(table, id=id)
    found = match_subjects(subjects, rows, table=place)
    used = {row.line for row in found.values()}
    skipped.extend(
        Skipped(f"{place.name}:{row.line}", "no file of this subject")
        for row in rows.values()
        if row.line not in used
    )
    site = next((column for column in table.columns if column.lower() == "site"), "")
    taken = {"subject_id", "session_id", "site", "mask", *modalities}
    columns = manifest_columns(table, drop={id_column(table, id), site}, taken=taken, label=label)
    return found, columns, site
