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


def slices(tumours) -> Manifest:
    """Four slices of each subject, of which so many have tumour."""
    rows = [
        {"subject_id": f"s{n:03}", "flair": f"{n}_{k}.nii", "label": "tumor" if k < count else "no_tumor"}
        | {"site": "XY"[n % 2]}
        for n, count in enumerate(tumours)
        for k in range(4)
    ]
    return Manifest(Path("m.csv"), as_table(rows, where=Path("m.csv")))


def test_rows_are_counted_by_class_where_subjects_have_rows_of_several():
    manifest = slices([1, 1, 1, 1, 0, 0])
    assign = {"s004": "test", "s005": "test", "s003": "validation"}
    shown = describe_splits(manifest, make_splits(manifest, test=0, validation=0, assign=assign)).splitlines()
    assert shown[1] == "4 of 6 subjects have rows of several values of label: its columns count rows"
    assert shown[2].split() == [
        "part",
        "site",
        "rows",
        "subjects",
        *("rows", "label", "no_tumor"),
        *("rows", "label", "tumor"),
    ]
    assert [line.split() for line in shown[3:6]] == [
        ["train", "all", "12", "3", "9", "3"],
        ["X", "2", "6", "2"],
        ["Y", "1", "3", "1"],
    ]
    assert shown[-3].split() == ["test", "all", "8", "2", "8", "0"]


def test_rows_by_class_of_several_folds_have_their_range():
    manifest = slices([4, 1, 0, 2, 3, 0, 1, 4])
    shown = lines(manifest, folds=4, validation=0)
    assert shown[-3][:2] == ["test", "all"]
    assert [one.count("(") for one in shown[-3]].count(1) == 2


def test_a_balanced_class_is_counted_by_subjects_and_the_mixture_said():
    manifest = slices([3, 3, 3, 1, 1, 1])
    shown = lines(manifest, balance="label", test=2, validation=2)
    assert " ".join(shown[1]).endswith("several values of label, and count as their most frequent one")
    assert shown[2] == ["part", "site", "rows", "subjects", "label", "no_tumor", "label", "tumor"]
    assert shown[3][-3:] == ["2", "1", "1"]
