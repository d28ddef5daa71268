from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monai_mri.manifest.summary.columns import histogram, read_column

NUMBERS = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=50)


def read(name, cells, subjects=None):
    return read_column(name, cells, subjects or [f"s{number}" for number in range(len(cells))])


def test_ages_are_numbers_however_few():
    assert read("age_years", ["30", "41.5", "", "n/a"]).numeric
    assert read("AGE", ["30"]).numeric
    assert not read("agent", ["30", "40"]).numeric


def test_numbers_of_at_most_ten_values_are_codes():
    assert not read("grade", [str(n % 10) for n in range(40)]).numeric
    assert read("volume_ml", [str(n % 11) for n in range(40)]).numeric
    assert not read("id", [*(str(n) for n in range(40)), "x"]).numeric


def test_an_age_that_is_no_number_is_missing_and_counted():
    column = read("age", ["30", "about 40", "1e999", "9" * 400, "1_000"])
    assert column.cells == ("30", "", "", "", "")
    assert column.strange == 4


def test_na_in_words_of_bids_is_missing_but_na_is_a_value():
    assert read("site", ["n/a", "NaN", "NA"]).cells == ("", "", "NA")


def test_a_persons_value_counts_once_and_the_first_that_is_there():
    column = read_column("sex", ["", "F", "M", "M"], ["a", "a", "b", "b"])
    assert column.items(["a", "a", "b", "b"], range(4)) == ["F", "M"]
    assert column.varies == 0


def test_a_value_that_varies_within_a_person_is_a_scans():
    subjects = ["a", "a", "b"]
    label = read_column("label", ["tumour", "none", "none"], subjects)
    assert (label.unit, label.varies) == ("scans", 1)
    assert label.items(subjects, range(3)) == ["tumour", "none", "none"]


@pytest.mark.parametrize("name", ["age", "sex", "Gender"])
def test_age_and_sex_stay_a_persons_even_where_they_vary(name):
    column = read_column(name, ["1", "2"], ["a", "a"])
    assert (column.unit, column.varies) == ("subjects", 1)
    assert column.items(["a", "a"], range(2)) == ["1"]


@given(NUMBERS)
def test_histograms_count_every_value_in_few_round_bins(values):
    drawn = histogram([values], ["all"])
    assert sum(drawn.counts[0]) == len(values)
    assert 1 <= len(drawn.counts[0]) <= 15
    assert all(low < high for low, high in zip(drawn.edges, drawn.edges[1:], strict=False))
    assert drawn.edges[0] <= min(values)
    assert drawn.edges[-1] >= max(values)


def test_histograms_of_nothing_are_none():
    assert histogram([[], []], ["a", "b"]) is None
    assert np.sum(histogram([[], [3.0]], ["a", "b"]).counts) == 1


def test_numbers_with_a_decimal_comma_are_numbers():
    cells = [f"{30 + n},5" for n in range(12)] + ["44.5", "50", ""]
    subjects = [str(n) for n in range(len(cells))]
    for name in ("age", "volume"):
        column = read_column(name, cells, subjects)
        assert column.numeric
        assert column.commas == 12
        assert (column.cells[0], column.cells[12]) == ("30.5", "44.5")
    codes = read_column("code", ["1,2", "1,3"], ["a", "b"])
    assert (codes.numeric, codes.cells, codes.commas) == (False, ("1,2", "1,3"), 0)
    words = read_column("volume", [*cells, "1,2,3"], [*subjects, "x"])
    assert not words.numeric
