"""A map on the MNI152 brain, drawn by nilearn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from monai_mri.errors import UsageError
from monai_mri.files import replace_file


def overlay_on_mni(
    map_nifti: str | Path, out_png: str | Path, *, share: float = 0.05, cuts: int = 7, title: str = ""
) -> Path:
    """Draw the strongest voxels of a map in MNI space over the MNI152 T1 template.

    Three rows of slices (sagittal, coronal, axial) by nilearn's `plot_stat_map`; the template is the one in
    nilearn's wheel, nothing is downloaded.

    Args:
        map_nifti: a map as `write_map` writes it, of a volume in MNI space.
        out_png: where to write; folders are made.
        share: of the voxels above 0 that are coloured, the strongest ones.
        cuts: slices in each direction.
        title: a line in the picture.

    Raises:
        ImageError: the map cannot be read.
        UsageError: `share` or `cuts` is out of range.
    """
    if not 0 < share <= 1 or cuts < 1:
        raise UsageError(
            f"overlay_on_mni: share {share} and {cuts} cuts, expected above 0 and at most 1, and at least 1; "
            "correct them"
        )
    figure = _figure(Path(map_nifti), share=share, cuts=cuts, title=title)
    return replace_file(Path(out_png), lambda path: figure.savefig(path, format="png", dpi=150))


def _figure(path: Path, *, share: float, cuts: int, title: str) -> Any:
    import matplotlib as mpl

    mpl.use("Agg")
    import nibabel
    from matplotlib.figure import Figure
    from nilearn.datasets import load_mni152_template
    from nilearn.plotting import plot_anat, plot_stat_map

    from monai_mri.images import read_image

    picture = read_image(path)
    template = load_mni152_template(resolution=2)
    above = picture.array[picture.array > 0]
    settings: dict[str, Any] = {"black_bg": True}
    if above.size:
        image = nibabel.Nifti1Image(np.maximum(picture.array, 0), picture.affine)
        threshold = float(np.quantile(above, 1 - share)) * (1 - 1e-6)  # the highest stay where many are tied
        settings |= {"bg_img": template, "threshold": threshold, "vmax": float(above.max()), "cmap": "hot"}
    figure = Figure(figsize=(2.0 * cuts, 7.2), facecolor="black")
    for row, direction in enumerate("xyz"):
        places = {
            "display_mode": direction,
            "cut_coords": CUTS_MM[direction](cuts),
            "figure": figure,
            "axes": (0, (2 - row) / 3, 1, 1 / 3),
            "title": title if title and row == 0 else None,
        }
        if above.size:
            plot_stat_map(image, **settings, **places, colorbar=row == 2)
        else:  # nilearn warns of a map without values
            plot_anat(template, **settings, **places)
    return figure


CUTS_MM = {
    "x": lambda n: np.linspace(-42, 42, n).round(),
    "y": lambda n: np.linspace(-80, 50, n).round(),
    "z": lambda n: np.linspace(-44, 58, n).round(),
}
