from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from monai_mri.errors import ImageError
from monai_mri.images.raster import read_raster, read_raster_colour

GREY = np.arange(6 * 4, dtype=np.uint8).reshape(6, 4) * 10


@pytest.fixture
def save(tmp_path):
    def save(picture, name="picture.png", **options):
        picture.save(tmp_path / name, **options)
        return tmp_path / name

    return save


def test_axes_are_height_then_width_and_the_pixel_size_unknown(save):
    picture = read_raster(save(Image.fromarray(GREY)))
    np.testing.assert_array_equal(picture.array, GREY)
    assert picture.array.dtype == np.float32
    assert (picture.affine, picture.spacing_mm, picture.grid, picture.kind) == (None, None, None, "picture")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_a_grey_picture_reads_alike_in_every_png_mode(save, mode):
    np.testing.assert_array_equal(read_raster(save(Image.fromarray(GREY).convert(mode))).array, GREY)


def test_cmyk_reads_as_grey_values_not_as_ink(save):
    grey = np.repeat(np.array([[0], [128], [255]], np.uint8), 3, axis=1)
    path = save(Image.fromarray(grey).convert("RGB").convert("CMYK"), "ink.tif")
    np.testing.assert_allclose(read_raster(path).array, grey, atol=1)


def test_colour_becomes_luminance(save):
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    np.testing.assert_allclose(read_raster(save(Image.fromarray(colours))).array, [[76, 150, 29]], atol=1)


def test_transparency_is_ignored(save):
    layered = np.dstack([GREY, GREY, GREY, np.zeros_like(GREY)])
    np.testing.assert_array_equal(read_raster(save(Image.fromarray(layered))).array, GREY)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@pytest.mark.parametrize("level", [0, 255])
def test_what_is_painted_in_the_transparency_alone_is_refused_not_read_as_empty(save, mode, level):
    if mode == "P":
        indexed = Image.fromarray(np.array([[0, 1]], np.uint8)).convert("P")
        indexed.putpalette([level] * 6)
        path = save(indexed, transparency=b"\x00\xff")
    else:
        grey, alpha = Image.new("L", (4, 6), level), Image.fromarray(GREY)
        path = save(Image.merge(mode, [grey] * (len(mode) - 1) + [alpha]))
    for read in (read_raster, read_raster_colour):
        with pytest.raises(ImageError, match=r"all that it shows in its transparency.*\[E302\]$"):
            read(path)


@pytest.mark.parametrize("alpha", [0, 128, 255])
def test_an_empty_mask_of_even_transparency_is_read(save, alpha):
    assert not read_raster(save(Image.new("RGBA", (4, 6), (0, 0, 0, alpha)))).array.any()


def test_a_palette_is_colours_not_indices(save):
    indexed = Image.fromarray(np.array([[0, 1]], np.uint8)).convert("P")
    indexed.putpalette([200, 200, 200, 7, 7, 7])
    np.testing.assert_array_equal(read_raster(save(indexed)).array, [[200, 7]])


def test_black_and_white_becomes_0_and_255(save):
    picture = Image.fromarray(np.array([[0, 255, 0]], np.uint8)).convert("1")
    np.testing.assert_array_equal(read_raster(save(picture)).array, [[0, 255, 0]])


@pytest.mark.parametrize("name", ["deep.png", "deep.tif"])
def test_16_bits_keep_their_range(save, name):
    deep = np.array([[0, 300, 65535]], np.uint16)
    np.testing.assert_array_equal(read_raster(save(Image.fromarray(deep), name)).array, deep)


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_32_bit_tiff_keeps_its_values(save, dtype):
    wide = np.array([[-5, 70000, 12]], dtype)
    np.testing.assert_array_equal(read_raster(save(Image.fromarray(wide), "wide.tif")).array, wide)


def test_exif_rotation_is_applied(save):
    exif = Image.Exif()
    exif[0x0112] = 6
    grey = np.zeros((8, 16), np.uint8)
    grey[:, :8] = 255
    turned = read_raster(save(Image.fromarray(grey), "turned.jpg", exif=exif, quality=100)).array
    assert turned.shape == (16, 8)
    assert turned[:8].min() > 200
    assert turned[8:].max() < 50


