from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
from tumours import SHAPE, dataset, mask_at, square, write_slices, write_volume
from voting import Bright, segmenter, write_weights

from monai_mri.engines.members import load_members
from monai_mri.engines.pipeline.masks import MaskWriter, mark_slices
from monai_mri.engines.pipeline.scan import SliceViews, scan_images
from monai_mri.metrics import Counts


def prepared(source: Path, tmp_path: Path):
    """A segmenter with its weights, and the slices of the images."""
    data = dataset(source)
    weights = {"unet": write_weights(Bright(threshold=0.5), tmp_path / "unet")}
    (member,) = load_members({"unet": segmenter(Bright(), data)}, weights, kind="segmenter")
    return member, SliceViews(data, scan_images(data, labels={"tumor": True, "no_tumor": False}))


def test_the_network_sees_the_chosen_slices_alone(tmp_path):
    member, views = prepared(write_slices(tmp_path / "data"), tmp_path)
    found = mark_slices(member, views, [0, 7], threshold=0.5, keep=[7])
    assert member.evaluator.network.calls == 2
    assert found.areas == {0: 25, 7: 25}
    assert found.counts == {0: Counts(tp=25), 7: Counts(fp=25)}
    np.testing.assert_array_equal(found.kept[7], square((15, 12)))
    assert member.evaluator.dataset is views.images


def test_no_chosen_slice_is_no_work(tmp_path):
    member, views = prepared(write_slices(tmp_path / "data"), tmp_path)
    assert mark_slices(member, views, [], threshold=0.5).areas == {}
    assert member.evaluator.network.calls == 0


def test_a_threshold_that_is_undefined_marks_nothing(tmp_path):
    member, views = prepared(write_slices(tmp_path / "data"), tmp_path)
    assert mark_slices(member, views, [0], threshold=float("nan")).areas == {0: 0}


def test_planes_become_one_volume_on_its_grid_and_images_without_one_are_empty(tmp_path):
    for name in ("a", "b"):
        write_volume(tmp_path / f"data/{name}.nii.gz")
    _, views = prepared(tmp_path / "data", tmp_path)
    writer = MaskWriter(views.scan, tmp_path / "masks")
    writer.add(views.scan.slices[5], np.ones(SHAPE, bool))
    writer.add(views.scan.slices[7], square((0, 0)))
    paths = writer.finish()
    assert [path.name for path in paths] == ["a_mask.nii.gz", "b_mask.nii.gz"]
    first, second = (np.asarray(nib.load(path).dataobj) for path in paths)
    assert not first.any()
    assert [int(second[..., plane].sum()) for plane in range(4)] == [0, 480, 0, 25]


def test_pictures_are_written_one_by_one(tmp_path):
    _, views = prepared(write_slices(tmp_path / "data"), tmp_path)
    writer = MaskWriter(views.scan, tmp_path / "masks")
    for place in (1, 4):
        writer.add(views.scan.slices[place], square((place, place)))
    paths = writer.finish()
    assert len(paths) == 9
    np.testing.assert_array_equal(mask_at(paths[4]), square((4, 4)))
    assert not mask_at(paths[0]).any()
