from __future__ import annotations

import gzip
import struct
import tracemalloc
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from monai_mri.errors import ImageError
from monai_mri.images.nifti import read_nifti


def test_voxels_and_affine_equal_nibabels_closest_canonical(save_nifti, volume, affine):
    path = save_nifti(volume, affine)
    expected = nib.as_closest_canonical(nib.load(path))
    picture = read_nifti(path)
    np.testing.assert_array_equal(picture.array, expected.get_fdata())
    np.testing.assert_allclose(picture.affine, expected.affine, atol=1e-5)
    np.testing.assert_allclose(picture.spacing_mm, expected.header.get_zooms(), rtol=1e-5)
    assert picture.array.dtype == np.float32
    assert picture.array.flags.c_contiguous


def test_image_equals_monais_loader_in_ras(save_nifti, volume, affine):
    from monai.transforms import Compose, LoadImage, Orientation

    path = save_nifti(volume, affine)
    load = Compose([LoadImage(ensure_channel_first=True), Orientation("RAS", labels=None)])
    expected = load(path)
    picture = read_nifti(path)
    np.testing.assert_array_equal(picture.array, expected[0].numpy())
    np.testing.assert_allclose(picture.affine, expected.affine.numpy(), atol=1e-5)


def test_the_grid_on_disk_is_kept(save_nifti, volume):
    picture = read_nifti(save_nifti(volume))
    assert picture.kind == "nifti"
    assert picture.grid.orientation == "LAS"
    assert picture.grid.shape == (4, 5, 6)
    assert picture.grid.affine[0, 0] == -1


def test_slope_and_intercept_of_the_header_are_applied(tmp_path, volume):
    image = nib.Nifti1Image(volume.astype(np.int16), np.eye(4))
    image.header.set_slope_inter(0.5, -3)
    nib.save(image, tmp_path / "scaled.nii")
    stored = nib.load(tmp_path / "scaled.nii").get_fdata()
    np.testing.assert_array_equal(read_nifti(tmp_path / "scaled.nii").array, stored)


@pytest.mark.parametrize(("unit", "size"), [("meter", 0.002), ("micron", 2000), ("mm", 2), ("unknown", 2)])
def test_spacing_is_in_mm_whatever_the_headers_unit(tmp_path, volume, unit, size):
    image = nib.Nifti1Image(volume, np.diag([size, size, size, 1]))
    image.header.set_xyzt_units(unit)
    nib.save(image, tmp_path / "unit.nii")
    picture = read_nifti(tmp_path / "unit.nii")
    np.testing.assert_allclose(picture.spacing_mm, (2, 2, 2), rtol=1e-6)
    np.testing.assert_allclose(picture.grid.affine[0, 0], size, rtol=1e-6)


def test_big_endian_nifti2_and_a_trailing_axis_of_one_are_read(tmp_path, volume):
    big = nib.Nifti1Image(volume, np.eye(4), nib.Nifti1Header(endianness=">"))
    nib.save(big, tmp_path / "big.nii")
    nib.save(nib.Nifti2Image(volume, np.eye(4)), tmp_path / "two.nii.gz")
    nib.save(nib.Nifti1Image(volume[..., None], np.eye(4)), tmp_path / "four.nii.gz")
    for name in ("big.nii", "two.nii.gz", "four.nii.gz"):
        np.testing.assert_array_equal(read_nifti(tmp_path / name).array, volume)


def cut_gzip(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zero_checksum(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-8] + bytes(4) + content[-4:])


