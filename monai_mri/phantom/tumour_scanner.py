"""What five institutions make of one head: contrast, bias field, noise, gamma and 8 bits a channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_mri.phantom.fields import SmoothField

FloatArray = NDArray[np.float32]

CHANNELS = ("pre", "flair", "post")

_BIAS_SIGMA_MM = 55.0


@dataclass(frozen=True)
class Institution:
    """One hospital's protocol; signals are in units of white matter.

    Attributes:
        name: what the manifest's ``site`` column says.
        t1_gm: grey matter on T1.
        t1_csf: fluid on T1.
        flair_gm: grey matter on FLAIR.
        flair_csf: fluid on FLAIR.
        flair_fat: how much of the fat's signal is left on FLAIR.
        white: white matter's intensity on T1 before contrast, FLAIR and T1 after contrast, of 255.
        gamma: exponent between signal and intensity.
        noise: standard deviation of the noise in each of the two channels of the receiver.
        bias: spread of the bias field.
    """

    name: str
    t1_gm: float
    t1_csf: float
    flair_gm: float
    flair_csf: float
    flair_fat: float
    white: tuple[float, float, float]
    gamma: float
    noise: float
    bias: float


INSTITUTIONS = (
    Institution("site-a", 0.72, 0.26, 1.20, 0.28, 0.85, (118.0, 92.0, 112.0), 1.00, 0.030, 0.06),
    Institution("site-b", 0.78, 0.34, 1.15, 0.36, 0.55, (92.0, 112.0, 88.0), 0.90, 0.045, 0.09),
    Institution("site-c", 0.68, 0.22, 1.24, 0.32, 1.00, (132.0, 78.0, 120.0), 1.12, 0.036, 0.05),
    Institution("site-d", 0.82, 0.38, 1.17, 0.42, 0.70, (84.0, 100.0, 80.0), 0.95, 0.055, 0.11),
    Institution("site-e", 0.74, 0.30, 1.28, 0.24, 0.40, (106.0, 84.0, 100.0), 1.05, 0.026, 0.07),
)


def scan_slices(
    signals: Mapping[str, FloatArray],
    axes_mm: Sequence[NDArray[Any]],
    *,
    institution: Institution,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """The three channels that an institution makes of noise-free signals.

    Args:
        signals: for each of `CHANNELS`, signal in units of white matter, at least 0, ``(i, j, k)``.
        axes_mm: the three axes of their grid in mm.
        institution: who scans.
        rng: source of randomness; what is drawn does not depend on the signals.

    Returns:
        Intensities, ``(i, j, k, 3)``; 255 is the brightest there is.
    """
    origin_mm = [float(axis[0]) for axis in axes_mm]
    extent_mm = [max(float(axis[-1] - axis[0]), 1.0) for axis in axes_mm]
    bias = SmoothField(rng, origin_mm=origin_mm, extent_mm=extent_mm, sigma_mm=_BIAS_SIGMA_MM)
    shading = np.exp(np.float32(institution.bias) * bias.on_grid(axes_mm))
    image = np.empty((*shading.shape, len(CHANNELS)), dtype=np.uint8)
    for number, channel in enumerate(CHANNELS):
        gain = institution.white[number] * rng.uniform(0.88, 1.12)
        noise = rng.standard_normal((2, *shading.shape), dtype=np.float32) * np.float32(institution.noise)
        magnitude = np.hypot(signals[channel] * shading + noise[0], noise[1])
        stored = np.float32(gain) * magnitude ** np.float32(institution.gamma)
        image[..., number] = np.clip(np.rint(stored), 0, 255)
    return image
