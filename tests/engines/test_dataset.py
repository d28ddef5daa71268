from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.transforms import Compose, RandFlipd, RandGaussianNoised

from monai_mri.engines import ManifestDataset
from monai_mri.engines.dataset import CLASS
from monai_mri.errors import ConfigError, ManifestError, MonaiMRIError, UsageError
from monai_mri.manifest import make_splits, read_manifest, splits_path, write_manifest, write_splits
from monai_mri.transforms import ReadMRId
from monai_mri.transforms.read_mri import CHANNELS as COLUMNS

READ = ReadMRId(keys=["image", "label"], mask_keys=["label"])


def dataset(manifest: Path, **settings) -> ManifestDataset:
    return ManifestDataset(**{"manifest": manifest, "part": "train", "images": ["flair"], **settings})


@pytest.fixture
def table(tmp_path):
    """Write a manifest of tiny images, one a row, and give its path."""

    def write(rows: list[dict[str, str]]) -> Path:
        filled = []
        for number, row in enumerate(rows):
            names = {"flair": f"image_{number}.nii", "mask": f"mask_{number}.nii"}
            for name in names.values():
                nib.save(nib.Nifti1Image(np.ones((2, 2, 2), np.float32), np.eye(4)), tmp_path / name)
            filled.append({"session_id": "", "site": "", **names, **row})
        return write_manifest(tmp_path / "manifest.csv", filled).path

    return write


def test_nothing_is_read_before_a_sample_is_asked_for(tmp_path):
    dataset(tmp_path / "absent.csv", part="nonsense", images=["nonsense"])


def test_a_sample_holds_paths_ids_and_every_column(cohort):
    sample = dataset(cohort, part="test")[0]
    assert sample["subject_id"] == "sub-006"
    assert Path(sample["image"]).is_file()
    assert sample["label"] == str(cohort.parent / "sub-006" / "sub-006_plaques.nii.gz")
    assert {"session_id", "site", "flair", "mask"} <= set(sample)


def test_the_parts_do_not_share_a_subject_and_are_all_there(cohort):
    subjects = [dataset(cohort, part=part).subjects for part in ("train", "validation", "test")]
    assert [len(part) for part in subjects] == [4, 1, 1]
    assert sorted(subject for part in subjects for subject in part) == dataset(cohort, part="all").subjects


def test_paths_start_from_the_folder_of_the_data(cohort):
    assert len(dataset(Path(cohort.name), dataset_dir=cohort.parent)) == 4
    assert len(dataset(Path(cohort.name), dataset_dir=cohort.parent, splits=splits_path(cohort).name)) == 4


def test_all_needs_no_splits(table):
    assert len(dataset(table([{"subject_id": "a"}, {"subject_id": "b"}]), part="all")) == 2


def test_several_images_are_a_list(cohort):
    assert len(dataset(cohort, images=["flair", "mask"])[0]["image"]) == 2


def test_an_image_column_that_is_named_twice_is_refused(cohort):
    with pytest.raises(ConfigError, match="'flair' stands twice in flair, mask, flair"):
        len(dataset(cohort, images=["flair", "mask", "flair"]))


def test_without_a_mask_column_there_is_no_label(cohort):
    assert "label" not in dataset(cohort, mask=None)[0]


def test_an_empty_cell_of_the_mask_gives_no_label(table):
    assert "label" not in dataset(table([{"subject_id": "a", "mask": ""}]), part="all")[0]


def test_an_empty_cell_of_an_image_is_said_as_our_error_with_the_subject(table):
    data = dataset(
        table([{"subject_id": "a"}, {"subject_id": "bob", "flair": ""}]), part="all", transform=READ
    )
    with pytest.raises(MonaiMRIError, match="bob"):
        data[1]


def test_each_image_is_read_once(cohort):
    counted: Counter[str] = Counter()

    def read(sample):
        counted[sample["subject_id"]] += 1
        return READ(sample)

    data = dataset(cohort, transform=read)
    data.prepare()
    for epoch in (1, 2):
        for row in range(len(data)):
            data[(epoch, row)], data[row]
    assert set(counted.values()) == {1}


