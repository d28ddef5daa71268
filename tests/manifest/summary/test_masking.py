from __future__ import annotations

import json
from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monai_mri.manifest import write_manifest
from monai_mri.manifest.summary import as_csv, as_json, as_text, summarise_manifest
from monai_mri.manifest.summary.masking import mask_small

TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 30), min_size=width, max_size=width), min_size=2, max_size=4
    )
)


@pytest.fixture
def manifest(tmp_path):
    """Sixty subjects; three of site y are men, no other count is small."""
    rows = [
        {
            "subject_id": f"s{n:02d}",
            "t1": f"{n}.nii",
            "site": "xy"[n % 2],
            "sex": "M" if (n % 2 == 0 and n < 30) or n in (1, 3, 5) else "F",
            "age": str(20 + n),
            "label": "pk"[n % 4 > 1],
        }
        for n in range(60)
    ]
    return write_manifest(tmp_path / "m.csv", rows)


@given(TABLES)
def test_no_small_count_is_told_and_no_line_with_a_told_sum_hides_only_one(table):
    masked = mask_small([[*line, sum(line)] for line in table], 5)
    for line, told in zip(table, masked, strict=True):
        assert all(not 0 < count < 5 for count in told if isinstance(count, int))
        assert [count == 0 for count in line] == [
            found == 0 or (found == "hidden" and count == 0) for found, count in zip(told, line, strict=False)
        ]
    for line in [*masked, *zip(*masked, strict=True)]:
        assert sum(isinstance(count, str) for count in line) != 1 or len(line) == 1


def test_nothing_small_leaves_all_as_it_was():
    assert mask_small([[5, 9, 14], [0, 7, 7]], 5) == [[5, 9, 14], [0, 7, 7]]


def test_a_small_count_cannot_be_had_by_subtraction(manifest):
    found = summarise_manifest(manifest, by="site", min_count=5)
    sex = next(v for v in found.variables if v.name == "sex")
    assert sex.counts[sex.levels.index("M")][1] == "small"
    assert all(isinstance(count, str) for line in sex.counts for count in line[:2])


def test_text_csv_and_json_mask_alike(manifest):
    found = summarise_manifest(manifest, by="site", min_count=5)
    assert "<5" in as_text(found)
    assert "<5" in as_csv(found)
    assert '"small"' in as_json(found)
    assert "3 (10.0 %)" in as_text(summarise_manifest(manifest, by="site"))
    assert "3 (10.0 %)" not in as_text(found)


def test_means_of_few_are_undefined_and_so_are_their_differences(cohort):
    found = summarise_manifest(cohort, by="site", min_count=3)
    age = next(v for v in found.variables if v.name == "age")
    assert isnan(age.numbers[0].mean)
    assert isnan(age.smd)


def test_the_crossed_counts_go_where_one_is_small(cohort, manifest):
    assert summarise_manifest(cohort, min_count=5).cross is None
    kept = summarise_manifest(manifest, by="part", min_count=5)
    assert kept.cross is not None
    assert any("masked" in note for note in kept.notes)


def test_no_difference_tells_a_masked_count(manifest):
    found = summarise_manifest(manifest, by="site", min_count=5)
    told = summarise_manifest(manifest, by="site")
    sex = next(v for v in found.variables if v.name == "sex")
    assert sex.pairs
    assert isnan(sex.smd)
    assert all(isnan(value) for _, _, value in sex.pairs)
    assert not isnan(next(v for v in told.variables if v.name == "sex").smd)
    label = next(v for v in found.variables if v.name == "label")
    assert not isnan(label.smd)


def test_figures_have_four_digits_where_counts_are_masked(manifest):
    def figures(value):
        if isinstance(value, dict):
            return [figure for item in value.values() for figure in figures(item)]
        if isinstance(value, list):
            return [figure for item in value for figure in figures(item)]
        return [value] if isinstance(value, float) else []

    masked = json.loads(as_json(summarise_manifest(manifest, by="site", min_count=5)))
    variables = [{**one, "histogram": None} for one in masked["variables"]]
    assert all(figure == float(f"{figure:.4g}") for figure in figures(variables))
    assert any(
        figure != float(f"{figure:.4g}")
        for figure in figures(json.loads(as_json(summarise_manifest(manifest, by="site"))))
    )
