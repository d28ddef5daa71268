from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from tumours import READ, SHAPE, dataset, write_slices, write_volume

from monai_mri.engines import PipelineDataset
from monai_mri.engines.pipeline.pictures import as_shown
from monai_mri.engines.pipeline.scan import SliceViews, scan_images
from monai_mri.engines.weights import WeightsRecord
from monai_mri.errors import ConfigError, ImageError
from monai_mri.manifest import read_manifest, write_manifest
from monai_mri.transforms import ReadMRId

LABELS = {"tumor": True, "no_tumor": False}


def relabelled(folder, changes):
    """The manifest of nine pictures with cells changed, by number of the row."""
    rows = read_manifest(write_slices(folder)).rows()
    for number, change in changes.items():
        rows[number] |= change
    return write_manifest(folder / "new.csv", rows).path


def test_a_slice_knows_its_truth_from_label_and_mask(tmp_path):
    found = scan_images(dataset(write_slices(tmp_path)), labels=LABELS)
    assert [one.tumor for one in found.slices] == [True, True, False, True, True, *[False] * 4]
    assert [one.truth_area for one in found.slices] == [25, 25, 0, 25, 25, 0, 0, 0, 0]
    assert found.truth_known
    assert found.contradictions == found.faults == []


def test_a_mask_alone_is_enough_and_a_label_of_no_class_says_nothing(tmp_path):
    changes = {0: {"label": "other", "mask": ""}, 1: {"label": ""}, 2: {"mask": ""}, 3: {"mask": ""}}
    found = scan_images(dataset(relabelled(tmp_path, changes)), labels=LABELS)
    facts = [(one.tumor, one.truth_area) for one in found.slices[:4]]
    assert facts == [(None, None), (True, 25), (False, 0), (True, None)]
    assert not found.truth_known


def test_label_and_mask_that_differ_are_noted_and_the_label_is_taken(tmp_path):
    found = scan_images(dataset(relabelled(tmp_path, {0: {"label": "no_tumor"}})), labels=LABELS)
    assert found.contradictions == [found.slices[0].sample_id]
    assert found.slices[0].tumor is False


def test_planes_of_a_volume_are_slices_whose_label_is_not_that_of_the_volume(tmp_path):
    write_volume(tmp_path / "a.nii.gz")
    row = {"subject_id": "a", "image": "a.nii.gz", "label": "tumor"}
    found = scan_images(dataset(write_manifest(tmp_path / "m.csv", [row]).path), labels=LABELS)
    assert [(one.plane, one.slice_index, one.tumor) for one in found.slices] == [
        (n, str(n), None) for n in range(4)
    ]
    assert found.images[0].blank.array.shape == (*SHAPE, 4)


def test_an_image_that_cannot_be_read_is_a_fault_and_none_at_all_an_error(tmp_path):
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"nothing")
    found = scan_images(dataset(tmp_path), labels={})
    assert len(found.images) == len(found.faults) == 1
    assert "b.png" in found.faults[0]
    (tmp_path / "a.png").unlink()
    with pytest.raises(ImageError, match=r"none of 1 images can be used, first .*b\.png"):
        scan_images(dataset(tmp_path), labels={})


def test_a_transform_that_leaves_the_mask_unread_is_refused(tmp_path):
    data = PipelineDataset(source=write_slices(tmp_path), transform=ReadMRId(keys=["image"], mask_keys=[]))
    with pytest.raises(ConfigError, match="leaves the mask under 'label' unread"):
        scan_images(data, labels=LABELS)


@pytest.mark.parametrize(("kind", "upright"), [("picture", True), ("nifti", False), ("", False)])
def test_planes_are_upright_for_networks_that_learnt_from_pictures(tmp_path, kind, upright):
    truth = write_volume(tmp_path / "a.nii.gz")
    nib.save(nib.Nifti1Image(truth.astype(np.uint8), np.diag([1.0, 1, 5, 1])), tmp_path / "a_lesion.nii.gz")
    Image.new("RGB", (7, 5)).save(tmp_path / "b.png")
    table = [{"subject_id": "a", "image": "a.nii.gz", "mask": "a_lesion.nii.gz"}]
    table += [{"subject_id": "b", "image": "b.png", "mask": ""}]
    data = dataset(write_manifest(tmp_path / "m.csv", table).path)
    record = WeightsRecord("test", "Net", 1, "", "", images_kind=kind)
    plain = SliceViews(data, scan_images(data, labels={}))
    seen = plain.as_seen_by(record)
    for key in ("image", "truth"):
        own, shown = np.asarray(plain[1][key]), np.asarray(seen[1][key])
        np.testing.assert_array_equal(shown, own[:, ::-1, ::-1].swapaxes(1, 2) if upright else own)
    drawn = as_shown(plain[1]["image"], caption="", volume=True).image
    assert (drawn.shape[:2] == seen[1]["image"].shape[1:]) is upright
    assert seen[4]["image"].shape == (3, 5, 7)
    assert [seen.turns(place) for place in range(5)] == [upright] * 4 + [False]


def test_an_image_is_read_once_for_its_planes_and_views_give_them(tmp_path):
    write_volume(tmp_path / "a.nii.gz")
    reads = []

    def read(sample):
        reads.append(sample["sample_id"])
        return READ(sample)

    data = PipelineDataset(source=tmp_path, transform=read)
    views = SliceViews(data, scan_images(data, labels={}))
    samples = [views[number] for number in range(len(views))]
    assert reads == ["a", "a"]  # once to look at it, once for all planes
    assert [sample["place"] for sample in samples] == [0, 1, 2, 3]
    whole = data[0]["image"]
    np.testing.assert_array_equal(samples[2]["image"], whole[..., 2])
    assert "truth" not in samples[0]