def test_the_rotation_of_a_tiff_is_applied_or_refused_never_scrambled(save):
    sideways = {"tiffinfo": {0x0112: 6}}
    packed = save(Image.fromarray(GREY), "packed.tif", compression="tiff_lzw", **sideways)
    np.testing.assert_array_equal(read_raster(packed).array, np.rot90(GREY, -1))
    with pytest.raises(ImageError, match="save it upright"):
        read_raster(save(Image.fromarray(GREY), "plain.tif", **sideways))
    upside_down = save(Image.fromarray(GREY), "down.tif", tiffinfo={0x0112: 3})
    np.testing.assert_array_equal(read_raster(upside_down).array, np.rot90(GREY, 2))


@pytest.mark.parametrize(
    ("name", "tag", "turn"),
    [
        *((f"turned.{kind}", tag, tag or 1) for kind in ("jpg", "png", "tif") for tag in (None, 1, 3, 6)),
        *((f"turned.{kind}", tag, 1) for kind in ("jpg", "png") for tag in (0, 9)),
    ],
)
def test_the_tag_that_turned_a_picture_is_told(save, name, tag, turn):
    exif = Image.Exif()
    if tag is not None:
        exif[0x0112] = tag
    packed = {"compression": "tiff_lzw"} if name.endswith("tif") else {}
    path = save(Image.fromarray(GREY), name, exif=exif, **packed)
    assert read_raster(path).exif_turn == turn
    assert {one.exif_turn for one in read_raster_colour(path)} == {turn}


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", ["bytes.jpg", "bytes.png", "bytes.tif"])
def test_wrong_bytes_end_in_one_line_or_are_read(save, name):
    path = save(Image.fromarray(GREY), name)
    intact, rng = path.read_bytes(), np.random.default_rng(0)
    messages = []
    for _ in range(100):
        damaged = bytearray(intact)
        for position in rng.integers(0, len(intact), 3):
            damaged[position] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            read_raster(path)
        except ImageError as error:
            messages.append(str(error))
    assert messages
    assert not [message for message in messages if "\n" in message]


@pytest.mark.parametrize("name", ["cut.jpg", "cut.png", "cut.tif"])
def test_a_truncated_picture_is_refused(save, name):
    path = save(Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)), name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ImageError, match=r"truncated or corrupt.*\[E101\]$") as error:
        read_raster(path)
    assert "\n" not in str(error.value)


def test_text_named_png_is_refused(tmp_path):
    path = tmp_path / "text.png"
    path.write_text("not a picture")
    with pytest.raises(ImageError, match=r"not a picture inside, expected JPG, PNG or TIFF.*\[E405\]$"):
        read_raster(path)


def test_a_picture_of_too_many_pixels_is_refused(save, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5)
    path = save(Image.fromarray(GREY))
    with pytest.raises(ImageError, match="E108"):
        read_raster(path)


def test_a_tiff_of_several_pages_is_refused(save):
    page = Image.fromarray(GREY)
    with pytest.raises(ImageError, match=r"2 pages.*\[E201\]$"):
        read_raster(save(page, "pages.tif", save_all=True, append_images=[page]))


def test_pixels_that_are_not_finite_are_refused(save):
    with pytest.raises(ImageError, match=r"1 NaN.*\[E301\]$"):
        read_raster(save(Image.fromarray(np.array([[0, np.nan]], np.float32)), "nan.tif"))


RED_GREEN_BLUE_GREY = np.array(
    [[[250, 10, 20], [30, 240, 40]], [[50, 60, 230], [90, 90, 90]], [[0, 0, 0], [255, 255, 255]]], np.uint8
)


def colours(path) -> np.ndarray:
    return np.stack([picture.array for picture in read_raster_colour(path)])


def as_channels(picture: np.ndarray) -> np.ndarray:
    return picture.transpose(2, 0, 1)


@pytest.mark.parametrize("name", ["colour.png", "colour.tif"])
def test_colour_is_red_green_and_blue_of_height_and_width(save, name):
    found = colours(save(Image.fromarray(RED_GREEN_BLUE_GREY), name))
    assert found.shape == (3, 3, 2)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, as_channels(RED_GREEN_BLUE_GREY))


