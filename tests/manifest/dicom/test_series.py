from __future__ import annotations

import pytest

from monai_mri.manifest.dicom.series import find_series, missing_slices, unsuitable

STRICT = {"derived": False, "gaps": False, "volumes": False, "least_slices": 3}


def only(paths, root):
    (series,), skipped = find_series(paths, root)
    assert not skipped
    return series


@pytest.mark.parametrize(
    ("slices", "missing"), [(range(5), 0), ([0, 1, 3, 4], 1), ([0, 1, 2, 6, 7, 8], 3), ([0, 4], 0), ([0], 0)]
)
def test_missing_slices_are_counted_between_the_first_and_the_last(write_series, tmp_path, slices, missing):
    assert missing_slices(only(write_series(tmp_path, slices=slices), tmp_path)) == missing


def test_a_gap_is_seen_on_an_oblique_stack_too(write_series, tmp_path):
    paths = write_series(tmp_path, slices=[0, 1, 3, 4], orientation=(0.8, 0.6, 0, -0.36, 0.48, -0.8))
    assert missing_slices(only(paths, tmp_path)) == 1


def test_one_series_uid_under_two_patients_is_two_series(write_series, tmp_path):
    uids = {"SeriesInstanceUID": "1.2", "StudyInstanceUID": "1.3"}
    paths = write_series(tmp_path, stem="a", PatientID="A", **uids)
    paths += write_series(tmp_path, stem="b", PatientID="B", **uids)
    found, _ = find_series(paths, tmp_path)
    assert [len(series.images) for series in found] == [5, 5]


def test_mosaics_are_volumes(write_series, tmp_path):
    series = only(write_series(tmp_path, ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"]), tmp_path)
    assert unsuitable(series, **STRICT) == "5 volumes as mosaics (option volumes=keep)"
    assert unsuitable(series, **{**STRICT, "volumes": True}) == ""


def test_an_incomplete_last_volume_is_seen(write_series, tmp_path):
    uids = {"SeriesInstanceUID": "1.2", "StudyInstanceUID": "1.3"}
    paths = write_series(tmp_path, stem="a", **uids) + write_series(tmp_path, stem="b", slices=[0, 1], **uids)
    series = only(paths, tmp_path)
    assert unsuitable(series, **{**STRICT, "volumes": True}).startswith("7 images at 5 positions")


def test_a_series_without_geometry_is_refused(write_series, tmp_path):
    series = only(write_series(tmp_path, ImageOrientationPatient=None), tmp_path)
    assert "its place in space is unknown" in unsuitable(series, **STRICT)