def test_changing_a_sample_does_not_change_the_next_ones_keys(cohort):
    data = dataset(cohort, transform=READ)
    data[0]["image"] = None
    assert data[0]["image"] is not None


def augmented(cohort: Path, *, seed: int = 0) -> ManifestDataset:
    noise = [RandGaussianNoised(keys="image", prob=1), RandFlipd(keys=["image", "label"], prob=0.5)]
    return dataset(cohort, transform=READ, augment=Compose(noise), seed=seed)


def test_augmentation_is_a_pure_function_of_seed_epoch_and_row(cohort):
    one, other = augmented(cohort), augmented(cohort)
    wanted = {(epoch, row): one[(epoch, row)]["image"] for epoch in (1, 2, 3) for row in range(4)}
    torch.manual_seed(99)
    np.random.seed(99)
    for pair in reversed(wanted):
        assert torch.equal(other[pair]["image"], wanted[pair])
    assert not torch.equal(wanted[1, 0] - other[0]["image"], wanted[2, 0] - other[0]["image"])
    assert not torch.equal(wanted[1, 0], augmented(cohort, seed=1)[(1, 0)]["image"])


def test_image_and_mask_are_augmented_alike(cohort):
    data = dataset(
        cohort, transform=READ, augment=RandFlipd(keys=["image", "label"], prob=0.5, spatial_axis=0)
    )
    plain = data[0]
    flipped = [data[(epoch, 0)] for epoch in range(1, 13)]
    moved = [not torch.equal(sample["image"], plain["image"]) for sample in flipped]
    assert moved == [not torch.equal(sample["label"], plain["label"]) for sample in flipped]
    assert 0 < sum(moved) < len(moved)


def test_without_an_epoch_a_sample_is_as_it_is_and_stays_so(cohort):
    data = augmented(cohort)
    before = data[0]["image"].clone()
    data[(1, 0)]
    assert torch.equal(data[0]["image"], before)
    assert torch.equal(before, dataset(cohort, transform=READ)[0]["image"])


def test_an_augmentation_that_writes_into_its_input_does_not_add_up(cohort):
    class Brighten:
        def set_random_state(self, seed):
            self.gain = seed % 7

        def __call__(self, sample):
            sample["image"] += self.gain + 1
            return sample

    data = dataset(cohort, transform=READ, augment=Brighten())
    assert torch.equal(data[(1, 0)]["image"].clone(), data[(1, 0)]["image"].clone())


def test_an_absent_manifest_is_said_with_its_path(tmp_path):
    with pytest.raises(MonaiMRIError, match=r"absent\.csv"):
        len(dataset(tmp_path / "absent.csv"))


def test_absent_splits_are_said_with_the_command_that_makes_them(table):
    with pytest.raises(MonaiMRIError, match=r"no splits there.*manifest split"):
        len(dataset(table([{"subject_id": "a"}])))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"images": ["t2"]},
            r"no column 't2', found subject_id, .*flair.*; set modality or channels to columns",
        ),
        (
            {"mask": "lesions"},
            "no column 'lesions', found subject_id, .*; set mask to a column of the manifest",
        ),
    ],
)
def test_an_absent_column_is_said_with_its_setting_beside_those_there_are(cohort, settings, message):
    with pytest.raises(ConfigError, match=message):
        len(dataset(cohort, **settings))


@pytest.mark.parametrize("settings", [{"part": "training"}, {"fold": 3}, {"repeat": 1}])
def test_an_unknown_part_fold_or_repeat_is_refused(cohort, settings):
    with pytest.raises(UsageError):
        len(dataset(cohort, **settings))


def test_an_empty_part_is_said(table):
    path = table([{"subject_id": name} for name in "abcdef"])
    write_splits(splits_path(path), make_splits(read_manifest(path), test=0.2, validation=0))
    with pytest.raises(MonaiMRIError, match="'validation' holds no image"):
        len(dataset(path, part="validation"))


