from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from monai.bundle import ConfigParser
from monai.data import MetaTensor
from monai.transforms import Compose, RandAffined
from PIL import Image
from torch.utils.data import DataLoader

from monai_mri.engines import ManifestDataset, SliceDataset
from monai_mri.engines.batching import BatchDataset, as_is
from monai_mri.engines.slices import PLANE, VOLUME, planes
from monai_mri.errors import ConfigError, ManifestError
from monai_mri.manifest import write_manifest
from monai_mri.transforms import ReadMRId, ScaleToUnitd

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
        assert piece[PLANE] == depth
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


def test_with_mask_leaves_out_what_has_none_and_keeps_empty_masks(pictures, capsys):
    pictures.write_text(pictures.read_text().replace("p1/scan_mask.png", ""))
    cut = SliceDataset(data=volumes(pictures, part="all"), slices="with_mask")
    assert [sample["sample_id"] for sample in cut.samples] == ["p2"]
    assert not cut[0]["label"].any()
    said = capsys.readouterr()
    assert "left out of all: 1 of 2 slices, which have no mask" in said.out + said.err


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


AUGMENT = """
_target_: monai.transforms.Compose
transforms:
- {_target_: monai_mri.transforms.ResizeImaged, keys: [image, label], mask_keys: label, spatial_size: [32, 24]}
- {_target_: monai.transforms.RandFlipd, keys: [image, label], prob: 0.5, spatial_axis: 0}
- {_target_: monai.transforms.RandFlipd, keys: [image, label], prob: 0.5, spatial_axis: 1}
- {_target_: monai.transforms.RandRotated, keys: [image, label], prob: 0.5, range_x: 0.3, mode: [bilinear, nearest], padding_mode: zeros}
- {_target_: monai.transforms.RandAffined, keys: [image, label], prob: 0.5, rotate_range: 0.3, translate_range: [3, 3], mode: [bilinear, nearest], padding_mode: zeros}
- {_target_: monai.transforms.RandAdjustContrastd, keys: image, prob: 0.5, gamma: [0.8, 1.25]}
- {_target_: monai.transforms.RandShiftIntensityd, keys: image, prob: 0.5, offsets: 0.1}
- {_target_: monai.transforms.RandScaleIntensityd, keys: image, prob: 0.5, factors: 0.1}
"""  # noqa: E501


@pytest.fixture
def scans(tmp_path) -> Path:
    """Manifest of two 3-channel TIFF, one grey PNG and one RGBA PNG of three sizes, each with a mask."""
    rng, rows = np.random.default_rng(0), []
    shapes = [(40, 30, 3), (20, 50, 3), (40, 30), (33, 31, 4)]
    for number, (shape, ending) in enumerate(zip(shapes, ("tif", "tif", "png", "png"), strict=True)):
        mask = np.zeros(shape[:2], np.uint8)
        mask[8:16, 5 : 12 + number] = 255
        Image.fromarray(rng.integers(0, 255, shape, np.uint8)).save(tmp_path / f"i{number}.{ending}")
        Image.fromarray(mask).save(tmp_path / f"m{number}.tif")
        rows.append(
            {
                "subject_id": f"p{number}",
                "session_id": "",
                "site": "",
                "flair": f"i{number}.{ending}",
                "mask": f"m{number}.tif",
            }
        )
    return write_manifest(tmp_path / "manifest.csv", rows).path


def training(scans: Path, *, seed: int = 0, **settings) -> SliceDataset:
    read = ReadMRId(keys=["image", "label"], mask_keys="label", allow_missing=True, colour=True)
    data = volumes(scans, part="all", transform=Compose([read, ScaleToUnitd(keys="image")]))
    augment = ConfigParser({"augment": yaml.safe_load(AUGMENT)}).get_parsed_content("augment")
    return SliceDataset(**{"data": data, "augment": augment, "seed": seed, **settings})


def test_a_training_step_gets_plain_finite_tensors_of_one_size_and_a_mask_of_0_and_1(scans):
    data = training(scans)
    for epoch in range(1, 9):
        for index in range(4):
            step = data[(epoch, index)]
            assert set(step) == {"image", "label", "sample_id", "subject_id"}
            assert type(step["image"]) is type(step["label"]) is torch.Tensor
            assert step["image"].shape == (3, 32, 24)
            assert step["label"].shape == (1, 32, 24)
            assert step["image"].dtype == step["label"].dtype == torch.float32
            assert torch.isfinite(step["image"]).all()
            assert set(step["label"].unique().tolist()) <= {0.0, 1.0}


