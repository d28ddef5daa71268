from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest import create_manifest, plan_manifest

FLAIR = np.arange(36, dtype=np.uint8).reshape(6, 6)


def write_slice(root: Path, folder: str, number: int, *, channels=None, mask=255) -> Path:
    """A slice whose channels are pre, FLAIR, post, and its mask with one pixel of the value `mask`."""
    path = root / folder / f"{folder}_{number}.tif"
    path.parent.mkdir(parents=True, exist_ok=True)
    pre, flair, post = channels or (FLAIR + 1, FLAIR, FLAIR + 2)
    Image.fromarray(np.stack([pre, flair, post], axis=-1)).save(path)
    drawn = np.zeros(flair.shape, np.uint8)
    drawn[2, 3] = mask
    Image.fromarray(drawn).save(path.with_name(f"{path.stem}_mask.tif"))
    return path


@pytest.fixture
def kaggle(tmp_path) -> Path:
    """Three visits of two patients; the second patient has no pre-contrast images."""
    root = tmp_path / "kaggle_3m"
    for number in (1, 2, 10):
        write_slice(root, "TCGA_CS_4941_19960909", number, mask=255 if number == 2 else 0)
    write_slice(root, "TCGA_HT_7473_20000102", 1, channels=(FLAIR, FLAIR, FLAIR + 9))
    write_slice(root, "TCGA_HT_7473_19970826", 1, channels=(FLAIR, FLAIR, FLAIR))
    (root / "data.csv").write_text(
        "Patient,gender,age_at_initial_pathologic\nTCGA_CS_4941,2,67\nTCGA_HT_7473,NA,28\n", encoding="utf-8"
    )
    return root


def test_a_slice_is_a_row_of_its_patient_in_the_order_of_numbers(kaggle):
    collected = plan_manifest("kaggle-lgg", kaggle)
    rows = [(s.subject_id, s.session_id, s.site, s.extra["slice_index"]) for s in collected.samples]
    assert rows == [
        ("TCGA_CS_4941", "1", "CS", "1"),
        ("TCGA_CS_4941", "1", "CS", "2"),
        ("TCGA_CS_4941", "1", "CS", "10"),
        ("TCGA_HT_7473", "1", "HT", "1"),
        ("TCGA_HT_7473", "2", "HT", "1"),
    ]
    assert collected.samples[3].images["image"].parent.name == "TCGA_HT_7473_19970826"
    assert collected.samples[0].mask.name == "TCGA_CS_4941_19960909_1_mask.tif"
    assert not collected.skipped


def test_the_label_says_whether_the_mask_has_a_pixel(kaggle):
    labels = [sample.extra["label"] for sample in plan_manifest("kaggle-lgg", kaggle).samples]
    assert labels == ["no_tumor", "tumor", "no_tumor", "tumor", "tumor"]


def test_copied_channels_are_told_for_each_visit(kaggle):
    copied = [sample.extra["copied_channels"] for sample in plan_manifest("kaggle-lgg", kaggle).samples]
    assert copied == ["", "", "", "pre+post", "pre"]


def test_one_slice_that_differs_or_only_empty_ones_make_no_copy(tmp_path):
    empty = np.zeros((6, 6), np.uint8)
    write_slice(tmp_path, "TCGA_DU_0001_19990101", 1, channels=(FLAIR, FLAIR, FLAIR))
    write_slice(tmp_path, "TCGA_DU_0001_19990101", 2, channels=(empty, empty, empty))
    write_slice(tmp_path, "TCGA_DU_0001_19990101", 3, channels=(FLAIR, FLAIR, FLAIR + 1))
    write_slice(tmp_path, "TCGA_DU_0002_19990101", 1, channels=(empty, empty, empty))
    copied = [sample.extra["copied_channels"] for sample in plan_manifest("kaggle-lgg", tmp_path).samples]
    assert copied == ["pre", "pre", "pre", ""]


def test_dates_are_kept_only_when_asked_for(kaggle):
    samples = plan_manifest("kaggle-lgg", kaggle, keep_dates="yes").samples
    assert [sample.session_id for sample in samples[2:]] == ["19960909", "19970826", "20000102"]
    with pytest.raises(UsageError, match="keep_dates: 'true', expected yes or no"):
        plan_manifest("kaggle-lgg", kaggle, keep_dates="true")


