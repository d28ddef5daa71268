"""What the scanner adds: contrast of the site, bias field, Rician noise, gain and rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.fields import SmoothField

FloatArray = NDArray[np.floating[Any]]

_BIAS_SIGMA_MM = 60.0
_BIAS_SPREAD = 0.06


@dataclass(frozen=True)
class Site:
    """One scanner; signals are in units of white matter.

    Attributes:
        name: what the manifest's ``site`` column says.
        gm: signal of grey matter.
        csf: signal of cerebrospinal fluid.
        noise: standard deviation of the noise in each of the two channels of the receiver.
        gain: white matter's intensity in the file.
    """

    name: str
    gm: float
    csf: float
    noise: float
    gain: float


# Grey to white matter is 1.19 on the FLAIR images of patients 07 and 19 of Lesjak 2017.
SITES = (
    Site("site-a", gm=1.19, csf=0.28, noise=0.030, gain=420.0),
    Site("site-b", gm=1.16, csf=0.38, noise=0.045, gain=260.0),
    Site("site-c", gm=1.23, csf=0.32, noise=0.038, gain=900.0),
)


def scan(
    signal: FloatArray, axes_mm: Sequence[FloatArray], *, site: Site, rng: np.random.Generator
) -> NDArray[np.int16]:
    """The image a scanner makes of a noise-free signal.

    Args:
        signal: signal in units of white matter, at least 0, one value a voxel.
        axes_mm: the three axes of its grid in mm.
        site: the scanner.
        rng: source of randomness; what is drawn does not depend on the signal.

    Returns:
        Intensities, int16, at least 0, same shape.
    """
    origin_mm = [float(a[0]) for a in axes_mm]
    extent_mm = [max(float(a[-1] - a[0]), 1.0) for a in axes_mm]
    bias = SmoothField(rng, origin_mm=origin_mm, extent_mm=extent_mm, sigma_mm=_BIAS_SIGMA_MM)
    gain = site.gain * rng.uniform(0.85, 1.15)
    noise = rng.standard_normal((2, *signal.shape), dtype=np.float32) * np.float32(site.noise)
    real = signal * np.exp(np.float32(_BIAS_SPREAD) * bias.on_grid(axes_mm)) + noise[0]
    magnitude = np.hypot(real, noise[1]) * np.float32(gain)
    image: NDArray[np.int16] = np.clip(np.rint(magnitude), 0, np.iinfo(np.int16).max).astype(np.int16)
    return image
