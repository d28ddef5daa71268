from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest import create_manifest, plan_manifest


@pytest.fixture
def make(tmp_path):
    """Write a dataset.json and empty files beside it; give the folder."""

    def write(content, *names: str, name="dataset.json") -> Path:
        root = tmp_path / "Task"
        for path in (root / one for one in names):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        root.mkdir(exist_ok=True)
        (root / name).write_text(content if isinstance(content, str) else json.dumps(content))
        return root

    return write


def why(collected) -> dict[str, str]:
    return {skipped.path: skipped.why for skipped in collected.skipped}


MSD = {
    "name": "Hippocampus",
    "modality": {"0": "MRI"},
    "labels": {"0": "background", "1": "Anterior"},
    "numTraining": 2,
    "training": [
        {"image": "./imagesTr/hippocampus_367.nii.gz", "label": "./labelsTr/hippocampus_367.nii.gz"},
        {"image": "./imagesTr/hippocampus_304.nii.gz", "label": "./labelsTr/hippocampus_304.nii.gz"},
    ],
    "test": ["./imagesTs/hippocampus_267.nii.gz"],
}
MSD_FILES = [
    f"{folder}/hippocampus_{number}.nii.gz"
    for folder, numbers in (("imagesTr", (367, 304)), ("labelsTr", (367, 304)), ("imagesTs", (267,)))
    for number in numbers
]


@pytest.mark.parametrize("inner", ["", "dataset.json"])
def test_lists_become_rows_with_their_part(make, inner):
    root = make(MSD, *MSD_FILES, "imagesTr/._hippocampus_367.nii.gz")
    collected = plan_manifest("decathlon", root / inner)
    assert [(s.subject_id, s.extra) for s in collected.samples] == [
        ("hippocampus_367", {"official_part": "train"}),
        ("hippocampus_304", {"official_part": "train"}),
        ("hippocampus_267", {"official_part": "test"}),
    ]
    assert collected.modalities == ("mri",)
    assert collected.samples[0].images == {"mri": root / "imagesTr" / "hippocampus_367.nii.gz"}
    assert collected.samples[0].mask == root / "labelsTr" / "hippocampus_367.nii.gz"
    assert collected.samples[2].mask is None
    assert (collected.skipped, collected.channels) == ((), {})


def test_a_list_of_images_is_a_column_a_modality(make):
    names = [f"sub-{number}_{name}.nii.gz" for number in (1, 2) for name in ("flair", "t1gd")]
    training = [{"image": names[:2], "label": 1.0, "fold": 0}, {"image": names[2:], "label": 0, "fold": 1}]
    content = {"channel_names": {"1": "T1 Gd", "0": "FLAIR"}, "labels": {"meningioma": 1, "glioma": 0}}
    collected = plan_manifest("decathlon", make({**content, "training": training}, *names))
    assert collected.modalities == ("flair", "t1_gd")
    assert [(s.subject_id, s.extra) for s in collected.samples] == [
        ("sub-1", {"official_part": "train", "label": "meningioma", "fold": "0"}),
        ("sub-2", {"official_part": "train", "label": "glioma", "fold": "1"}),
    ]
    assert collected.samples[0].images["t1_gd"].name == "sub-1_t1gd.nii.gz"


def test_a_list_without_names_is_numbered(make):
    collected = plan_manifest(
        "decathlon", make({"training": [{"image": ["a_1.nii", "a_2.nii"]}]}, "a_1.nii", "a_2.nii")
    )
    assert collected.modalities == ("image_0", "image_1")
    assert collected.samples[0].subject_id == "a"