def test_splits_of_another_manifest_are_refused(table):
    path = table([{"subject_id": name} for name in "abcdef"])
    write_splits(splits_path(path), make_splits(read_manifest(path)))
    table([{"subject_id": name} for name in "abcdeg"])
    with pytest.raises(MonaiMRIError):
        len(dataset(path))


@pytest.mark.parametrize(
    "rows",
    [
        [("a", "1"), ("a", "2")],
        [("a", ""), ("a", ""), ("a_001", "")],
        [("a/b", ""), ("a b", ""), ("a-b", "")],
        [("a", "b"), ("a_b", "")],
        [("x", ""), ("x", ""), ("x", "002")],
    ],
)
def test_sample_ids_are_unique_and_safe_as_file_names(table, rows):
    data = dataset(
        table([{"subject_id": subject, "session_id": session} for subject, session in rows]), part="all"
    )
    names = [row["sample_id"] for row in data.rows]
    assert len(set(names)) == len(rows)
    assert all(re.fullmatch(r"[\w.-]+", name) for name in names)


def test_sample_ids_of_long_subjects_are_short_enough_for_file_names_and_differ(table):
    subjects = ["s" * 250, "s" * 251, "ü" * 120]
    names = [
        row["sample_id"] for row in dataset(table([{"subject_id": one} for one in subjects]), part="all").rows
    ]
    assert len(set(names)) == 3
    assert all(len(name.encode()) < 120 for name in names)


def test_a_column_called_class_stays_what_it_is(table):
    data = dataset(table([{"subject_id": "a", "class": "from the table"}]), part="all")
    assert data[0]["class"] == "from the table"
    assert CLASS not in data[0]


def test_sample_ids_stay_the_subjects_where_those_are_unique_and_safe(table):
    data = dataset(table([{"subject_id": "sub-001"}, {"subject_id": "sub-002"}]), part="all")
    assert [row["sample_id"] for row in data.rows] == ["sub-001", "sub-002"]


def test_a_row_beyond_the_last_ends_iteration(cohort):
    assert [sample["subject_id"] for sample in dataset(cohort)] == dataset(cohort).subjects


@pytest.fixture
def visits(table):
    """Three visits with a pre, a flair and a post; the second lacks pre and post, the third post."""
    rows = [
        {"subject_id": "a", "pre": "image_0.nii", "post": "mask_0.nii"},
        {"subject_id": "b", "pre": "", "post": ""},
        {"subject_id": "c", "pre": "image_2.nii", "post": ""},
    ]
    return table(rows)


CHANNELS = ["pre", "flair", "post"]


def names(sample) -> list[str]:
    return [Path(path).name for path in sample["image"]]


def test_the_fallback_stands_in_for_images_that_a_row_has_not_and_the_sample_says_which(visits):
    data = dataset(visits, part="all", images=CHANNELS, fallback="flair")
    assert [names(sample) for sample in data] == [
        ["image_0.nii", "image_0.nii", "mask_0.nii"],
        ["image_1.nii", "image_1.nii", "image_1.nii"],
        ["image_2.nii", "image_2.nii", "image_2.nii"],
    ]
    assert [sample["copied_channels"] for sample in data] == ["", "pre+post", "post"]


def test_a_copied_channel_holds_the_voxels_of_the_fallback(visits):
    data = dataset(visits, part="all", images=CHANNELS, fallback="flair", transform=READ)
    image = data[1]["image"]
    assert image.shape == (3, 2, 2, 2)
    assert torch.equal(image[0], image[1])


def test_without_a_fallback_an_empty_cell_is_an_error_and_nothing_is_said_of_copies(visits):
    with pytest.raises(ManifestError, match="'b' has no image in column 'pre'; name its file"):
        len(dataset(visits, part="all", images=CHANNELS))
    assert "copied_channels" not in dataset(visits, part="all")[0]


def test_the_manifests_own_column_of_copied_channels_is_kept(table):
    path = table([{"subject_id": "a", "pre": "", "copied_channels": "as the hospital says"}])
    data = dataset(path, part="all", images=["pre", "flair"], fallback="flair")
    assert data[0]["copied_channels"] == "as the hospital says"


