"""All voxel-wise scores of one segmentation in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy.typing as npt

from monai_mri.metrics._checks import check_masks, check_spacing
from monai_mri.metrics.overlap import count_voxels, dice, f1, jaccard, precision, recall
from monai_mri.metrics.surface import surface_distances_mm

OVERLAP_MEASURES = {"dice": dice, "jaccard": jaccard, "precision": precision, "recall": recall, "f1": f1}


def segmentation_scores(
    pred: npt.ArrayLike, truth: npt.ArrayLike, *, spacing_mm: Sequence[float] | None
) -> dict[str, float]:
    """Score one predicted mask against the true one.

    Args:
        pred: Boolean mask, 2D or 3D.
        truth: Boolean mask of the same shape.
        spacing_mm: Voxel size in mm, one number an axis; None if unknown, as in a JPG.

    Returns:
        `dice jaccard precision recall f1`, 0 to 1, and `hd_mm hd95_mm assd_mm`, 0 or more. nan where
        undefined: the overlap measures as `monai_mri.metrics.overlap` tables it, the distances if
        either mask is empty or the voxel size unknown.

    Raises:
        UsageError: A mask is not boolean, or the voxel size does not fit.
        ImageError: The shapes differ, or are not 2D or 3D.

    >>> import numpy as np
    >>> pred, truth = np.zeros((2, 4, 4), bool)
    >>> pred[:2], truth[1:3] = True, True
    >>> scores = segmentation_scores(pred, truth, spacing_mm=(1.0, 1.0))
    >>> scores["dice"], scores["hd_mm"]
    (0.5, 1.0)
    """
    pred_mask, truth_mask = check_masks(pred, truth, where="segmentation_scores")
    if spacing_mm is not None:
        spacing_mm = check_spacing(spacing_mm, ndim=pred_mask.ndim, where="segmentation_scores")
    counts = count_voxels(pred_mask, truth_mask)
    scores = {name: measure(counts) for name, measure in OVERLAP_MEASURES.items()}
    return scores | asdict(surface_distances_mm(pred_mask, truth_mask, spacing_mm=spacing_mm))
