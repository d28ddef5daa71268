from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.data import MetaTensor, list_data_collate
from PIL import Image

from monai_mri.errors import ConfigError, ImageError
from monai_mri.images import read_image, read_mask
from monai_mri.transforms import ReadMRId, picture_of, to_meta_tensor, write_mask
from monai_mri.transforms.read_mri import CHANNELS


@pytest.fixture
def sample(save_nifti, volume):
    mask = (volume > 60).astype(np.uint8)
    return {
        "subject_id": "001",
        "flair": str(save_nifti(volume)),
        "mask": str(save_nifti(mask, name="mask.nii.gz")),
    }


def test_paths_become_tensors_with_one_channel_in_ras_order(sample):
    read = ReadMRId(keys=("flair", "mask"))(sample)
    assert isinstance(read["flair"], MetaTensor)
    assert read["flair"].shape == read["mask"].shape == (1, 4, 5, 6)
    assert read["flair"].dtype == read["mask"].dtype == torch.float32
    np.testing.assert_array_equal(read["flair"][0].numpy(), read_image(sample["flair"]).array)
    np.testing.assert_array_equal(read["mask"][0].numpy(), read_mask(sample["mask"]))
    assert read["subject_id"] == "001"


def test_the_mask_follows_the_image_whatever_the_order_of_keys(sample):
    read = ReadMRId(keys=("mask", "flair"))(sample)
    assert set(read["mask"].unique().tolist()) == {0.0, 1.0}


def test_the_meta_tells_file_spacing_and_orientation(sample):
    meta = ReadMRId(keys="flair")(sample)["flair"].meta
    assert meta["filename_or_obj"] == sample["flair"]
    assert meta["spacing_mm"].tolist() == [1, 1, 1]
    assert meta["original_orientation"] == "LAS"


def test_a_picture_has_an_unknown_spacing(tmp_path):
    Image.fromarray(np.zeros((3, 5), np.uint8)).save(tmp_path / "a.png")
    tensor = ReadMRId(keys=("flair",))({"flair": tmp_path / "a.png"})["flair"]
    assert tensor.shape == (1, 3, 5)
    assert np.isnan(tensor.meta["spacing_mm"]).all()


def test_samples_collate_into_a_batch(sample, tmp_path):
    read = ReadMRId(keys=("flair", "mask"))
    assert list_data_collate([read(sample), read(sample)])["flair"].shape == (2, 1, 4, 5, 6)
    Image.fromarray(np.zeros((3, 5), np.uint8)).save(tmp_path / "a.png")
    picture = {"flair": tmp_path / "a.png", "mask": tmp_path / "a.png"}
    assert list_data_collate([read(picture), read(picture)])["mask"].shape == (2, 1, 3, 5)


def test_a_result_can_be_written_from_the_tensor_alone(sample, tmp_path):
    tensor = ReadMRId(keys=("flair",))(sample)["flair"]
    picture = picture_of(tensor)
    path = write_mask(picture.array > 60, picture, tmp_path / "out.nii.gz")
    np.testing.assert_array_equal(read_mask(path, like=picture), read_mask(sample["mask"]))


def test_a_picture_survives_the_way_to_a_tensor_and_back(tmp_path):
    Image.fromarray(np.eye(3, dtype=np.uint8)).save(tmp_path / "a.png")
    before = read_image(tmp_path / "a.png")
    after = picture_of(to_meta_tensor(before))
    np.testing.assert_array_equal(after.array, before.array)
    assert (after.affine, after.spacing_mm, after.path, after.kind) == (None, None, before.path, "picture")


@pytest.mark.parametrize("cell", [None, ""])
def test_a_missing_mask_is_left_out_only_where_allowed(sample, cell):
    sample["mask"] = cell
    assert "mask" not in ReadMRId(keys=("flair", "mask"), allow_missing=True)(sample)
    with pytest.raises(ImageError, match="001: no path under 'mask'"):
        ReadMRId(keys=("flair", "mask"))(sample)


def test_a_missing_image_is_never_allowed(sample):
    del sample["flair"]
    with pytest.raises(ImageError, match="001: no path under 'flair'"):
        ReadMRId(keys=("flair", "mask"), allow_missing=True)(sample)


def test_grids_that_differ_are_refused_naming_both(sample, save_nifti):
    sample["mask"] = save_nifti(np.zeros((4, 5, 7), np.uint8), name="other.nii.gz")
    with pytest.raises(ImageError, match=r"other\.nii\.gz: another grid.*image\.nii\.gz.*\[E209\]$"):
        ReadMRId(keys=("flair", "mask"))(sample)


def test_a_mask_beside_no_image_is_still_read(sample):
    assert ReadMRId(keys="mask", mask_keys="mask")(sample)["mask"].sum() == 59


