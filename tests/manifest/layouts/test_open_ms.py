from __future__ import annotations

from pathlib import Path

import pytest

from monai_mri.errors import ManifestError, UsageError
from monai_mri.manifest import create_manifest, plan_manifest

MNI = "_N4_noneck_reduced_winsor_regtoFLAIR_brain_N4_regtoMNI.nii.gz"
GOLD = "GOLD_STANDARD_N4_noneck_reduced_winsor_regtoFLAIR_regtoMNI.nii.gz"
FILES = {
    "cross_sectional/MNI/patient01": [f"FLAIR{MNI}", f"T1{MNI}", f"T1POST{MNI}", f"T2{MNI}", GOLD],
    "cross_sectional/MNI/patient02": [GOLD],
    "cross_sectional/MNI/patient03": [f"T1{MNI}", GOLD],
    "cross_sectional/coregistered_resampled/patient01": [
        "FLAIR.nii.gz",
        "T1WKS.nii.gz",
        "consensus_gt.nii.gz",
    ],
    "cross_sectional/coregistered_resampled/patient02": ["brainmask.nii.gz", "consensus_gt.nii.gz"],
    "longitudinal/raw/patient01": [
        "gt.nii.gz",
        "study1_FLAIR.nii.gz",
        "study1_FLAIR_to_common_space.txt",
        "study1_T1W.nii.gz",
        "study1_T1W_intrastudy_to_FLAIR.txt",
        "study2_FLAIR_to_common_space.txt",
        "study2_T2W.nii.gz",
        "study2_T2W_intrastudy_to_FLAIR.txt",
    ],
    "longitudinal/coregistered/patient01": ["study1_FLAIR.nii.gz", "study2_FLAIR.nii.gz", "gt.nii.gz"],
}


@pytest.fixture
def ljubljana(tmp_path) -> Path:
    """The folders of the full set, with a few patients and empty files."""
    root = tmp_path / "open_ms_data"
    for folder, names in FILES.items():
        (root / folder).mkdir(parents=True)
        for name in names:
            (root / folder / name).touch()
    (root / "README.md").touch()
    (root / "cross_sectional" / "demographics.tsv").write_text(
        "id\tage\tsex\tms_type\tedss\tcriteria\npatient01\t31\tF\tRR\t1.5\tMcDonald\npatient03\t37\tF\tn/a\tn/a\tn/a\n"
    )
    return root


def rows(collected) -> list[tuple[str, str, list[str], str | None]]:
    return [
        (sample.subject_id, sample.session_id, list(sample.images), sample.mask and sample.mask.name)
        for sample in collected.samples
    ]


def why(collected) -> dict[str, str]:
    return {skipped.path: skipped.why for skipped in collected.skipped}


def test_cross_sectional_rows_have_the_images_there_are_and_the_consensus(ljubljana):
    collected = plan_manifest("open-ms", ljubljana)
    assert collected.modalities == ("flair", "t1", "t1post", "t2")
    assert [(row[0], sorted(row[2]), row[3]) for row in rows(collected)] == [
        ("patient01", ["flair", "t1", "t1post", "t2"], GOLD),
        ("patient03", ["t1"], GOLD),
    ]
    assert why(collected) == {
        f"cross_sectional/MNI/patient02/{GOLD}": "no image to it in its folder",
        "cross_sectional/coregistered_resampled": "another set or space",
        "longitudinal/coregistered": "another set or space",
        "longitudinal/raw": "another set or space",
        "README.md": "not a file of this set",
    }


def test_demographics_are_joined_and_missing_ones_empty(ljubljana):
    first, third = plan_manifest("open-ms", ljubljana).samples
    assert first.extra == {"age": "31", "sex": "F", "ms_type": "RR", "edss": "1.5"}
    assert third.extra == {"age": "37", "sex": "F", "ms_type": "", "edss": ""}
    second = plan_manifest("open-ms", ljubljana, space="patient").samples[1]
    assert second.extra == {"age": "", "sex": "", "ms_type": "", "edss": ""}


