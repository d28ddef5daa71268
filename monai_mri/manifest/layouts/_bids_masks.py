"""Which mask in a BIDS tree belongs to which images: same subject, session, scan and space."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monai_mri.errors import UsageError
from monai_mri.manifest.layouts._bids_names import BidsFile, parse_name, run_number

MASK_SUFFIXES = ("mask", "dseg", "roi")
# What says which scan was drawn on; other entities (desc, label, res …) speak of the drawing.
_OF_SCAN = ("acq", "ce", "rec", "dir", "run", "echo", "flip", "inv", "mt", "part")
_NATIVE = ("", "orig", "individual", "native", "scanner")
_NOT_LESIONS = {"desc": ("brain",), "label": ("brain", "GM", "WM", "CSF", "head", "skull", "eye")}


@dataclass(frozen=True)
class MaskPattern:
    """What a mask's name must have: `PIPELINE/label-lesion_mask` with the pipeline left out or not."""

    text: str
    pipeline: str
    entities: dict[str, str]
    suffix: str

    def fits(self, file: BidsFile) -> bool:
        """Whether the file is such a mask; one without entities asked for is no map of brain or tissue."""
        has = file.name.entities
        if file.name.suffix != self.suffix or (self.pipeline and file.pipeline != self.pipeline):
            return False
        if not self.entities and any(has.get(key) in labels for key, labels in _NOT_LESIONS.items()):
            return False
        return all(has.get(key) == label for key, label in self.entities.items())


def mask_patterns(mask: str) -> list[MaskPattern]:
    """The patterns of the option `mask`, the preferred one first.

    Raises:
        UsageError: one of them is no end of a BIDS name.
    """
    return [_pattern(part.strip()) for part in mask.split(",") if part.strip()]


def pick_mask(
    images: Sequence[BidsFile],
    masks: Sequence[BidsFile],
    patterns: Sequence[MaskPattern],
    *,
    alone: bool,
    reasons: dict[str, str],
) -> BidsFile | None:
    """The mask of a row of images, None where there is none or several fit; `reasons` says why.

    `alone`: the session has no other row, so that a mask whose name says no run may be taken.
    """
    near = [mask for mask in masks if _same_scan(mask, images, alone=alone) and _same_space(mask, images)]
    for pattern in patterns:
        fits = [mask for mask in near if pattern.fits(mask)]
        beside = [mask for mask in fits if mask.pipeline in {image.pipeline for image in images}]
        fits = beside if len(fits) > 1 and beside else fits
        for mask in fits if len(fits) > 1 else ():
            names = ", ".join(sorted(f"{one.pipeline}/{one.path.name}".lstrip("/") for one in fits)[:3])
            reasons[mask.relative] = f"several masks fit one image ({names}): name one by mask="
        if fits:
            return fits[0] if len(fits) == 1 else None
    return None


def by_session(files: Sequence[BidsFile]) -> Mapping[tuple[str, str], list[BidsFile]]:
    """Files by subject and session."""
    found: dict[tuple[str, str], list[BidsFile]] = defaultdict(list)
    for file in files:
        found[file.session].append(file)
    return found


def _pattern(text: str) -> MaskPattern:
    pipeline, _, fragment = text.rpartition("/")
    try:
        name = parse_name(f"sub-0_{fragment}")
    except ValueError as error:
        expected = "the end of names as in label-lesion_mask, or PIPELINE/mask"
        raise UsageError(f"mask: {text!r} ({error}), expected {expected}; correct it") from error
    entities = {key: label for key, label in name.entities.items() if key != "sub"}
    return MaskPattern(text, pipeline, entities, name.suffix)


def _same_scan(mask: BidsFile, images: Sequence[BidsFile], *, alone: bool) -> bool:
    """Whether all that the mask says of its scan is true of one of the images."""
    said = {key: label for key, label in mask.name.entities.items() if key in _OF_SCAN}
    if not alone and "run" not in said:
        return False
    return any(_agrees(said, image.name.entities) for image in images)


def _agrees(said: Mapping[str, str], has: Mapping[str, str]) -> bool:
    return all(
        run_number(has.get(key, "")) == run_number(label) if key == "run" else has.get(key) == label
        for key, label in said.items()
    )


def _same_space(mask: BidsFile, images: Sequence[BidsFile]) -> bool:
    native = {*_NATIVE, *(image.name.suffix.lower() for image in images)}
    spaces = {_space(image, native) for image in images}
    return _space(mask, native) in spaces


def _space(file: BidsFile, native: set[str]) -> str:
    space = file.name.entities.get("space", "")
    return "" if space.lower() in native else space