def test_age_and_sex_are_those_of_the_table_and_na_is_empty(kaggle):
    samples = plan_manifest("kaggle-lgg", kaggle).samples
    about = {sample.subject_id: (sample.extra["age"], sample.extra["sex"]) for sample in samples}
    assert about == {"TCGA_CS_4941": ("67", "2"), "TCGA_HT_7473": ("28", "")}


def test_without_the_table_there_is_no_age(kaggle):
    (kaggle / "data.csv").unlink()
    assert "age" not in plan_manifest("kaggle-lgg", kaggle).samples[0].extra


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"patient,gender\nA,1\n", r"data.csv:1: no column 'Patient'"),
        (b"Patient,gender\nA,1\nA,2\n", "data.csv:3: one person twice"),
        (b"Patient,gender\n\xe9,1\n", r"data.csv:2: not UTF-8.*\[E501\]"),
        (b'Patient,gender\n"A,1\n', r"data.csv:2: .*\[E505\]"),
    ],
)
def test_a_broken_table_is_told_in_one_line(kaggle, content, message):
    (kaggle / "data.csv").write_bytes(content)
    with pytest.raises(ManifestError, match=message) as caught:
        plan_manifest("kaggle-lgg", kaggle)
    assert "\n" not in str(caught.value)


def test_what_is_not_taken_is_named_with_the_reason(kaggle):
    visit = "TCGA_CS_4941_19960909"
    (kaggle / "README.md").touch()
    (kaggle / visit / f"{visit}_1_mask.tif").unlink()
    (kaggle / visit / f"{visit}_2.tif").unlink()
    (kaggle / visit / "notes.txt").touch()
    Image.new("RGB", (5, 6)).save(kaggle / visit / f"{visit}_10.tif")
    Image.new("L", (6, 6)).save(kaggle / visit / f"{visit}_11.tif")
    Image.new("L", (6, 6)).save(kaggle / visit / f"{visit}_11_mask.tif")
    (kaggle / visit / f"{visit}_12.tif").write_bytes(b"II*\0")
    Image.new("L", (6, 6)).save(kaggle / visit / f"{visit}_12_mask.tif")
    collected = plan_manifest("kaggle-lgg", kaggle)
    reasons = {skipped.path: skipped.why for skipped in collected.skipped}
    assert reasons.pop(f"{visit}/{visit}_12.tif").startswith(f"{visit}_12.tif: E101 not a sound TIFF")
    assert reasons == {
        "README.md": "not in a patient's folder TCGA_XX_XXXX_DATE",
        f"{visit}/notes.txt": "not named as its folder with _NUMBER.tif or _NUMBER_mask.tif",
        f"{visit}/{visit}_1.tif": f"no mask {visit}_1_mask.tif",
        f"{visit}/{visit}_2_mask.tif": "no slice to this mask",
        f"{visit}/{visit}_10.tif": f"6 x 5 pixels, but its mask {visit}_10_mask.tif has 6 x 6",
        f"{visit}/{visit}_11.tif": "1 channels, expected 3: pre-contrast, FLAIR, post-contrast",
    }
    assert {sample.subject_id for sample in collected.samples} == {"TCGA_HT_7473"}


def test_the_second_copy_in_the_archive_is_left_out(kaggle):
    write_slice(kaggle.parent / "lgg-mri-segmentation" / "kaggle_3m", "TCGA_CS_4941_19960909", 1)
    collected = plan_manifest("kaggle-lgg", kaggle.parent)
    assert len(collected.samples) == 5
    whys = [skipped.why for skipped in collected.skipped]
    folder = "kaggle_3m/TCGA_CS_4941_19960909/TCGA_CS_4941_19960909"
    assert whys == [f"a second copy of {folder}_1.tif", f"a second copy of {folder}_1_mask.tif"]
    assert collected.samples[0].extra["age"] == "67"


def test_a_manifest_is_written_of_it(kaggle):
    rows = create_manifest("kaggle-lgg", kaggle, kaggle / "lgg.csv").rows()
    assert rows[1]["image"] == "TCGA_CS_4941_19960909/TCGA_CS_4941_19960909_2.tif"
    assert (rows[1]["label"], rows[1]["site"], rows[1]["age"]) == ("tumor", "CS", "67")
