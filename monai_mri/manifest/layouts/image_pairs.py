"""Layout "image-pairs": pictures in one folder, their masks under the same names in another."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from monai_mri.images.names import PICTURE_SUFFIXES, image_suffix
from monai_mri.manifest.core import Skipped
from monai_mri.manifest.layouts._samples import Collected, Sample, compiled, files_below, matched

PRESETS = {"ms60_mini": {"modality": "flair", "subject_pattern": r"^(\d{3})"}}


def collect(
    root: Path,
    *,
    modality: str = "flair",
    images: str = "images",
    masks: str = "masks",
    subject_pattern: str = "",
    session_id: str = "",
    site: str = "",
) -> Collected:
    """Pictures (JPG, PNG, TIFF) in images/, their masks under the same name in masks/.

    An image and its mask have the same path below their folders but for the ending. The subject is
    what `subject_pattern` finds in the file's name without ending (its first group, if it has one);
    without a pattern each picture is its own subject. An empty `masks` makes a manifest without masks.

    Raises:
        UsageError: the pattern is not a regular expression.
        ManifestError: a folder is missing.
    """
    pattern = compiled(subject_pattern, option="subject_pattern")
    skipped: list[Skipped] = []
    pictures = _by_stem(root, images, skipped)
    drawn = _by_stem(root, masks, skipped) if masks else {}
    samples = []
    for stem in sorted(pictures):
        subject = matched(pattern, Path(stem).name) if subject_pattern else Path(stem).name
        name = pictures[stem].relative_to(root).as_posix()
        if masks and stem not in drawn:
            why = f"no mask {masks}/{stem}.* (--option masks= takes pictures without masks)"
            skipped.append(Skipped(name, why))
        elif not subject:
            skipped.append(Skipped(name, f"subject_pattern {subject_pattern!r} finds nothing in its name"))
        else:
            samples.append(Sample(subject, {modality: pictures[stem]}, drawn.get(stem), session_id, site))
    for stem in sorted(drawn.keys() - pictures.keys()):
        skipped.append(Skipped(drawn[stem].relative_to(root).as_posix(), f"no image {images}/{stem}.*"))
    return Collected((modality,), tuple(samples), tuple(skipped))


def _by_stem(root: Path, folder: str, skipped: list[Skipped]) -> dict[str, Path]:
    """Pictures by path below `root/folder` without the ending; others go to `skipped`."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in files_below(root / folder):
        suffix = image_suffix(path.name)
        if suffix in PICTURE_SUFFIXES:
            found[path.relative_to(root / folder).as_posix()[: -len(suffix)]].append(path)
        else:
            skipped.append(Skipped(path.relative_to(root).as_posix(), "not a JPG, PNG or TIFF picture"))
    for paths in found.values():
        names = ", ".join(path.name for path in paths)
        for path in paths if len(paths) > 1 else ():
            skipped.append(Skipped(path.relative_to(root).as_posix(), f"several with one name: {names}"))
    return {stem: paths[0] for stem, paths in found.items() if len(paths) == 1}