def test_in_the_patients_space_a_brain_mask_is_image_enough(ljubljana):
    collected = plan_manifest("open-ms", ljubljana, space="patient")
    assert collected.modalities == ("flair", "t1post", "brainmask")
    assert rows(collected)[1] == ("patient02", "", ["brainmask"], "consensus_gt.nii.gz")


def test_what_lies_off_the_grid_of_the_consensus_is_left_out(tmp_path, make_nifti):
    folder = tmp_path / "cross_sectional" / "coregistered_resampled" / "patient01"
    make_nifti(folder / "consensus_gt.nii.gz")
    make_nifti(folder / "FLAIR.nii.gz")
    make_nifti(folder / "T2W.nii.gz", shape=(6, 7, 4))
    make_nifti(folder / "brainmask.nii.gz", shift_mm=0.5)
    collected = plan_manifest("open-ms", tmp_path, space="patient")
    assert collected.modalities == ("flair",)
    off = "not on the grid of its consensus mask by their headers: "
    assert {Path(path).name: reason for path, reason in why(collected).items()} == {
        "T2W.nii.gz": f"{off}shape 6 x 7 x 4",
        "brainmask.nii.gz": f"{off}an affine 0.5 mm off",
    }


def test_most_real_brain_masks_lie_half_a_voxel_off(real_data):
    reasons = why(plan_manifest("open-ms", real_data / "open_ms_data", space="patient"))
    assert sum("mm off" in reason for reason in reasons.values()) == 19


def test_raw_visits_are_sessions_with_their_transforms(ljubljana):
    collected = plan_manifest("open-ms", ljubljana, set="longitudinal")
    assert rows(collected) == [
        ("long-patient01", "1", ["flair", "t1"], None),
        ("long-patient01", "2", ["t2"], None),
    ]
    first, second = (sample.extra for sample in collected.samples)
    assert first == {
        "to_common_space": "study1_FLAIR_to_common_space.txt",
        "t1w_to_flair": "study1_T1W_intrastudy_to_FLAIR.txt",
    }
    assert second == {
        "to_common_space": "",
        "t1w_to_flair": "",
        "t2w_to_flair": "study2_T2W_intrastudy_to_FLAIR.txt",
    }


def test_lesion_changes_are_no_mask_of_raw_images_and_the_reason_is_said(ljubljana):
    reasons = why(plan_manifest("open-ms", ljubljana, set="longitudinal"))
    changes = reasons["longitudinal/raw/patient01/gt.nii.gz"]
    assert "lesion changes" in changes
    assert "common space" in changes
    transform = "longitudinal/raw/patient01/study2_FLAIR_to_common_space.txt"
    assert reasons[transform] == "no image to it in its folder"
    assert reasons["cross_sectional/demographics.tsv"] == "not a file of this set"


def test_coregistered_visits_are_one_row_with_the_changes_apart_from_masks(ljubljana):
    collected = plan_manifest("open-ms", ljubljana, set="longitudinal", space="coregistered")
    assert collected.modalities == ("flair_1", "flair_2", "change_mask")
    (sample,) = collected.samples
    assert sample.subject_id == "long-patient01"
    assert sample.images["change_mask"].name == "gt.nii.gz"
    assert sample.mask is None


def test_modality_narrows_the_columns(ljubljana):
    collected = plan_manifest("open-ms", ljubljana, modality="flair, t2")
    assert collected.modalities == ("flair", "t2")
    assert [row[0] for row in rows(collected)] == ["patient01"]
    reasons = why(collected)
    assert reasons[f"cross_sectional/MNI/patient01/T1{MNI}"] == "modality t1 was not asked for"
    assert reasons[f"cross_sectional/MNI/patient03/{GOLD}"] == "no image of those asked for beside it"
    raw = plan_manifest("open-ms", ljubljana, set="longitudinal", modality="flair")
    assert raw.modalities == ("flair",)