def test_colour_ignores_transparency(save):
    layered = np.dstack([RED_GREEN_BLUE_GREY, np.array([[0, 9], [255, 0], [1, 2]], np.uint8)])
    np.testing.assert_array_equal(colours(save(Image.fromarray(layered))), as_channels(RED_GREEN_BLUE_GREY))


@pytest.mark.parametrize("transparency", [None, 1, b"\x00\x80"], ids=["opaque", "one index", "each its own"])
def test_colour_of_a_palette_is_that_of_its_entries(save, transparency):
    indexed = Image.fromarray(np.array([[0, 1, 1]], np.uint8)).convert("P")
    indexed.putpalette([200, 100, 50, 7, 8, 9])
    options = {} if transparency is None else {"transparency": transparency}
    path = save(indexed, **options)
    np.testing.assert_array_equal(colours(path)[:, 0], [[200, 7, 7], [100, 8, 8], [50, 9, 9]])
    np.testing.assert_allclose(read_raster(path).array, [[124, 8, 8]], atol=1)


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
def test_ink_and_luma_become_red_green_and_blue(save, mode):
    flat = np.full((8, 8, 3), (200, 40, 90), np.uint8)
    path = save(Image.fromarray(flat).convert(mode), "converted.tif")
    np.testing.assert_allclose(colours(path), as_channels(flat), atol=2)


@pytest.mark.parametrize("mode", ["L", "LA", "1", "I;16", "I", "F"])
def test_a_grey_picture_stands_for_all_three_colours_in_one_place(save, mode):
    grey = np.array([[0, 255], [255, 0], [0, 0]], np.uint8)
    deep = {"I;16": np.uint16, "I": np.int32, "F": np.float32}
    if mode in deep:
        picture, wanted = Image.fromarray(grey.astype(deep[mode]) * 100), grey * 100.0
    else:
        picture, wanted = Image.fromarray(grey).convert(mode), grey.astype(np.float32)
    red, green, blue = read_raster_colour(save(picture, "grey.tif"))
    assert red is green is blue
    np.testing.assert_array_equal(red.array, wanted)


def test_exif_rotation_is_applied_to_colours(save):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = np.zeros((8, 16, 3), np.uint8)
    picture[:, :8] = (240, 20, 20)
    turned = colours(save(Image.fromarray(picture), "turned.jpg", exif=exif, quality=100, subsampling=0))
    assert turned.shape == (3, 16, 8)
    np.testing.assert_allclose(turned[:, 2, 4], [240, 20, 20], atol=3)
    np.testing.assert_allclose(turned[:, 13, 4], 0, atol=3)


@pytest.mark.parametrize(
    ("picture", "white"),
    [
        (Image.fromarray(GREY), 255),
        (Image.fromarray(GREY).convert("1"), 255),
        (Image.fromarray(GREY).convert("LA"), 255),
        (Image.fromarray(RED_GREEN_BLUE_GREY), 255),
        (Image.fromarray(GREY.astype(np.uint16)), np.nan),
        (Image.fromarray(GREY.astype(np.int32)), np.nan),
        (Image.fromarray(GREY.astype(np.float32)), np.nan),
    ],
    ids=["8 bits", "1 bit", "transparent", "colour", "16 bits", "32 bits", "floating point"],
)
def test_white_is_known_of_8_bits_alone(save, picture, white):
    path = save(picture, "white.tif")
    np.testing.assert_equal(read_raster(path).full_scale, white)
    np.testing.assert_equal([one.full_scale for one in read_raster_colour(path)], [white] * 3)


def test_faults_are_refused_in_colour_alike(save, tmp_path):
    page = Image.fromarray(RED_GREEN_BLUE_GREY)
    with pytest.raises(ImageError, match=r"2 pages.*\[E201\]$"):
        read_raster_colour(save(page, "pages.tif", save_all=True, append_images=[page]))
    with pytest.raises(ImageError, match=r"1 NaN.*\[E301\]$"):
        read_raster_colour(save(Image.fromarray(np.array([[0, np.nan]], np.float32)), "nan.tif"))
