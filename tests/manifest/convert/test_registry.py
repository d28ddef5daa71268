from __future__ import annotations

import os

import pytest

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest import write_manifest
from monai_mri.manifest.convert import available, convert_manifest, find


def test_each_form_has_a_line_of_help_and_text_options():
    for name, form in available().items():
        assert form.summary.endswith("."), name
        assert all(isinstance(default, str) for default in form.options.values())


def test_an_unknown_form_or_option_names_the_nearest(make_cohort, tmp_path):
    with pytest.raises(UsageError, match="did you mean 'decathlon'"):
        find("decatlon")
    with pytest.raises(UsageError, match="did you mean 'fold'"):
        convert_manifest(make_cohort(), "decathlon", tmp_path / "a.json", flod="1")


@pytest.mark.parametrize("form", ["bids", "decathlon", "parquet"])
def test_nothing_is_overwritten_without_force(form, make_cohort, tmp_path):
    _need(form)
    manifest, out = make_cohort(), tmp_path / "out"
    assert convert_manifest(manifest, form, out).path == out
    with pytest.raises(UsageError, match="exists already"):
        convert_manifest(manifest, form, out)
    convert_manifest(manifest, form, out, force=True)


@pytest.mark.parametrize("form", ["decathlon", "parquet"])
def test_a_file_never_replaces_a_folder(form, make_cohort, tmp_path):
    _need(form)
    with pytest.raises(UsageError, match=r"is a folder|holds .* of the manifest"):
        convert_manifest(make_cohort(), form, tmp_path / "data", force=True)
    assert (tmp_path / "data/pat_2").is_dir()


@pytest.mark.parametrize("form", ["bids", "decathlon"])
def test_a_table_without_an_image_is_refused(form, tmp_path):
    manifest = write_manifest(tmp_path / "m.csv", [{"subject_id": "a", "age": "3"}])
    with pytest.raises(ManifestError, match="no row has an image"):
        convert_manifest(manifest, form, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["ms.csv", "ms.json", "ms.splits.json"])
def test_the_manifests_own_files_are_never_replaced(name, make_cohort, tmp_path):
    manifest = make_cohort()
    with pytest.raises(UsageError, match="belongs to the manifest itself"):
        convert_manifest(manifest, "decathlon", tmp_path / name, force=True)


@pytest.mark.parametrize("form", ["bids", "decathlon", "parquet"])
def test_an_image_or_another_name_of_the_manifest_is_never_replaced(form, make_cohort, tmp_path):
    _need(form)
    manifest = make_cohort()
    image = tmp_path / "data/pat_2/v_1_flair.nii.gz"
    before = image.read_bytes()
    with pytest.raises(UsageError, match="is an image of the manifest"):
        convert_manifest(manifest, form, image, force=True)
    os.link(tmp_path / "ms.csv", tmp_path / "other.csv")
    with pytest.raises(UsageError, match="belongs to the manifest itself"):
        convert_manifest(manifest, form, tmp_path / "other.csv", force=True)
    assert image.read_bytes() == before


def _need(form):
    """Parquet is an extra."""
    if form == "parquet":
        pytest.importorskip("pyarrow")
