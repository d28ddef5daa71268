from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from monai_mri.manifest import (
    Manifest,
    make_splits,
)
from monai_mri.manifest.strata import Stratifier, strata_of_units, stratifier
from monai_mri.manifest.table import as_table


def people(number: int, **columns) -> list[dict[str, str]]:
    """A row for each of so many subjects; a column is a function of the subject's number."""
    return [
        {"subject_id": f"s{n:03}", "flair": f"{n}.nii"} | {name: str(of(n)) for name, of in columns.items()}
        for n in range(number)
    ]


def in_rows(rows) -> Manifest:
    return Manifest(Path("m.csv"), as_table(rows, where=Path("m.csv")))


def held(splits, part="test", **place) -> set[str]:
    return {unit for unit, found in splits.units_by_part(**place).items() if found == part}


@settings(max_examples=30, deadline=None)
@given(ages=st.lists(st.integers(18, 90), min_size=30, max_size=60), seed=st.integers(0, 9))
def test_bins_of_numbers_are_in_proportion(ages, seed):
    manifest = in_rows(people(len(ages), age=lambda n: ages[n]))
    splits = make_splits(manifest, stratify=("age:3",), test=0.3, validation=0, seed=seed)
    bins = {unit: found for unit, (found,) in strata(manifest, "age:3").items()}
    tested = held(splits)
    for name, size in Counter(bins.values()).items():
        assert abs(sum(bins[unit] == name for unit in tested) - len(tested) * size / len(ages)) < 1


def strata(manifest, *texts):
    return strata_of_units(
        manifest, manifest.table["subject_id"].tolist(), [stratifier(manifest, text) for text in texts]
    )


def test_equal_numbers_share_a_bin_and_missing_ones_have_their_own():
    ages = [30, 30, 30, 40, 50, 60, "", "nan"]
    found = strata(in_rows(people(8, age=lambda n: ages[n])), "age:2")
    names = [found[f"s{n:03}"][0] for n in range(8)]
    assert names == ["0", "0", "0", "1", "1", "1", "missing", "missing"]


def test_of_several_numbers_of_a_subject_the_median_counts():
    rows = [{"subject_id": "a", "flair": f"{n}.nii", "age": age} for n, age in enumerate(("20", "21", "90"))]
    rows += [{"subject_id": "b", "flair": "b.nii", "age": "50"}]
    assert strata(in_rows(rows), "age:2") == {"a": ("0",), "b": ("1",)}


def test_a_subject_counts_as_its_most_frequent_value():
    rows = [{"subject_id": "a", "flair": f"{n}.nii", "label": label} for n, label in enumerate("yxxzy")]
    assert strata(in_rows(rows), "label") == {"a": ("x",)}


def test_as_a_set_a_subject_counts_as_all_its_values():
    labels = {"a": "yxxy", "b": "xx", "c": ["", "y", "x"], "d": "yx", "e": "x", "f": "xxxy"}
    rows = [
        {"subject_id": name, "flair": f"{name}{n}.nii", "label": label}
        for name, found in labels.items()
        for n, label in enumerate(found)
    ]
    assert [one for (one,) in strata(in_rows(rows), "label:set").values()] == [
        *("x + y", "x", "x + y", "x + y", "x", "x + y"),
    ]


def test_stratified_by_the_set_every_part_has_a_subject_with_tumour():
    rows = [
        {"subject_id": f"s{n}", "flair": f"{n}_{k}.nii", "label": "tumor" if n < 3 and k == 0 else "none"}
        for n in range(12)
        for k in range(4)
    ]
    manifest = in_rows(rows)
    for seed in range(5):
        splits = make_splits(manifest, stratify=["label:set"], test=0.25, validation=0.25, seed=seed)
        for part in ("train", "validation", "test"):
            assert held(splits, part) & {"s0", "s1", "s2"}
    assert splits.stratify == ("label:set",)


def test_a_column_whose_name_has_a_colon_is_taken_as_it_is():
    assert stratifier(in_rows(people(3, **{"age:2": lambda n: n})), "age:2") == Stratifier("age:2")