def test_strange_files_are_named(ljubljana):
    (ljubljana / "cross_sectional" / "MNI" / "patient01" / "notes.nii.gz").touch()
    (ljubljana / "cross_sectional" / "MNI" / "patient01" / f"FLAIR{MNI}".removesuffix(".gz")).touch()
    (ljubljana / "cross_sectional" / "MNI" / "loose.nii.gz").touch()
    reasons = why(plan_manifest("open-ms", ljubljana))
    assert reasons["cross_sectional/MNI/patient01/notes.nii.gz"] == "not a file that this set has there"
    assert reasons["cross_sectional/MNI/loose.nii.gz"] == "not in a patient's folder"
    again = reasons[f"cross_sectional/MNI/patient01/FLAIR{MNI}"]
    assert again.startswith("the same as FLAIR_N4")


@pytest.mark.parametrize("inner", ["cross_sectional", "cross_sectional/MNI"])
def test_the_folder_may_be_that_of_the_set_or_of_the_space(ljubljana, inner):
    assert len(plan_manifest("open-ms", ljubljana / inner).samples) == 2


def test_a_folder_of_another_set_is_refused(ljubljana):
    with pytest.raises(ManifestError, match="no folder cross_sectional/MNI in it"):
        plan_manifest("open-ms", ljubljana / "longitudinal")
    with pytest.raises(ManifestError, match="no folder longitudinal/raw in it"):
        plan_manifest("open-ms", ljubljana / "cross_sectional", set="longitudinal")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"set": "long"}, "set: 'long', expected cross-sectional or longitudinal"),
        ({"space": "raw"}, "space: 'raw', expected mni or patient with set=cross-sectional"),
        ({"modality": "flair,pd"}, "modality: 'pd', expected some of flair, t1, t1post, t2"),
    ],
)
def test_wrong_options_are_refused(tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        plan_manifest("open-ms", tmp_path, **options)


@pytest.mark.parametrize(
    ("options", "images", "subjects", "columns"),
    [
        ({}, 2, 2, ("flair", "t1", "t1post", "t2")),
        ({"space": "patient"}, 1, 1, ("brainmask",)),
        ({"set": "longitudinal"}, 7, 4, ("flair", "t1")),
        ({"set": "longitudinal", "modality": "flair"}, 7, 4, ("flair",)),
        ({"set": "longitudinal", "space": "coregistered"}, 4, 4, ("brainmask", "change_mask")),
    ],
)
def test_manifests_of_the_real_scans_are_written(
    real_data, tmp_path, monkeypatch, options, images, subjects, columns
):
    root = real_data / "open_ms_data"
    monkeypatch.setenv("OPEN_MS", str(root))
    made = create_manifest("open-ms", root, tmp_path / "ms.csv", root_is="env:OPEN_MS", **options)
    assert (len(made.rows()), len({row["subject_id"] for row in made.rows()})) == (images, subjects)
    assert made.modalities == columns


def test_every_real_file_is_in_a_row_a_transform_or_left_out(real_data):
    root = real_data / "open_ms_data"
    for options in (
        {},
        {"space": "patient"},
        {"set": "longitudinal"},
        {"set": "longitudinal", "space": "coregistered"},
    ):
        collected = plan_manifest("open-ms", root, **options)
        named = {root / skipped.path for skipped in collected.skipped}
        for sample in collected.samples:
            beside = next(iter(sample.images.values())).parent
            texts = {beside / text for text in sample.extra.values() if text.endswith(".txt")}
            named |= {*sample.images.values(), *({sample.mask} if sample.mask else ()), *texts}
        missing = [
            path
            for path in root.rglob("*")
            if path.is_file() and not named & {path, *path.parents} and path.name != "demographics.tsv"
        ]
        assert not missing
