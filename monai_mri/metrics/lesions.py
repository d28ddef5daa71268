"""Were the lesions found? Detection counted by connected component, not by voxel.

The rules:

- A lesion is a connected component of the truth; a predicted lesion one of the prediction.
- A lesion is *detected* if at least one of its voxels, and at least the share `min_overlap` of them,
  is predicted, by however many predicted lesions together; else it is *missed*.
- A predicted lesion is *false* if it touches no true lesion at all.
- A *merge* is a predicted lesion that touches two or more true ones; each of these can be detected.
- A *split* is a true lesion that two or more predicted ones touch; it is detected once at most.
- Components below `min_size_voxels` are not lesions. A predicted lesion that touches only true
  specks of this kind is left out of the count: it is neither right nor false.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monai_mri.errors import UsageError
from monai_mri.metrics._checks import BoolArray, check_masks, check_share

IntArray = npt.NDArray[np.integer[Any]]
CONNECTIVITIES = {2: (8, 4), 3: (26, 18, 6)}  # the first is the default


@dataclass(frozen=True)
class LesionScores:
    """Lesions of one scan, or of many added together.

    Attributes:
        truth_count: True lesions.
        pred_count: Predicted lesions.
        detected: True lesions that were found.
        false: Predicted lesions that touch no true one.
        merges: Predicted lesions that touch two or more true ones.
        splits: True lesions that two or more predicted ones touch.
    """

    truth_count: int = 0
    pred_count: int = 0
    detected: int = 0
    false: int = 0
    merges: int = 0
    splits: int = 0

    def __add__(self, other: LesionScores) -> LesionScores:
        return LesionScores(
            truth_count=self.truth_count + other.truth_count,
            pred_count=self.pred_count + other.pred_count,
            detected=self.detected + other.detected,
            false=self.false + other.false,
            merges=self.merges + other.merges,
            splits=self.splits + other.splits,
        )

    @property
    def missed(self) -> int:
        """True lesions that were not found."""
        return self.truth_count - self.detected

    @property
    def precision(self) -> float:
        """Share of predicted lesions that touch a true one, 0 to 1; nan without predicted lesions."""
        return (self.pred_count - self.false) / self.pred_count if self.pred_count else float("nan")

    @property
    def recall(self) -> float:
        """Share of true lesions that were detected, 0 to 1; nan without true lesions."""
        return self.detected / self.truth_count if self.truth_count else float("nan")

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0 to 1; nan if there are no lesions of either kind."""
        if self.truth_count + self.pred_count == 0:
            return float("nan")
        if not (self.truth_count and self.pred_count and self.detected):
            return 0.0
        return 2 * self.precision * self.recall / (self.precision + self.recall)

    def to_dict(self) -> dict[str, float]:
        """Counts and measures by name; nan where undefined."""
        return {
            "truth_count": self.truth_count,
            "pred_count": self.pred_count,
            "detected": self.detected,
            "missed": self.missed,
            "false": self.false,
            "merges": self.merges,
            "splits": self.splits,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
        }


@dataclass(frozen=True, kw_only=True)
class LesionRules:
    """What counts as a lesion, and as finding one.

    Attributes:
        min_overlap: Share of a lesion's voxels that must be predicted, 0 to 1; 0 asks for one voxel.
        min_size_voxels: Size below which a component is no lesion, 1 or more.
        connectivity: Neighbours of a voxel: 8 or 4 in 2D, 26, 18 or 6 in 3D; None takes all of them.

    Raises:
        UsageError: A value is out of range.
    """

    min_overlap: float = 0.0
    min_size_voxels: int = 1
    connectivity: int | None = None

    def __post_init__(self) -> None:
        check_share(self.min_overlap, name="min_overlap", where="LesionRules")
        if self.min_size_voxels < 1:
            raise UsageError(
                f"LesionRules: min_size_voxels is {self.min_size_voxels!r}, expected 1 or more; "
                "1 keeps every component"
            )

    def connectivity_in(self, ndim: int) -> int:
        """The connectivity for images of that many axes; raise UsageError if it does not exist there."""
        allowed = CONNECTIVITIES[ndim]
        if self.connectivity is not None and self.connectivity not in allowed:
            raise UsageError(
                f"LesionRules: connectivity is {self.connectivity!r}, expected one of "
                f"{', '.join(map(str, allowed))} for {ndim}D masks; or None for the default, {allowed[0]}"
            )
        return self.connectivity or allowed[0]


