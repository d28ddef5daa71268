"""Paint masks and maps over a picture, and resize both for the page."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

__all__ = [
    "FALSE",
    "FOUND",
    "MISSED",
    "TRUTH",
    "outline",
    "paint",
    "paint_agreement",
    "paint_heat",
    "resize",
    "resize_colour",
    "resize_mask",
    "to_picture",
]

BoolImage = npt.NDArray[np.bool_]
FloatImage = npt.NDArray[np.float32]
RGB = npt.NDArray[np.float32]

# Okabe and Ito's palette: told apart with any colour vision.
FOUND, FALSE, MISSED, TRUTH = (0, 158, 115), (213, 94, 0), (86, 180, 233), (240, 228, 66)


def paint(base: RGB, where: BoolImage, colour: tuple[int, int, int], opacity: float) -> RGB:
    """The picture with a colour, 0 to 255, where the mask is; opacity 0 to 1."""
    painted = base.copy()
    painted[where] = (1 - opacity) * base[where] + opacity * np.asarray(colour, dtype=np.float32) / 255
    return painted


def paint_agreement(base: RGB, truth: BoolImage, prediction: BoolImage) -> RGB:
    """Found, false and missed in their colours over the darkened picture."""
    painted = 0.7 * base  # plaques are bright: darkened, they leave the colours their own
    for where, colour in (
        (truth & prediction, FOUND),
        (prediction & ~truth, FALSE),
        (truth & ~prediction, MISSED),
    ):
        painted = paint(painted, where, colour, 0.8)
    return painted


def paint_heat(base: RGB, probability: FloatImage) -> RGB:
    """Probability as warmth on a darkened image: 0 shows the image, 1 hides it."""
    from matplotlib import colormaps

    heat = colormaps["inferno"](0.25 + 0.75 * probability)[:, :, :3].astype(np.float32)
    opacity = np.minimum(probability * 1.25, 0.9)[:, :, None]
    painted: RGB = (1 - opacity) * base * 0.75 + opacity * heat
    return painted


def outline(mask: BoolImage) -> BoolImage:
    """Border of a mask, two pixels wide, inside it."""
    inner = np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.MinFilter(5))) > 127
    return mask & ~inner


def resize(image: FloatImage, size: tuple[int, int], how: Image.Resampling) -> FloatImage:
    """An image (R, C) at another size (width, height)."""
    array = np.ascontiguousarray(image, dtype=np.float32)
    return np.asarray(Image.fromarray(array).resize(size, how), dtype=np.float32)


def resize_colour(image: RGB, size: tuple[int, int]) -> RGB:
    """A picture in colour (R, C, 3) at another size (width, height)."""
    bands = [resize(image[:, :, band], size, Image.Resampling.BICUBIC) for band in range(3)]
    return np.stack(bands, axis=2).clip(0, 1)


def resize_mask(mask: BoolImage, size: tuple[int, int]) -> BoolImage:
    """Voxels keep their corners when enlarged, and are not lost when the picture is made smaller."""
    smaller = mask.shape[0] > size[1]
    resampling = Image.Resampling.BOX if smaller else Image.Resampling.NEAREST
    return resize(mask.astype(np.float32), size, resampling) > (0.3 if smaller else 0.5)


def to_picture(panel: RGB) -> Image.Image:
    """A panel with values 0 to 1 as a picture."""
    return Image.fromarray((panel.clip(0, 1) * 255).round().astype(np.uint8), mode="RGB")
