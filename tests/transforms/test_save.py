from __future__ import annotations

import os

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from monai_mri.errors import ImageError, UsageError
from monai_mri.images.read import read_image, read_mask
from monai_mri.transforms.save import output_name, suffix_for, write_mask, write_probability


def test_a_mask_lies_on_the_grid_of_its_input(save_nifti, volume, affine, tmp_path):
    source = save_nifti(volume, affine)
    picture = read_image(source)
    path = write_mask(picture.array > 60, picture, tmp_path / "mask.nii.gz")
    written, original = nib.load(path), nib.load(source)
    np.testing.assert_array_equal(written.affine, original.affine)
    assert nib.aff2axcodes(written.affine) == nib.aff2axcodes(original.affine)
    assert written.get_data_dtype() == np.uint8
    np.testing.assert_array_equal(np.asarray(written.dataobj), volume > 60)
    np.testing.assert_array_equal(read_mask(path, like=picture), picture.array > 60)


def test_a_probability_lies_on_the_grid_of_its_input(save_nifti, volume, affine, tmp_path):
    source = save_nifti(volume, affine)
    picture = read_image(source)
    path = write_probability(picture.array / 120, picture, tmp_path / "p.nii")
    written = nib.load(path)
    np.testing.assert_array_equal(written.affine, nib.load(source).affine)
    assert written.get_data_dtype() == np.float32
    np.testing.assert_allclose(written.get_fdata(), volume / 120, atol=1e-7)


def test_both_forms_and_their_codes_are_kept_and_the_scaling_is_not(tmp_path, volume):
    image = nib.Nifti1Image(volume.astype(np.int16), np.eye(4))
    image.set_qform(np.diag([2.0, 2, 2, 1]), code=1)
    image.set_sform(np.diag([-2.0, 2, 2, 1]), code=4)
    image.header.set_slope_inter(0.5, 3)
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, tmp_path / "in.nii.gz")
    picture = read_image(tmp_path / "in.nii.gz")
    written = nib.load(write_mask(picture.array > 20, picture, tmp_path / "out.nii.gz"))
    for form in ("get_qform", "get_sform"):
        expected, code = getattr(image, form)(coded=True)
        found, found_code = getattr(written, form)(coded=True)
        np.testing.assert_allclose(found, expected)
        assert found_code == code
    assert set(np.unique(written.get_fdata())) == {0, 1}
    assert written.header.get_xyzt_units() == ("mm", "sec")


@pytest.mark.parametrize(
    "image",
    [
        nib.Nifti2Image(np.ones((2, 3, 4), np.int16), np.eye(4)),
        nib.Nifti1Image(np.ones((2, 3, 4), np.int16), np.eye(4), nib.Nifti1Header(endianness=">")),
        nib.Nifti1Image(np.ones((2, 3, 4, 1), np.int16), np.eye(4)),
    ],
    ids=["nifti2", "big-endian", "trailing axis"],
)
def test_unusual_files_get_their_result_back(tmp_path, image):
    nib.save(image, tmp_path / "in.nii")
    picture = read_image(tmp_path / "in.nii")
    written = nib.load(write_mask(picture.array > 0, picture, tmp_path / "out.nii"))
    assert type(written) is type(image)
    assert written.shape == image.shape
    assert written.get_fdata().all()


def test_a_picture_gets_a_png_of_its_size(tmp_path):
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    Image.fromarray(grey).save(tmp_path / "in.png")
    picture = read_image(tmp_path / "in.png")
    mask = Image.open(write_mask(grey > 5, picture, tmp_path / "mask.png"))
    assert mask.mode == "L"
    np.testing.assert_array_equal(np.array(mask), np.where(grey > 5, 255, 0))
    probability = Image.open(write_probability(grey / 11, picture, tmp_path / "p.png"))
    np.testing.assert_array_equal(np.array(probability), np.rint(grey / 11 * 255))


