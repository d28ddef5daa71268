from __future__ import annotations

import json
import shutil

import jsonschema
import numpy as np
import pytest
from PIL import Image

from monai_mri.errors import DataError, UsageError
from monai_mri.manifest import read_manifest
from monai_mri.manifest.checks import check_manifest
from monai_mri.phantom import make_tumour_cohort
from monai_mri.phantom.tumour_cohort import TUMOUR_FREE_SHARE, belongs
from monai_mri.phantom.tumour_scanner import CHANNELS, INSTITUTIONS

TINY = {"slices": 6, "image_size": 48, "progress": False}
SETTINGS = {"subjects": 6, "seed": 3, "flair_only_share": 0.4, **TINY}


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return make_tumour_cohort(tmp_path_factory.mktemp("cohort"), **SETTINGS)


@pytest.fixture(scope="module")
def null(tmp_path_factory):
    return make_tumour_cohort(tmp_path_factory.mktemp("null"), effect=0, **SETTINGS)


def bytes_below(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def pixels(manifest, row, column):
    with Image.open(manifest.parent / row[column]) as picture:
        assert picture.format == "TIFF"
        return np.asarray(picture)


def test_manifest_lists_every_slice_with_its_mask_from_base_to_top(cohort):
    table = read_manifest(cohort)
    columns = ["subject_id", "session_id", "site", "image", "mask", "label", "slice_index", "copied_channels"]
    assert list(table.table.columns) == columns
    rows = table.rows()
    assert [row["slice_index"] for row in rows] == list("123456") * 6
    assert rows[7]["image"] == "sub-002/sub-002_02.tif"
    assert rows[7]["mask"] == "sub-002/sub-002_02_mask.tif"
    sites = [row["site"] for row in rows[::6]]
    assert sites == [institution.name for institution in (*INSTITUTIONS, INSTITUTIONS[0])]
    widths = [(pixels(cohort, row, "image").max(axis=2) > 40).any(axis=0).sum() for row in rows[:6]]
    assert widths[-1] < widths[2]  # the top of the head is narrower than its middle


def test_slices_are_three_channels_of_8_bits_and_masks_are_0_and_255(cohort):
    for row in read_manifest(cohort).rows():
        image, mask = pixels(cohort, row, "image"), pixels(cohort, row, "mask")
        assert (image.shape, image.dtype) == ((48, 48, len(CHANNELS)), np.uint8)
        assert (mask.shape, mask.dtype) == ((48, 48), np.uint8)
        assert set(np.unique(mask)) <= {0, 255}


def test_label_says_whether_the_mask_holds_a_pixel(cohort):
    rows = read_manifest(cohort).rows()
    found = {row["label"]: 0 for row in rows}
    for row in rows:
        assert row["label"] == ("tumor" if pixels(cohort, row, "mask").any() else "no_tumor")
        found[row["label"]] += 1
    assert set(found) == {"tumor", "no_tumor"}


def test_copied_channels_names_the_patients_whose_channels_are_all_flair(cohort):
    rows = read_manifest(cohort).rows()
    assert {row["copied_channels"] for row in rows} == {"", "pre+post"}
    for row in rows:
        pre, flair, post = np.moveaxis(pixels(cohort, row, "image"), -1, 0)
        copied = np.array_equal(pre, flair) and np.array_equal(post, flair)
        assert copied == (row["copied_channels"] == "pre+post")


@pytest.mark.parametrize(("what", "share"), [("tumour-free", TUMOUR_FREE_SHARE), ("flair only", 9 / 110)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_prefix_of_a_cohort_has_its_share_and_no_institution_all_of_it(what, share, seed):
    chosen = np.array([belongs(what, share=share, index=index, seed=seed) for index in range(220)])
    counts = chosen.cumsum()
    assert np.abs(counts - share * np.arange(1, 221)).max() <= 2
    assert max(chosen[first::5].sum() for first in range(5)) <= counts[-1] / 2


def test_being_tumour_free_has_nothing_to_do_with_having_flair_alone():
    free, alone = (
        np.array([belongs(what, share=0.3, index=index, seed=0) for index in range(500)])
        for what in ("tumour-free", "flair only")
    )
    assert (free & alone).mean() == pytest.approx(0.09, abs=0.02)


def test_a_patient_without_a_tumour_has_no_tumour_in_any_slice(tmp_path):
    first = next(n for n in range(99) if belongs("tumour-free", share=TUMOUR_FREE_SHARE, index=0, seed=n))
    rows = read_manifest(make_tumour_cohort(tmp_path, subjects=2, seed=first, **TINY)).rows()
    labels = [{row["label"] for row in rows if row["subject_id"] == name} for name in ("sub-001", "sub-002")]
    assert labels == [{"no_tumor"}, {"no_tumor", "tumor"}]


def test_flair_is_bright_and_t1_dark_where_the_mask_is(cohort, null):
    rows = [row for row in read_manifest(cohort).rows() if not row["copied_channels"]]
    changes = []
    for row in rows:
        inside = pixels(cohort, row, "mask") > 0
        if inside.any():
            change = pixels(cohort, row, "image").astype(float) - pixels(null, row, "image")
            changes.append(change[inside].mean(axis=0))
    pre, flair, _ = np.mean(changes, axis=0)
    assert flair > 15
    assert pre < -10


def test_null_cohort_has_the_same_masks_and_labels_and_other_images(cohort, null):
    rows = read_manifest(cohort).rows()
    assert rows == read_manifest(null).rows()
    for row in rows:
        assert np.array_equal(pixels(cohort, row, "mask"), pixels(null, row, "mask"))
        same = np.array_equal(pixels(cohort, row, "image"), pixels(null, row, "image"))
        assert same or row["label"] == "tumor" or _edge_only(cohort, null, row)


def _edge_only(cohort, null, row):
    """A glioma's soft border may reach into a slice whose mask is empty, but hardly."""
    change = np.abs(pixels(cohort, row, "image").astype(int) - pixels(null, row, "image"))
    return (change > 0).mean() < 0.05


def test_raw_intensity_finds_no_tumour_free_slice_without_bright_pixels(cohort):
    """Scalp, fat and marrow are as bright as a glioma, so that no threshold on the maximum tells a slice."""
    rows = [row for row in read_manifest(cohort).rows() if row["site"] == "site-a"]
    brightest = {"tumor": [], "no_tumor": []}
    for row in rows:
        brightest[row["label"]].append(int(pixels(cohort, row, "image")[..., 1].max()))
    assert max(brightest["no_tumor"]) > min(brightest["tumor"])


def test_the_same_arguments_give_the_same_bytes(cohort, tmp_path):
    make_tumour_cohort(tmp_path / "again", **SETTINGS)
    assert bytes_below(tmp_path / "again") == bytes_below(cohort.parent)


def test_a_smaller_cohort_replaces_a_larger_one_and_holds_the_same_first_patient(cohort, tmp_path):
    shutil.copytree(cohort.parent, tmp_path, dirs_exist_ok=True)
    make_tumour_cohort(tmp_path, **SETTINGS | {"subjects": 1})
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("manifest.csv", "manifest.json", "phantom.json", "sub-001")
    ]
    assert bytes_below(tmp_path / "sub-001") == bytes_below(cohort.parent / "sub-001")


def test_sidecar_and_note_say_how_the_images_were_made_and_how_large_a_voxel_is(cohort):
    source = json.loads(cohort.with_suffix(".json").read_text())["source"]
    for words in ("Synthetic", "seed 3", "effect 1.0", "slices 6"):
        assert words in source
    note = json.loads((cohort.parent / "phantom.json").read_text())
    assert (note["kind"], note["voxel_size_mm"]) == ("tumour", [5.0, 5.0, 19.6667])


def test_manifest_fits_the_studys_schema_and_passes_the_check(cohort, repository):
    schema = repository / "data_manifests/brain_tumor.schema.json"
    for row in read_manifest(cohort).rows():
        jsonschema.validate(row, json.loads(schema.read_text()))
    result = check_manifest(cohort, depth="voxels", schema=schema)
    assert {finding.code for finding in result.findings} <= {"W306"}  # slices without a tumour


def test_a_folder_with_another_cohort_is_refused_and_left_alone(tmp_path):
    (tmp_path / "phantom.json").write_text('{"kind": "lesion"}')
    with pytest.raises(DataError, match="not a phantom cohort of kind tumour"):
        make_tumour_cohort(tmp_path, subjects=1, **TINY)
    assert set(bytes_below(tmp_path)) == {"phantom.json"}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("subjects", 0),
        ("effect", -0.1),
        ("effect", float("nan")),
        ("seed", -1),
        ("slices", 3),
        ("slices", 119),
        ("image_size", 31),
        ("flair_only_share", 1.1),
    ],
)
def test_a_bad_setting_is_named_and_nothing_is_written(tmp_path, setting, value):
    with pytest.raises(UsageError, match=f"^{setting}: "):
        make_tumour_cohort(tmp_path / "out", **{**TINY, setting: value})
    assert not (tmp_path / "out").exists()