def test_a_list_of_paths_becomes_channels_on_one_grid(save_nifti, volume):
    one, other = save_nifti(volume, name="a.nii"), save_nifti(volume * 2, name="b.nii")
    image = ReadMRId(keys=["image"], mask_keys=[])({"image": [str(one), str(other)]})["image"]
    assert image.shape == (2, 4, 5, 6)
    torch.testing.assert_close(image[1].as_tensor(), 2 * image[0].as_tensor())
    assert picture_of(image).path == one


def test_channels_on_another_grid_are_refused(save_nifti, volume):
    one, other = save_nifti(volume, name="a.nii"), save_nifti(volume[:3], name="b.nii")
    with pytest.raises(ImageError, match="E209"):
        ReadMRId(keys=["image"], mask_keys=[])({"image": [str(one), str(other)]})


@pytest.fixture
def pictures(tmp_path):
    """Pictures of 2 x 3 pixels: in colour, grey of 8 and of 16 bits, and a mask, the last column lesion."""
    colour = np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 10
    arrays = {"colour.tif": colour, "grey.png": colour[..., 0], "deep.png": colour[..., 0] * np.uint16(300)}
    arrays["mask.png"] = np.array([[0, 0, 255], [0, 0, 255]], np.uint8)
    for name, array in arrays.items():
        Image.fromarray(array).save(tmp_path / name)
    return {name.split(".")[0]: str(tmp_path / name) for name in arrays}


COLOUR = ReadMRId(keys=["image", "label"], mask_keys="label", allow_missing=True, colour=True)


def test_in_colour_a_picture_has_three_channels_and_its_mask_one(pictures):
    read = COLOUR({"image": pictures["colour"], "label": pictures["mask"]})
    assert read["image"].shape == (3, 2, 3)
    assert read["image"].dtype == torch.float32
    assert read["image"][:, 0, 0].tolist() == [0, 10, 20]
    assert read["image"][:, 1, 0].tolist() == [90, 100, 110]
    assert read["label"].tolist() == [[[0, 0, 1], [0, 0, 1]]]
    assert picture_of(read["image"]).array.shape == (2, 3)


def test_without_colour_a_picture_has_one_channel(pictures):
    read = ReadMRId(keys="image", mask_keys=())({"image": pictures["colour"]})["image"]
    np.testing.assert_array_equal(read[0].numpy(), read_image(pictures["colour"]).array)
    assert read.shape == (1, 2, 3)


@pytest.mark.parametrize("name", ["grey", "deep"])
def test_in_colour_a_grey_picture_has_three_equal_channels_each_its_own(pictures, name):
    image = COLOUR({"image": pictures[name]})["image"]
    assert image.shape == (3, 2, 3)
    for channel in image:
        np.testing.assert_array_equal(channel.numpy(), read_image(pictures[name]).array)
    assert image.is_contiguous()
    batch = list_data_collate([COLOUR({"image": pictures[name]})] * 2)["image"]
    assert torch.equal(batch[1].as_tensor(), image.as_tensor())


@pytest.mark.parametrize(("name", "white"), [("colour", 255), ("grey", 255), ("deep", np.nan)])
@pytest.mark.parametrize("colour", [False, True])
def test_the_meta_tells_what_white_is(pictures, name, white, colour):
    image = ReadMRId(keys="image", mask_keys=(), colour=colour)({"image": pictures[name]})["image"]
    np.testing.assert_equal(image.meta["full_scale"], white)
    np.testing.assert_equal(picture_of(image).full_scale, white)


def test_white_is_unknown_of_volumes_and_of_channels_that_differ_in_it(sample, pictures):
    volume = ReadMRId(keys="flair", colour=True)(sample)["flair"]
    assert np.isnan(volume.meta["full_scale"])
    mixed = COLOUR({"image": [pictures["grey"], pictures["deep"]]})["image"]
    assert np.isnan(mixed.meta["full_scale"])
    alike = COLOUR({"image": [pictures["grey"], pictures["colour"]]})["image"]
    assert alike.meta["full_scale"] == 255


def test_white_of_a_mask_is_1(pictures):
    assert COLOUR({"image": pictures["grey"], "label": pictures["mask"]})["label"].meta["full_scale"] == 1


def test_in_colour_a_volume_and_a_list_of_pictures_are_read_as_without_it(sample, pictures):
    assert ReadMRId(keys="flair", colour=True)(sample)["flair"].shape == (1, 4, 5, 6)
    listed = {"image": [pictures["colour"], pictures["grey"], pictures["deep"]]}
    np.testing.assert_array_equal(
        COLOUR(listed)["image"].numpy(), ReadMRId(keys="image", mask_keys=())(listed)["image"].numpy()
    )


