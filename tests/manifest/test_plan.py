from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monai_mri.manifest import (
    PARTS,
    Manifest,
    make_splits,
    rows_of_part,
    splits_faults,
)
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


@settings(max_examples=40, deadline=None)
@given(
    few=st.integers(6, 20),
    many=st.integers(20, 40),
    folds=st.integers(1, 3),
    seed=st.integers(0, 99),
    by_site=st.booleans(),
)
def test_balanced_parts_have_as_many_of_each_class(few, many, folds, seed, by_site):
    rows = people(few + many, label=lambda n: "ms" if n < few else "control", site=lambda n: "AB"[n % 2])
    manifest = in_rows(rows)
    stratify = ("site",) if by_site and few > 15 else ()
    splits = make_splits(manifest, balance="label", folds=folds, seed=seed, stratify=stratify, validation=0.2)
    label_of = dict(zip(manifest.table["subject_id"], manifest.table["label"], strict=True))
    tested = []
    for fold in range(folds):
        counts = Counter((part, label_of[unit]) for unit, part in splits.units_by_part(fold=fold).items())
        for part in PARTS:
            assert counts[part, "ms"] == counts[part, "control"] > 0
        assert counts["unused", "control"] == many - few
        tested += sorted(held(splits, fold=fold))
        assert len(rows_of_part(manifest, splits, "train", fold=fold)) == counts["train", "ms"] * 2
    assert len(tested) == len(set(tested)) == (2 * few if folds > 1 else len(tested))


def test_a_held_out_site_is_balanced_on_its_own():
    rows = people(60, site=lambda n: "AB"[n % 2], label=lambda n: "ms" if n % 3 else "control")
    splits = make_splits(in_rows(rows), hold_out={"site": ["A"]}, balance="label")
    label_of = {row["subject_id"]: row["label"] for row in rows}
    for part in PARTS:
        counts = Counter(label_of[unit] for unit in held(splits, part))
        assert counts["ms"] == counts["control"] > 0


def test_the_published_migraine_split_can_be_asked_for_in_counts():
    manifest = in_rows(people(198, label=lambda n: "migraine" if n % 2 else "control"))
    for request in ({"stratify": ("label",)}, {"balance": "label"}):
        splits = make_splits(manifest, test=20, validation=20, **request)
        label_of = dict(zip(manifest.table["subject_id"], manifest.table["label"], strict=True))
        counts = Counter((part, label_of[unit]) for unit, part in splits.units_by_part().items())
        assert [counts[part, label] for part in PARTS for label in ("migraine", "control")] == [
            *(79, 79),
            *(10, 10),
            *(10, 10),
        ]


@settings(max_examples=30, deadline=None)
@given(test=st.integers(1, 8), validation=st.integers(0, 8), number=st.integers(18, 30))
def test_counts_are_exact(test, validation, number):
    splits = make_splits(in_rows(people(number)), test=test, validation=validation)
    assert (len(held(splits)), len(held(splits, "validation"))) == (test, validation)


@settings(max_examples=40, deadline=None)
@given(
    number=st.integers(12, 40),
    folds=st.integers(2, 5),
    repeats=st.integers(1, 3),
    test=st.floats(0.0, 0.4),
    seed=st.integers(0, 99),
)
def test_where_validation_rotates_each_unit_is_tested_always_or_validated_once(
    number, folds, repeats, test, seed
):
    manifest = in_rows(people(number))
    splits = make_splits(manifest, folds=folds, rotate="validation", test=test, repeats=repeats, seed=seed)
    tested = held(splits)
    assert abs(len(tested) - test * number) <= 1
    for repeat in range(repeats):
        places = [{"repeat": repeat, "fold": fold} for fold in range(folds)]
        assert all(held(splits, **place) == tested for place in places)
        validated = [held(splits, "validation", **place) for place in places]
        assert sum(map(len, validated)) == number - len(tested)
        assert set().union(*validated) == {f"s{n:03}" for n in range(number)} - tested
        assert max(map(len, validated)) - min(map(len, validated)) <= 1
    assert splits_faults(manifest, splits) == []


@pytest.mark.parametrize(
    "request_", [{}, {"stratify": ("label", "age:3")}, {"balance": "label"}, {"test": 6}], ids=str
)
def test_the_test_part_of_rotating_validation_is_that_of_a_single_split(request_):
    rows = people(45, label=lambda n: "ms" if n % 3 else "control", age=lambda n: n)
    once = make_splits(in_rows(rows), seed=3, **request_)
    folded = make_splits(in_rows(rows), seed=3, folds=3, repeats=2, rotate="validation", **request_)
    assert held(folded, repeat=1, fold=2) == held(once)
    assert held(folded, "unused", repeat=1, fold=2) == held(once, "unused")
    assert held(folded, "validation") != held(folded, "validation", repeat=1)


def test_rotating_validation_is_in_proportion_and_balanced_in_each_fold():
    rows = people(50, label=lambda n: "ms" if n < 20 else "control")
    for request, wanted in (({"stratify": ("label",)}, (4, 6)), ({"balance": "label"}, (4, 4))):
        splits = make_splits(in_rows(rows), folds=4, test=0.2, rotate="validation", **request)
        for fold in range(4):
            label_of = {row["subject_id"]: row["label"] for row in rows}
            counts = Counter(label_of[unit] for unit in held(splits, "validation", fold=fold))
            assert (counts["ms"], counts["control"]) == wanted


def test_a_held_out_site_is_the_test_part_of_all_folds_that_rotate():
    rows = people(30, site=lambda n: "ABC"[n % 3], label=lambda n: "ab"[n % 2])
    for request in ({}, {"balance": "label"}):
        splits = make_splits(
            in_rows(rows), hold_out={"site": ["A"]}, folds=4, rotate="validation", repeats=2, **request
        )
        for repeat, fold in ((0, 0), (1, 3)):
            assert held(splits, repeat=repeat, fold=fold) == {f"s{n:03}" for n in range(0, 30, 3)}
            assert len(held(splits, "validation", repeat=repeat, fold=fold)) in (4, 5, 6)
        assert (splits.test, splits.validation, splits.rotate) == (None, None, "validation")
