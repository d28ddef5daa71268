from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest import (
    Manifest,
    make_splits,
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
