"""Tell whether a volume is a whole head whose face can still be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from monai_mri.faults import Fault

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# Lengths are fractions of the head's length, forehead to occiput, so that they hold for children too.
FACE_ZONE = (0.60, 0.82)  # depths below the vertex: eyes to upper lip
LEAST_ZONE = 0.05
MOST_RECESSION = 0.13  # a face that recedes behind the forehead by more has been cut off
HEAD_LENGTH_MM = (120.0, 290.0)
HEAD_WIDTH_MM = (90.0, 260.0)
GRID_MM = 3.0
CENTRAL_MM = 20.0  # half the width of the strip, left and right of the middle, whose outline is followed
CAP_HEIGHT = 0.45  # vertex above the widest level, where the top of the head is cut off by the image
TISSUE = 0.12  # of the bright tissue's level


class Outline(NamedTuple):
    """The sagittal outline of what is in a volume, in mm; index 0 is its lowest level.

    `front` and `back` are nan where a level is empty; `vertex` may lie above the image.
    """

    front: npt.NDArray[np.float64]
    back: npt.NDArray[np.float64]
    height: npt.NDArray[np.float64]
    width: float
    vertex: float

    @property
    def upper(self) -> npt.NDArray[np.bool_]:
        """The levels of the forehead, at most 100 mm under the vertex."""
        upper: npt.NDArray[np.bool_] = (self.vertex - self.height) <= 100
        return upper

    @property
    def length(self) -> float:
        """Forehead to occiput."""
        import numpy as np

        lengths = (self.front - self.back)[self.upper]
        return float(np.nanmax(lengths)) if np.isfinite(lengths).any() else 0.0


def face_fault(
    volume: npt.NDArray[np.float32],
    spacing_mm: Sequence[float] | None,
    affine: npt.NDArray[np.float64] | None = None,
    *,
    where: str = "volume",
) -> Fault | None:
    """W805 where a volume (I, J, K), axes right, anterior, superior, is a whole head with its face.

    The outline of the head in its middle is followed: a face stands about as far forward as the forehead;
    one that was cut off recedes, and so does a brain without its skull. Lesion masks, and slabs that end
    above the eyes, are no heads by their size. Only the outline is judged: a face that was blurred or
    replaced by another one is reported, and what a defacing has left inside is not. None says that no face
    was found, not that the volume is anonymous; it is also the answer where neither `spacing_mm` nor
    `affine` (4 x 4, mm) says how large a voxel is.
    """
    if spacing_mm is None:
        if affine is None:
            return None
        spacing_mm = [float(sum(row[axis] ** 2 for row in affine[:3]) ** 0.5) for axis in range(3)]
    outline = head_outline(volume, spacing_mm)
    if outline is None:
        return None
    recession = face_recession(outline)
    if recession is None or recession > MOST_RECESSION:
        return None
    found = (
        f"a head of {outline.length:.0f} mm with its face: below the eyes its outline is only "
        f"{max(0.0, recession * outline.length):.0f} mm behind the forehead"
    )
    expected = f"no face (at least {MOST_RECESSION * outline.length:.0f} mm behind)"
    return Fault("W805", where, found, expected, "remove the face (deface) or the skull before you share it")


def face_recession(outline: Outline) -> float | None:
    """How far the face lies behind the forehead, as a fraction of the head's length; negative in front of it.

    None where the image is no head by its size, or does not reach down to the face.
    """
    import numpy as np

    length = outline.length
    if not HEAD_LENGTH_MM[0] <= length <= HEAD_LENGTH_MM[1]:
        return None
    if not HEAD_WIDTH_MM[0] <= outline.width <= HEAD_WIDTH_MM[1]:
        return None
    depth = (outline.vertex - outline.height) / length
    filled = np.flatnonzero(np.isfinite(outline.front))
    zone = (depth >= FACE_ZONE[0]) & (depth <= FACE_ZONE[1]) & (outline.height >= outline.height[filled[0]])
    if zone.sum() < 2 or np.ptp(depth[zone]) < LEAST_ZONE:
        return None
    forehead = float(np.nanmax(outline.front[outline.upper]))
    # Where nothing is left at a level, the face is as far away as can be.
    front = np.where(np.isfinite(outline.front[zone]), outline.front[zone], -np.inf)
    return float((forehead - np.median(front)) / length)


def head_outline(volume: npt.NDArray[np.float32], spacing_mm: Sequence[float]) -> Outline | None:
    """The outline of the largest thing in a volume; None where there is hardly anything."""
    import numpy as np

    coarse, step = _coarse(volume, spacing_mm)
    head = _foreground(coarse)
    if head is None:
        return None
    across = np.arange(head.shape[0])
    middle = float(np.average(across, weights=head.sum((1, 2))))
    strip = head[np.abs(across - middle) * step[0] <= CENTRAL_MM]
    filled = strip.any(1)
    last = strip.shape[1] - 1
    front = _level(np.where(filled, last - np.argmax(strip[:, ::-1], axis=1), np.nan), 75) * step[1]
    back = _level(np.where(filled, np.argmax(strip, axis=1), np.nan), 25) * step[1]
    height = np.arange(head.shape[2]) * step[2]
    width = float(np.ptp(np.flatnonzero(head.any((1, 2)))) * step[0])
    return Outline(front, back, height, width, _vertex(front, back, height))


def _coarse(volume: Any, spacing_mm: Sequence[float]) -> tuple[Any, list[float]]:
    """The volume averaged over blocks of about 3 mm, and the blocks' size in mm."""
    import numpy as np

    factors = [max(1, round(GRID_MM / size)) for size in spacing_mm]
    counts = [length // factor for length, factor in zip(volume.shape, factors, strict=True)]
    blocks = [part for pair in zip(counts, factors, strict=True) for part in pair]
    cut = volume[tuple(slice(0, count * factor) for count, factor in zip(counts, factors, strict=True))]
    coarse = np.nan_to_num(cut.reshape(blocks).mean(axis=(1, 3, 5), dtype=np.float64))
    return coarse, [size * factor for size, factor in zip(spacing_mm, factors, strict=True)]


def _foreground(coarse: Any) -> Any | None:
    """The largest connected thing that is not air."""
    import numpy as np
    from scipy import ndimage

    if coarse.size == 0 or min(coarse.shape) < 8:
        return None
    lowest = coarse.min()
    air = lowest if (coarse == lowest).mean() > 0.2 else _air(coarse)
    signal = np.abs(coarse - air)
    if not signal.any():
        return None
    bright = np.percentile(signal[signal > 0], 98)
    mask = ndimage.binary_opening(signal > TISSUE * bright)
    labels, count = ndimage.label(mask)
    if not count:
        return None
    return labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))


