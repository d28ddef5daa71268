from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as oracle

from monai_mri.errors import UsageError
from monai_mri.metrics.confusion import confusion_matrix


@pytest.mark.parametrize("size", [2, 3, 5])
def test_counts_agree_with_scikit_learn(size):
    classes = list("abcde")[:size]
    truth, predicted = np.random.default_rng(size).choice(classes, size=(2, 60))
    expected = oracle.confusion_matrix(truth, predicted, labels=classes)
    np.testing.assert_array_equal(confusion_matrix(truth, predicted, classes), expected)


def test_rows_are_the_truth_and_no_rows_are_all_zeros():
    assert confusion_matrix(["a"], ["b"], ["a", "b"]).tolist() == [[0, 1], [0, 0]]
    assert confusion_matrix([], [], ["a", "b"]).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("truth", "predicted", "classes", "found"),
    [
        (["a"], [], ["a", "b"], "1 true and 0 predicted"),
        (["c"], ["a"], ["a", "b"], "1 values are none of the 2 classes"),
        (["a"], ["a"], ["a", "a"], "a class twice"),
    ],
)
def test_what_does_not_fit_is_refused(truth, predicted, classes, found):
    with pytest.raises(UsageError, match=found):
        confusion_matrix(truth, predicted, classes)
