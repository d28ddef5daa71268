from __future__ import annotations

from math import isnan

import pytest

from monai_mri.errors import UsageError
from monai_mri.metrics.baseline import majority_baseline


def test_the_published_lesion_counts_give_the_share_of_demyelinating_ones():
    train = ["re"] * 371 + ["de"] * 737
    assert majority_baseline(train, ["re"] * 160 + ["de"] * 318).accuracy == pytest.approx(318 / 478)


def test_the_class_comes_from_training_even_if_another_is_commoner_in_the_test():
    assert majority_baseline(["a", "a", "b"], ["b", "b"])[:2] == ("a", 0.0)


def test_equally_common_classes_are_taken_in_the_order_asked_for():
    assert majority_baseline(["b", "a"], ["a"]).name == "a"
    assert majority_baseline(["b", "a"], ["a"], classes=["b", "a"]).name == "b"


def test_no_test_rows_are_undefined_and_no_training_rows_refused():
    assert isnan(majority_baseline(["a"], []).accuracy)
    with pytest.raises(UsageError, match="0 training rows"):
        majority_baseline([], ["a"])
