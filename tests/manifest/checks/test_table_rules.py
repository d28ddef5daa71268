from __future__ import annotations

import pytest

from monai_mri.manifest import write_manifest
from monai_mri.manifest.checks import check_manifest


def codes(tmp_path, **columns):
    rows = [
        {"subject_id": f"s{number}", "flair": f"{number}.nii"}
        | {name: of[number] for name, of in columns.items()}
        for number in range(6)
    ]
    found = check_manifest(write_manifest(tmp_path / "m.csv", rows).path, depth="table").findings
    return [(finding.code, finding.subject) for finding in found]


@pytest.mark.parametrize(
    ("ages", "expected"),
    [
        (["31,5", "40", "", "28,0", "33", "50"], [("W514", "s0")]),
        (["31.5", "40", "", "28.0", "33", "50"], []),
        (["a,b", "31,5", "", "", "", ""], []),
    ],
)
def test_decimal_commas_are_said_once(tmp_path, ages, expected):
    assert codes(tmp_path, age=ages) == expected


def test_a_class_in_two_spellings_is_found_in_a_small_cohort(tmp_path):
    assert codes(tmp_path, label=["A b", "a-b", "c", "d", "e", "f"]) == [("E506", "s1")]


def test_free_text_is_no_class(tmp_path):
    assert codes(tmp_path, note=["x", "X", "y", "z", "v", "w"]) == []


def test_a_site_that_tells_the_label_is_a_warning(tmp_path):
    rows = [
        {
            "subject_id": f"s{n}",
            "flair": f"{n}.nii",
            "site": "AB"[n % 2],
            "label": "ms" if n % 2 else "control",
        }
        for n in range(40)
    ]
    found = check_manifest(write_manifest(tmp_path / "m.csv", rows).path, depth="table").findings
    assert [finding.code for finding in found] == ["W604"]


def test_a_site_and_a_label_of_its_own_for_every_subject_is_no_error(tmp_path):
    letters = list("abcdef")
    assert codes(tmp_path, site=letters, label=letters[::-1]) == []