def test_in_colour_another_grid_is_refused_too(pictures, tmp_path):
    Image.fromarray(np.zeros((2, 4), np.uint8)).save(tmp_path / "wide.png")
    with pytest.raises(ImageError, match=r"wide\.png: another grid.*colour\.tif.*\[E209\]$"):
        COLOUR({"image": pictures["colour"], "label": str(tmp_path / "wide.png")})
    with pytest.raises(ImageError, match=r"wide\.png: another grid"):
        ReadMRId(keys=["image", "other"], colour=True)(
            {"image": pictures["colour"], "other": str(tmp_path / "wide.png")}
        )


@pytest.fixture
def turned(tmp_path):
    """Save a picture of rows and columns, with an orientation tag or without."""

    def save(name: str, shape: tuple[int, int], tag: int | None = None) -> str:
        exif = Image.Exif()
        if tag is not None:
            exif[0x0112] = tag
        Image.fromarray(np.zeros(shape, np.uint8)).save(tmp_path / name, exif=exif)
        return str(tmp_path / name)

    return save


@pytest.mark.parametrize(("shape", "tag"), [((6, 6), 6), ((6, 6), 3), ((6, 4), 3), ((6, 4), 2)])
def test_a_turn_that_only_image_or_mask_has_is_refused_where_the_size_does_not_tell(turned, shape, tag):
    for tags in ((tag, None), (None, tag)):
        image, mask = turned("image.jpg", shape, tags[0]), turned("mask.png", shape, tags[1])
        with pytest.raises(ImageError, match=rf"mask\.png: .*turned.*tag.*{tag}.*image\.jpg.*\[E209\]$"):
            COLOUR({"image": image, "label": mask})
    with pytest.raises(ImageError, match="E209"):
        ReadMRId(keys=["image", "other"], colour=True)({"image": image, "other": mask})


def test_a_turn_that_both_have_or_that_the_size_tells_is_taken(turned):
    both = COLOUR({"image": turned("a.jpg", (6, 6), 6), "label": turned("a.png", (6, 6), 6)})
    assert both["label"].shape == (1, 6, 6)
    seen = COLOUR({"image": turned("b.jpg", (6, 4), 6), "label": turned("b.png", (4, 6))})
    assert seen["image"].shape[1:] == seen["label"].shape[1:] == (4, 6)


WITH_MAPS = ReadMRId(keys=["guide", "image"], mask_keys=[], mask_channels=["mask"])


@pytest.fixture
def mapped(save_nifti, volume):
    """A sample of a FLAIR and a lesion map, whose values are those of the lesions times `scale`."""

    def make(scale: float = 1, *, shape: tuple[int, ...] = (4, 5, 6)) -> dict:
        lesions = np.zeros(shape, np.float32)
        lesions[0, 1, 2], lesions[3, 4, 5 % shape[2]] = scale, 2 * scale
        flair = str(save_nifti(volume, name="flair.nii"))
        files = [str(save_nifti(lesions, name="lesions.nii")), flair]
        return {"image": files, "guide": flair, CHANNELS: {"image": ["mask", "flair"], "guide": ["flair"]}}

    return make


@pytest.mark.parametrize("scale", [1, 2, 127])
def test_a_channel_whose_column_holds_lesion_maps_is_read_as_a_mask(mapped, scale):
    read = WITH_MAPS(mapped(scale))
    assert sorted(read["image"][0].unique().tolist()) == [0, 1]
    assert int(read["image"][0].sum()) == 2
    torch.testing.assert_close(read["image"][1].as_tensor(), read["guide"][0].as_tensor())
    assert (read["image"].meta["mask_channels"], read["guide"].meta["mask_channels"]) == ((0,), ())
    assert CHANNELS not in read


def test_a_lesion_map_that_holds_fractions_is_refused(mapped):
    with pytest.raises(ImageError, match=r"lesions\.nii: 2 values such as 0\.5.*\[E305\]$"):
        WITH_MAPS(mapped(0.25))


def test_of_a_lesion_map_on_another_grid_the_map_is_named_not_the_guide(mapped):
    with pytest.raises(ImageError, match=r"lesions\.nii: another grid.*the grid of .*flair\.nii"):
        WITH_MAPS(mapped(shape=(4, 5, 7)))


def test_lesion_maps_cannot_be_found_where_the_columns_are_not_known(mapped):
    sample = mapped()
    del sample[CHANNELS]
    with pytest.raises(ConfigError, match="does not say of which columns the 1 files under 'guide' are"):
        WITH_MAPS(sample)
    assert "mask_channels" not in ReadMRId(keys="image", mask_keys=[])(sample)["image"].meta
