from __future__ import annotations

import base64
import io
from math import isnan

import nibabel
import numpy as np
import pytest
from PIL import Image

from monai_mri.errors import ImageError
from monai_mri.report.overlays import (
    FALSE,
    FOUND,
    MISSED,
    PANELS,
    OverlaySource,
    choose_slices,
    draw_overlays,
    to_data_uri,
)

SHAPE = (30, 40, 12)
AFFINE = np.diag([1.0, 1.0, 3.0, 1.0])


@pytest.fixture
def source(tmp_path):
    """One voxel block found (right, anterior), one false (left, anterior), one missed (right, posterior)."""
    truth, prediction = np.zeros((2, *SHAPE), dtype=bool)
    truth[20:24, 28:32, 8] = prediction[20:24, 28:32, 8] = True
    truth[20:24, 8:12, 8] = True
    prediction[6:10, 28:32, 8] = True
    prediction[6:10, 8:12, 3] = True
    image = np.full(SHAPE, 40.0) + np.random.default_rng(0).normal(0, 1, SHAPE)
    return write(tmp_path, image=image, truth=truth, prediction=prediction, probability=prediction * 0.9)


def write(folder, *, affine=AFFINE, **arrays):
    paths = {name: folder / f"{name}.nii.gz" for name in arrays}
    for name, array in arrays.items():
        kind = np.uint8 if array.dtype == bool else np.float32
        nibabel.save(nibabel.Nifti1Image(array.astype(kind), affine), paths[name])
    return OverlaySource(label="sub-01", **paths)


def near(panel, row, column, colour):
    """Whether a place, given as shares of the picture, has nearly this colour."""
    pixel = panel.getpixel((int(column * panel.width), int(row * panel.height)))
    return max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) < 70


def test_largest_plaque_area_comes_first_then_the_most_voxels_wrong(source):
    first, second = draw_overlays(source, height=80)
    assert (first.slice_index, second.slice_index, first.slices) == (8, 3, 12)


def test_counts_and_f_are_those_of_the_slice(source):
    first, second = draw_overlays(source, height=80)
    assert (first.found, first.false, first.missed) == (16, 16, 16)
    assert first.f1 == pytest.approx(0.5)
    assert second.f1 == 0


def test_panels_show_what_was_found_false_and_missed_with_the_right_side_on_the_left(source):
    panel = draw_overlays(source, height=240)[0].panels["prediction"]
    assert near(panel, 0.25, 0.27, FOUND)
    assert near(panel, 0.25, 0.73, FALSE)
    assert near(panel, 0.75, 0.27, MISSED)


def test_orientation_on_disk_does_not_change_the_picture(source, tmp_path):
    arrays = {
        name: np.asarray(nibabel.load(getattr(source, name)).dataobj)[::-1]
        for name in ("image", "truth", "prediction", "probability")
    }
    arrays["truth"], arrays["prediction"] = arrays["truth"] > 0, arrays["prediction"] > 0
    (tmp_path / "flipped").mkdir()
    affine = np.diag([-1.0, 1.0, 3.0, 1.0])
    affine[0, 3] = SHAPE[0] - 1
    flipped = draw_overlays(write(tmp_path / "flipped", affine=affine, **arrays), height=80)[0]
    for name, panel in draw_overlays(source, height=80)[0].panels.items():
        assert panel.tobytes() == flipped.panels[name].tobytes()


def test_panels_keep_the_proportions_of_the_voxels(tmp_path):
    full = np.ones((20, 20, 3), dtype=bool)
    arrays = {"image": np.full((20, 20, 3), 5.0) * full, "truth": full, "prediction": full}
    wide = write(tmp_path, affine=np.diag([2.0, 1.0, 1.0, 1.0]), **arrays)
    panel = draw_overlays(wide, height=50)[0].panels["input"]
    assert panel.size == (100, 50)


def test_probability_may_be_missing(source):
    bare = OverlaySource(source.label, source.image, source.truth, source.prediction)
    assert list(draw_overlays(bare, height=40)[0].panels) == ["input", "truth", "prediction"]


def test_panels_come_in_their_order(source):
    assert list(draw_overlays(source, height=40)[0].panels) == list(PANELS)