def test_the_same_mask_gives_the_same_bytes(save_nifti, volume, tmp_path):
    picture = read_image(save_nifti(volume))
    first = write_mask(picture.array > 60, picture, tmp_path / "a.nii.gz")
    second = write_mask(picture.array > 60, picture, tmp_path / "b.nii.gz")
    assert first.read_bytes() == second.read_bytes()


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_behind(
    save_nifti, volume, tmp_path, monkeypatch
):
    picture = read_image(save_nifti(volume))
    target = tmp_path / "out" / "mask.nii.gz"
    write_mask(picture.array > 60, picture, target)
    before = target.read_bytes()

    def disk_full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write_mask(picture.array > 3, picture, target)
    assert target.read_bytes() == before
    assert list(target.parent.iterdir()) == [target]


def test_a_result_of_another_shape_is_refused(save_nifti, volume, tmp_path):
    picture = read_image(save_nifti(volume))
    with pytest.raises(ImageError, match=r"the result has shape \(4, 5\), expected \(4, 5, 6\)"):
        write_mask(np.zeros((4, 5), bool), picture, tmp_path / "mask.nii.gz")


@pytest.mark.parametrize("value", [np.nan, -0.1, 1.1])
def test_what_is_no_probability_is_refused(save_nifti, volume, tmp_path, value):
    picture = read_image(save_nifti(volume))
    with pytest.raises(ImageError, match="120 probabilities are not within 0 to 1"):
        write_probability(np.full((4, 5, 6), value), picture, tmp_path / "p.nii.gz")


def test_an_ending_that_does_not_suit_is_refused(save_nifti, volume, tmp_path):
    picture = read_image(save_nifti(volume))
    with pytest.raises(UsageError, match=r"end the name in \.nii\.gz"):
        write_mask(picture.array > 60, picture, tmp_path / "mask.png")
    Image.fromarray(np.zeros((3, 3), np.uint8)).save(tmp_path / "in.png")
    with pytest.raises(UsageError, match=r"end the name in \.png"):
        write_mask(np.zeros((3, 3), bool), read_image(tmp_path / "in.png"), tmp_path / "mask.jpg")


def test_output_names_have_no_ending():
    assert output_name("a/sub-01_flair.NII.gz") == "sub-01_flair"
    assert output_name("scan.v2.nii") == "scan.v2"
    assert output_name("111017.jpg") == "111017"


@pytest.mark.parametrize("name", ["mask.tif", "mask.TIFF"])
def test_a_picture_gets_a_tiff_of_its_size_without_loss(tmp_path, name):
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    Image.fromarray(grey).save(tmp_path / "in.tif")
    picture = read_image(tmp_path / "in.tif")
    path = write_mask(grey > 5, picture, tmp_path / name)
    mask = Image.open(path)
    assert (mask.format, mask.mode) == ("TIFF", "L")
    np.testing.assert_array_equal(np.array(mask), np.where(grey > 5, 255, 0))
    np.testing.assert_array_equal(read_mask(path, like=picture), grey > 5)
    probability = Image.open(write_probability(grey / 11, picture, tmp_path / f"p_{name}"))
    np.testing.assert_array_equal(np.array(probability), np.rint(grey / 11 * 255))


def test_the_same_mask_gives_the_same_bytes_as_tiff(tmp_path):
    Image.fromarray(np.zeros((9, 8), np.uint8)).save(tmp_path / "in.tif")
    picture = read_image(tmp_path / "in.tif")
    mask = np.eye(9, 8, dtype=bool)
    one, other = (write_mask(mask, picture, tmp_path / name).read_bytes() for name in ("a.tif", "b.tif"))
    assert one == other


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.nii", ".nii.gz"),
        ("a.nii.gz", ".nii.gz"),
        ("a.tif", ".tif"),
        ("a.TIFF", ".tif"),
        ("a.png", ".png"),
        ("a.jpg", ".png"),
    ],
)
def test_a_result_has_the_form_of_its_image_and_never_loses_pixels(
    tmp_path, save_nifti, volume, name, suffix
):
    if ".nii" in name:
        path = save_nifti(volume, name=name)
    else:
        path = tmp_path / name
        Image.fromarray(np.zeros((3, 4), np.uint8)).save(path)
    picture = read_image(path)
    assert suffix_for(picture) == suffix
    assert write_mask(picture.array > 0, picture, tmp_path / f"mask{suffix}").is_file()