def test_one_4d_image_of_several_modalities_is_one_column_with_channels(make):
    names = {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"}
    collected = plan_manifest(
        "decathlon", make({"modality": names, "training": [{"image": "a.nii.gz"}]}, "a.nii.gz")
    )
    assert collected.modalities == ("image",)
    assert collected.channels == {"image": ("flair", "t1w", "t1gd", "t2w")}


def test_awkward_channel_names_become_columns_of_their_own(make):
    names = {"0": "mask", "1": "T1", "2": "t1", "3": " "}
    content = {"modality": names, "training": [{"image": [f"{number}.nii" for number in range(4)]}]}
    collected = plan_manifest("decathlon", make(content, *(f"{number}.nii" for number in range(4))))
    assert collected.modalities == ("image_mask", "t1", "t1_2", "image")


def test_other_values_become_columns_and_known_keys_what_they_say(make):
    first = {"image": "a.png", "label": "glioma", "age": 31.5, "smoker": True, "note": None, "box": [1, 2]}
    second = {
        "flair": "b.png",
        "mask": "m.png",
        "subject_id": "p1",
        "session_id": 2,
        "site": "x",
        "t1": "c.png",
    }
    root = make({"training": [first], "validation": [second]}, "a.png", "b.png", "c.png", "m.png")
    collected = plan_manifest("decathlon", root)
    one, two = collected.samples
    extra = {"official_part": "train", "label": "glioma", "age": "31.5", "smoker": "true", "note": ""}
    assert one.extra == extra
    assert (two.subject_id, two.session_id, two.site) == ("p1", "2", "x")
    assert (two.images, two.mask) == ({"flair": root / "b.png", "t1": root / "c.png"}, root / "m.png")
    assert two.extra == {"official_part": "validation"}
    assert why(collected) == {"dataset.json key 'box'": "only texts and numbers become columns"}


def test_paths_are_relative_to_the_json_and_dots_are_resolved(make, tmp_path):
    root = make(
        {"training": [{"image": "../x/../Task/a.png"}, {"image": str(tmp_path / "Task" / "b.png")}]},
        "a.png",
        "b.png",
    )
    images = [sample.images["image"] for sample in plan_manifest("decathlon", root).samples]
    assert images == [root / "a.png", root / "b.png"]


def test_the_same_name_in_each_folder_makes_the_folder_the_subject(make):
    names = ["p1/flair.nii.gz", "p2/flair.nii.gz"]
    collected = plan_manifest("decathlon", make({"training": [{"image": name} for name in names]}, *names))
    assert [sample.subject_id for sample in collected.samples] == ["p1", "p2"]


def test_a_pattern_finds_the_subject_in_the_first_image(make):
    names = ["p1/ses1_0000.nii.gz", "p1/ses2_0000.nii.gz", "x.nii.gz"]
    root = make({"training": [{"image": name} for name in names]}, *names)
    assert [s.subject_id for s in plan_manifest("decathlon", root).samples] == ["ses1", "ses2", "x"]
    collected = plan_manifest("decathlon", root, subject_pattern=r"^(p\d)/")
    assert [sample.subject_id for sample in collected.samples] == ["p1", "p1"]
    assert why(collected) == {
        "x.nii.gz": "no subject: subject_pattern '^(p\\\\d)/' finds nothing in its path"
    }
    with pytest.raises(UsageError, match="expected a regular expression"):
        plan_manifest("decathlon", root, subject_pattern="(")


def test_what_is_not_taken_is_named_with_the_reason(make):
    entries = [
        {"image": "gone.nii.gz"},
        {"image": "a.nii.gz", "label": "gone/a.nii.gz"},
        {"image": "._b.nii.gz"},
        {"image": "c.npy"},
    ]
    collected = plan_manifest(
        "decathlon", make({"training": entries}, "a.nii.gz", "c.npy", "more/d.nii.gz", "._b.nii.gz")
    )
    assert why(collected) == {
        "gone.nii.gz": "there is no file Task/gone.nii.gz",
        "a.nii.gz": "there is no file gone/a.nii.gz",
        "._b.nii.gz": "._b.nii.gz is a hidden file, which only macOS needs",
        "c.npy": "c.npy is not a NIfTI file, JPG, PNG or TIFF",
        "more/d.nii.gz": "not listed in dataset.json",
    }


NNUNET = {"channel_names": {"0": "T2", "1": "ADC"}, "labels": {"background": 0, "PZ": 1}, "numTraining": 2}


def test_a_raw_nnunet_folder_is_taken_by_its_names(make):
    names = [
        "imagesTr/pr_00_0000.nii",
        "imagesTr/pr_00_0001.nii",
        "labelsTr/pr_00.nii",
        "imagesTr/pr_01_0000.nii",
    ]
    more = [
        "labelsTr/pr_01.nii",
        "imagesTs/pr_02_0001.nii",
        "imagesTr/pr_03_0002.nii",
        "imagesTr/pr_04_0000.nii",
    ]
    root = make(
        {**NNUNET, "file_ending": ".nii"}, *names, *more, "labelsTr/pr_09.nii", "imagesTr/._pr_00_0000.nii"
    )
    collected = plan_manifest("decathlon", root)
    assert collected.modalities == ("t2", "adc")
    rows = [(s.subject_id, list(s.images), s.mask and s.mask.name, s.extra) for s in collected.samples]
    assert rows == [
        ("pr_00", ["t2", "adc"], "pr_00.nii", {"official_part": "train"}),
        ("pr_01", ["t2"], "pr_01.nii", {"official_part": "train"}),
        ("pr_02", ["adc"], None, {"official_part": "test"}),
    ]
    assert why(collected) == {
        "imagesTr/pr_03_0002.nii": "not named CASE_0000.nii with a number of channel_names",
        "imagesTr/pr_04_0000.nii": "there is no file labelsTr/pr_04.nii",
        "labelsTr/pr_09.nii": "not listed in dataset.json",
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"training": [', "dataset.json:1: not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "the file is a list, expected an object"),
        ('{"training": {}}', "training is an object, expected a list"),
        ('{"training": [3]}', r"training\[0\] is 3, expected a path or an object"),
        ('{"training": [{}]}', r"training\[0\].image is missing, expected a path"),
        ('{"training": [{"image": []}]}', r"training\[0\].image is a list, expected a path"),
        ('{"training": [{"image": 3}]}', r"training\[0\].image is 3, expected a path"),
        ('{"training": [{"image": "a.png", "label": [1]}]}', "label or .mask is a list"),
        ('{"training": [{"image": "a.png", "mask": "m.png", "label": "l.png"}]}', "label is a path, too"),
        ('{"modality": 3, "training": []}', "modality is 3, expected names"),
        ('{"modality": {"0": 1}, "training": []}', "modality is a list, expected names"),
        ('{"modality": {"a": "FLAIR"}, "training": []}', "modality is a list, expected numbers as keys"),
        ('{"labels": [1], "training": []}', "labels is a list, expected names"),
        ('{"numTraining": 3}', "every list is missing, expected training, validation or test, or nnU-Net"),
        ('{"file_ending": 3}', "file_ending is 3, expected a text"),
    ],
)
def test_a_broken_description_is_told_in_one_line(make, content, message):
    with pytest.raises(ManifestError, match=message) as caught:
        plan_manifest("decathlon", make(content))
    assert "\n" not in str(caught.value)


def test_a_missing_or_foreign_file_is_told_in_one_line(make):
    root = make("{}")
    with pytest.raises(ManifestError, match=r"other.json: No such file.*json=NAME"):
        plan_manifest("decathlon", root, json="other.json")
    (root / "dataset.json").write_bytes(b'{"name": "\xe9"}')
    with pytest.raises(ManifestError, match=r"not UTF-8.*\[E501\]"):
        plan_manifest("decathlon", root)


def test_a_manifest_is_written_of_it(make, make_nifti):
    root = make(MSD, *MSD_FILES)
    for name in MSD_FILES:
        make_nifti(root / name)
    rows = create_manifest("decathlon", root, root / "task.csv").rows()
    assert rows[0] == {
        "subject_id": "hippocampus_367",
        "session_id": "",
        "site": "",
        "mri": "imagesTr/hippocampus_367.nii.gz",
        "mask": "labelsTr/hippocampus_367.nii.gz",
        "official_part": "train",
    }
    assert rows[2]["mask"] == ""


def test_a_4d_image_and_its_3d_mask_are_planned_together(make, tmp_path):
    root = make({"modality": {"0": "A", "1": "B"}, "training": [{"image": "a.nii", "label": "m.nii"}]})
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 5, 6, 2), np.uint8), np.eye(4)), root / "a.nii")
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 5, 6), np.uint8), np.eye(4)), root / "m.nii")
    collected = plan_manifest("decathlon", root)
    assert collected.channels == {"image": ("a", "b")}
    assert collected.samples[0].mask == root / "m.nii"


def test_the_class_beside_a_mask_is_the_label_and_any_other_class_a_column(tmp_path, make_nifti):
    for name in ("a.nii.gz", "m.nii.gz"):
        make_nifti(tmp_path / name)
    items = [
        {"image": "a.nii.gz", "label": "m.nii.gz", "class": "glioma"},
        {"image": "a.nii.gz", "label": "m.nii.gz", "class": 2},
        {"image": "a.nii.gz", "label": 1, "class": "kept"},
        {"image": "a.nii.gz", "label": "m.nii.gz", "class": None},
    ]
    content = {"labels": {"0": "background", "1": "lesion"}, "training": items}
    (tmp_path / "dataset.json").write_text(json.dumps(content))
    extra = [sample.extra for sample in plan_manifest("decathlon", tmp_path).samples]
    assert [(cells["label"], cells.get("class")) for cells in extra] == [
        ("glioma", None),
        ("2", None),
        ("lesion", "kept"),
        ("", None),
    ]
