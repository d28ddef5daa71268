from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from monai_mri.manifest.checks.association import cramers_v


def pairs(counts):
    return [(f"r{r}", f"c{c}") for (r, c), n in np.ndenumerate(np.array(counts)) for _ in range(n)]


@pytest.mark.parametrize("counts", [[[20, 5], [3, 30]], [[5, 9, 2], [8, 1, 7]], [[10, 10], [10, 10]]])
def test_the_p_value_is_scipys(counts):
    expected = chi2_contingency(np.array(counts), correction=False).pvalue
    assert cramers_v(pairs(counts))[1] == pytest.approx(expected)


def test_a_label_that_the_site_tells_scores_one_and_chance_zero():
    assert cramers_v(pairs([[30, 0], [0, 30]]))[0] == pytest.approx(1, abs=0.02)
    assert cramers_v(pairs([[15, 15], [15, 15]]))[0] == 0


def test_one_value_only_is_undefined():
    assert all(map(math.isnan, cramers_v(pairs([[5], [6]]))))


@pytest.mark.parametrize("number", [2, 3, 20])
def test_a_value_of_its_own_for_every_subject_is_undefined(number):
    assert math.isnan(cramers_v([(f"r{n}", f"c{n}") for n in range(number)])[0])
