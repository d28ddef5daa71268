from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest import (
    Manifest,
    make_splits,
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


SITES = st.integers(2, 5)


@settings(max_examples=40, deadline=None)
@given(sites=SITES, number=st.integers(20, 50), seed=st.integers(0, 99), repeats=st.integers(1, 2))
def test_each_site_is_tested_once_when_left_out_one_by_one(sites, number, seed, repeats):
    manifest = in_rows(people(number, site=lambda n: f"site {n % sites}"))
    splits = make_splits(manifest, leave_one_out="site", repeats=repeats, seed=seed)
    assert splits.fold_names == tuple(f"site {n}" for n in range(sites))
    site_of = dict(zip(manifest.table["subject_id"], manifest.table["site"], strict=True))
    for repeat in range(repeats):
        for fold, name in enumerate(splits.fold_names):
            place = {"repeat": repeat, "fold": fold}
            assert held(splits, **place) == {unit for unit, site in site_of.items() if site == name}
            rest = number - len(held(splits, **place))
            assert abs(len(held(splits, "validation", **place)) - 0.1 * rest) <= 1


def test_repeats_of_a_held_out_site_deal_only_validation_anew():
    manifest = in_rows(people(40, site=lambda n: "ABCD"[n % 4]))
    splits = make_splits(manifest, hold_out={"site": ["A", "C"]}, repeats=4)
    assert {frozenset(held(splits, repeat=repeat)) for repeat in range(4)} == {
        frozenset(f"s{n:03}" for n in range(0, 40, 2))
    }
    assert len({frozenset(held(splits, "validation", repeat=repeat)) for repeat in range(4)}) > 1
    assert (splits.hold_out, splits.test) == ({"site": ("A", "C")}, None)


def test_a_subject_seen_at_two_sites_cannot_be_held_out():
    rows = [*people(10, site=lambda n: "AB"[n % 2]), {"subject_id": "s000", "site": "B", "flair": "x.nii"}]
    for request in ({"hold_out": {"site": ["A"]}}, {"leave_one_out": "site"}):
        with pytest.raises(ManifestError, match="'s000' stands at site 'A' and 'B'"):
            make_splits(in_rows(rows), **request)


def test_an_assigned_subject_cannot_be_held_out_too():
    manifest = in_rows(people(10, site=lambda n: "AB"[n % 2]))
    with pytest.raises(UsageError, match="'s000' is assigned to train and held out"):
        make_splits(manifest, hold_out={"site": ["A"]}, assign={"s000": "train"})


@settings(max_examples=40, deadline=None)
@given(
    number=st.integers(24, 40),
    more=st.integers(1, 15),
    folds=st.integers(1, 4),
    seed=st.integers(0, 99),
    how=st.sampled_from(
        [
            {"stratify": ("age:3",)},
            {"stratify": ("label",)},
            {"rotate": "validation"},
            {"leave_one_out": "site"},
        ]
    ),
)
def test_rows_only_for_training_are_so_in_every_fold_and_change_nothing_else(number, more, folds, seed, how):
    folds = 1 if "leave_one_out" in how else 3 if "rotate" in how else folds
    columns = {"site": lambda n: "AB"[n % 2], "label": lambda n: "ab"[n % 2], "age": lambda n: n % 7}
    rows = people(number, source=lambda _: "main", **columns)
    extra = [
        {**row, "subject_id": f"x{place}", "flair": f"x{place}.nii", "source": "more", "label": "c"}
        for place, row in enumerate(people(more, site=lambda _: "C", age=lambda n: 1000 + n))
    ]
    without = make_splits(in_rows(rows), folds=folds, seed=seed, **how)
    manifest = in_rows(rows + extra)
    splits = make_splits(manifest, folds=folds, seed=seed, only_train={"source": ["more"]}, **how)
    always = dict.fromkeys((row["subject_id"] for row in extra), "train")
    assert splits.folds == without.folds
    for fold in range(splits.folds):
        assert splits.units_by_part(fold=fold) == without.units_by_part(fold=fold) | always
    assert splits.only_train == {"source": ("more",)}
    assert splits_faults(manifest, splits) == splits_faults(in_rows(rows), without)


@pytest.mark.parametrize(
    ("request_", "error", "message"),
    [
        ({"only_train": {"city": ["B"]}}, UsageError, "'city' to train on only"),
        ({"only_train": {"site": ["D"]}}, UsageError, "site 'D' only trained on"),
        ({"only_train": {"site": ["B"]}, "balance": "site"}, UsageError, "balance and only_train"),
        (
            {"only_train": {"site": ["B"]}, "hold_out": {"site": ["B"]}},
            UsageError,
            "'s001' is named for test",
        ),
        ({"only_train": {"site": ["B"]}, "assign": {"s001": "validation"}}, UsageError, "for validation"),
        ({"only_train": {"site": ["A", "B"]}}, ManifestError, "no subject is left for validation"),
        ({"only_train": {"site": ["A", "B"]}, "folds": 2}, ManifestError, "0 subjects for 2 folds"),
        ({"only_train": {"site": ["A"]}, "leave_one_out": "site"}, ManifestError, "same in all rows to deal"),
    ],
)
def test_what_cannot_be_only_trained_on_is_refused_by_name(request_, error, message):
    with pytest.raises(error, match=message):
        make_splits(in_rows(people(12, site=lambda n: "AB"[n % 2])), **request_)


@pytest.mark.parametrize("unit", ["subject_id", "row", "family_id"])
def test_a_subject_with_rows_of_both_kinds_is_refused(unit):
    rows = people(10, site=lambda n: "AB"[n % 2], family_id=lambda n: n)
    rows.append({"subject_id": "s001", "site": "A", "family_id": "1", "flair": "x.nii"})
    with pytest.raises(
        ManifestError, match="subject_id 's001' has rows that are only for training and others"
    ):
        make_splits(in_rows(rows), unit=unit, only_train={"site": ["B"]})


def test_a_family_with_members_of_both_kinds_is_refused():
    rows = people(10, site=lambda n: "AB"[n % 2], family_id=lambda n: n // 2)
    with pytest.raises(ManifestError, match="family_id '0' has rows that are only for training and others"):
        make_splits(in_rows(rows), unit="family_id", only_train={"site": ["B"]})