def test_a_fallback_that_is_empty_itself_is_said(table):
    path = table([{"subject_id": "bob", "pre": "", "flair": ""}])
    with pytest.raises(
        ManifestError, match="'bob' has no image in column 'pre' nor one in 'flair' to stand in"
    ):
        len(dataset(path, part="all", images=["pre"], fallback="flair"))


def test_beside_puts_the_path_of_a_column_under_its_key(cohort):
    data = dataset(cohort, images=["mask"], mask=None, beside={"guide": "flair"})
    assert data[0]["guide"] == str(cohort.parent / "sub-001" / "sub-001_flair.nii.gz")
    assert data[0]["image"].endswith("_plaques.nii.gz")
    assert "guide" not in dataset(cohort)[0]


def test_the_transform_knows_the_column_of_each_file_and_the_sample_does_not_keep_it(cohort):
    settings = {"images": ["mask", "flair"], "mask": None, "beside": {"guide": "flair"}}
    told = []

    def note(sample):
        told.append(sample[COLUMNS])
        return sample

    assert COLUMNS not in dataset(cohort, transform=note, **settings)[0]
    assert told == [{"image": ["mask", "flair"], "guide": ["flair"]}]


def test_beside_may_name_its_column_as_the_manifest_does(cohort):
    data = dataset(cohort, images=["mask"], mask=None, beside={"flair": "flair"})
    assert data[0]["flair"] == str(cohort.parent / "sub-001" / "sub-001_flair.nii.gz")


@pytest.mark.parametrize("key", ["image", "label", "sample_id", "subject_id", "site"])
def test_a_key_that_is_taken_is_refused_beside(cohort, key):
    with pytest.raises(ConfigError, match=f"beside: key '{key}' is one that each sample has already"):
        len(dataset(cohort, beside={key: "flair"}))


def test_an_empty_cell_beside_is_an_error_also_with_a_fallback(visits):
    data = dataset(visits, part="all", beside={"guide": "post"}, fallback="flair")
    with pytest.raises(ManifestError, match="'b' has no image in column 'post'"):
        len(data)


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"fallback": "t2"}, "fallback"), ({"beside": {"guide": "t2"}}, "guide, or beside::guide,")],
)
def test_an_absent_column_of_fallback_or_beside_is_said(cohort, settings, named):
    with pytest.raises(ConfigError, match=f"no column 't2', found subject_id.*; set {named} to"):
        len(dataset(cohort, **settings))


def test_files_that_are_not_there_are_found_before_training_also_beside_and_in_the_place_of_others(visits):
    plain = dataset(visits, part="all", images=["pre"])
    plain.require_files()
    (visits.parent / "image_1.nii").unlink()
    plain.require_files()
    with pytest.raises(ManifestError, match=r"1 of its files are not there, first image_1\.nii"):
        dataset(visits, part="all", images=["pre"], fallback="flair").require_files()
    with pytest.raises(ManifestError, match=r"1 of its files are not there, first image_1\.nii"):
        dataset(visits, part="all", images=["pre"], beside={"guide": "flair"}).require_files()


def test_equal_channels_are_kept_in_memory_once_and_each_its_own_in_augmentation(visits):
    class Paint:
        def set_random_state(self, seed):
            pass

        def __call__(self, sample):
            sample["image"][1] = -1
            return sample

    data = dataset(visits, part="all", images=CHANNELS, fallback="flair", transform=READ, augment=Paint())
    assert data[1]["image"].untyped_storage().nbytes() == 8 * 4
    painted = data[(1, 1)]["image"]
    assert bool((painted[0] == 1).all())
    assert bool((painted[1] == -1).all())
    assert bool((data[1]["image"] == 1).all())


def test_the_class_of_an_image_is_not_taken_for_its_mask(table):
    path = table(
        [{"subject_id": "a", "label": "no_tumor", "mask": ""}, {"subject_id": "b", "label": "tumor"}]
    )
    segmented = dataset(path, part="all")
    assert "label" not in segmented[0]
    assert segmented[1]["label"].endswith("mask_1.nii")
    assert [sample["label"] for sample in dataset(path, part="all", mask=None)] == ["no_tumor", "tumor"]