def lesion_scores(
    pred: npt.ArrayLike,
    truth: npt.ArrayLike,
    *,
    min_overlap: float = 0.0,
    min_size_voxels: int = 1,
    connectivity: int | None = None,
) -> LesionScores:
    """Count the lesions of a scan that were detected, missed, falsely found, merged and split.

    The rules stand at the top of `monai_mri.metrics.lesions`. Results of several scans add with `+`.

    Args:
        pred: Boolean mask, 2D or 3D.
        truth: Boolean mask of the same shape.
        min_overlap: Share of a lesion's voxels that must be predicted, 0 to 1; 0 asks for one voxel.
        min_size_voxels: Size below which a component is no lesion.
        connectivity: Neighbours of a voxel: 8 or 4 in 2D, 26, 18 or 6 in 3D; None takes all of them.

    Raises:
        UsageError: A mask is not boolean, or a setting is out of range.
        ImageError: The shapes differ, or are not 2D or 3D.

    >>> import numpy as np
    >>> truth = np.array([[1, 1, 0, 1, 0, 0, 1]], dtype=bool)
    >>> pred = np.array([[0, 1, 1, 1, 0, 0, 0]], dtype=bool)
    >>> scores = lesion_scores(pred, truth)
    >>> scores.detected, scores.missed, scores.false, scores.merges
    (2, 1, 0, 1)
    """
    pred_mask, truth_mask = check_masks(pred, truth, where="lesion_scores")
    rules = LesionRules(min_overlap=min_overlap, min_size_voxels=min_size_voxels, connectivity=connectivity)
    return match_lesions(
        find_lesions(pred_mask, rules=rules), find_lesions(truth_mask, rules=rules), rules=rules
    )


@dataclass(frozen=True)
class Lesions:
    """Components of one mask: a map of labels (0 is background), and each label's size in voxels.

    `kept` is False for the background and for specks below the minimum size.
    """

    labels: IntArray
    sizes: IntArray
    kept: BoolArray


def find_lesions(mask: BoolArray, *, rules: LesionRules) -> Lesions:
    """Label the connected components of a boolean 2D or 3D mask."""
    import cc3d

    connectivity = rules.connectivity_in(mask.ndim)
    # As bytes: for booleans cc3d 4.1.1 has a quicker way that errs on 2D pictures with an odd side.
    labels, count = cc3d.connected_components(mask.view(np.uint8), connectivity=connectivity, return_N=True)
    sizes = np.bincount(labels[mask], minlength=count + 1)
    kept = sizes >= rules.min_size_voxels
    kept[0] = False
    return Lesions(labels, sizes, kept)


def match_lesions(pred: Lesions, truth: Lesions, *, rules: LesionRules) -> LesionScores:
    """Count who touches whom among the components of two masks of one shape."""
    both = (pred.labels > 0) & (truth.labels > 0)
    codes = pred.labels[both].astype(np.int64) * truth.kept.size + truth.labels[both]
    pairs, shared = np.unique(codes, return_counts=True)
    pred_ids, truth_ids = np.divmod(pairs, truth.kept.size)
    speck_only = np.zeros(pred.kept.shape, dtype=bool)
    speck_only[pred_ids] = True
    speck_only[pred_ids[truth.kept[truth_ids]]] = False

    link = pred.kept[pred_ids] & truth.kept[truth_ids]
    truths_touched = np.bincount(pred_ids[link], minlength=pred.kept.size)
    preds_touching = np.bincount(truth_ids[link], minlength=truth.kept.size)
    covered = np.bincount(truth_ids[link], weights=shared[link], minlength=truth.kept.size)
    found = (covered > 0) & (covered / np.maximum(truth.sizes, 1) >= rules.min_overlap)
    counted = pred.kept & ~speck_only
    return LesionScores(
        truth_count=int(truth.kept.sum()),
        pred_count=int(counted.sum()),
        detected=int(found.sum()),
        false=int((counted & (truths_touched == 0)).sum()),
        merges=int((truths_touched > 1).sum()),
        splits=int((preds_touching > 1).sum()),
    )
