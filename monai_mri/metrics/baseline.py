"""What answering always the commonest class would score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from monai_mri.errors import UsageError


class MajorityBaseline(NamedTuple):
    """The commonest class in training, and how many of the n test rows are of it; accuracy is 0 to 1."""

    name: Any
    accuracy: float
    correct: int
    n: int


def majority_baseline(
    truth_train: npt.ArrayLike, truth_test: npt.ArrayLike, *, classes: Sequence[Any] | None = None
) -> MajorityBaseline:
    """Accuracy on the test rows of always answering the commonest class of training.

    Its balanced accuracy is 1 / K and its AUC one half, whatever the data.

    Args:
        truth_train: Classes of the training rows, before any oversampling, shape (n,).
        truth_test: Classes of the test rows, shape (n,); for none the accuracy is nan.
        classes: Where several are equally common the first of these is taken; without it the first by name.

    Raises:
        UsageError: There are no training rows, or none of these classes.

    >>> majority_baseline(["re", "de", "de"], ["de", "re", "de", "de"])
    MajorityBaseline(name='de', accuracy=0.75, correct=3, n=4)
    """
    counts = Counter(np.asarray(truth_train).reshape(-1).tolist())
    names = sorted(counts, key=str) if classes is None else [name for name in classes if name in counts]
    if not names:
        raise UsageError(
            f"majority_baseline: found {sum(counts.values())} training rows, none of a class asked for, "
            "expected one or more; pass the classes of the training part"
        )
    name = max(names, key=lambda known: counts[known])
    test = np.asarray(truth_test).reshape(-1).tolist()
    correct = test.count(name)
    return MajorityBaseline(name, correct / len(test) if test else float("nan"), correct, len(test))
