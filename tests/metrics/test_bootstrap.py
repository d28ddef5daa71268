from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from monai_mri.errors import UsageError
from monai_mri.metrics.bootstrap import bootstrap_intervals, draw_weights, percentile_interval
from monai_mri.metrics.classification import binary_auc
from monai_mri.metrics.intervals import wilson_interval


def _agreement(truth, predicted):
    return float((truth == predicted).mean())


def test_each_draw_takes_whole_subjects_and_as_many_as_there_are():
    groups = np.array(["p", "q", "p", "r"])
    weights = np.concatenate(list(draw_weights(groups, draws=50, seed=0)))
    assert weights.shape == (50, 4)
    np.testing.assert_array_equal(weights[:, 0], weights[:, 2])
    np.testing.assert_array_equal(weights[:, [0, 1, 3]].sum(axis=1), 3)


def test_draws_do_not_depend_on_how_many_are_held_at_a_time(monkeypatch):
    whole = np.concatenate(list(draw_weights(np.arange(7), draws=20, seed=4)))
    monkeypatch.setattr("monai_mri.metrics.bootstrap.CELLS", 21)
    np.testing.assert_array_equal(np.concatenate(list(draw_weights(np.arange(7), draws=20, seed=4))), whole)


def test_the_interval_repeats_and_counts_undefined_draws():
    args = ([1, 1, 0], [0.9, 0.8, 0.1], ["p", "p", "q"], binary_auc)
    first = bootstrap_intervals(*args, draws=100)
    assert first == bootstrap_intervals(*args, draws=100)
    assert first.undefined == pytest.approx(50, abs=15)
    assert first[:2] == (1, 1)


def test_one_subject_has_no_interval():
    found = bootstrap_intervals([1, 0], [1, 1], ["p", "p"], _agreement, draws=10)
    assert isnan(found.low)
    assert isnan(found.high)
    assert found.undefined == 10


def test_clustered_lesions_are_covered_as_stated_where_wilson_fails():
    """30 subjects of 5 rows, intra-class correlation 0.3: 94 of 100 (0.937 over 4,000), Wilson 82 of 100."""
    subjects, rows, share, icc, cohorts = 30, 5, 0.7, 0.3, 800
    rng = np.random.default_rng(2)
    spread = (1 - icc) / icc
    own = rng.beta(share * spread, (1 - share) * spread, size=(cohorts, subjects, 1))
    right = (rng.random((cohorts, subjects, rows)) < own).reshape(cohorts, -1)
    weights = np.concatenate(list(draw_weights(np.repeat(np.arange(subjects), rows), draws=500, seed=2)))
    values = right @ weights.T / weights.sum(axis=1)
    ends = [percentile_interval(several, level=0.95, draws=500) for several in values]
    covered = np.mean([one.low <= share <= one.high for one in ends])
    assert covered == pytest.approx(0.937, abs=3 * np.sqrt(0.937 * 0.063 / cohorts))
    alone = [wilson_interval(int(one.sum()), subjects * rows) for one in right]
    assert np.mean([low <= share <= high for low, high in alone]) < 0.87


@pytest.mark.parametrize("setting", [{"draws": 0}, {"level": 1.0}, {"level": 0.0}])
def test_settings_out_of_range_are_refused(setting):
    with pytest.raises(UsageError, match="bootstrap"):
        bootstrap_intervals([1, 0], [1, 1], ["p", "q"], _agreement, **setting)


def test_unequal_lengths_are_refused():
    with pytest.raises(UsageError, match="2, 2 and 1 rows"):
        bootstrap_intervals([1, 0], [1, 1], ["p"], _agreement)
