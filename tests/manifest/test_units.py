from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monai_mri.errors import LeakError
from monai_mri.manifest import (
    Manifest,
    make_splits,
    read_splits,
    write_splits,
)
from monai_mri.manifest.leaks import splits_faults
from monai_mri.manifest.splits import parts_of_rows
from monai_mri.manifest.table import as_table
from monai_mri.manifest.units import shared_columns, unit_keys, unit_name


def people(number: int, **columns) -> list[dict[str, str]]:
    """A row for each of so many subjects; a column is a function of the subject's number."""
    return [
        {"subject_id": f"s{n:03}", "flair": f"{n}.nii"} | {name: str(of(n)) for name, of in columns.items()}
        for n in range(number)
    ]


def in_rows(rows) -> Manifest:
    return Manifest(Path("m.csv"), as_table(rows, where=Path("m.csv")))


@settings(max_examples=40, deadline=None)
@given(size=st.integers(2, 4), number=st.integers(20, 60), folds=st.integers(1, 4), seed=st.integers(0, 99))
def test_families_stay_together(size, number, folds, seed):
    manifest = in_rows(people(number, family_id=lambda n: f"f{n % (number // size)}"))
    splits = make_splits(manifest, unit="family_id", folds=folds, seed=seed)
    for fold in range(folds):
        parts = dict(
            zip(manifest.table["family_id"], parts_of_rows(manifest, splits, fold=fold), strict=True)
        )
        assert parts == splits.units_by_part(fold=fold)
    assert not splits.warnings


def test_a_subject_of_two_families_is_a_leak():
    rows = [{"subject_id": "a", "family_id": family, "flair": f"{family}.nii"} for family in ("f", "g")]
    rows += people(10, family_id=lambda n: n)
    with pytest.raises(LeakError, match=r"subject_id 'a' stands under family_id 'f' and 'g'.*E601"):
        make_splits(in_rows(rows), unit="family_id")


def test_a_declared_family_is_not_torn_by_dividing_subjects():
    with pytest.raises(
        LeakError, match=r"'f0' stands under subject_id 's000' and 's001'.*divide by family_id"
    ):
        make_splits(in_rows(people(10, family_id=lambda n: f"f{n // 2}")))


def visits(subjects: int = 10) -> list[dict[str, str]]:
    return [
        row | {"session_id": visit, "scan_id": row["subject_id"] + visit, "flair": visit + row["flair"]}
        for row in people(subjects, family_id=lambda n: f"f{n}")
        for visit in ("1", "2", "3")
    ]


@pytest.mark.parametrize("unit", ["session_id", "scan_id", "subject_id/session_id", "row"])
def test_a_unit_finer_than_the_subject_warns_and_the_warning_stays(unit, tmp_path):
    manifest = in_rows(visits())
    splits = make_splits(manifest, unit=unit, test=0.3)
    assert len(splits.units_by_part()) == 30
    (warning,) = splits.warnings
    parts = parts_of_rows(manifest, splits)
    seen = Counter(s for s, _ in set(zip(manifest.table["subject_id"], parts, strict=True)))
    torn = sum(count > 1 for count in seen.values())
    assert warning.startswith(f"subjects stand in several parts: {torn} of 10,")
    assert "scores will flatter" in warning
    write_splits(tmp_path / "m.splits.json", splits)
    assert read_splits(tmp_path / "m.splits.json") == splits
    assert splits_faults(manifest, splits) == []


def test_sessions_may_part_subjects_but_not_images_or_scans():
    rows = visits()
    for row in rows[:2]:
        row["flair"] = "same.nii"
    assign = {"s000/1": "train", "s000/2": "test"}
    with pytest.raises(LeakError, match=r"file 'same\.nii'"):
        make_splits(in_rows(rows), unit="session_id", assign=assign)
    for number, row in enumerate(rows):
        row["flair"], row["scan_id"] = f"{number}.nii", row["subject_id"]
    with pytest.raises(LeakError, match="scan_id 's000' stands under"):
        make_splits(in_rows(rows), unit="session_id", assign=assign)


def test_session_1_of_two_subjects_is_two_units_whatever_their_names():
    rows = [
        {"subject_id": subject, "session_id": session, "flair": f"{number}.nii"}
        for number, (subject, session) in enumerate([("a/b", "c"), ("a", "b/c"), ("a%2Fb", "c"), ("a", "1")])
    ]
    assert len(make_splits(in_rows(rows), unit="session_id").units_by_part()) == 4


def test_values_within_a_subject_are_qualified_and_escaped():
    manifest = in_rows(visits(1))
    assert unit_name(manifest, "session_id") == "subject_id/session_id"
    assert unit_name(manifest, "family_id") == "family_id"
    assert unit_keys(manifest, "subject_id/session_id") == ["s000/1", "s000/2", "s000/3"]
    assert unit_keys(manifest, "row") == ["1", "2", "3"]


def test_what_is_coarser_than_the_unit_may_be_shared():
    assert shared_columns("subject_id/scan_id") == {"family_id", "subject_id", "session_id"}
    assert {"scan_id", "series_uid"} <= shared_columns("row")
    assert shared_columns("family_id") == set()
