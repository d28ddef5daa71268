"""What shows when images are compared: other grids, mirrored volumes, other kinds of picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator

from monai_mri.faults import Fault
from monai_mri.images.grids import grid_difference
from monai_mri.manifest.checks.cohort import Cohort
from monai_mri.manifest.checks.facts import Affine, Facts
from monai_mri.manifest.checks.finding import Finding

MANY_EMPTY = 0.2  # share of empty masks from which on they are counted, not listed
SCALES = {True: "scl_slope is set: stored integers are scaled", False: "scl_slope is unset: they are not"}
DIRECTIONS = {True: "right-handed", False: "left-handed"}


def grids_of_a_row(cohort: Cohort) -> Iterator[Finding]:
    """E209: a mask on no image's grid; W211: images of one row on different grids."""
    seen: set[tuple[str, ...]] = set()
    masks = cohort.columns.get("mask", [""] * len(cohort.rows))
    for row in cohort.rows:
        cells = [(column, cohort.columns[column][row]) for column in cohort.images]
        key = (*(cell for _, cell in cells), masks[row])
        if key in seen:
            continue
        seen.add(key)
        images = [(cell, cohort.fact(column, cell)) for column, cell in cells if cell]
        images = [(cell, fact) for cell, fact in images if fact.placed]
        yield from _images_differ(cohort, row, images)
        mask = cohort.fact("mask", masks[row])
        if mask.placed and images:
            differences = [_difference(fact, mask) for _, fact in images]
            if all(found for found, _ in differences):
                found, expected = differences[0]
                name = images[0][0].rpartition("/")[2]
                todo = "resample the mask onto the image"
                fault = Fault("E209", "", f"another grid: {found}", f"{expected} as {name} has", todo)
                yield cohort.finding(fault, row, path=masks[row])


def mixed_handedness(cohort: Cohort) -> Iterator[Finding]:
    """W206: volumes stored as mirror images of the others; a reader that ignores the affine mixes sides."""
    yield from _minority(
        cohort,
        lambda fact: _right_handed(fact.affine) if fact.placed else None,
        lambda value, usual: Fault(
            "W206",
            "",
            f"stored {DIRECTIONS[bool(value)]}",
            f"{DIRECTIONS[bool(usual)]} as most",
            "read with a reader that uses the affine, or store all volumes alike",
        ),
    )


def mixed_channels(cohort: Cohort) -> Iterator[Finding]:
    """E401: grey pictures beside colour ones: they do not stack into one batch."""
    yield from _minority(
        cohort,
        lambda fact: fact.mode or None,
        lambda mode, usual: Fault(
            "E401", "", f"a picture of mode {mode}", f"{usual} as most", "convert all pictures to one mode"
        ),
    )


def mixed_bits(cohort: Cohort) -> Iterator[Finding]:
    """E402: 16-bit pictures beside 8-bit ones: their values differ by a factor of 256."""
    yield from _minority(
        cohort,
        lambda fact: fact.bits or None,
        lambda bits, usual: Fault(
            "E402", "", f"{bits} bits a value", f"{usual} as most", "convert all pictures to one depth"
        ),
    )


def mixed_scaling(cohort: Cohort) -> Iterator[Finding]:
    """W303: stored integers without a scale, in a column whose other volumes have one."""
    yield from _minority(
        cohort,
        lambda fact: fact.scaled,
        lambda scaled, _: Fault(
            "W303",
            "",
            "scl_slope "
            + ("is set: stored integers are scaled" if scaled else "is unset: raw integers are used"),
            "the same for all volumes of a column",
            "check that this volume's values are in the units of the others",
        ),
    )


def empty_masks(cohort: Cohort) -> Iterator[Finding]:
    """W306: masks without a voxel, for which Dice is undefined; counted where they are many."""
    masks = list(cohort.files("mask")) if "mask" in cohort.columns else []
    empty = [(cell, subject) for cell, subject, fact in masks if fact.empty]
    expected, todo = "a lesion in each", "report Dice as undefined there, and count false findings instead"
    if len(empty) > max(1, MANY_EMPTY * len(masks)):
        fault = Fault("W306", "", f"{len(empty)} of {len(masks)} masks are empty", expected, todo)
        yield Finding.of(fault, path=cohort.where())
        return
    for cell, subject in empty:
        yield Finding.of(Fault("W306", "", "an empty mask", expected, todo), subject=subject, path=cell)


def _images_differ(cohort: Cohort, row: int, images: list[tuple[str, Facts]]) -> Iterator[Finding]:
    for cell, fact in images[1:]:
        found, expected = _difference(images[0][1], fact)
        if found:
            name = images[0][0].rpartition("/")[2]
            todo = "co-register and resample the images before they are used together"
            fault = Fault("W211", "", f"another grid: {found}", f"{expected} as {name} has", todo)
            yield cohort.finding(fault, row, path=cell)


def _difference(first: Facts, second: Facts) -> tuple[str, str]:
    return grid_difference((first.shape, first.affine), (second.shape, second.affine))


def _right_handed(affine: Affine | None) -> bool | None:
    if affine is None:
        return None
    (a, b, c, *_), (d, e, f, *_), (g, h, i, *_) = affine
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) > 0


def _minority(
    cohort: Cohort, trait: Callable[[Facts], Hashable], say: Callable[[Hashable, Hashable], Fault]
) -> Iterator[Finding]:
    """Each image whose trait differs from that of most in its column; None is no trait."""
    for column in cohort.images:
        files = [(cell, subject, trait(fact)) for cell, subject, fact in cohort.files(column)]
        counts = Counter(value for _, _, value in files if value is not None)
        if len(counts) < 2:
            continue
        usual = max(counts, key=lambda value: (counts[value], str(value)))
        for cell, subject, value in files:
            if value is not None and value != usual:
                yield Finding.of(say(value, usual), subject=subject, path=cell)
