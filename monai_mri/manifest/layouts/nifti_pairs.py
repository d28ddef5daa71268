"""Layout "nifti-pairs": volumes and their masks as NIfTI files, a folder a subject or flat."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path, PurePosixPath

from monai_mri.images.names import NIFTI_SUFFIXES, image_suffix
from monai_mri.manifest.core import Skipped
from monai_mri.manifest.layouts._samples import Collected, Sample, compiled, files_below, matched

PRESETS = {
    "open_ms": {
        "modality": "flair",
        "image_pattern": "FLAIR*.nii.gz",
        "mask_pattern": "GOLD_STANDARD*.nii.gz",
    }
}

Key = tuple[str, str]


def collect(
    root: Path,
    *,
    modality: str = "flair",
    image_pattern: str = "*_flair.nii*",
    mask_pattern: str = "*_plaques.nii*",
    subject_pattern: str = "",
    session_pattern: str = "",
    site: str = "",
) -> Collected:
    """NIfTI volumes and their masks, a folder a subject or all in one folder.

    `image_pattern` and `mask_pattern` are globs on the name, or on the last folders and the name
    (`anat/*_flair.nii.gz`). Subject and session are what the regular expressions `subject_pattern` and
    `session_pattern` find in the path below `root` (the first group, if there is one). Without them
    the subject is the first folder, or in a flat folder the name up to its first `_` or `.`, and the
    session is empty. An empty `mask_pattern` makes a manifest without masks.

    Raises:
        UsageError: a pattern is not a regular expression.
        ManifestError: the folder is missing.
    """
    subject_of = compiled(subject_pattern, option="subject_pattern")
    session_of = compiled(session_pattern, option="session_pattern")
    found: dict[str, dict[Key, list[Path]]] = {"image": defaultdict(list), "mask": defaultdict(list)}
    skipped: list[Skipped] = []
    for path in files_below(root):
        name = path.relative_to(root).as_posix()
        subject = matched(subject_of, name) if subject_pattern else _default_subject(name)
        kind, why = _kind(name, image_pattern, mask_pattern)
        if not why and not subject:
            why = f"subject_pattern {subject_pattern!r} finds nothing in its path"
        if why:
            skipped.append(Skipped(name, why))
        else:
            found[kind][subject, matched(session_of, name) if session_pattern else ""].append(path)
    samples = []
    for key in sorted(found["image"].keys() | found["mask"].keys()):
        images, masks = found["image"][key], found["mask"][key]
        if why := _unpaired(images, masks, image_pattern, mask_pattern):
            skipped.append(Skipped(" ".join(key).strip(), why))
        else:
            samples.append(Sample(key[0], {modality: images[0]}, masks[0] if masks else None, key[1], site))
    return Collected((modality,), tuple(samples), tuple(skipped))


def _default_subject(name: str) -> str:
    parts = PurePosixPath(name).parts
    return parts[0] if len(parts) > 1 else re.split(r"[_.]", name, maxsplit=1)[0]


def _kind(name: str, image_pattern: str, mask_pattern: str) -> tuple[str, str]:
    """Whether a file is an image or a mask, else why it is neither."""
    path = PurePosixPath(name)
    if image_suffix(name) not in NIFTI_SUFFIXES:
        return "", "not a NIfTI file (.nii, .nii.gz)"
    is_image, is_mask = path.match(image_pattern), bool(mask_pattern) and path.match(mask_pattern)
    if is_image and is_mask:
        return "", "matches image_pattern and mask_pattern: narrow one"
    if not (is_image or is_mask):
        return "", "matches neither image_pattern nor mask_pattern"
    return ("image" if is_image else "mask"), ""


def _unpaired(images: list[Path], masks: list[Path], image_pattern: str, mask_pattern: str) -> str:
    """Why these files are not one image with its mask; empty when they are."""
    if not images:
        return f"no file matches image_pattern {image_pattern!r}"
    if not masks and mask_pattern:
        hint = "--option mask_pattern= takes images without masks"
        return f"no file matches mask_pattern {mask_pattern!r} ({hint})"
    if len(images) > 1 or len(masks) > 1:
        names = ", ".join(path.name for path in (images if len(images) > 1 else masks))
        return f"several files: {names}; narrow the pattern, or give session_pattern"
    return ""
