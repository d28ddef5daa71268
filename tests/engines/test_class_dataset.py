from __future__ import annotations

import pytest
import torch
from classing import class_data
from monai.transforms import Compose, RandAffined, RandFlipd, RandGaussianNoised

from monai_mri.engines.class_dataset import class_names
from monai_mri.engines.dataset import CLASS
from monai_mri.errors import ConfigError, ManifestError
from monai_mri.transforms import CubeSymmetryDataset, RepeatChannelsd


def test_labels_are_numbered_in_the_order_of_the_classes_and_others_are_left_out(class_cohort):
    data = class_data(class_cohort, "train")
    assert data.names == ["low", "high"]
    assert sorted(set(data.labels)) == [0, 1]
    assert len(data) + data.left_out == len(data.data)
    for place in range(len(data)):
        sample = data[place]
        assert data.names[sample["label"]] == sample[CLASS]
        assert (sample["image"].mean() > 5) == (sample[CLASS] == "high")


def test_other_labels_are_counted_for_people(class_cohort):
    assert class_data(class_cohort, "train").left_out_line == (
        "left out of train: 4 of 12 images, of other labels: odd 4"
    )
    assert class_data(class_cohort, "train", classes={"all": ["low", "high", "odd"]}).left_out_line == ""


def test_classes_without_an_image_are_named(class_cohort):
    data = class_data(class_cohort, "train", classes={"low": "low", "ms": "ms", "nmosd": ["nmosd"]})
    assert data.absent == ["ms", "nmosd"]


def test_numbers_are_labels_by_their_text(class_cohort):
    data = class_data(class_cohort, "train", classes={"a": 2.0, "b": [3, "high"]})
    assert data.classes == {"a": ["2.0"], "b": ["3", "high"]}


def test_channels_come_in_the_order_asked_for(class_cohort):
    one, two = (
        class_data(class_cohort, "train", channels=names) for names in (("first",), ("second", "first"))
    )
    assert one[0]["image"].shape == (1, 8, 8, 8)
    torch.testing.assert_close(two[0]["image"][1:].as_tensor(), one[0]["image"].as_tensor())


def test_several_labels_can_be_one_class(class_cohort):
    data = class_data(class_cohort, "train", classes={"even": ["low", "high"], "odd": ["odd"]})
    assert data.left_out == 0
    assert data.labels.count(0) == 2 * data.labels.count(1)


def test_copies_of_a_class_stand_in_the_epoch_and_are_augmented_apart(class_cohort):
    plain = class_data(class_cohort, "train")
    noise = RandGaussianNoised(keys="image", prob=1.0)
    doubled = class_data(class_cohort, "train", copies={"high": 2}, augment=noise)
    assert doubled.labels.count(1) == 2 * plain.labels.count(1)
    assert doubled.labels.count(0) == plain.labels.count(0)
    places = [
        place for place, row in enumerate(doubled.order) if row == doubled.order[doubled.labels.index(1)]
    ]
    one, other = (doubled[1, place]["image"] for place in places)
    assert not torch.equal(one, other)
    assert torch.equal(one, doubled[1, places[0]]["image"])
    assert not torch.equal(one, doubled[2, places[0]]["image"])


def test_a_step_gets_plain_tensors_and_no_more_than_it_needs(class_cohort):
    step = class_data(class_cohort, "train")[1, 0]
    assert set(step) == {"image", "label", "sample_id"}
    assert type(step["image"]) is torch.Tensor


def test_an_augmented_step_gets_plain_tensors_too_as_a_pure_function_of_epoch_and_place(class_cohort):
    def augmented():
        moves = [RandFlipd(keys="image", prob=0.5), RandAffined(keys="image", prob=1.0, rotate_range=0.3)]
        return class_data(class_cohort, "train", augment=Compose(moves))

    one, other = augmented(), augmented()
    kept = one[0]["image"].clone()
    wanted = {(epoch, place): one[epoch, place]["image"] for epoch in (1, 2) for place in (0, 1)}
    assert {type(image) for image in wanted.values()} == {torch.Tensor}
    for pair in reversed(wanted):
        assert torch.equal(other[pair]["image"], wanted[pair])
    assert not torch.equal(wanted[1, 0], wanted[2, 0])
    assert torch.equal(one[0]["image"], kept)


def test_equal_channels_in_one_place_are_copied_before_augmentation_may_write_on_them(class_cohort):
    class Paint:
        def set_random_state(self, seed):
            pass

        def __call__(self, sample):
            sample["image"][1] = -1
            return sample

    data = class_data(class_cohort, "train", channels=("first",), augment=Paint())
    data.data.transform = Compose([data.data.transform, RepeatChannelsd(keys="image", channels=3)])
    kept = data[0]["image"].as_tensor().clone()
    painted = data[1, 0]["image"]
    assert data[0]["image"].as_tensor().stride(0) == 0
    assert torch.equal(painted[0], kept[0])
    assert bool((painted[1] == -1).all())
    assert torch.equal(data[0]["image"].as_tensor(), kept)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"classes": {"a": None, "b": "low"}}, ConfigError, "a: None found, expected text or a number"),
        ({"classes": {"a": [True], "b": "low"}}, ConfigError, "put quotes around it"),
        ({"classes": {False: "no", "b": "low"}}, ConfigError, "put quotes around it"),
        ({"classes": "low"}, ConfigError, "classes: 'low' found, expected a label"),
        ({"channels": ["first", "frist"]}, ConfigError, "set modality or channels to columns"),
        ({"classes": {"a": ["low"], "b": ["low"]}}, ConfigError, "label 'low' stands in two classes"),
        ({"copies": {"none": 2}}, ConfigError, "expected a class of low, high"),
        ({"copies": {"low": 0}}, ConfigError, "at least 1"),
        ({"column": "diagnosis"}, ManifestError, "no column 'diagnosis'"),
        ({"classes": {"a": ["ms"]}}, ManifestError, "has no label of ms, found high, low, odd"),
    ],
)
def test_what_does_not_fit_the_manifest_is_refused(class_cohort, settings, error, message):
    with pytest.raises(error, match=message):
        len(class_data(class_cohort, "train", **settings))


def test_classes_are_found_below_copies(class_cohort):
    data = class_data(class_cohort, "train")
    assert class_names(CubeSymmetryDataset(data=data, keys=["image"])) == ["low", "high"]
    assert class_names(data.data) == []
