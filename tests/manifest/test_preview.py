from __future__ import annotations

from pathlib import Path

from monai_mri.manifest import Manifest, make_splits
from monai_mri.manifest.preview import describe_splits
from monai_mri.manifest.table import as_table


def cohort(number=12, *, visits=1, **columns) -> Manifest:
    rows = [
        {"subject_id": f"s{n:03}", "session_id": str(visit), "flair": f"{n}_{visit}.nii"}
        | {name: str(of(n)) for name, of in columns.items()}
        for n in range(number)
        for visit in range(visits)
    ]
    return Manifest(Path("m.csv"), as_table(rows, where=Path("m.csv")))


def lines(manifest, **request) -> list[list[str]]:
    return [line.split() for line in describe_splits(manifest, make_splits(manifest, **request)).splitlines()]


def test_subjects_are_counted_by_class_and_site_of_each_part():
    manifest = cohort(visits=2, label=lambda n: "ab"[n % 2], site=lambda n: "XY"[n // 6])
    shown = lines(manifest, test=4, validation=0, stratify=("label", "site"))
    assert shown[1:] == [
        ["part", "site", "rows", "subjects", "label", "a", "label", "b"],
        ["train", "all", "16", "8", "4", "4"],
        ["X", "4", "2", "2"],
        ["Y", "4", "2", "2"],
        ["test", "all", "8", "4", "2", "2"],
        ["X", "2", "1", "1"],
        ["Y", "2", "1", "1"],
    ]


def test_without_sites_and_classes_two_columns_are_left():
    shown = lines(cohort(10), test=0.2, validation=0.1)
    assert shown[1:] == [
        ["part", "rows", "subjects"],
        ["train", "7", "7"],
        ["validation", "1", "1"],
        ["test", "2", "2"],
    ]


def test_of_several_folds_the_first_is_shown_with_the_range_of_all():
    shown = lines(cohort(11), folds=3, repeats=2, validation=0)
    assert shown[1][:6] == ["the", "first", "of", "2", "x", "3"]
    assert shown[-1] == ["test", "4", "(3-4)", "4", "(3-4)"]


def test_sites_left_out_one_by_one_are_named():
    text = "\n".join(
        " ".join(line) for line in lines(cohort(site=lambda n: "XYZ"[n % 3]), leave_one_out="site")
    )
    assert "a fold for each site: X, Y, Z" in text


def test_unused_units_are_shown_where_classes_are_balanced():
    shown = lines(cohort(label=lambda n: "a" if n < 4 else "b"), balance="label", test=2, validation=2)
    assert shown[-1] == ["unused", "4", "4", "0", "4"]


def test_a_finer_unit_is_counted_beside_subjects_and_warned_of():
    manifest = cohort(visits=3)
    text = describe_splits(manifest, make_splits(manifest, unit="session_id"))
    assert text.splitlines()[1].split() == ["part", "units", "rows", "subjects"]
    assert text.splitlines()[-1].startswith("warning: subjects stand in several parts: ")


def test_many_sites_and_classes_are_counted_together():
    manifest = cohort(90, site=lambda n: n % 30, label=lambda n: n % 15)
    text = describe_splits(manifest, make_splits(manifest))
    assert "(others)" in text
    assert text.count("label ") == 9
    assert len(text.splitlines()) < 50


def test_what_rotates_and_what_is_only_for_training_is_said():
    manifest = cohort(30, visits=2, site=lambda n: "XYZ"[n % 3])
    request = {"folds": 4, "rotate": "validation", "only_train": {"site": ["Z", "Y"]}}
    shown = describe_splits(manifest, make_splits(manifest, **request)).splitlines()
    assert shown[1] == "only for training in every fold: site Z, Y (20 subjects)"
    assert shown[2] == "each fold is the validation part once, the test part is the same in all"
    assert shown[5].split() == ["train", "all", "52", "26"]
