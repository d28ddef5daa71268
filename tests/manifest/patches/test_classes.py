from __future__ import annotations

from pathlib import Path

import pytest

from monai_mri.errors import ManifestError
from monai_mri.manifest.patches.classes import TableClasses, by_value
from monai_mri.manifest.patches.components import Lesion
from monai_mri.manifest.patches.scans import Scan

SCAN = Scan("s1", "b", Path("x.nii"), {})


def lesion(number: int, value: int = 3) -> Lesion:
    return Lesion(number, 1, 0.1, (0, 0, 0), (0.0, 0.0, 0.0), value, {value: 1})


def test_a_value_is_its_own_class_or_has_a_name_or_none():
    assert by_value({})(SCAN, lesion(1)) == "3"
    assert by_value({"3": "de"})(SCAN, lesion(1)) == "de"
    assert by_value({"2": "re"})(SCAN, lesion(1)) == ""


def test_a_row_of_the_session_goes_before_one_for_every_session(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("subject_id,session_id,lesion_id,label\ns1,,1,re\ns1,b,01,de\ns1,,2,re\ns1,a,3,de\n")
    class_of = TableClasses(path, {})
    assert [class_of(SCAN, lesion(number)) for number in (1, 2, 3)] == ["de", "re", ""]


def test_a_table_without_its_columns_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("subject_id,label\ns1,re\n")
    with pytest.raises(ManifestError, match="no column 'lesion_id'"):
        TableClasses(tmp_path / "t.csv", {})
