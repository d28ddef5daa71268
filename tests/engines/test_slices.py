from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from PIL import Image

from monai_mri.engines import ManifestDataset, SliceDataset
from monai_mri.engines.slices import planes
from monai_mri.errors import ConfigError, ManifestError
from monai_mri.manifest import write_manifest
from monai_mri.transforms import ReadMRId

READ = ReadMRId(keys=["image", "label"], mask_keys=["label"], allow_missing=True)


def volumes(manifest: Path, **settings) -> ManifestDataset:
    return ManifestDataset(
        **{"manifest": manifest, "part": "train", "images": ["flair"], "transform": READ, **settings}
    )


@pytest.fixture
def pictures(tmp_path) -> Path:
    """Manifest of two 2D pictures of 9 x 7 pixels, the second without lesion."""
    for number in (1, 2):
        (tmp_path / f"p{number}").mkdir()
        mask = np.zeros((9, 7), np.uint8)
        mask[2:4, 3] = 255 * (number == 1)
        Image.fromarray(np.full((9, 7), 10 * number, np.uint8)).save(
            tmp_path / f"p{number}" / "scan_image.png"
        )
        Image.fromarray(mask).save(tmp_path / f"p{number}" / "scan_mask.png")
    rows = [
        {
            "subject_id": f"p{n}",
            "session_id": "",
            "site": "",
            "flair": f"p{n}/scan_image.png",
            "mask": f"p{n}/scan_mask.png",
        }
        for n in (1, 2)
    ]
    return write_manifest(tmp_path / "manifest.csv", rows).path


def test_each_volume_gives_its_planes_along_the_last_axis_in_order(cohort):
    data = volumes(cohort)
    cut = SliceDataset(data=data)
    assert len(cut) == 4 * 3
    for number in range(len(cut)):
        volume, depth = data[number // 3], number % 3
        piece = cut[number]
        assert piece["image"].shape == piece["label"].shape == (1, 40, 32)
        assert torch.equal(torch.as_tensor(piece["image"]), torch.as_tensor(volume["image"])[..., depth])
        assert torch.equal(torch.as_tensor(piece["label"]), torch.as_tensor(volume["label"])[..., depth])
        assert piece["sample_id"] == f"{volume['sample_id']}_z{depth:03d}"
        assert piece["plane"] == depth
        assert piece["subject_id"] == volume["subject_id"]


def test_a_plane_keeps_the_spacing_within_it_and_its_file(cohort):
    image = SliceDataset(data=volumes(cohort))[0]["image"]
    assert image.meta["spacing_mm"].tolist() == [2, 2]
    assert image.meta["filename_or_obj"].endswith("_flair.nii.gz")


def test_sample_ids_of_all_planes_differ(cohort):
    names = [sample["sample_id"] for sample in SliceDataset(data=volumes(cohort)).samples]
    assert len(set(names)) == len(names)


def test_with_lesion_takes_the_planes_whose_mask_is_not_empty(cohort):
    every, some = SliceDataset(data=volumes(cohort)), SliceDataset(data=volumes(cohort), slices="with_lesion")
    wanted = [sample["sample_id"] for sample in every.samples if sample["label"].sum() > 0]
    assert [sample["sample_id"] for sample in some.samples] == wanted
    assert {name[-4:] for name in wanted} == {"z000", "z001"}


def test_further_maps_of_the_volumes_shape_are_cut_alike_others_are_left_whole():
    volume = MetaTensor(
        torch.rand(1, 4, 5, 6), meta={"filename_or_obj": "a", "spacing_mm": np.array([1, 1, 3])}
    )
    sample = {
        "image": volume,
        "raw": volume.clone(),
        "two": torch.rand(2, 4, 5, 6),
        "array": np.ones((1, 4, 5, 6)),
    }
    sample |= {
        "sample_id": "a",
        "subject_id": "a",
        "age": "41",
        "vector": torch.rand(3),
        "small": torch.rand(1, 4, 5, 2),
    }
    pieces = planes(sample)
    assert len(pieces) == 6
    assert {key: tuple(pieces[2][key].shape) for key in ("raw", "two", "array", "vector", "small")} == {
        "raw": (1, 4, 5),
        "two": (2, 4, 5),
        "array": (1, 4, 5),
        "vector": (3,),
        "small": (1, 4, 5, 2),
    }
    assert torch.equal(pieces[5]["two"], sample["two"][..., 5])
    assert pieces[2]["age"] == "41"


def test_a_slice_takes_no_memory_beside_its_volume():
    volume = MetaTensor(
        torch.zeros(1, 4, 5, 6), meta={"filename_or_obj": "a", "spacing_mm": np.array([1, 1, 3])}
    )
    plane = planes({"image": volume, "sample_id": "a"})[1]["image"]
    assert plane.untyped_storage().data_ptr() == volume.untyped_storage().data_ptr()


def test_a_picture_is_the_one_slice_that_it_is(pictures):
    cut = SliceDataset(data=volumes(pictures, part="all"))
    assert [sample["sample_id"] for sample in cut.samples] == ["p1", "p2"]
    assert cut[0]["image"].shape == (1, 9, 7)
    assert np.isnan(cut[0]["image"].meta["spacing_mm"]).all()


def test_with_lesion_leaves_out_pictures_without_one(pictures):
    cut = SliceDataset(data=volumes(pictures, part="all"), slices="with_lesion")
    assert [sample["sample_id"] for sample in cut.samples] == ["p1"]


def test_the_subjects_are_those_of_the_images(cohort):
    assert SliceDataset(data=volumes(cohort), slices="with_lesion").subjects == volumes(cohort).subjects


def test_nothing_is_read_before_it_is_needed(tmp_path):
    SliceDataset(data=volumes(tmp_path / "absent.csv"))


def test_preparing_reads_and_gives_the_same_slices(cohort):
    cut = SliceDataset(data=volumes(cohort))
    before = [sample["sample_id"] for sample in cut.samples]
    cut.prepare()
    assert [sample["sample_id"] for sample in cut.samples] == before


def test_changing_a_slice_does_not_change_the_next_ones_keys(cohort):
    cut = SliceDataset(data=volumes(cohort))
    cut[0].pop("image")
    assert "image" in cut[0]


def test_another_choice_of_slices_is_refused():
    with pytest.raises(ConfigError, match="'some' found"):
        SliceDataset(data=None, slices="some")


def test_no_slice_with_lesion_is_said_with_the_part_and_the_manifest(cohort):
    data = volumes(cohort, mask=None)
    with pytest.raises(ManifestError, match=r"manifest\.csv: no slice with lesion in part 'train'"):
        len(SliceDataset(data=data, slices="with_lesion"))
    assert len(SliceDataset(data=data)) == 12
