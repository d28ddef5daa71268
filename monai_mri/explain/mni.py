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
    """Draw the strongest voxels of a map in MNI space over the MNI152 T1 template, negative ones in blue.

    Three rows of slices (sagittal, coronal, axial) by nilearn's `plot_stat_map`; the template is the one in
    nilearn's wheel, nothing is downloaded.

    Args:
        map_nifti: a map as `write_map` writes it, of a volume in MNI space.
        out_png: where to write; folders are made.
        share: of the voxels that are not 0, those that are coloured, the ones with the largest magnitude.
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
    size = np.abs(picture.array[picture.array != 0])
    settings: dict[str, Any] = {"black_bg": True}
    if size.size:
        image = nibabel.Nifti1Image(picture.array, picture.affine)
        threshold = float(np.quantile(size, 1 - share)) * (1 - 1e-6)  # the highest stay where many are tied
        settings |= {"bg_img": template, "threshold": threshold, "vmax": float(size.max())}
        settings["cmap"] = "cold_hot" if (picture.array < 0).any() else "hot"
    figure = Figure(figsize=(2.0 * cuts, 7.2), facecolor="black")
    inside = [_cuts_mm(picture, axis, cuts) for axis in range(3)]
    drawn = bool(size.size) and all(len(some) for some in inside)
    if size.size and not drawn:
        title = f"{title} (outside MNI space)".strip()
    for row, direction in enumerate("xyz"):
        places = {
            "display_mode": direction,
            "cut_coords": inside[row] if drawn else np.linspace(*CUTS_MM[row], cuts).round(),
            "figure": figure,
            "axes": (0, (2 - row) / 3, 1, 1 / 3),
            "title": title if title and row == 0 else None,
        }
        if drawn:
            plot_stat_map(image, **settings, **places, colorbar=row == 2)
        else:  # nilearn warns of a map without values, and refuses slices beside it
            plot_anat(template, black_bg=True, colorbar=False, **places)
    return figure


CUTS_MM = ((-42, 42), (-80, 50), (-44, 58))


def _cuts_mm(picture: Any, axis: int, count: int) -> Any:
    """Places of slices along x, y or z that lie in the brain and in the map; none where they do not meet."""
    ends = np.array([0, picture.array.shape[axis] - 1])
    reach = picture.affine[axis, axis] * ends + picture.affine[axis, 3]
    low, high = max(CUTS_MM[axis][0], reach.min()), min(CUTS_MM[axis][1], reach.max())
    return np.linspace(low, high, count) if low < high else np.array([])