def test_a_training_step_is_a_pure_function_of_seed_epoch_and_slice(scans):
    one, other = training(scans), training(scans)
    wanted = {(epoch, index): one[(epoch, index)] for epoch in (1, 2, 3) for index in range(4)}
    torch.manual_seed(99)
    np.random.seed(99)
    for pair in reversed(wanted):
        for key in ("image", "label"):
            assert torch.equal(other[pair][key], wanted[pair][key])
    assert not torch.equal(wanted[1, 0]["image"], wanted[2, 0]["image"])
    assert not torch.equal(wanted[1, 0]["image"], training(scans, seed=1)[(1, 0)]["image"])


def test_image_and_mask_of_a_step_move_together(scans):
    data = training(scans)
    for sample in data.samples:
        sample["image"] = MetaTensor(sample["label"].as_tensor().expand(3, -1, -1), meta=sample["image"].meta)
    overlaps = []
    for epoch in range(1, 13):
        step = data[(epoch, 0)]
        drawn, mask = step["image"][0] > 0.5, step["label"][0] > 0
        overlaps.append(float(2 * (drawn & mask).sum() / (drawn.sum() + mask.sum())))
    assert min(overlaps) > 0.8


def test_training_steps_lie_together_in_batches(scans):
    loader = DataLoader(
        BatchDataset(training(scans)), batch_sampler=[[(1, 0), (1, 2)], [(1, 1), (1, 3)]], collate_fn=as_is
    )
    for batch, subjects in zip(loader, (["p0", "p2"], ["p1", "p3"]), strict=True):
        assert batch["image"].shape == (2, 3, 32, 24)
        assert batch["label"].shape == (2, 1, 32, 24)
        assert batch["subject_id"] == subjects


def test_what_is_kept_in_memory_is_not_written_on_even_by_a_transform_that_writes_into_its_input(scans):
    class Brighten:
        def set_random_state(self, seed):
            self.gain = seed % 7

        def __call__(self, sample):
            sample["image"] += self.gain + 1
            sample["label"][:] = 0
            return sample

    data = training(scans, augment=Brighten())
    before = [{key: data[index][key].clone() for key in ("image", "label")} for index in range(4)]
    steps = [data[(1, index)]["image"] for index in range(4)]
    for index, kept in enumerate(before):
        assert torch.equal(data[index]["image"], kept["image"])
        assert torch.equal(data[index]["label"], kept["label"])
        assert torch.equal(data[(1, index)]["image"], steps[index])
        assert float((steps[index] - kept["image"].as_tensor()).min()) >= 0.99


def test_without_augmentation_a_step_is_the_slice_itself_as_plain_tensors(scans):
    data = training(scans, augment=None)
    step = data[(1, 2)]
    assert type(step["image"]) is torch.Tensor
    assert torch.equal(step["image"], data[2]["image"].as_tensor())
    assert torch.equal(step["label"], data[2]["label"].as_tensor())
    assert step["sample_id"] == "p2"


def test_without_an_epoch_a_slice_is_neither_resized_nor_augmented(scans):
    sample = training(scans)[1]
    assert sample["image"].shape == (3, 20, 50)
    assert isinstance(sample["image"], MetaTensor)
    assert sample["flair"] == "i1.tif"


def test_a_slice_without_a_mask_is_refused_in_training_by_name_before_the_first_step(scans):
    rows = [line.rsplit(",", 1)[0] + "," if "m3" in line else line for line in scans.read_text().splitlines()]
    scans.write_text("\n".join(rows) + "\n")
    data = training(scans)
    assert "label" not in data[3]
    with pytest.raises(ManifestError, match="p3: no mask, needed for training"):
        data[(1, 0)]


def test_a_label_that_augmentation_has_blurred_is_refused_with_what_to_change(scans):
    blur = RandAffined(keys=["image", "label"], prob=1, rotate_range=0.3, mode="bilinear")
    data = training(scans, augment=blur)
    with pytest.raises(ConfigError, match=r"p0: after augment its label has values.*mode to nearest"):
        [data[(epoch, 0)] for epoch in range(1, 9)]


def test_slices_of_volumes_with_several_channels_are_trained_on_with_all_of_them(cohort):
    data = SliceDataset(data=volumes(cohort, images=["flair", "mask"]), slices="with_lesion")
    step, volume = data[(1, 0)], data.data[0]["image"]
    assert step["image"].shape == (2, 40, 32)
    assert torch.equal(step["image"], volume.as_tensor()[..., 0])
    assert torch.equal(step["image"][1:], step["label"])


def test_a_plane_names_the_volume_and_the_place_that_it_is_put_back_to(cohort):
    data = SliceDataset(data=volumes(cohort))
    for index, sample in enumerate(data.samples):
        volume = data.data[index // 3]
        assert (sample[VOLUME], sample[PLANE]) == (volume["sample_id"], index % 3)
        assert sample["image"].meta["filename_or_obj"] == volume["image"].meta["filename_or_obj"]
