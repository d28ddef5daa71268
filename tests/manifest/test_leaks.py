from __future__ import annotations

from pathlib import Path

import pytest

from monai_mri.manifest import Manifest, Splits, make_splits
from monai_mri.manifest.leaks import splits_faults
from monai_mri.manifest.schema import FileRecord, Sidecar
from monai_mri.manifest.table import as_table


def cohort(**changed: dict[str, str]) -> Manifest:
    rows = [
        {"subject_id": name, "flair": f"{name}.nii", "mask": "", "label": "ms"} | changed.get(name, {})
        for name in "abcd"
    ]
    return Manifest(Path("m.csv"), as_table(rows, where=Path("m.csv")))


def splits(manifest, *folds, unit="subject_id") -> Splits:
    return Splits(manifest_sha256=manifest.sha256, unit=unit, parts=(folds,))


FOLD = {"a": "train", "b": "train", "c": "validation", "d": "test"}


def codes(manifest, found) -> list[str]:
    return [fault.code for fault in splits_faults(manifest, found)]


def test_sound_splits_have_no_fault():
    assert splits_faults(cohort(), splits(cohort(), FOLD)) == []


@pytest.mark.parametrize("column", ["scan_id", "series_uid", "family_id", "mask", "flair"])
def test_rows_of_one_declared_thing_in_two_parts_are_a_leak(column):
    everyone = {name: {column: f"{column}-{name}.png"} for name in "abcd"}
    manifest = cohort(**everyone | {"a": {column: "x.nii"}, "d": {column: "x.nii"}})
    manifest = Manifest(manifest.path, manifest.table, Sidecar(modalities=("flair",)))
    (fault,) = splits_faults(manifest, splits(manifest, FOLD))
    assert fault.code == "E601"
    name = "file" if column in ("mask", "flair") else column
    assert f"{name} 'x.nii' is in train and in test" in fault.found
    assert splits_faults(manifest, splits(manifest, FOLD | {"d": "train"})) == []


def test_one_file_in_two_columns_of_two_subjects_is_a_leak():
    manifest = cohort(a={"t1": "x.nii"}, d={"flair": "x.nii"})
    (fault,) = splits_faults(manifest, splits(manifest, FOLD))
    assert fault.code == "E601"


def test_scans_numbered_within_their_subject_are_not_one_scan():
    manifest = cohort(**{name: {"scan_id": "1"} for name in "abcd"})
    assert splits_faults(manifest, splits(manifest, FOLD)) == []


def test_all_leaks_are_listed_each_once_with_the_number_of_folds():
    same = {"family_id": "f", "scan_id": "s"}
    manifest = cohort(
        a=same, d=same, b={"family_id": "g", "scan_id": "t"}, c={"family_id": "h", "scan_id": "u"}
    )
    found = splits_faults(manifest, splits(manifest, FOLD | {"d": "train"}, FOLD, FOLD))
    assert [fault.code for fault in found] == ["E601", "E601"]
    assert "(repeat 0, fold 1; 2 of 3 folds)" in found[0].found


def test_equal_bytes_in_two_parts_are_a_leak_but_equal_masks_are_not():
    plain = cohort(a={"mask": "am.nii"}, d={"mask": "dm.nii"})
    names = [*(f"{name}.nii" for name in "abcd"), "am.nii", "dm.nii"]
    letter = dict(zip(names, "abcaff", strict=True))  # a and d, and both masks
    files = {name: FileRecord(sha256=letter[name] * 64, shape=(1,)) for name in names}
    sidecar = Sidecar(modalities=("flair",), files=files)
    manifest = Manifest(plain.path, plain.table, sidecar)
    (fault,) = splits_faults(manifest, splits(manifest, FOLD))
    assert fault.code == "E110"
    assert fault.found == "a.nii is in train, and d.nii in test has the same bytes"


def test_a_subject_parted_without_saying_so_is_a_leak():
    rows = [{"subject_id": "a", "visit": visit, "flair": f"{visit}.nii"} for visit in ("v1", "v2")]
    manifest = Manifest(Path("m.csv"), as_table(rows, where=Path("m.csv")))
    assert codes(manifest, splits(manifest, {"v1": "train", "v2": "test"}, unit="visit")) == ["E601"]
    declared = {"a/v1": "train", "a/v2": "test"}
    assert codes(manifest, splits(manifest, declared, unit="subject_id/visit")) == []
    assert codes(manifest, splits(manifest, {"1": "train", "2": "test"}, unit="row")) == []


def test_unused_rows_leak_nothing():
    manifest = cohort(a={"flair": "x.nii"}, d={"flair": "x.nii"})
    assert codes(manifest, splits(manifest, FOLD | {"a": "unused"})) == []


def test_units_on_one_side_only_are_named():
    manifest = cohort()
    found = splits_faults(manifest, splits(manifest, {"a": "train", "x": "test"}))
    assert "'b' and 2 more are not in the splits" in found[0].found
    assert "'x' is not in the manifest" in found[1].found


def test_splits_of_another_manifest_are_named_with_what_else_is_wrong():
    manifest, other = cohort(), cohort(a={"flair": "d.nii"})
    found = splits_faults(other, splits(manifest, FOLD))
    assert "its hash is" in found[0].found
    assert found[1].code == "E601"
    (fault,) = splits_faults(manifest, splits(manifest, {"f": "train"}, unit="family_id"))
    assert "no column 'family_id'" in fault.found


def test_a_part_without_a_class_is_named_with_the_number_of_folds():
    manifest = cohort(a={"label": "control"}, b={"label": "control"})
    (train, validation, test) = splits_faults(manifest, splits(manifest, FOLD))[::-1]
    assert {train.code, validation.code, test.code} == {"E603"}
    assert {fault.found for fault in (train, validation, test)} == {
        "train has no unit with label 'ms'",
        "validation has no unit with label 'control'",
        "test has no unit with label 'control'",
    }
    both = FOLD | {"b": "test", "c": "train"}
    assert codes(manifest, splits(manifest, both)) == []
    assert "in 1 of 2 folds" in splits_faults(manifest, splits(manifest, both, FOLD))[0].found


def test_a_label_with_many_values_is_no_class():
    manifest = cohort(**{name: {"label": str(number)} for number, name in enumerate("abcd")})
    assert splits_faults(manifest, splits(manifest, FOLD)) == []


def test_what_is_made_has_no_fault():
    manifest = cohort()
    assert splits_faults(manifest, make_splits(manifest)) == []


def test_a_class_that_is_only_for_training_is_not_missed_in_the_test_part(in_memory):
    rows = {f"s{n}": ["ab"[n % 2]] for n in range(12)} | {"x1": ["c"], "x2": ["c"]}
    manifest = in_memory(rows)
    asked = make_splits(manifest, only_train={"label": ["c"]}, stratify=["label"], validation=2, test=2)
    assert splits_faults(manifest, asked) == []
    untold = asked.model_copy(update={"only_train": {}})
    assert {fault.code for fault in splits_faults(manifest, untold)} == {"E603"}
