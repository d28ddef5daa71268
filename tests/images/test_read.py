from __future__ import annotations

import gzip
import os
import subprocess
import sys

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from monai_mri.errors import ImageError
from monai_mri.images.read import read_colour, read_image, read_mask

GREY = np.array([[0, 90, 127], [128, 200, 255]], np.uint8)


def test_a_path_with_a_nul_byte_or_too_long_a_name_is_refused():
    for name in ("a\0.nii", "a" * 300 + ".nii"):
        with pytest.raises(ImageError, match="check the path"):
            read_image(name)


def save_picture(array, path):
    Image.fromarray(array).save(path)
    return path


@pytest.mark.parametrize("name", ["A.NII.GZ", "a.nii", "b.PNG", "b.tiff", "b.tif", "b.png"])
def test_the_kind_follows_from_the_ending_in_any_case(tmp_path, volume, name):
    path = tmp_path / name
    if "nii" in name.lower():
        data = nib.Nifti1Image(volume, np.eye(4)).to_bytes()
        path.write_bytes(gzip.compress(data) if name.endswith("GZ") else data)
        assert read_image(path).kind == "nifti"
    else:
        assert read_image(str(save_picture(GREY, path))).kind == "picture"


def make_missing(path):
    pass


def make_folder(path):
    path.mkdir()


def make_empty(path):
    path.touch()


def make_loop(path):
    path.symlink_to(path)


def make_pipe(path):
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (make_missing, "no such file"),
        (make_folder, "E106"),
        (make_empty, "E103"),
        (make_loop, "E107"),
        (make_pipe, "not a regular file"),
    ],
)
@pytest.mark.parametrize("name", ["x.nii.gz", "x.jpg"])
def test_a_path_that_is_no_image_file_is_refused_in_one_line(tmp_path, make, words, name):
    path = tmp_path / name
    make(path)
    with pytest.raises(ImageError, match=words) as error:
        read_image(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["x.gif", "x.dcm", "x"])
def test_another_ending_is_refused_with_the_list_of_known_ones(tmp_path, name):
    (tmp_path / name).write_bytes(b"GIF89a")
    with pytest.raises(ImageError, match=r"file, expected .*\.nii\.gz.*\.png.*\[E405\]$"):
        read_image(tmp_path / name)


@pytest.mark.parametrize("values", [(0, 1), (0, 255), (0, 1, 2, 7)])
def test_every_label_above_0_of_a_nifti_mask_is_lesion(save_nifti, values):
    labels = np.resize(values, (3, 3, 3)).astype(np.int16)
    mask = read_mask(save_nifti(labels, np.eye(4)))
    assert mask.dtype == np.bool_
    np.testing.assert_array_equal(mask, labels > 0)


def test_a_nifti_mask_turns_with_its_image(save_nifti, volume, affine):
    image = read_image(save_nifti(volume, affine))
    mask = read_mask(save_nifti((volume > 60).astype(np.uint8), affine, "mask.nii"), like=image)
    np.testing.assert_array_equal(mask, image.array > 60)


def test_a_mask_stored_in_another_orientation_of_the_same_grid_fits(save_nifti, volume):
    image = read_image(save_nifti(volume))
    turned = nib.as_closest_canonical(nib.Nifti1Image(volume, image.grid.affine))
    path = save_nifti((turned.get_fdata() > 60).astype(np.uint8), turned.affine, "mask.nii")
    np.testing.assert_array_equal(read_mask(path, like=image), image.array > 60)


def test_a_mask_on_another_grid_is_refused_naming_both(save_nifti, volume):
    image = read_image(save_nifti(volume))
    mask = save_nifti(np.zeros((4, 5, 7), np.uint8), name="mask.nii")
    with pytest.raises(ImageError, match=r"mask\.nii: another grid.*image\.nii\.gz.*\[E209\]$"):
        read_mask(mask, like=image)


def test_almost_whole_numbers_are_refused(save_nifti):
    with pytest.raises(ImageError, match=r"27 values such as 0\.9999, expected whole numbers.*\[E305\]$"):
        read_mask(save_nifti(np.full((3, 3, 3), 0.9999, np.float32)))


def test_a_negative_label_is_refused(save_nifti):
    with pytest.raises(ImageError, match=r"a negative label \(-1\).*\[E304\]$"):
        read_mask(save_nifti(np.full((3, 3, 3), -1, np.int16)))


def test_a_picture_mask_is_lesion_above_127(tmp_path):
    np.testing.assert_array_equal(read_mask(save_picture(GREY, tmp_path / "m.png")), GREY > 127)


def test_a_picture_mask_of_0_and_1_is_read_as_such(tmp_path):
    ones = np.array([[0, 1], [1, 0]], np.uint8)
    np.testing.assert_array_equal(read_mask(save_picture(ones, tmp_path / "m.png")), ones == 1)


def test_a_mask_of_16_bits_or_of_one_bit_is_read(tmp_path):
    truth = np.array([[0, 1], [1, 0]], np.uint16)
    np.testing.assert_array_equal(read_mask(save_picture(truth * 65535, tmp_path / "deep.png")), truth == 1)
    np.testing.assert_array_equal(read_mask(save_picture(truth == 1, tmp_path / "bit.png")), truth == 1)


@pytest.mark.parametrize("highest", [2, 100, 127])
def test_a_dim_picture_mask_is_ambiguous(tmp_path, highest):
    path = save_picture(np.array([[0, highest]], np.uint8), tmp_path / "m.png")
    with pytest.raises(
        ImageError, match=rf"an ambiguous mask, whose brightest pixel is {highest},.*\[E304\]$"
    ):
        read_mask(path)


def test_an_empty_mask_has_no_lesion(save_nifti, tmp_path):
    assert not read_mask(save_nifti(np.zeros((3, 3, 3), np.uint8))).any()
    assert not read_mask(save_picture(np.zeros((3, 3), np.uint8), tmp_path / "m.png")).any()


def test_reading_needs_neither_torch_nor_monai():
    code = "import sys, monai_mri.images.read; sys.exit(bool({'torch', 'monai'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_real_jpg_masks_hold_some_lesion(real_data):
    folder = real_data / "ms60_mini/flair_mini_test"
    for path in sorted((folder / "masks").glob("*.jpg"))[:5]:
        image = read_image(folder / "images" / path.name)
        mask = read_mask(path, like=image)
        assert image.array.shape == (512, 512)
        assert 0 < mask.mean() < 0.2


def test_colour_of_a_picture_is_three_channels_and_a_volume_stays_one(tmp_path, save_nifti, volume):
    colour = np.stack([GREY, GREY // 2, GREY // 4], axis=-1)
    found = read_colour(str(save_picture(colour, tmp_path / "A.PNG")))
    np.testing.assert_array_equal([picture.array for picture in found], colour.transpose(2, 0, 1))
    path = save_nifti(volume)
    (alone,) = read_colour(path)
    np.testing.assert_array_equal(alone.array, read_image(path).array)


@pytest.mark.parametrize(
    ("name", "code"), [("absent.png", "E111"), ("absent.nii", "E111"), ("a.txt", "E405")]
)
def test_colour_of_what_is_no_image_is_refused_as_without_colour(tmp_path, name, code):
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(ImageError, match=code):
        read_colour(tmp_path / name)