def _air(coarse: Any) -> float:
    """The level of the background: the value that most voxels of the volume's rim share, or a low one."""
    import numpy as np

    values, counts = np.unique(coarse, return_counts=True)
    if counts.max() > 0.2 * coarse.size:
        return float(values[np.argmax(counts)])
    return float(np.percentile(coarse, 1))


def _level(edges: Any, percentile: float) -> Any:
    """A percentile over the strip's columns for each level; nan where all are empty."""
    import numpy as np

    result = np.full(edges.shape[1], np.nan)
    for level in np.flatnonzero(np.isfinite(edges).any(axis=0)):
        result[level] = np.nanpercentile(edges[:, level], percentile)
    return result


def _vertex(front: Any, back: Any, height: Any) -> float:
    """Where the top of the head is, above the image where that cuts it off.

    The head above its widest level is taken as half an ellipsoid, so the length of its topmost level says how
    much is missing.
    """
    import numpy as np

    lengths = front - back
    levels = np.flatnonzero(np.isfinite(lengths))
    if not levels.size:
        return float(height[-1])
    top = levels[-1]
    widest = float(np.nanmax(lengths[height[top] - height <= 100]))
    share = min(1.0, float(lengths[top]) / widest) if widest > 0 else 0.0
    return float(height[top] + CAP_HEIGHT * widest * (1 - np.sqrt(1 - share**2)))
