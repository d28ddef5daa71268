"""The names of files in a BIDS tree, raw and derivatives: a small parser of the grammar that they follow.

BIDS (bids-specification.readthedocs.io): `sub-<label>[_ses-<label>][_<key>-<label>…]_<suffix>.<ending>`
below `sub-<label>/[ses-<label>/]<kind>/`. pybids does far more, but it indexes into a database and brings
a dozen packages; all that is needed here are names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from monai_mri.images.names import NIFTI_SUFFIXES, image_suffix
from monai_mri.manifest.layouts._nofile import why_no_file

KINDS = (
    "anat",
    "beh",
    "dwi",
    "eeg",
    "fmap",
    "func",
    "ieeg",
    "meg",
    "micr",
    "motion",
    "mrs",
    "nirs",
    "perf",
    "pet",
)
_ENTITY = re.compile(r"([A-Za-z]+)-([A-Za-z0-9+]+)")
_SUFFIX = re.compile(r"[A-Za-z0-9]+")
_NOT_READ = ("code", "phenotype", "rawdata", "sourcedata", "stimuli")


@dataclass(frozen=True)
class BidsName:
    """A name's entities, as {"sub": "01", "run": "2"} in their order, and its suffix, as "T1w"."""

    entities: dict[str, str]
    suffix: str


@dataclass(frozen=True)
class BidsFile:
    """A NIfTI file in its place: `pipeline` is the folder in derivatives/, empty for raw data."""

    path: Path
    relative: str
    pipeline: str
    kind: str
    name: BidsName = field(repr=False)

    @property
    def session(self) -> tuple[str, str]:
        """Subject and session as in `participants.tsv`: ("sub-01", "ses-1"), or ("sub-01", "")."""
        visit = self.name.entities.get("ses", "")
        return f"sub-{self.name.entities['sub']}", visit and f"ses-{visit}"

    @property
    def run(self) -> str:
        """The run as written, as "01"; empty where there is none."""
        return self.name.entities.get("run", "")


def parse_name(name: str) -> BidsName:
    """What a file's name says.

    >>> parse_name("sub-01_ses-2_acq-3D_FLAIR.nii.gz")
    BidsName(entities={'sub': '01', 'ses': '2', 'acq': '3D'}, suffix='FLAIR')

    Raises:
        ValueError: why it is not a name by the grammar of BIDS.
    """
    stem = name[: -len(image_suffix(name))] if image_suffix(name) else name.partition(".")[0]
    *pairs, suffix = stem.split("_")
    entities: dict[str, str] = {}
    for pair in pairs:
        entity = _ENTITY.fullmatch(pair)
        if entity is None:
            raise ValueError(f"no BIDS name: {pair!r} is not key-value")
        key, label = entity.groups()
        if key in entities:
            raise ValueError(f"no BIDS name: {key!r} twice")
        entities[key] = label
    if next(iter(entities), "") != "sub":
        raise ValueError("no BIDS name: does not begin with 'sub-<label>_'")
    if "ses" in entities and list(entities).index("ses") != 1:
        raise ValueError("no BIDS name: 'ses-' must follow 'sub-'")
    if not _SUFFIX.fullmatch(suffix):
        raise ValueError(f"no BIDS name: ends with {suffix!r}, not with a suffix such as T1w")
    if "run" in entities and not re.fullmatch("[0-9]+", entities["run"]):
        raise ValueError(f"no BIDS name: run {entities['run']!r} is not a number")
    return BidsName(entities, suffix)


def parse_file(path: Path, relative: str) -> BidsFile:
    """A NIfTI file of the tree, its name in agreement with its folders.

    Raises:
        ValueError: why it is not one.
    """
    pipeline, parts = _dataset(PurePosixPath(relative).parts)
    if parts[0] in _NOT_READ and len(parts) > 1:
        raise ValueError(f"in {parts[0]}/, which is not read")
    if image_suffix(path.name) not in NIFTI_SUFFIXES:
        raise ValueError("no image: not a NIfTI file (.nii, .nii.gz)")
    name = parse_name(path.name)
    folders = parts[:-1]
    for key in ("sub", "ses"):
        of_name = f"{key}-{name.entities[key]}" if key in name.entities else ""
        of_tree = [folder for folder in folders if folder.startswith(f"{key}-")]
        wrong = of_tree != [of_name] if of_name else bool(of_tree)
        if wrong and (of_tree or not pipeline):
            raise ValueError(
                f"no BIDS place: {of_name or f'no {key}-'} in its name, {of_tree or 'none'} in its path"
            )
    kind = folders[-1] if folders and folders[-1] in KINDS else ""
    if not kind and not pipeline:
        raise ValueError("no BIDS place: not in a folder such as anat/")
    if why := why_no_file(path):
        raise ValueError(f"{why} (for git-annex: get its content)" if "link" in why else why)
    return BidsFile(path, relative, pipeline, kind, name)


def run_number(run: str) -> int:
    """A run as a number; -1 where there is none, so that it sorts first."""
    return int(run) if run else -1


def _dataset(parts: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The pipeline of a path, and what stands below its folder."""
    if parts[0] != "derivatives" or len(parts) < 3:
        return "", parts
    if parts[1].startswith("sub-"):
        return "derivatives", parts[1:]
    return parts[1], parts[2:]
