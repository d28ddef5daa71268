from __future__ import annotations

import pytest

from monai_mri.errors import UsageError
from monai_mri.manifest.sizes import Sizes, check_numbers


def test_one_fold_tests_on_a_fifth_unless_said_otherwise():
    assert check_numbers(Sizes(1, 1, None, 0.1)).test == 0.2
    assert check_numbers(Sizes(5, 1, None, 0.1)).test is None


@pytest.mark.parametrize(("test", "validation"), [(20, 20), (1, 0), (20.0, 0.5), (0.2, 7)])
def test_whole_numbers_are_counts(test, validation):
    assert check_numbers(Sizes(1, 1, test, validation)) == Sizes(1, 1, test, validation)


@pytest.mark.parametrize("share", [1.5, -1, float("nan"), float("inf")])
def test_what_is_neither_share_nor_count_is_refused(share):
    for sizes in (Sizes(1, 1, share, 0), Sizes(1, 1, 0.2, share)):
        with pytest.raises(UsageError, match=r"^splits: "):
            check_numbers(sizes)


def test_the_part_that_rotates_has_no_share_and_the_other_its_default():
    assert check_numbers(Sizes(5, 1, None, None)) == Sizes(5, 1, None, 0.1)
    assert check_numbers(Sizes(5, 1, None, None, "validation")) == Sizes(5, 1, 0.2, None, "validation")
    assert check_numbers(Sizes(5, 1, 0, None, "validation")).test == 0