def test_picture_is_one_slice_shown_as_it_is(tmp_path):
    image, mask = np.full((20, 30), 90, np.uint8), np.zeros((20, 30), np.uint8)
    image[:, :15] = 200
    mask[2:6, 2:6] = 255
    for name, array in (("image", image), ("truth", mask), ("prediction", mask), ("probability", mask)):
        Image.fromarray(array).save(tmp_path / f"{name}.png")
    names = ("image", "truth", "prediction", "probability")
    (overlay,) = draw_overlays(OverlaySource("p", *(tmp_path / f"{name}.png" for name in names)), height=80)
    assert overlay.slice_index is None
    assert overlay.f1 == 1
    assert near(overlay.panels["prediction"], 0.2, 0.25, FOUND)


def test_empty_masks_give_the_middle_slice_and_an_undefined_f(tmp_path):
    empty = np.zeros(SHAPE, dtype=bool)
    (overlay,) = draw_overlays(
        write(tmp_path, image=np.ones(SHAPE), truth=empty, prediction=empty), height=40
    )
    assert overlay.slice_index == 6
    assert isnan(overlay.f1)


def test_lone_voxel_survives_in_a_smaller_picture(tmp_path):
    truth = np.zeros((200, 200, 1), dtype=bool)
    truth[100, 100, 0] = True
    source = write(tmp_path, image=np.ones(truth.shape) + truth, truth=truth, prediction=~truth & False)
    panel = np.asarray(draw_overlays(source, height=150)[0].panels["prediction"]).astype(int)
    assert (np.abs(panel - MISSED).max(axis=2) < 70).any()


def test_slices_beside_a_chosen_one_are_passed_over():
    truth, prediction = np.zeros((2, 4, 4, 40), dtype=bool)
    truth[:, :, 20], truth[:, :2, 21], truth[0, 0, 30] = True, True, True
    assert choose_slices(truth, prediction, at_most=2) == [20, 30]


def test_missing_file_is_an_image_error_naming_it(source):
    lost = OverlaySource("x", source.image.with_name("lost.nii.gz"), source.truth, source.prediction)
    with pytest.raises(ImageError, match=r"lost\.nii\.gz"):
        draw_overlays(lost)


def test_prediction_on_another_grid_is_refused(source, tmp_path):
    (tmp_path / "other").mkdir()
    other = write(
        tmp_path / "other", prediction=np.zeros((5, 5, 5), bool), image=np.ones(1), truth=np.ones(1)
    )
    with pytest.raises(ImageError, match="E209"):
        draw_overlays(OverlaySource("x", source.image, source.truth, other.prediction))


def test_data_uri_holds_the_picture():
    uri = to_data_uri(Image.new("RGB", (12, 7), (0, 158, 115)))
    kind, _, content = uri.partition(",")
    assert kind == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(content))).size == (12, 7)


def test_plane_that_was_scored_alone_is_shown_as_in_its_volume(source, tmp_path):
    whole = draw_overlays(source, height=120, at_most=1)[0]
    volume = nibabel.load(source.prediction).get_fdata()
    pixels = (volume[..., 8] > 0).astype(np.uint8) * 255
    Image.fromarray(pixels).save(tmp_path / "plane.png")
    Image.fromarray((pixels * 0.9).astype(np.uint8)).save(tmp_path / "map.png")
    alone = OverlaySource(
        label="plane",
        image=source.image,
        truth=source.truth,
        prediction=tmp_path / "plane.png",
        probability=tmp_path / "map.png",
        plane=8,
    )
    (overlay,) = draw_overlays(alone, height=120)
    assert (overlay.found, overlay.false, overlay.missed) == (whole.found, whole.false, whole.missed)
    assert whole.slice_index == 8
    assert set(overlay.panels) == {"input", "truth", "probability", "prediction"}


def test_colour_picture_is_shown_in_colour_and_painted_on_in_grey(tmp_path):
    colour = np.zeros((20, 30, 3), dtype=np.uint8)
    colour[..., 1] = 200
    mask = np.zeros((20, 30), dtype=np.uint8)
    mask[8:12, 10:16] = 255
    paths = {name: tmp_path / f"{name}.tif" for name in ("image", "truth", "prediction")}
    for path, array in zip(paths.values(), (colour, mask, mask), strict=True):
        Image.fromarray(array).save(path)
    (overlay,) = draw_overlays(OverlaySource(label="a", **paths), height=80)
    assert near(overlay.panels["input"], 0.1, 0.1, (0, 200, 0))
    red, green, blue = overlay.panels["truth"].getpixel((3, 3))
    assert red == green == blue
    assert near(overlay.panels["prediction"], 0.5, 0.43, FOUND)