def to_pointer(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n")


def uncompress(path: Path) -> None:
    path.write_bytes(gzip.decompress(path.read_bytes()))


def patch_header(path: Path, offset: int, content: bytes) -> None:
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[offset : offset + len(content)] = content
    path.write_bytes(gzip.compress(bytes(raw)))


def declare_terabytes(path: Path) -> None:
    patch_header(path, 40, struct.pack("<4h", 3, 30000, 30000, 3000))


def declare_negative_length(path: Path) -> None:
    patch_header(path, 42, struct.pack("<h", -4))


def break_datatype(path: Path) -> None:
    patch_header(path, 70, struct.pack("<h", 9999))


def remove_magic(path: Path) -> None:
    patch_header(path, 344, bytes(4))


def flatten_affine(path: Path) -> None:
    patch_header(path, 280, struct.pack("<4f", 0, 0, 0, 0))


def forget_voxel_size(path: Path) -> None:
    patch_header(path, 254, bytes(2))
    patch_header(path, 80, bytes(4))


@pytest.mark.parametrize(
    ("damage", "found", "code"),
    [
        (cut_gzip, "a gzip stream truncated after", "E101"),
        (zero_checksum, "a corrupt gzip stream", "E102"),
        (to_pointer, "a git-LFS pointer", "E104"),
        (uncompress, "not gzip", "E105"),
        (declare_terabytes, "a header that declares 10800000 MB", "E108"),
        (declare_negative_length, "the header declares 3 axes of lengths (-4,", "E109"),
        (break_datatype, "a voxel type that does not exist (9999)", "E109"),
        (remove_magic, "no n+1 or n+2", "E109"),
        (forget_voxel_size, "voxel size 0 x 1 x 1", "E208"),
        (flatten_affine, "an affine with a voxel size of 0", "E208"),
    ],
)
def test_damage_is_one_line_with_path_and_code(save_nifti, volume, damage, found, code):
    path = save_nifti(volume)
    damage(path)
    with pytest.raises(ImageError) as error:
        read_nifti(path)
    assert str(error.value).startswith(f"{path}: {found}")
    assert error.value.fault.code == code
    assert "\n" not in str(error.value)


def test_gzip_named_nii_is_refused(save_nifti, volume):
    path = save_nifti(volume)
    with pytest.raises(
        ImageError, match=r"gzip, expected no gzip, as the name ends in \.nii; rename .* \[E105\]$"
    ):
        read_nifti(path.rename(path.with_name("x.nii")))


def test_a_flipped_bit_never_passes(save_nifti):
    path = save_nifti(np.random.default_rng(0).integers(0, 99, (8, 8, 8)).astype(np.int16))
    intact, rng = path.read_bytes(), np.random.default_rng(1)
    for _ in range(30):
        damaged = bytearray(intact)
        damaged[rng.integers(30, len(intact))] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        with pytest.raises(ImageError):
            read_nifti(path)


def test_a_short_uncompressed_file_names_both_lengths(save_nifti, volume):
    path = save_nifti(volume, name="plain.nii")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ImageError, match=r"truncated at byte 732, expected 832 bytes.*\[E101\]$"):
        read_nifti(path)


def test_a_gzip_bomb_is_refused_without_being_unpacked(save_nifti, volume):
    path = save_nifti(volume)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(2**26)))
    tracemalloc.start()
    with pytest.raises(ImageError, match=r"more than the 832 bytes that its header declares.*\[E108\]$"):
        read_nifti(path)
    assert tracemalloc.get_traced_memory()[1] < 2**23
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("array", "found", "code"),
    [
        (np.zeros((3, 3, 3, 5), np.float32), "4D with shape", "E201"),
        (np.zeros((3, 3), np.float32), "2D with shape", "E202"),
        (np.zeros((3, 3, 3), np.complex64), "complex voxels", "E210"),
        (np.zeros((3, 3, 3), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])), "colour voxels", "E210"),
        (np.full((3, 3, 3), np.nan, np.float32), "27 NaN", "E301"),
    ],
)
def test_an_image_that_is_not_one_finite_volume_is_refused(save_nifti, array, found, code):
    with pytest.raises(ImageError, match=rf"{found}.*\[{code}\]$"):
        read_nifti(save_nifti(array))


def test_real_volumes_equal_nibabels(real_data):
    path = next((real_data / "open_ms_data/cross_sectional/MNI/patient07").glob("FLAIR*.nii.gz"))
    picture = read_nifti(path)
    expected = nib.as_closest_canonical(nib.load(path))
    np.testing.assert_array_equal(picture.array, expected.get_fdata(dtype=np.float32))
    assert picture.grid.orientation == "LAS"
