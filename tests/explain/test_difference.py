from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import ttest_ind

from monai_mri.errors import UsageError
from monai_mri.explain import group_difference

FIRST = np.arange(16) % 2 == 0


def people(seed, places=300):
    noise = np.random.default_rng(seed).normal(size=(16, places))
    return gaussian_filter(noise, (0, 2))


def test_t_is_that_of_welch():
    values = people(0)
    found = group_difference(values, FIRST, permutations=20, seed=0)
    wanted = ttest_ind(values[FIRST], values[~FIRST], equal_var=False).statistic
    np.testing.assert_allclose(found.t, wanted, rtol=1e-9)
    assert found.n == (8, 8)


def test_t_keeps_its_digits_far_from_zero():
    values = people(0)
    near, far = (group_difference(values + shift, FIRST, permutations=20, seed=0).t for shift in (0, 1e6))
    np.testing.assert_allclose(far, near, rtol=1e-6)


@pytest.mark.parametrize("places", [5, 9000])
def test_p_counts_the_relabellings_whose_largest_t_is_as_large_in_one_block_of_places_or_several(places):
    values, draws = people(1, places=places), 40
    found = group_difference(values, FIRST, permutations=draws, seed=3)
    rng, largest = np.random.default_rng(3), []
    for labels in [FIRST, *(rng.permutation(FIRST) for _ in range(draws - 1))]:
        largest.append(np.abs(ttest_ind(values[labels], values[~labels], equal_var=False).statistic).max())
    wanted = [(np.array(largest) >= abs(t) - 1e-9).mean() for t in found.t]
    np.testing.assert_allclose(found.p, wanted)
    assert found.p_any == min(wanted)


def test_labels_without_meaning_differ_somewhere_in_about_five_of_a_hundred():
    found = [group_difference(people(seed), FIRST, permutations=100, seed=seed).p_any for seed in range(300)]
    assert 0.02 <= np.mean(np.array(found) <= 0.05) <= 0.09


def test_what_differs_is_found_where_it_is_and_nowhere_else():
    values = people(2)
    values[FIRST, 100:110] += 3
    differs = np.flatnonzero(group_difference(values, FIRST, permutations=200, seed=0).p <= 0.05)
    assert set(differs) <= set(range(100, 110))
    assert len(differs) >= 8


def test_values_that_do_not_vary_differ_nowhere():
    found = group_difference(np.full((16, 3), 0.1), FIRST, permutations=20, seed=0)
    assert not found.t.any()
    assert (found.p == 1).all()


def test_relabellings_that_are_the_true_one_count_as_large_as_it():
    first = np.arange(8) < 4  # a relabelling in 35 is the true one or its mirror image
    values = np.random.default_rng(0).normal(0, 1e-4, size=(8, 2000))
    values[first, :5] += 1
    found = group_difference(values, first, permutations=2000, seed=0)
    assert found.p_any == pytest.approx(1 / 35, abs=0.012)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("level", [0.1, 1e6])
def test_a_group_that_varies_only_by_rounding_leaves_the_error_to_the_other(kind, level):
    values = np.full((16, 2), level, dtype=kind)
    values[::4] = np.nextafter(values[::4], kind(np.inf))
    values[~FIRST] += kind(level) * np.random.default_rng(0).normal(size=(8, 2)).astype(kind)
    found = group_difference(values, FIRST, permutations=20, seed=0)
    others = values[~FIRST].astype(float)
    error = np.sqrt(others.var(axis=0, ddof=1) / 8)
    np.testing.assert_allclose(found.t, (level - others.mean(axis=0)) / error, rtol=1e-5)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_two_groups_that_vary_only_by_rounding_have_no_t(kind):
    values = np.where(FIRST, 0.1, 0.3).astype(kind)[:, None]
    values[::4] = np.nextafter(values[::4], kind(1))
    assert group_difference(values, FIRST, permutations=20, seed=0).t == 0


def test_small_differences_far_above_rounding_keep_their_t():
    values = (100 + 1e-2 * people(5)).astype(np.float32)
    found = group_difference(values, FIRST, permutations=20, seed=0)
    exact = values.astype(float)
    wanted = ttest_ind(exact[FIRST], exact[~FIRST], equal_var=False).statistic
    np.testing.assert_allclose(found.t, wanted, rtol=1e-4)


def test_the_same_seed_gives_the_same_p():
    one, same, other = (
        group_difference(people(4), FIRST, permutations=50, seed=seed).p for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


@pytest.mark.parametrize(
    ("values", "first", "permutations", "message"),
    [
        (np.zeros((16, 2)), FIRST[:5], 50, "one row a person"),
        (np.zeros((6, 2)), FIRST[:6], 50, "at least 4 of each"),
        (np.zeros((16, 2)), FIRST, 10, "at least 20"),
        (np.full((16, 2), np.nan), FIRST, 50, "not finite"),
    ],
)
def test_what_cannot_be_compared_is_named(values, first, permutations, message):
    with pytest.raises(UsageError, match=message):
        group_difference(values, first, permutations=permutations, seed=0)
